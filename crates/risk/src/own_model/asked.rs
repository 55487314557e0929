//! What an own model does to an assessment.

use countersign_core::Trigger;
use serde_json::{Value, json};

use super::{
    samples::{logistic, parse, paths, trees, with},
    *,
};
use crate::{
    Assessment, Features, Model, Profile, ReadyModel, Reset, SignUp, assess, assess_with,
    samples::{home, ordinary, stranger},
};

/// A sum of one input with these numbers.
fn sum(input: &str, intercept: f64, coefficient: f64) -> OwnModel {
    let file = with(logistic(), "/inputs", json!([{ "name": input }]));
    let sum = json!({ "intercept": intercept, "coefficients": [coefficient] });
    let file = with(with(file, "/logistic", sum), "/calibration", json!({ "scale": 1.0, "offset": 0.0 }));
    parse(&with(with(file, "/weight_milli", json!(1_000)), "/bound_micro", json!(MAX_BOUND_MICRO))).unwrap()
}

fn of(own: Option<&OwnModel>) -> Assessment {
    assess_with(&stranger(), Some(&home(60)), &ReadyModel::default(), own)
}

fn said(assessment: &Assessment) -> Option<(MicroLogit, &str)> {
    let own = assessment.reasons.iter().find(|reason| reason.code.as_str() == "own_model");
    own.map(|reason| (reason.micro, reason.text.as_ref()))
}

#[test]
fn its_contribution_is_added_exactly_and_is_a_reason_with_its_sentence() {
    let own = sum("impossible_travel", 0.25, 0.125);
    let (without, with) = (of(None), of(Some(&own)));
    let travel = without.reasons.iter().find(|reason| reason.code.as_str() == "impossible_travel").unwrap();
    let micro = 250_000 + (travel.micro + 4) / 8;
    assert_eq!(said(&with), Some((micro, "The operator's own model night-shift raises the risk.")));
    assert_eq!(with.logit_micro, without.logit_micro + micro);
    assert_eq!(
        with.logit_micro,
        with.bias_micro + with.reasons.iter().map(|reason| reason.micro).sum::<i64>()
    );
    assert_eq!(
        with.own_model.as_ref().map(|asked| (&asked.model, asked.has_failed)),
        Some((own.id(), false))
    );
    assert_eq!((said(&without), &without.own_model), (None, &None));
}

#[test]
fn it_is_asked_of_a_machine_as_of_a_person() {
    let features = Features { is_login: true, ..ordinary() };
    for features in [features, ordinary()] {
        let own = sum("history", 0.5, 0.0);
        let without = assess(&features, None, &Model::default());
        let with = assess_with(&features, None, &ReadyModel::default(), Some(&own));
        assert_eq!(with.logit_micro, without.logit_micro + 500_000);
    }
}

#[test]
fn whatever_the_file_says_it_counts_for_two_at_the_most() {
    for (intercept, micro) in [(1e9, 2_000_000), (-1e9, -2_000_000)] {
        let with = of(Some(&sum("history", intercept, 0.0)));
        assert_eq!(said(&with).map(|(micro, _)| micro), Some(micro));
        assert_eq!(with.logit_micro, of(None).logit_micro + micro);
    }
}

#[test]
fn what_is_no_number_counts_nothing_and_is_told() {
    let with = of(Some(&sum("history", 1e308, 1e308)));
    assert!(with.own_model.as_ref().is_some_and(|asked| asked.has_failed));
    assert_eq!(Assessment { own_model: None, ..with.clone() }, of(None));
    let text = serde_json::to_string(&with).unwrap();
    assert_eq!(serde_json::from_str::<Assessment>(&text).unwrap(), with);
}

#[test]
fn nothing_to_say_is_no_reason_and_no_fault() {
    let with = of(Some(&sum("history", 0.0, 0.0)));
    assert_eq!(said(&with), None);
    assert!(with.own_model.is_some_and(|asked| !asked.has_failed));
}

#[test]
fn every_input_beside_the_reasons_is_read_off_the_features() {
    let full = Features {
        local_hour: Some(23),
        logins_count: Some(7),
        enrolled: ["otp".into(), "email".into()].into(),
        session_known: Some(true),
        is_new_account: true,
        sign_up: Some(SignUp { gibberish_milli: Some(250), ..SignUp::default() }),
        reset: Some(Reset { hours_since_reset: Some(41), ..Reset::default() }),
        ..ordinary()
    };
    let profile: Profile = home(60);
    let history = profile.history(full.at);
    assert!(history > 1.0);
    let none = Features::new(full.at, full.channel);
    for (name, told, untold) in [
        ("local_hour", Some(23.0), None),
        ("logins_count", Some(7.0), None),
        ("history", Some(history), Some(0.0)),
        ("enrolled_factors", Some(2.0), Some(0.0)),
        ("session_known", Some(1.0), None),
        ("is_new_account", Some(1.0), Some(0.0)),
        ("gibberish", Some(0.25), None),
        ("hours_since_reset", Some(41.0), None),
    ] {
        assert_eq!(Inputs::of(&full, Some(&profile), &[]).get(name), told, "{name}");
        assert_eq!(Inputs::of(&none, None, &[]).get(name), untold, "{name}");
    }
    assert_eq!(RAW_INPUTS.len(), 8, "each of them is above");
}

#[test]
fn a_model_can_not_read_what_it_says_itself() {
    assert!(crate::CODES.iter().any(|(code, _)| *code == "own_model"));
    assert_eq!(paths(&with(trees(), "/inputs/0/name", json!("own_model"))), ["inputs[0].name"]);
    assert_eq!(Inputs::of_reasons([("own_model", 5)]).get("own_model"), None);
}

#[test]
fn it_speaks_of_sign_ins_unless_its_file_names_triggers() {
    let own = parse(&trees()).unwrap();
    assert!(own.speaks_of(Trigger::PostLogin) && !own.speaks_of(Trigger::CredentialsExchange));
    let file = with(trees(), "/triggers", json!(["credentials-exchange", "risk"]));
    let own = parse(&file).unwrap();
    let spoken =
        [Trigger::CredentialsExchange, Trigger::ShortForm, Trigger::PostLogin].map(|of| own.speaks_of(of));
    assert_eq!(spoken, [true, true, false]);
    assert_ne!(own.id(), parse(&trees()).unwrap().id(), "they are part of what the tag stands for");
    for (triggers, path) in [
        (json!([]), "triggers"),
        (json!(["post-login", "risk", "post-login"]), "triggers[2]"),
        (json!(["post-logout"]), "triggers[0]"),
        (Value::Null, "triggers"),
    ] {
        assert_eq!(paths(&with(trees(), "/triggers", triggers)), [path]);
    }
}
