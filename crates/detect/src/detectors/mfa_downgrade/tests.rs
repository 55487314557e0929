use serde_json::{Value, json};

use super::*;
use crate::{
    Context,
    detectors::{
        calls::{by_us, call, patch, put, refused},
        trial::{Trial, told},
    },
};

fn policies(second: i64, policies: &Value) -> crate::detectors::trial::Line {
    put(second, "/api/v2/guardian/policies", policies, policies)
}

#[test]
fn a_policy_that_falls_is_found_and_one_that_stays_or_rises_is_not() {
    let trial = Trial::of(&[NATIVE]);
    let never = policies(0, &json!([]));
    assert_eq!(told(&trial.run(std::slice::from_ref(&never))), [("acme", Severity::High)]);
    // Adaptive may be more or less than before.
    let by_risk = policies(0, &json!(["confidence-score"]));
    assert_eq!(told(&trial.run(&[by_risk.clone(), by_risk.earlier(-9_000)])), [("acme", Severity::Low)]);
    let always = policies(0, &json!(["all-applications"]));
    let fall = [always.clone(), policies(10, &json!(["confidence-score"]))];
    assert_eq!(told(&trial.run(&fall)), [("acme", Severity::Medium)]);
    // Set again to what it was: nothing is lower than before.
    let again = [never, policies(10_000, &json!([])), policies(20_000, &json!(["confidence-score"]))];
    assert_eq!(trial.run(&again).len(), 1);
    assert_eq!(trial.run(&[refused(0, "put", "/v2/guardian/policies", &json!([]))]), []);
}

#[test]
fn factors_risk_and_connections_count_by_how_strong_they_are() {
    let trial = Trial::of(&[NATIVE]);
    let off = json!({"enabled": false});
    let factor = |name: &str, body: &Value| put(0, &format!("/v2/guardian/factors/{name}"), body, body);
    assert_eq!(told(&trial.run(&[factor("otp", &off)])), [("acme", Severity::Medium)]);
    assert_eq!(told(&trial.run(&[factor("sms", &off)])), [("acme", Severity::Low)]);
    assert_eq!(trial.run(&[factor("otp", &json!({"enabled": true}))]), []);
    // As text, and the response against the request.
    let as_text = put(0, "/v2/guardian/factors/otp", &json!({"enabled": true}), &json!({"enabled": "false"}));
    assert_eq!(trial.run(&[as_text]).len(), 1);
    for (path, body) in [
        ("/api/v2/risk-assessments/settings", json!({"enabled": false})),
        ("/api/v2/risk-assessment/config", json!({"AfterAuthentication": false})),
        ("/api/v2/connections/con_1", json!({"options": {"mfa": {"active": false}}})),
    ] {
        assert_eq!(told(&trial.run(&[put(0, path, &body, &json!({}))])), [("acme", Severity::Medium)]);
    }
    assert_eq!(trial.run(&[put(0, "/api/v2/connections/con_1", &json!({"options": {}}), &off)]), []);
}

#[test]
fn flows_and_memberships_are_loud_only_where_it_is_known_what_they_were() {
    let trial = Trial::of(&[NATIVE]);
    let path = "/api/v2/actions/triggers/post-login/bindings";
    let bound = |second, bindings: Value| {
        let body = json!({ "bindings": bindings });
        put(second, path, &body, &body)
    };
    assert!(trial.is_quiet(&[bound(0, json!([]))]));
    let action = |id: &str| json!({"action": {"id": id}});
    let both = bound(0, json!([action("mfa"), action("x")]));
    for lower in [json!([action("x")]), json!([action("x"), action("no-op")]), json!([])] {
        assert_eq!(
            told(&trial.run(&[both.clone(), bound(9, lower.clone())])),
            [("acme", Severity::Medium)],
            "{lower}"
        );
    }
    for kept in [json!([action("x"), action("mfa")]), json!([action("x"), action("y"), action("mfa")])] {
        assert_eq!(trial.run(&[both.clone(), bound(9, kept)]), []);
    }
    // The answer tells what the request names otherwise; where nothing does, any of them may be it.
    let by_name = json!({"bindings": [{"ref": {"type": "action_name", "value": "a"}}, {"ref": {"type": "action_name", "value": "b"}}]});
    let answered = put(9, path, &by_name, &json!({"bindings": [action("mfa"), action("x")]}));
    assert_eq!(trial.run(&[both.clone(), answered]), []);
    assert_eq!(trial.run(&[both, put(9, path, &by_name, &Value::Null)]), []);
    let path = "/api/v2/organizations/org_1/enabled_connections/con_1";
    let open = |second, is_open: bool| {
        let body = json!({ "assign_membership_on_login": is_open });
        put(second, path, &body, &body)
    };
    assert!(trial.is_quiet(&[open(0, true)]));
    assert_eq!(told(&trial.run(&[open(0, false), open(9, true)])), [("org_1", Severity::Medium)]);
}

#[test]
fn what_we_did_ourselves_is_low_and_told() {
    let context = Context { own_clients: [by_us()].into(), ..Context::default() };
    let alerts = Trial::of(&[NATIVE]).knowing(context).run(&[policies(0, &json!([]))]);
    assert_eq!(told(&alerts), [("acme", Severity::Low)]);
}

#[test]
fn membership_is_followed_from_its_creation_by_either_path() {
    let trial = Trial::of(&[NATIVE]);
    let answer =
        json!({"connection_id": "con_1", "assign_membership_on_login": false, "is_signup_enabled": false});
    let organization = json!({"id": "org_1", "enabled_connections": [answer]});
    let made = [
        call(0, "post", "/api/v2/organizations/org_1/enabled_connections", &answer, &answer),
        call(0, "post", "/api/v2/organizations/org_1/connections", &answer, &answer),
        call(0, "post", "/api/v2/organizations", &organization, &organization),
    ];
    for made in made {
        for part in ["enabled_connections", "connections"] {
            for field in ["assign_membership_on_login", "is_signup_enabled"] {
                let path = format!("/api/v2/organizations/org_1/{part}/con_1");
                let open = json!({ field: true });
                let opened = patch(9, &path, &open, &open);
                assert_eq!(
                    told(&trial.run(&[made.clone(), opened])),
                    [("org_1", Severity::Medium)],
                    "{path} {field}"
                );
            }
        }
    }
    // What an organization begins with is its set-up.
    let open = json!({"id": "org_1", "enabled_connections": [{"connection_id": "con_1", "assign_membership_on_login": true}]});
    let made = call(0, "post", "/api/v2/organizations", &open, &open);
    let path = "/api/v2/organizations/org_1/enabled_connections/con_1";
    let again = json!({"assign_membership_on_login": true});
    assert_eq!(trial.run(&[made, patch(9, path, &again, &again)]), []);
}

#[test]
fn what_a_call_does_not_name_is_not_taken_to_be_closed() {
    let trial = Trial::of(&[NATIVE]);
    let path = "/api/v2/organizations/org_1/enabled_connections/con_1";
    let shown = patch(0, path, &json!({"show_as_button": false}), &json!({"show_as_button": false}));
    let open = json!({"assign_membership_on_login": true});
    assert!(trial.is_quiet(&[shown, patch(9, path, &open, &open)]));
    // The answer tells that it was open.
    let shown = patch(0, path, &json!({"show_as_button": false}), &open);
    assert_eq!(trial.run(&[shown, patch(9, path, &open, &open)]), []);
}

#[test]
fn a_connection_loses_its_second_factor_with_its_options_and_devices_are_remembered_longer() {
    let trial = Trial::of(&[NATIVE]);
    let path = "/api/v2/connections/con_1";
    let set = |second, options: Value| {
        let body = json!({ "options": options });
        put(second, path, &body, &body)
    };
    let with = set(0, json!({"mfa": {"active": true}}));
    let without = set(9, json!({"brute_force_protection": true}));
    assert_eq!(told(&trial.run(&[with.clone(), without.clone()])), [("acme", Severity::Medium)]);
    assert_eq!(trial.run(&[without]), []);
    assert_eq!(trial.run(&[with, patch(9, path, &json!({"name": "x"}), &json!({"name": "x"}))]), []);
    let days = |second, days: i64| {
        let body = json!({ "remember_for": days });
        patch(second, "/api/v2/risk-assessments/settings/new-device", &body, &body)
    };
    assert_eq!(told(&trial.run(&[days(0, 30), days(9, 365)])), [("acme", Severity::Low)]);
    assert_eq!(trial.run(&[days(0, 365), days(9, 30)]), []);
}
