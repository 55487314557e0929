//! What holds for every sign-in, profile and model.

use countersign_core::{Channel, Score, Timestamp};
use proptest::prelude::*;

use crate::{
    Auth0Risk, Code, Device, DeviceClass, DomainKind, Features, LookAlike, Machine, Model, NameFit,
    NetworkKind, Place, Profile, Readings, Reset, Short, SignUp, Variant, assess, counterfactual,
    samples::{DAY_S, any_posture, home, now, ordinary, stranger},
};

fn pick<T: Clone + std::fmt::Debug + 'static>(ordinary: T, other: T) -> impl Strategy<Value = T> {
    prop_oneof![Just(ordinary), Just(other)]
}

/// What belongs to a sign-up, a reset or a machine: none of it, one of them or all.
fn any_flow() -> impl Strategy<Value = (Option<SignUp>, Option<Reset>, Option<Machine>)> {
    let look_alike =
        prop::option::of(prop::sample::select(&[LookAlike::Confusable, LookAlike::TwoEdits][..]));
    let address = (
        prop::option::of(prop::sample::select(
            &[DomainKind::Disposable, DomainKind::FreeMail, DomainKind::Organization, DomainKind::Other][..],
        )),
        look_alike.clone(),
        prop::option::of(prop::sample::select(&[Variant::Tag, Variant::Dots][..])),
        prop::option::of(prop::sample::select(&[NameFit::Matches, NameFit::Unrelated][..])),
        prop::option::of(any::<u16>()),
        prop::option::of(0..=1_000_000_u32),
    );
    let network = prop::option::of(prop::sample::select(
        &[
            NetworkKind::Unknown,
            NetworkKind::Residential,
            NetworkKind::Gateway,
            NetworkKind::Vpn,
            NetworkKind::Hosting,
            NetworkKind::Anonymizer,
        ][..],
    ));
    let sign_up = (address, network, any_readings(), any::<(bool, bool, Option<bool>)>()).prop_map(
        |(
            (domain, look_alike, variant, name, gibberish_milli, carried),
            network,
            readings,
            (is_business, is_role, language_fits),
        )| {
            let carried = carried.and_then(Score::from_millionths);
            SignUp {
                domain,
                is_business,
                look_alike,
                is_role,
                variant,
                gibberish_milli,
                name,
                language_fits,
                network,
                readings,
                carried,
                ..SignUp::default()
            }
        },
    );
    let reset = (any::<(Option<u32>, u16, u16, Option<bool>)>(), look_alike).prop_map(
        |((hours_since_reset, accounts_from_block, failures_from_block, has_second_factor), look_alike)| {
            Reset {
                hours_since_reset,
                accounts_from_block,
                failures_from_block,
                has_second_factor,
                look_alike,
                ..Reset::default()
            }
        },
    );
    (prop::option::of(sign_up), prop::option::of(reset), prop::option::of(any_machine()))
}

const SCOPES: &[&str] = &["read:orders", "write:orders", "read:users", "write:users", "delete:users"];

fn any_machine() -> impl Strategy<Value = Machine> {
    let audience = prop::option::of(prop::sample::select(&["00000001", "00000002"][..]).prop_map(Short::new));
    let scopes = prop::collection::vec(prop::sample::select(SCOPES), 0..5);
    (audience, scopes, any::<bool>()).prop_map(|(audience, scopes, more_scopes)| {
        let mut machine = Machine { audience, more_scopes, ..Machine::default() };
        machine.ask(scopes);
        machine
    })
}

fn any_readings() -> impl Strategy<Value = Readings> {
    (any::<[u8; 8]>(), any::<u16>()).prop_map(|(counts, failures_day)| {
        let [block_hour, block_day, domain_hour, domain_day, ja4_hour, ja4_day, skeleton_hour, skeleton_day] =
            counts.map(|count| u16::from(count) / 6);
        Readings {
            block_hour,
            block_day,
            domain_hour,
            domain_day,
            ja4_hour,
            ja4_day,
            skeleton_hour,
            skeleton_day,
            failures_day,
            ..Readings::default()
        }
    })
}

/// Sign-ins made of ordinary, strange and missing features, around the time of the samples.
fn any_features() -> impl Strategy<Value = Features> {
    let (usual, strange) = (ordinary(), stranger());
    let word =
        |words: &'static [&'static str]| prop::option::of(prop::sample::select(words).prop_map(Short::new));
    let auth0 = (
        word(&["high", "neutral", "medium", "low", "odd"]),
        word(&["match", "partial_match", "no_match", "unknown_device", "initial_login"]),
        word(&[
            "minimal_travel_from_last_login",
            "impossible_travel_from_last_login",
            "anonymous_proxy",
            "invalid_travel",
        ]),
        word(&["found_on_deny_list", "not_found_on_deny_list"]),
    )
        .prop_map(|(confidence, new_device, impossible_travel, untrusted_ip)| Auth0Risk {
            confidence,
            new_device,
            impossible_travel,
            untrusted_ip,
        });
    let places = (
        prop::option::of(pick(usual.country.clone().unwrap(), strange.country.clone().unwrap())),
        prop::option::of(pick(usual.network.clone().unwrap(), strange.network.clone().unwrap())),
        prop::option::of(
            (-900_000..=900_000_i32, -1_800_000..=1_800_000_i32).prop_map(|(lat, lon)| Place { lat, lon }),
        ),
        prop::option::of(0..24_u8),
    );
    let posture = prop::option::of(any_posture());
    let device = prop::option::of(prop_oneof![
        Just(usual.device.clone().unwrap()),
        Just(strange.device.unwrap()),
        Just(crate::parse_agent("curl/8.5.0").unwrap()),
    ]);
    (
        prop::sample::select(Channel::ALL),
        -DAY_S..30 * DAY_S,
        places,
        device,
        prop::option::of(auth0),
        any_flow(),
        posture,
    )
        .prop_map(
            |(channel, later, (country, network, place, local_hour), device, auth0, flow, posture)| {
                let (sign_up, reset, machine) = flow;
                let mut features = Features {
                    country,
                    network,
                    place,
                    local_hour,
                    device,
                    auth0,
                    sign_up,
                    reset,
                    machine,
                    device_posture: posture,
                    ..Features::new(Timestamp::from_seconds(now().seconds() + later), channel)
                };
                features.note_missing();
                features
            },
        )
}

fn any_profile() -> impl Strategy<Value = Option<Profile>> {
    let failures = prop::collection::vec(0..2 * DAY_S, 0..20);
    prop::option::of((0..90_u32, failures, 0..4_u64).prop_map(|(days, failures, strange)| {
        let mut profile = home(days);
        for ago in failures {
            profile.failure(Timestamp::from_seconds(now().seconds() - ago));
        }
        // A user who was only ever elsewhere would make the ordinary strange.
        for key in 0..if days == 0 { 0 } else { strange } {
            profile.credit(&stranger(), key, if key.is_multiple_of(2) { 150 } else { 1_000 });
        }
        profile
    }))
}

fn logit(features: &Features, profile: Option<&Profile>) -> i64 {
    assess(features, profile, &Model::default()).logit_micro
}

/// The features without one of their fields, for each field that can be missing.
fn dropped(features: &Features) -> Vec<(&'static str, Features)> {
    let mut all = vec![
        ("country", Features { country: None, ..features.clone() }),
        ("network", Features { network: None, ..features.clone() }),
        ("place", Features { place: None, ..features.clone() }),
        ("place and hour", Features { place: None, local_hour: None, ..features.clone() }),
        ("device", Features { device: None, ..features.clone() }),
        ("ja4", Features { ja4: None, ..features.clone() }),
        ("auth0", Features { auth0: None, ..features.clone() }),
        ("logins_count", Features { logins_count: None, ..features.clone() }),
    ];
    for (_, features) in &mut all {
        features.note_missing();
    }
    all
}

/// The features with one field as on an ordinary day, in the same order.
fn ordinary_instead(features: &Features) -> Vec<Features> {
    let usual = ordinary();
    let Features { country, network, place, local_hour, device, ja4, auth0, logins_count, .. } = usual;
    vec![
        Features { country, ..features.clone() },
        Features { network, ..features.clone() },
        Features { place, ..features.clone() },
        Features { place, local_hour, ..features.clone() },
        Features { device, ..features.clone() },
        Features { ja4, ..features.clone() },
        Features { auth0, ..features.clone() },
        Features { logins_count, ..features.clone() },
    ]
}

proptest! {
    #[test]
    fn contributions_add_up_exactly_and_codes_are_unique(features in any_features(), profile in any_profile()) {
        let assessment = assess(&features, profile.as_ref(), &Model::default());
        let sum: i64 = assessment.reasons.iter().map(|reason| reason.micro).sum();
        prop_assert_eq!(assessment.logit_micro, assessment.bias_micro + sum);
        let codes: std::collections::BTreeSet<_> = assessment.reasons.iter().map(|reason| &reason.code).collect();
        prop_assert_eq!(codes.len(), assessment.reasons.len());
        prop_assert!(assessment.reasons.is_sorted_by_key(|reason| (-reason.micro.abs(), reason.code.clone())));
    }

    #[test]
    fn the_same_input_gives_the_same_bytes_also_from_a_record(features in any_features(), profile in any_profile()) {
        let first = serde_json::to_vec(&assess(&features, profile.as_ref(), &Model::default())).unwrap();
        let stored: Features = serde_json::from_slice(&serde_json::to_vec(&features).unwrap()).unwrap();
        let profile = profile.map(|profile| Profile::decode(&profile.encode()).unwrap());
        prop_assert_eq!(serde_json::to_vec(&assess(&stored, profile.as_ref(), &Model::default())).unwrap(), first);
    }

    #[test]
    fn a_greater_logit_never_scores_less(a in -200_000_000..200_000_000_i64, b in -200_000_000..200_000_000_i64, near in 0..100_i64) {
        let score = crate::assessment::score;
        prop_assert!(score(a.min(b)) <= score(a.max(b)));
        prop_assert!(score(a) <= score(a + near));
        prop_assert!(score(a) <= Score::MAX);
    }

    #[test]
    fn dropping_a_field_gains_an_attacker_at_most_half(features in any_features(), profile in any_profile()) {
        let with = ordinary_instead(&features);
        for ((field, without), with) in dropped(&features).into_iter().zip(with) {
            let gain = logit(&with, profile.as_ref()) - logit(&without, profile.as_ref());
            prop_assert!(gain <= 500_000, "{field}: {gain}");
        }
    }

    #[test]
    fn less_confidence_of_auth0_never_lowers_the_score(features in any_features(), profile in any_profile()) {
        let mut scores = Vec::new();
        for word in ["high", "medium", "low"] {
            let auth0 = Auth0Risk { confidence: Some(word.into()), ..features.auth0.clone().unwrap_or_default() };
            let features = Features { auth0: Some(auth0), ..features.clone() };
            scores.push(assess(&features, profile.as_ref(), &Model::default()).score);
        }
        prop_assert!(scores.is_sorted());
    }

    #[test]
    fn one_more_failure_never_lowers_the_score(features in any_features(), profile in any_profile(), ago in 0..DAY_S) {
        let before = profile.unwrap_or_default();
        let mut after = before.clone();
        after.failure(Timestamp::from_seconds(features.at.seconds() - ago));
        prop_assert!(logit(&features, Some(&before)) <= logit(&features, Some(&after)));
    }

    #[test]
    fn more_of_what_raises_the_risk_never_lowers_the_score(
        features in any_features(), profile in any_profile(), more in 0..40_u16, field in 0..17_usize
    ) {
        let mut riskier = features.clone();
        let add = |count: &mut u16| *count = count.saturating_add(more);
        match (&mut riskier.sign_up, &mut riskier.reset, field) {
            (Some(sign_up), _, 0) => add(&mut sign_up.readings.block_hour),
            (Some(sign_up), _, 1) => add(&mut sign_up.readings.block_day),
            // Why not for whom the address names: many more at the same domain make that a colleague.
            (Some(sign_up), _, 2) if sign_up.name != Some(NameFit::Matches) => add(&mut sign_up.readings.domain_hour),
            (Some(sign_up), _, 3) => add(&mut sign_up.readings.ja4_hour),
            (Some(sign_up), _, 4) => add(&mut sign_up.readings.skeleton_hour),
            (Some(sign_up), _, 5) => add(&mut sign_up.readings.failures_day),
            (Some(sign_up), _, 6) => sign_up.gibberish_milli = sign_up.gibberish_milli.map(|milli| milli.saturating_add(more)),
            (Some(sign_up), _, 7) => sign_up.look_alike = Some(LookAlike::Confusable),
            (Some(sign_up), _, 8) => sign_up.domain = Some(DomainKind::Disposable),
            (_, Some(reset), 9) => add(&mut reset.accounts_from_block),
            (_, Some(reset), 10) => reset.has_second_factor = Some(false),
            (_, Some(reset), 11) => reset.hours_since_reset = Some(0),
            (Some(sign_up), _, 12) => add(&mut sign_up.readings.name_day),
            (Some(sign_up), _, 13) => add(&mut sign_up.readings.range_hour),
            (Some(sign_up), _, 14) => add(&mut sign_up.readings.frauds_day),
            (Some(sign_up), _, 15) => (sign_up.is_disguised, sign_up.has_link) = (true, true),
            (_, Some(reset), 16) => add(&mut reset.frauds_from_block),
            _ => {}
        }
        prop_assert!(logit(&features, profile.as_ref()) <= logit(&riskier, profile.as_ref()));
    }

    #[test]
    fn one_more_scope_never_lowers_the_score(
        machine in any_machine(), history in prop::collection::vec(any_machine(), 0..30), more in prop::sample::select(SCOPES)
    ) {
        let mut profile = Profile::default();
        for (key, machine) in (0..).zip(history) {
            profile.credit(&Features { machine: Some(machine), ..crate::samples::machine(now()) }, key, 1_000);
        }
        let mut wider = machine.clone();
        wider.ask([more]);
        let of = |machine: Machine| {
            logit(&Features { machine: Some(machine), ..crate::samples::machine(now()) }, Some(&profile))
        };
        prop_assert!(machine.scopes.is_empty() || of(machine) <= of(wider));
    }

    #[test]
    fn a_flip_flips_and_no_part_of_it_does(
        features in any_features(), profile in any_profile(), thresholds in prop::collection::vec(0..=1_000_000_u32, 0..4)
    ) {
        let assessment = assess(&features, profile.as_ref(), &Model::default());
        let thresholds: Vec<Score> = thresholds.into_iter().filter_map(Score::from_millionths).collect();
        let level = |score: Score| thresholds.iter().filter(|threshold| score >= **threshold).count();
        let raising: Vec<Code> =
            assessment.reasons.iter().filter(|reason| reason.micro > 0).map(|reason| reason.code.clone()).collect();
        match counterfactual(&assessment, &thresholds) {
            Some(flip) => {
                prop_assert_eq!(flip.from, level(assessment.score));
                prop_assert_eq!(flip.to, level(assessment.score_without(&flip.codes)));
                prop_assert!(flip.to < flip.from);
                let fewer = &flip.codes[..flip.codes.len() - 1];
                prop_assert_eq!(level(assessment.score_without(fewer)), flip.from);
            }
            None => prop_assert_eq!(level(assessment.score_without(&raising)), level(assessment.score)),
        }
    }

    #[test]
    fn no_reason_repeats_a_value_of_the_sign_in(features in any_features(), marks in prop::collection::vec("zq[a-z0-9]{6}", 9)) {
        let mark = |index: usize| Some(Short::new(&marks[index]));
        let marked = Features {
            country: mark(0),
            network: mark(1),
            block: mark(2),
            ja4: mark(3),
            device: Some(Device {
                browser: Short::new(&marks[4]),
                major: 987_654,
                os: Short::new(&marks[5]),
                class: DeviceClass::Other,
                automation: true,
            }),
            machine: features.machine.clone().map(|_| Machine { audience: mark(0), scopes: mark(1).into_iter().collect(), more_scopes: true, ..Machine::default() }),
            auth0: Some(Auth0Risk { confidence: mark(6), new_device: mark(7), impossible_travel: mark(8), untrusted_ip: mark(8) }),
            ..features
        };
        let mut regular = home(30);
        regular.credit(&marked, 1, 1_000);
        for profile in [None, Some(home(30)), Some(regular)] {
            let text = serde_json::to_string(&assess(&marked, profile.as_ref(), &Model::default())).unwrap();
            prop_assert!(!text.contains("zq") && !text.contains("987654"), "{text}");
        }
    }

    #[test]
    fn hostile_constants_do_no_harm(values in prop::collection::vec(any::<i64>(), 4), features in any_features(), profile in any_profile()) {
        let mut model = Model { bias_micro: values[0], ..Model::default() };
        (model.country.lo_micro, model.country.hi_micro) = (values[1], values[2]);
        (model.country.prior_milli, model.country.ordinary_ppm, model.country.attacker_ppm) = (0, 0, u32::MAX);
        (model.hours.kernel, model.hours.prior_milli, model.hours.hi_micro) = ([u32::MAX; 3], 0, values[3]);
        (model.travel.fast_kmh, model.travel.min_elapsed_s, model.travel.near_micro) = (0, 0, values[1]);
        (model.travel.hi_micro, model.failures.half_life_s, model.auth0.low_micro) = (values[2], 0, values[3]);
        (model.automation.interactive_micro, model.half_trust_milli) = (values[0], 0);
        (model.sign_up.gibberish_micro, model.sign_up.gibberish_free_milli) = (values[0], u16::MAX);
        (model.sign_up.block.hi_micro, model.sign_up.skeleton.weight_milli) = (values[1], u32::MAX);
        (model.sign_up.carried_milli, model.sign_up.carried_hi_micro) = (u32::MAX, values[2]);
        (model.sign_up.confidence_milli, model.reset.second_factor_micro) = (u32::MAX, values[3]);
        (model.machine_client.network.prior_milli, model.machine_client.network.hi_micro) = (0, values[0]);
        (model.machine_client.scopes.hi_micro, model.machine_client.more_scope_milli) = (values[1], u32::MAX);
        let assessment = assess(&features, profile.as_ref(), &model);
        let sum: i64 = assessment.reasons.iter().map(|reason| reason.micro).sum();
        prop_assert_eq!(assessment.logit_micro, assessment.bias_micro + sum);
    }
}
