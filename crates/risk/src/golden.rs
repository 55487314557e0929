//! Golden assessments, one a flow.
//!
//! A change here means that stored records replay differently: raise [`ENGINE`](crate::ENGINE) or the model's version with
//! it.

use countersign_auth0::trigger::password_reset_post_challenge::PasswordResetPostChallenge;
use serde_json::json;

use crate::{
    Assessment, DevicePosture, Features, Model, PosturePlace, PostureStatus, Profile, Readings, assess,
    samples::{event, extracted, home, machine, machine_home, now, ordinary, sign_up_event, stranger},
};

const RESET: &str = include_str!("../../../fixtures/events/password-reset-post-challenge.json");

fn check(features: &Features, profile: Option<&Profile>, expected: (u32, u32), reasons: &[(&str, i64)]) {
    let assessment = assess(features, profile, &Model::default());
    let found = |assessment: &Assessment| -> Vec<(String, i64)> {
        assessment.reasons.iter().map(|r| (r.code.as_str().to_owned(), r.micro)).collect()
    };
    let reasons: Vec<_> = reasons.iter().map(|(code, micro)| ((*code).to_owned(), *micro)).collect();
    assert_eq!(found(&assessment), reasons);
    assert_eq!((assessment.score.millionths(), assessment.confidence.millionths()), expected);
    assert_eq!((assessment.model.as_str(), assessment.engine.as_ref()), ("baseline@5:50b906630fc63ec8", "4"));
    let stored: Features = serde_json::from_str(&serde_json::to_string(features).unwrap()).unwrap();
    assert_eq!(assess(&stored, profile, &Model::default()), assessment, "also from a record");
}

#[test]
fn a_short_form_replays_as_it_did_before_sign_ins_had_shapes() {
    check(
        &ordinary(),
        Some(&home(60)),
        (8_014, 917_068),
        &[
            ("familiar_country", -532_446),
            ("familiar_network", -532_446),
            ("auth0_high_confidence", -400_000),
            ("familiar_device", -354_964),
            ("familiar_browser", -266_223),
            ("known_place", -266_223),
            ("usual_hour", -266_223),
        ],
    );
    check(
        &stranger(),
        Some(&home(60)),
        (989_885, 871_214),
        &[
            ("impossible_travel", 2_925_759),
            ("unfamiliar_country", 1_477_156),
            ("unfamiliar_device", 1_050_422),
            ("unusual_hour", 621_187),
            ("unfamiliar_network", 492_385),
            ("unfamiliar_browser", 216_650),
        ],
    );
}

#[test]
fn a_sign_in_replays() {
    let login = |features: Features| Features { is_login: true, ..features };
    let mut known = Profile::default();
    for key in 0..30 {
        known.credit(&login(ordinary()), key, 1_000);
    }
    check(
        &login(ordinary()),
        Some(&known),
        (443, 894118),
        &[
            ("familiar_block", -2031431),
            ("familiar_network", -869357),
            ("familiar_browser", -401275),
            ("auth0_high_confidence", -400000),
            ("familiar_tls", -368905),
            ("usual_hour", -226232),
            ("familiar_device", -160342),
            ("usual_version", -91649),
        ],
    );
    check(
        &login(stranger()),
        Some(&known),
        (392378, 849412),
        &[
            ("far_place", 1012149),
            ("unusual_hour", 830366),
            ("unfamiliar_device", 664717),
            ("impossible_travel", 595842),
            ("familiar_tls", -368905),
        ],
    );
}

#[test]
fn a_sign_in_with_a_machine_that_was_told_replays() {
    let login = |status| {
        let posture = DevicePosture { status, place: PosturePlace::SignIn };
        Features { is_login: true, device_posture: Some(posture), ..stranger() }
    };
    let mut known = Profile::default();
    for key in 0..30 {
        known.credit(&Features { is_login: true, ..ordinary() }, key, 1_000);
    }
    check(
        &login(PostureStatus::NonCompliant),
        Some(&known),
        (637_071, 849412),
        &[
            ("far_place", 1012149),
            ("non_compliant_device", 1_000_000),
            ("unusual_hour", 830366),
            ("unfamiliar_device", 664717),
            ("impossible_travel", 595842),
            ("familiar_tls", -368905),
        ],
    );
    check(
        &login(PostureStatus::Compliant),
        Some(&known),
        (334_628, 849412),
        &[
            ("far_place", 1012149),
            ("unusual_hour", 830366),
            ("unfamiliar_device", 664717),
            ("impossible_travel", 595842),
            ("familiar_tls", -368905),
            ("compliant_device", -250_000),
        ],
    );
}

#[test]
fn a_sign_up_replays() {
    let readings =
        Readings { block_hour: 6, block_day: 6, skeleton_hour: 4, skeleton_day: 4, ..Readings::default() };
    let features = extracted(&sign_up_event("xkqzvbnw83+a@acrne-corp.com", "Pat Doe"), readings);
    check(
        &features,
        None,
        (998_935, 465_000),
        &[
            ("look_alike_domain", 3_300_000),
            ("pattern_sign_ups", 2_011_797),
            ("gibberish_address", 1_900_000),
            ("block_sign_ups", 831_777),
            ("address_variant", 500_000),
            ("name_unrelated", 500_000),
        ],
    );
}

#[test]
fn a_reset_replays() {
    let patch = json!({"user": {"last_password_reset": "2026-08-20T05:30:00Z", "enrolledFactors": []}});
    let reset: PasswordResetPostChallenge = event(RESET, &patch);
    let readings = Readings { resets_day: 10, failures_day: 9, ..Readings::default() };
    check(
        &extracted(&reset, readings),
        Some(&home(60)),
        (653_755, 706_142),
        &[
            ("block_resets", 2_416_947),
            ("repeated_reset", 1_000_000),
            ("block_failures", 804_719),
            ("familiar_country", -532_446),
            ("familiar_device", -354_964),
            ("no_second_factor", 300_000),
            ("familiar_browser", -266_223),
            ("known_place", -266_223),
            ("usual_hour", -266_223),
        ],
    );
}

#[test]
fn a_machine_s_request_replays() {
    let moved = Features { network: Some("198.51.100.0/24".into()), ..machine(now()) };
    check(
        &moved,
        Some(&machine_home(60)),
        (352_607, 825_361),
        &[
            ("unfamiliar_network", 2_790_186),
            ("familiar_country", -266_223),
            ("known_place", -266_223),
            ("usual_hour", -266_223),
            ("familiar_audience", -133_111),
            ("familiar_browser", -133_111),
            ("familiar_scopes", -132_893),
        ],
    );
}
