use proptest::prelude::*;

use super::*;
use crate::{
    Device, DeviceClass, Initial, Machine, SessionOf, Short,
    learning::{Earlier, Event, FULL_MILLI, Intervention, PROVISIONAL_CAP_MILLI, Situation, weight},
    samples::{DAY_S, home, now, ordinary, stranger},
    user_risk::{UserSignal, UserSignalKind},
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
    let session = prop::option::of((any::<u32>(), text.clone()).prop_map(|(key, network)| SessionOf {
        key,
        initial: Some(Initial { network, ..Initial::default() }),
        last: None,
    }));
    let texts = [text.clone(), text.clone(), text.clone(), text.clone(), text];
    (any::<i64>(), texts, place, any::<Option<u8>>(), device, machine, session).prop_map(
        |(micros, [country, network, block, language, ja4], place, local_hour, device, machine, session)| {
            Features {
                machine,
                country,
                network,
                block,
                language,
                ja4,
                place,
                local_hour,
                device,
                session,
                ..Features::new(Timestamp::from_micros(micros), countersign_core::Channel::Interactive)
            }
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
    let mut scopes = Scopes::default();
    for n in 0..u32::try_from(scopes::MAX_SCOPES).unwrap() {
        let mut machine = Machine::default();
        machine.ask([n.to_string().as_str()]);
        scopes.add(&machine, 400);
    }
    assert_eq!(scopes.variety().1, scopes::MAX_SCOPES);
    let most = u32::MAX;
    let begun = Started {
        session: most,
        country: most,
        network: most,
        block: most,
        browser: most,
        fingerprint: most,
    };
    let signal = |key| UserSignal { second, kind: UserSignalKind::Incident, key, weight: 100 };
    let mut signals: Vec<_> = (0..8).map(|n| signal(u64::MAX - 7 + n)).collect();
    signals[0].second -= 1;
    let user_risk = UserRisk { signals, changed: Some(second) };
    let largest = Profile {
        user_risk,
        vouched: Some(second),
        landmark_day: 200_000,
        first_seen: Some(second),
        total: 99_999_999_999_999,
        provisional: 99_999_999_999_999,
        countries: full(most),
        networks: full(most),
        blocks: full(most),
        machines: full(most),
        browsers: full(most),
        versions: full(most),
        languages: full(most),
        fingerprints: full(most),
        places: full(most),
        hours: full(23),
        audiences: full(most),
        scopes,
        sightings: vec![Sighting(second, Some((-900_000, -1_800_000)), u64::MAX); MAX_SIGHTINGS],
        started: vec![begun; started::MAX_STARTED],
        factors: (0..10).map(|key| Factor { key, since: second }).collect(),
        failures: vec![second; MAX_FAILURES],
        failures_total: most,
    };
    assert_eq!(Profile::decode(&largest.encode()).as_ref(), Ok(&largest));
    assert!(largest.encode().len() <= MAX_PROFILE_BYTES, "{}", largest.encode().len());
    let text = serde_json::to_string(&largest).unwrap();
    assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), largest);
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
fn many_sessions_push_no_refresh_token_out() {
    let mut profile = home(1);
    let begun = |key| Features { session: Some(SessionOf { key, initial: None, last: None }), ..ordinary() };
    profile.credit(&begun(SessionOf::key_of("rt_1", true)), 1, FULL_MILLI);
    for n in 0..100_u64 {
        profile.credit(&begun(SessionOf::key_of(&format!("ses_{n}"), false)), n, FULL_MILLI);
    }
    assert!(profile.started(SessionOf::key_of("rt_1", true)).is_some());
    assert!(profile.started(SessionOf::key_of("ses_99", false)).is_some());
    assert!(profile.started(SessionOf::key_of("ses_94", false)).is_none(), "five of them are kept");
    assert_eq!(profile.started.len(), 6);
    assert_eq!(Profile::decode(&profile.encode()), Ok(profile));
}

#[test]
fn bytes_of_another_version_are_refused_by_name() {
    let empty = Profile::default().encode();
    assert_eq!(Profile::decode(&empty), Ok(Profile::default()));
    assert_eq!(Profile::decode(&[10, 0, 0]), Err(ProfileError::Version(10)));
    assert_eq!(Profile::decode(&[]), Err(ProfileError::Malformed));
    assert_eq!(Profile::decode(&empty[..empty.len() - 1]), Err(ProfileError::Malformed), "cut off");
    assert_eq!(Profile::decode(&[&empty[..], &[0]].concat()), Err(ProfileError::Malformed), "more than one");
    assert_eq!(Profile::decode(&vec![2; 3_000]), Err(ProfileError::Bounds));
    let mut out_of_order = home(1);
    out_of_order.countries = Histogram::from_cells(vec![(5, 1), (4, 1)]);
    assert_eq!(Profile::decode(&out_of_order.encode()), Err(ProfileError::Bounds));
}

#[test]
fn a_profile_without_user_risk_has_the_bytes_it_had_before_there_was_any() {
    let mut profile = Profile::default();
    profile.credit(&Features { enrolled: std::collections::BTreeSet::new(), ..ordinary() }, 0, FULL_MILLI);
    let before = profile.encode();
    assert_eq!(before[0], 2);
    profile.user_risk_mut().add(UserSignalKind::Incident, now(), 1);
    let with = profile.encode();
    assert_eq!((with[0], Profile::decode(&with).as_ref()), (3, Ok(&profile)));
    profile.user_risk_mut().clear();
    assert_eq!(profile.encode(), before);
    let empty = [&[3], &before[1..], &[0; 6]].concat();
    assert_eq!(Profile::decode(&empty), Err(ProfileError::Bounds), "a profile has one encoding");
    let unknown = [&with[..with.len() - 20], &[99], &with[with.len() - 19..]].concat();
    assert_eq!(Profile::decode(&unknown), Err(ProfileError::Malformed), "a kind of signal that nobody knows");
}

#[test]
fn an_account_is_vouched_for_up_to_a_time_and_in_doubt_again_by_a_later_word() {
    let at = |second: i64| Timestamp::from_seconds(now().seconds() + second);
    let mut profile = home(1);
    let before = profile.encode();
    profile.vouch(now());
    assert_eq!([-9, 0, 1].map(|second| profile.is_vouched(at(second))), [true, true, false]);
    assert_eq!(Profile::decode(&profile.encode()).as_ref(), Ok(&profile));
    profile.settle(at(-900 * DAY_S));
    assert!(!profile.is_vouched(at(-901 * DAY_S)), "by a clock that ran ahead nobody is");
    let mut profile = Profile::decode(&before).unwrap();
    profile.vouch(now());
    profile.doubt();
    assert_eq!(profile.encode(), before);
}

#[test]
fn a_session_is_remembered_as_it_was_first_confirmed_and_forgotten_with_it() {
    let session = Some(SessionOf { key: 7, initial: None, last: None });
    let (mut own, mut thief) = (ordinary(), stranger());
    (own.session, thief.session) = (session.clone(), session);
    let mut profile = home(3);
    profile.credit(&own, 1, 150);
    assert_eq!(profile.started(7), None, "a provisional credit leaves no session behind");
    profile.regrant(&own, 1, 150, FULL_MILLI);
    profile.credit(&thief, 2, FULL_MILLI);
    assert_eq!(profile.started(7), Started::of(&own).as_ref());
    profile.regrant(&thief, 2, FULL_MILLI, 0);
    assert_eq!(profile.started(7), Started::of(&own).as_ref(), "the thief's use was not what it began with");
    profile.regrant(&own, 1, FULL_MILLI, 0);
    assert_eq!(profile.started(7), None);
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
    assert_eq!(trained, fresh, "nothing is gained");
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

#[test]
fn a_factor_vouches_once_it_was_confirmed_for_a_week() {
    let with = |days: i64, types: &[&str]| {
        let at = Timestamp::from_seconds(now().seconds() + days * DAY_S);
        let mut features = Features { at, enrolled: std::collections::BTreeSet::new(), ..ordinary() };
        features.enroll(types.iter().copied());
        features
    };
    let mut profile = Profile::default();
    assert!(profile.vouches("otp", &with(0, &["otp"])), "of somebody new there is nothing else to go by");
    assert!(!profile.vouches("phone", &with(0, &["otp"])), "it was enrolled later");
    profile.credit(&with(0, &["otp"]), 0, FULL_MILLI);
    assert!(profile.vouches("otp", &with(1, &["otp"])), "as old as the person");
    // The thief's, in a sign-in above the threshold.
    profile.credit(&with(1, &["otp", "phone"]), 1, 150);
    assert!(!profile.vouches("phone", &with(2, &["otp", "phone"])));
    // Then the owner comes, and the thief's factor is listed beside hers.
    profile.credit(&with(3, &["otp", "phone"]), 2, FULL_MILLI);
    assert!(!profile.vouches("phone", &with(9, &["otp", "phone"])));
    assert!(profile.vouches("phone", &with(10, &["otp", "phone"])), "a week without a complaint");
    assert_eq!(Profile::decode(&profile.encode()).as_ref(), Ok(&profile));
    let mut told = profile.clone();
    told.enroll(Some("otp"), with(11, &[]).at);
    assert!(!told.vouches("otp", &with(12, &["otp"])) && told.vouches("phone", &with(12, &["phone"])));
    told.enroll(None, with(11, &[]).at);
    assert!(!told.vouches("phone", &with(12, &["phone"])));
    profile.debit(&with(3, &["otp", "phone"]), 2, FULL_MILLI);
    assert!(
        !profile.vouches("phone", &with(20, &["otp", "phone"])),
        "forgotten with the sign-in that taught it"
    );
}

#[test]
fn a_clock_that_ran_ahead_spoils_no_history_for_good() {
    let day = |day: i64| Timestamp::from_seconds(now().seconds() + day * DAY_S);
    let mut calm = home(60);
    let before = calm.clone();
    calm.settle(now());
    assert_eq!(calm, before);
    for ahead in [100, 3_650] {
        let mut profile = home(60);
        profile.user_risk_mut().add(UserSignalKind::Incident, now(), 1);
        profile.credit(&Features { at: day(ahead), ..ordinary() }, 777, FULL_MILLI);
        for n in 1..20 {
            profile.settle(day(n));
            profile.credit(&Features { at: day(n), ..ordinary() }, n.unsigned_abs(), FULL_MILLI);
        }
        let history = profile.history(day(19));
        assert!((15.0..20.0).contains(&history), "{ahead}: {history}");
        assert_eq!(profile.last_seen(), Some(day(19)));
        assert!(profile.user_risk().has(UserSignalKind::Incident));
    }
}
