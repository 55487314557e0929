//! Claims about whole sign-ins.

use countersign_core::{Channel, Score, Timestamp};
use proptest::prelude::*;

mod failures;
mod poisoning;
mod posture;

use super::*;
use crate::{
    Assessment, CODES, Code, Initial, Model, Place, SessionOf, Short, assess, counterfactual, learning,
    samples::{self, DAY_S, now},
};

/// What the user of [`home`] does.
fn usual() -> Features {
    Features { is_login: true, language: Some("de-de".into()), auth0: None, ..samples::ordinary() }
}

/// Somebody else with the user's password.
fn stranger() -> Features {
    Features {
        is_login: true,
        language: Some("en-us".into()),
        ja4: Some("t13d1715h2_5b57614c22b0_3d5424432f57".into()),
        ..samples::stranger()
    }
}

/// A history of one usual sign-in on each of the last `days` days, the latest an hour ago.
fn home(days: u32) -> Profile {
    let mut profile = Profile::default();
    for ago in (0..i64::from(days)).rev() {
        let at = Timestamp::from_seconds(now().seconds() - 3_600 - ago * DAY_S);
        profile.credit(&Features { at, ..usual() }, u64::try_from(ago).unwrap(), learning::FULL_MILLI);
    }
    profile
}

fn of(features: &Features, profile: Option<&Profile>) -> Assessment {
    assess(features, profile, &Model::default())
}

fn codes(assessment: &Assessment) -> Vec<&str> {
    assessment.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

#[test]
fn the_shipped_shapes_parse_never_fall_and_are_zero_at_zero() {
    let model: LoginModel = serde_json::from_str(include_str!("../../data/login.json")).unwrap();
    assert_eq!(model, LoginModel::default());
    for road in [&model.fresh, &model.session, &model.refresh] {
        assert!((-10_000_000..0).contains(&road.bias_micro));
        assert!(road.shapes.len() > 15);
        for (name, shape) in &road.shapes {
            assert!(TERM_NAMES.iter().any(|(_, known)| known == name), "{name}");
            assert!(shape.0.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{name}");
            assert_eq!(shape.at(0.0), 0, "{name}");
        }
    }
}

#[test]
fn a_usual_sign_in_is_low_and_a_stranger_is_critical() {
    let known = home(60);
    let (usual, stranger) = (of(&usual(), Some(&known)), of(&stranger(), Some(&known)));
    assert!(usual.score < Score::from_percent(1), "{usual:?}");
    assert!(stranger.score > Score::from_percent(90), "{stranger:?}");
    assert!(codes(&stranger).contains(&"impossible_travel"), "{stranger:?}");
}

#[test]
fn one_new_thing_alone_is_not_high() {
    let known = home(60);
    let changes: [fn(&mut Features); 6] = [
        |features| features.network = Some("as65551".into()),
        |features| features.block = Some("203.0.114.0/24".into()),
        |features| features.local_hour = Some(3),
        |features| features.language = Some("en-us".into()),
        |features| features.device = samples::stranger().device,
        |features| features.country = Some("FR".into()),
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut features = usual();
        change(&mut features);
        let assessment = of(&features, Some(&known));
        assert!(assessment.score < Score::from_percent(60), "{index}: {assessment:?}");
    }
}

#[test]
fn whoever_is_new_is_not_high_for_being_new() {
    for profile in [None, Some(Profile::default()), Some(home(1))] {
        let assessment = of(&usual(), profile.as_ref());
        assert!(assessment.score < Score::from_percent(30), "{assessment:?}");
        assert!(assessment.confidence < Score::from_percent(45), "{assessment:?}");
    }
}

#[test]
fn a_session_that_moves_to_another_machine_elsewhere_is_risky_and_one_that_stays_is_not() {
    let session = |network: &str| {
        let initial = Initial { network: Some(network.into()), ..Initial::default() };
        Some(SessionOf { key: 7, initial: Some(initial), last: None })
    };
    let mut stays = Features { session_known: Some(true), session: session("as64500"), ..usual() };
    let mut profile = home(60);
    profile.credit(&stays, 99, learning::FULL_MILLI);
    let calm = of(&stays, Some(&profile));
    assert!(codes(&calm).contains(&"session_network_same"), "{calm:?}");
    assert!(calm.score < Score::from_percent(1), "{calm:?}");
    let stolen = Features { session_known: Some(true), session: session("as64500"), ..stranger() };
    let moved = of(&stolen, Some(&profile));
    assert!(moved.score > Score::from_percent(90), "{moved:?}");
    stays.session_known = None;
    assert_eq!(road_of(&stays), RoadName::Fresh);
}

#[test]
fn a_new_provider_at_home_counts_less_than_the_same_network_elsewhere() {
    let known = home(60);
    let moved = Features { network: Some("as65551".into()), block: Some("192.0.2.0/24".into()), ..usual() };
    let elsewhere = Features { place: Some(Place { lat: 485_000, lon: 23_500 }), ..moved.clone() };
    assert!(of(&moved, Some(&known)).score < of(&elsewhere, Some(&known)).score);
}

#[test]
fn colleagues_speak_for_an_office_and_failures_speak_against_it() {
    let known = home(60);
    let office = Features {
        network: Some("as65551".into()),
        block: Some("192.0.2.0/24".into()),
        shares: Some(crate::Shares::default()),
        ..usual()
    };
    let mut with_colleagues = office.clone();
    with_colleagues.shares = Some(crate::Shares { block_others: 5, ..crate::Shares::default() });
    let mut with_failures = office.clone();
    with_failures.readings.failures_day = 30;
    let score = |features: &Features| of(features, Some(&known)).logit_micro;
    assert!(score(&with_colleagues) < score(&office) && score(&office) < score(&with_failures));
}

fn any_login() -> impl Strategy<Value = Features> {
    let mixed = (any::<[bool; 9]>(), 0..24_u8, 0..90_i64, any::<bool>(), 0..3_u8);
    let posture = prop::option::of(samples::any_posture());
    (mixed, any::<[u16; 6]>(), any::<[u32; 4]>(), posture).prop_map(
        |((strange, hour, days, known, road), counts, weights, posture)| {
            let (usual, other) = (usual(), stranger());
            let mut features = usual.clone();
            if strange[0] {
                features.country = other.country;
            }
            if strange[1] {
                features.network = other.network;
            }
            if strange[2] {
                features.block = other.block;
            }
            if strange[3] {
                features.place = other.place;
            }
            if strange[4] {
                features.device = other.device;
            }
            if strange[5] {
                features.language = other.language;
            }
            if strange[6] {
                features.ja4 = other.ja4;
            }
            if strange[7] {
                features.session = Some(SessionOf { key: 9, initial: None, last: None });
            }
            if strange[8] {
                features.shares = Some(crate::Shares {
                    network_attacks_milli: weights[0],
                    fingerprint_attacks_milli: weights[1],
                    network_milli: weights[2],
                    network_here_milli: weights[3],
                    ..crate::Shares::default()
                });
            }
            features.device_posture = posture;
            features.local_hour = Some(hour);
            features.at = Timestamp::from_seconds(now().seconds() + days * DAY_S);
            features.session_known = Some(known);
            features.channel = [Channel::Interactive, Channel::Silent, Channel::Refresh][usize::from(road)];
            let [
                failures_day,
                ja4_failures_day,
                network_failures_day,
                block_successes_day,
                ja4_successes_day,
                _,
            ] = counts;
            features.readings = crate::Readings {
                failures_day,
                ja4_failures_day,
                network_failures_day,
                block_successes_day,
                ja4_successes_day,
                ..crate::Readings::default()
            };
            features.note_missing();
            features
        },
    )
}

const THRESHOLDS: [Score; 3] = [Score::from_percent(30), Score::from_percent(60), Score::from_percent(90)];

proptest! {
    #[test]
    fn contributions_add_up_to_the_logit_and_are_explained(features in any_login(), days in 0..40_u32) {
        let assessment = of(&features, Some(&home(days)));
        let sum: i64 = assessment.reasons.iter().map(|reason| reason.micro).sum();
        prop_assert_eq!(assessment.logit_micro, assessment.bias_micro + sum);
        for reason in &assessment.reasons {
            prop_assert!(CODES.iter().any(|(code, _)| *code == reason.code.as_str()), "{}", reason.code);
            prop_assert!(reason.text.ends_with('.') && reason.text.len() > 15, "{}", reason.text);
            for value in ["as6", "203.0", "198.51", "DE", "chrome", "t13d", "de-de"] {
                prop_assert!(!reason.text.contains(value), "{} holds a value", reason.text);
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        prop_assert!(assessment.reasons.iter().all(|reason| seen.insert(reason.code.clone())));
    }

    #[test]
    fn the_counterfactual_flips_the_level_and_nothing_smaller_does(features in any_login(), days in 0..40_u32) {
        let assessment = of(&features, Some(&home(days)));
        let level = |score: Score| THRESHOLDS.iter().filter(|threshold| score >= **threshold).count();
        let raising: Vec<Code> =
            assessment.reasons.iter().filter(|reason| reason.micro > 0).map(|reason| reason.code.clone()).collect();
        match counterfactual(&assessment, &THRESHOLDS) {
            Some(flip) => {
                prop_assert_eq!(level(assessment.score), flip.from);
                prop_assert!(level(assessment.score_without(&flip.codes)) < flip.from);
                prop_assert!(level(assessment.score_without(&flip.codes[1..])) == flip.from, "the greatest is needed");
            }
            None => prop_assert_eq!(level(assessment.score_without(&raising)), level(assessment.score)),
        }
    }

    #[test]
    fn dropping_a_field_hides_little(features in any_login(), field in 0..8_usize) {
        let ordinary = Features {
            country: usual().country, network: usual().network, block: usual().block, place: usual().place,
            device: usual().device, language: usual().language, ja4: usual().ja4, local_hour: usual().local_hour, readings: crate::Readings::default(),
            session: None, ..features
        };
        let known = home(30);
        let mut without = ordinary.clone();
        match field {
            0 => without.country = None,
            1 => without.network = None,
            2 => without.block = None,
            3 => without.place = None,
            4 => without.device = None,
            5 => without.language = None,
            6 => without.ja4 = None,
            _ => without.local_hour = None,
        }
        without.note_missing();
        let (with, without) = (of(&ordinary, Some(&known)), of(&without, Some(&known)));
        prop_assert!(without.logit_micro >= with.logit_micro - 500_000, "{with:?} {without:?}");
        prop_assert!(without.confidence <= with.confidence);
    }

    #[test]
    fn absurd_input_gives_a_score_and_a_sentence(
        text in any::<String>(), lat in any::<i32>(), lon in any::<i32>(), micros in any::<i64>(), hour in any::<u8>(),
    ) {
        let word = Some(Short::new(&text));
        let features = Features {
            at: Timestamp::from_micros(micros),
            country: word.clone(), network: word.clone(), block: word.clone(), language: word.clone(), ja4: word,
            place: Some(Place { lat, lon }), local_hour: Some(hour), ..usual()
        };
        let mut profile = home(20);
        profile.credit(&features, 1, 1_000);
        for assessment in [of(&features, Some(&profile)), of(&usual(), Some(&profile)), of(&features, None)] {
            prop_assert!(assessment.logit_micro.abs() < LIMIT_MICRO);
        }
    }

    #[test]
    fn a_record_replays_to_the_same_bytes(features in any_login(), days in 0..40_u32) {
        let profile = home(days);
        let stored: (Features, Profile) =
            serde_json::from_str(&serde_json::to_string(&(&features, &profile)).unwrap()).unwrap();
        prop_assert_eq!(of(&stored.0, Some(&stored.1)), of(&features, Some(&profile)));
    }
}
