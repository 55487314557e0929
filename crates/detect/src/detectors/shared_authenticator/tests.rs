use serde_json::{Value, json};

use super::*;
use crate::detectors::trial::{Line, Trial, told};

fn enroll(day: i64, n: usize, factor: &Value) -> Line {
    Line::new("gd_enrollment_complete", day * 86_400).user(n).with("details", factor.clone())
}

fn phone() -> Value {
    json!({"authenticator": {"type": "sms", "phone_number": "+491701234567"}})
}

#[test]
fn the_second_person_is_low_and_the_third_is_found() {
    let trial = Trial::of(&[NATIVE]);
    for factor in [phone(), json!({"device_id": "dev_1"}), json!({"enrollment": {"identifier": "d"}})] {
        let lines =
            [enroll(0, 1, &factor), enroll(1, 2, &factor), enroll(2, 2, &factor), enroll(30, 3, &factor)];
        assert_eq!(told(&trial.run(&lines)), [("auth0|2", Severity::Low), ("auth0|3", Severity::Medium)]);
    }
}

#[test]
fn another_month_another_device_a_masked_number_and_the_same_person_are_quiet() {
    let trial = Trial::of(&[NATIVE]);
    let late = [enroll(0, 1, &phone()), enroll(20, 2, &phone()), enroll(31, 3, &phone())];
    assert!(trial.is_quiet(&late));
    let masked = json!({"authenticator": {"phone_number": "XXXXXXXX1234"}});
    assert_eq!(trial.run(&[enroll(0, 1, &masked), enroll(0, 2, &masked), enroll(0, 3, &masked)]), []);
    let others = (1..9).map(|n| enroll(0, n, &json!({ "device_id": format!("dev_{n}") })));
    assert_eq!(trial.run(&others.collect::<Vec<_>>()), []);
    let same = |n| enroll(0, n, &phone()).with("user_name", format!("Pat.Doe@{n}.example.test"));
    assert_eq!(trial.run(&[same(1), same(2), same(3)]), []);
}

#[test]
fn the_same_name_at_unrelated_companies_is_not_one_person() {
    let trial = Trial::of(&[NATIVE]);
    let of = |n: usize, name: &str| enroll(i64::try_from(n).unwrap(), n, &phone()).with("user_name", name);
    let admins = [of(1, "admin@acme.example"), of(2, "Admin@beta.example"), of(3, "info@gamma.example")];
    assert_eq!(told(&trial.run(&admins)), [("auth0|2", Severity::Low), ("auth0|3", Severity::Medium)]);
    let consultant =
        ["acme.example", "beta.example", "gamma.example"].map(|domain| format!("pat.doe@{domain}"));
    let lines: Vec<Line> = consultant.iter().zip(1..).map(|(name, n)| of(n, name)).collect();
    assert_eq!(
        told(&trial.run(&lines)),
        [("auth0|3", Severity::Low)],
        "a person at three companies, or three"
    );
    assert_eq!(trial.run(&lines[..2]), [], "a private and a work account");
}
