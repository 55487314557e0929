use proptest::prelude::*;

use super::*;
use crate::{
    Device, DeviceClass, Short,
    learning::{Earlier, Event, FULL_MILLI, Intervention, PROVISIONAL_CAP_MILLI, Situation, weight},
    samples::{DAY_S, home, now, ordinary, stranger},
};

fn any_features() -> impl Strategy<Value = Features> {
    let text = prop::option::of(any::<String>().prop_map(|text| Short::new(&text)));
    let device = prop::option::of((any::<String>(), any::<String>(), any::<u32>()).prop_map(
        |(browser, os, major)| Device {
            browser: Short::new(&browser),
            major,
            os: Short::new(&os),
            class: DeviceClass::Other,
            automation: false,
        },
    ));
    let place = prop::option::of((any::<i32>(), any::<i32>()).prop_map(|(lat, lon)| Place { lat, lon }));
    let scopes = prop::collection::vec(any::<String>(), 0..30);
    let machine = prop::option::of((text.clone(), scopes)).prop_map(|machine| {
        machine.map(|(audience, scopes)| {
            let mut machine = Machine { audience, ..Machine::default() };
            machine.ask(scopes.iter().map(String::as_str));
            machine
        })
    });
    (any::<i64>(), text.clone(), text, place, any::<Option<u8>>(), device, machine).prop_map(
        |(micros, country, network, place, local_hour, device, machine)| Features {
            machine,
            country,
            network,
            place,
            local_hour,
            device,
            ..Features::new(Timestamp::from_micros(micros), countersign_core::Channel::Interactive)
        },
    )
}

/// Sign-ins of one user within four months, from few places.
fn plausible_features() -> impl Strategy<Value = Features> {
    (0..120_i64 * DAY_S, 0..5_u8, 0..5_u8, 0..24_u8, any::<bool>()).prop_map(
        |(ago, country, network, hour, moved)| {
            let mut features = if moved { stranger() } else { ordinary() };
            features.at = Timestamp::from_seconds(now().seconds() - ago);
            features.country = Some(Short::new(&format!("C{country}")));
            features.network = Some(Short::new(&format!("as{network}")));
            features.local_hour = Some(hour);
            features
        },
    )
}

fn weights() -> impl Strategy<Value = u32> {
    prop_oneof![Just(FULL_MILLI), 0..=150_u32, any::<u32>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_credited_fits_and_round_trips(
        steps in prop::collection::vec((any_features(), any::<u64>(), weights(), any::<bool>(), any::<i64>()), 0..120)
    ) {
        let mut profile = Profile::default();
        for (features, key, weight, takes_back, failed) in steps {
            profile.credit(&features, key, weight);
            profile.failure(Timestamp::from_micros(failed));
            if takes_back {
                profile.debit(&features, key, weight);
            }
            let bytes = profile.encode();
            prop_assert!(bytes.len() <= MAX_PROFILE_BYTES, "{} bytes", bytes.len());
            prop_assert_eq!(Profile::decode(&bytes), Ok(profile.clone()));
        }
    }

    #[test]
    fn a_debit_takes_its_credit_back_exactly(
        history in prop::collection::vec((plausible_features(), weights()), 0..30),
        features in plausible_features(), key in any::<u64>(), weight in weights(),
    ) {
        let mut before = Profile::default();
        for (index, (features, weight)) in history.iter().enumerate() {
            before.credit(features, u64::try_from(index).unwrap(), *weight);
        }
        let mut after = before.clone();
        after.credit(&features, key, weight);
        let evicted = before.sightings.iter().any(|sighting| !after.sightings.contains(sighting));
        let rescaled = before.landmark_day != after.landmark_day && before != Profile::default();
        after.debit(&features, key, weight);
        if evicted {
            after.sightings.clone_from(&before.sightings);
        }
        if !rescaled {
            prop_assert_eq!(after, before);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Profile::decode(&bytes);
    }
}

/// The largest profile that `is_sound` lets through.
#[test]
fn the_largest_profile_fits() {
    fn full<const CAP: usize>(first: u32) -> Histogram<CAP> {
        let mut histogram = Histogram::default();
        for key in 0..u32::try_from(CAP).unwrap() {
            histogram.add(first - key, MAX_CELL, true);
        }
        histogram
    }
    let second = 9_999_999_999;
    let profile = Profile {
        landmark_day: 200_000,
        first_seen: Some(second),
        total: 99_999_999_999_999,
        provisional: 99_999_999_999_999,
        countries: full(u32::MAX),
        networks: full(u32::MAX),
        machines: full(u32::MAX),
        browsers: full(u32::MAX),
        hours: full(23),
        sightings: vec![Sighting(second, Some((-900_000, -1_800_000)), u64::MAX); MAX_SIGHTINGS],
        failures: vec![second; MAX_FAILURES],
        failures_total: u32::MAX,
        ..Profile::default()
    };
    let scopes = |first: u32| {
        let mut scopes = Scopes::default();
        for n in 0..u32::try_from(scopes::MAX_SCOPES).unwrap() {
            let mut machine = Machine::default();
            machine.ask([(first + n).to_string().as_str()]);
            scopes.add(&machine, 400);
        }
        assert_eq!(scopes.variety().1, scopes::MAX_SCOPES);
        scopes
    };
    let mut machine =
        Profile { machines: Histogram::default(), audiences: full(u32::MAX), ..profile.clone() };
    assert_eq!(Profile::decode(&machine.encode()).as_ref(), Ok(&machine), "without scopes");
    machine.scopes = scopes(0);
    assert!(Profile::decode(&machine.encode()).is_err(), "too many countries and programs beside scopes");
    machine.add_scopes(None, 0);
    assert_eq!((machine.countries.distinct(), machine.browsers.distinct()), (6, 4));
    for largest in [&profile, &machine] {
        assert_eq!(Profile::decode(&largest.encode()).as_ref(), Ok(largest));
        assert!(largest.encode().len() <= MAX_PROFILE_BYTES, "{}", largest.encode().len());
    }
    let both = Profile { machines: full(u32::MAX), ..machine };
    assert!(Profile::decode(&both.encode()).is_err());
}

#[test]
fn a_profile_of_before_machines_were_known_is_read() {
    let text = br#"{"v":1,"l":20684,"f":1787209200,"t":64000,"p":0,"c":[[7,64000]],"o":[[9,64000]],"y":0}"#;
    let profile = Profile::decode(text).unwrap();
    assert_eq!(profile.encode(), text, "and written as it was");
    assert!(profile.audiences.is_empty());
}

#[test]
fn an_ordinary_profile_is_small() {
    let mut profile = home(365);
    for hour in 0..10 {
        profile.credit(&Features { local_hour: Some(hour), ..stranger() }, hour.into(), 1_000);
    }
    assert!(profile.encode().len() <= 1_024, "{}", profile.encode().len());
}

#[test]
fn weights_halve_in_45_days() {
    let mut profile = Profile::default();
    profile.credit(&ordinary(), 1, FULL_MILLI);
    let later = now().plus(45 * DAY_S * 1_000_000);
    assert_eq!(profile.total_milli(now()), 1_000);
    assert_eq!(profile.total_milli(later), 500);
}

#[test]
fn years_of_use_do_not_lose_the_present() {
    let mut profile = Profile::default();
    for day in 0..5_000 {
        profile.credit(&Features { at: Timestamp::from_seconds(day * DAY_S), ..ordinary() }, 1, FULL_MILLI);
    }
    let steady = profile.total_milli(Timestamp::from_seconds(4_999 * DAY_S));
    // The geometric series 1 / (1 - 2^(-1/45)).
    assert!((64_500..66_500).contains(&steady), "{steady}");
}

#[test]
fn bytes_of_another_version_are_refused_by_name() {
    assert_eq!(Profile::decode(br#"{"v":2,"t":{"new":"shape"}}"#), Err(ProfileError::Version(2)));
    assert_eq!(Profile::decode(br#"{"v":1,"t":"ten"}"#), Err(ProfileError::Malformed));
    assert_eq!(Profile::decode(&vec![b' '; 3_000]), Err(ProfileError::Bounds));
    assert_eq!(Profile::decode(br#"{"v":1,"c":[[5,1],[4,1]]}"#), Err(ProfileError::Bounds), "out of order");
    assert_eq!(Profile::decode(br#"{"v":1}"#), Ok(Profile::default()));
}

#[test]
fn last_seen_follows_confirmed_sign_ins_only() {
    let mut profile = home(3);
    let seen = profile.last_seen();
    profile.credit(&stranger(), 9, 150);
    assert_eq!(profile.last_seen(), seen);
    profile.regrant(&stranger(), 9, 150, FULL_MILLI);
    assert_eq!(profile.last_seen(), Some(now()));
    assert_eq!(profile.provisional_milli(now()), 0);
}

#[test]
fn an_attacker_can_not_train_the_profile() {
    let mut profile = home(60);
    let model = crate::Model::default();
    let victim = profile.clone();
    let mut attack = stranger();
    for attempt in 0..10_000_u64 {
        attack.at = now().plus(i64::try_from(attempt).unwrap() * 600_000_000);
        let situation = Situation {
            below_threshold: false,
            intervention: Intervention::None,
            event: Event::Completed,
            earlier: Earlier::Nothing,
            granted_milli: 0,
            provisional_milli: profile.provisional_milli(attack.at),
        };
        profile.credit(&attack, attempt, weight(&situation));
        let gained = profile.provisional_milli(attack.at);
        // One thousandth for rounding to a whole one at each reading.
        assert!(gained <= PROVISIONAL_CAP_MILLI + 1, "{gained} after {attempt}");
    }
    let fresh = crate::assess(&Features { at: attack.at, ..stranger() }, Some(&victim), &model).logit_micro;
    let trained =
        crate::assess(&Features { at: attack.at, ..stranger() }, Some(&profile), &model).logit_micro;
    // What 0.45 of a sign-in buys: the cap bounds it, and a single confirmed sign-in buys more.
    assert!(fresh - trained < 1_250_000, "gained {}", fresh - trained);
    let mut confirmed = victim.clone();
    confirmed.credit(&attack, 1, FULL_MILLI);
    let one = crate::assess(&Features { at: attack.at, ..stranger() }, Some(&confirmed), &model).logit_micro;
    assert!(one < trained, "{one} {trained}");
    let usual = Keys::of(&ordinary()).network.unwrap();
    assert_eq!(
        profile.network(usual, now()).weight,
        victim.network(usual, now()).weight,
        "nothing was pushed out"
    );
}
