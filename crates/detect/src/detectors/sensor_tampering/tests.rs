use serde_json::{Value, json};

use super::*;
use crate::detectors::{
    calls::{by_us, call, patch, refused},
    trial::{Line, Trial, told},
};

const STREAM: &str = "/api/v2/log-streams/lst_1";
const FLOW: &str = "/api/v2/actions/triggers/post-login/bindings";

fn guarding() -> Trial {
    let mut context = Context { guarded_actions: ["guard".to_owned()].into(), ..Context::default() };
    context.own_clients.insert("ours".to_owned(), BTreeSet::new());
    Trial::of(&[NATIVE]).knowing(context)
}

fn same(second: i64, path: &str, body: &Value) -> Line {
    patch(second, path, body, body)
}

fn high(alerts: &[crate::Alert]) -> bool {
    told(alerts) == [("acme", Severity::High)]
}

#[test]
fn a_stream_that_is_paused_deleted_or_narrowed_is_found() {
    let trial = guarding();
    for status in ["paused", "suspended"] {
        assert!(high(&trial.run(&[same(0, STREAM, &json!({ "status": status }))])));
    }
    assert!(high(&trial.run(&[call(0, "delete", STREAM, &Value::Null, &Value::Null)])));
    let only = |name: &str| json!({"filters": [{"type": "category", "name": name}]});
    assert!(high(&trial.run(&[same(0, STREAM, &only("auth.login.fail"))])));
    assert!(high(&trial.run(&[same(0, STREAM, &json!({"filters": []})), same(9, STREAM, &only("other"))])));
    assert_eq!(trial.run(&[refused(0, "delete", STREAM, &Value::Null)]), []);
}

#[test]
fn a_stream_that_is_renamed_resumed_or_widened_is_silent() {
    let trial = guarding();
    let renamed =
        patch(0, STREAM, &json!({"name": "b"}), &json!({"status": "active", "filters": [{"name": "other"}]}));
    let paused_before = patch(0, STREAM, &json!({"name": "b"}), &json!({"name": "b", "status": "paused"}));
    let resumed = same(0, STREAM, &json!({"status": "active"}));
    let widened = same(0, STREAM, &json!({"filters": []}));
    for line in [renamed, paused_before, resumed, widened] {
        assert_eq!(trial.run(&[line]), []);
    }
    let made =
        json!({"id": "lst_1", "sink": {"httpEndpoint": "https://a.test"}, "filters": [{"name": "other"}]});
    assert_eq!(trial.run(&[call(0, "post", "/api/v2/log-streams", &made, &made)]), []);
}

#[test]
fn a_stream_that_leads_elsewhere_is_told_from_one_with_a_new_secret() {
    let trial = guarding();
    let sink = |second, host: &str, secret: &str| {
        same(second, STREAM, &json!({"sink": {"httpEndpoint": host, "httpAuthorization": secret}}))
    };
    let made = json!({"id": "lst_1", "sink": {"httpEndpoint": "https://a.test", "httpAuthorization": "x"}});
    let made = call(0, "post", "/v2/log-streams", &made, &made);
    assert!(high(&trial.run(&[made.clone(), sink(9, "https://evil.test", "x")])));
    assert_eq!(trial.run(&[made.clone(), sink(9, "https://a.test", "x")]), []);
    let other = sink(9, "https://a.test", "y");
    assert_eq!(told(&trial.run(&[made, other])), [("acme", Severity::Medium)]);
    assert_eq!(told(&trial.run(&[sink(0, "https://a.test", "y")])), [("acme", Severity::Medium)]);
}

#[test]
fn a_key_is_where_some_streams_lead_and_a_masked_one_says_nothing() {
    let trial = guarding();
    for (field, place) in [("segmentWriteKey", json!({})), ("datadogApiKey", json!({"datadogRegion": "us"}))]
    {
        let sink = |second, key: &str| {
            let mut sink = place.clone();
            sink[field] = json!(key);
            same(second, STREAM, &json!({ "sink": sink }))
        };
        let severity = Severity::Medium;
        assert_eq!(told(&trial.run(&[sink(0, "a")])), [("acme", severity)], "{field}");
        let moved = trial.run(&[sink(0, "a"), sink(9_000, "b")]);
        assert_eq!(told(&moved), [("acme", severity), ("acme", severity)], "{field}");
        assert_eq!(trial.run(&[sink(0, "a"), sink(9_000, "a")]).len(), 1, "{field}");
        assert_eq!(trial.run(&[sink(0, "a"), sink(9_000, "****")]).len(), 1, "{field}");
    }
    let header = |second, value: &str| {
        let headers = json!([{"header": "X-Key", "value": value}]);
        same(
            second,
            STREAM,
            &json!({"sink": {"httpEndpoint": "https://a.test", "httpCustomHeaders": headers}}),
        )
    };
    assert_eq!(trial.run(&[header(0, "a"), header(9_000, "b")]).len(), 2);
    // The place is known, the secret is not.
    let renamed =
        patch(0, STREAM, &json!({"name": "b"}), &json!({"sink": {"httpEndpoint": "https://a.test"}}));
    assert_eq!(told(&trial.run(&[renamed, header(9, "a")])), [("acme", Severity::Low)]);
}

#[test]
fn names_that_are_masked_are_found_and_what_still_tells_accounts_apart_is_not() {
    let trial = guarding();
    let masks = |second, fields: Value, method: &str| {
        same(second, STREAM, &json!({"pii_config": {"log_fields": fields, "method": method}}))
    };
    let none = masks(0, json!([]), "mask");
    assert!(high(&trial.run(&[none.clone(), masks(9, json!(["first_name", "username"]), "mask")])));
    let first_seen = masks(0, json!(["email"]), "mask");
    assert_eq!(told(&trial.run(std::slice::from_ref(&first_seen))), [("acme", Severity::Medium)]);
    assert_eq!(trial.run(&[first_seen.clone(), first_seen.clone().earlier(-9_000)]).len(), 1);
    assert_eq!(trial.run(&[masks(0, json!(["email", "username"]), "hash")]), []);
    assert_eq!(trial.run(&[masks(0, json!(["first_name", "address"]), "mask")]), []);
    // Taken back, then set again: the second time is a change.
    let taken_back = patch(9, STREAM, &json!({ "pii_config": null }), &json!({"id": "lst_1"}));
    assert!(high(&trial.run(&[first_seen, taken_back, masks(99, json!(["email"]), "mask")])));
}

#[test]
fn an_action_of_ours_must_stay_in_its_flow_by_its_id() {
    let trial = guarding();
    let ours = json!({"bindings": [{"id": "b1", "action": {"id": "guard"}}, {"action": {"id": "x"}}]});
    let theirs = json!({"bindings": [{"display_name": "guard", "action": {"id": "x", "name": "guard"}}]});
    let none = json!({"bindings": []});
    for without in [&none, &theirs] {
        assert!(high(&trial.run(&[same(0, FLOW, without)])), "{without}");
        assert!(high(&trial.run(&[same(0, FLOW, &ours), same(9, FLOW, without)])));
    }
    assert_eq!(trial.run(&[same(0, FLOW, &ours)]), []);
    let by_id = json!({"bindings": [{"ref": {"type": "action_id", "value": "guard"}}]});
    assert_eq!(trial.run(&[patch(0, FLOW, &by_id, &Value::Null)]), []);
    // Nobody can say what stands in the flow now, but what stood there.
    for (sort, value) in [("binding_id", "b1"), ("action_name", "guard")] {
        let unknown = json!({"bindings": [{"ref": {"type": sort, "value": value}}]});
        let unknown = patch(9, FLOW, &unknown, &Value::Null);
        assert_eq!(trial.run(std::slice::from_ref(&unknown)), []);
        let after = trial.run(&[same(0, FLOW, &ours), unknown]);
        assert_eq!(told(&after), [("acme", Severity::Medium)], "{sort}");
    }
    let elsewhere = same(9, "/api/v2/actions/triggers/credentials-exchange/bindings", &none);
    assert!(trial.is_quiet(std::slice::from_ref(&elsewhere)));
    assert_eq!(trial.run(&[same(0, FLOW, &ours), elsewhere]), []);
    assert_eq!(Trial::of(&[NATIVE]).run(&[same(0, FLOW, &none)]), []);
}

#[test]
fn an_action_of_ours_that_is_deleted_or_edited_is_found() {
    let trial = guarding();
    let path = "/api/v2/actions/actions/guard";
    assert!(high(&trial.run(&[call(0, "delete", path, &Value::Null, &Value::Null)])));
    let edited = same(0, path, &json!({"code": "x"}));
    assert_eq!(told(&trial.run(&[edited])), [("acme", Severity::Medium)]);
    assert_eq!(trial.run(&[same(0, path, &json!({"name": "x"}))]), []);
    assert_eq!(trial.run(&[same(0, "/api/v2/actions/actions/other", &json!({"code": "x"}))]), []);
    for deploy in ["deploy", "versions/v1/deploy"] {
        let of = |action: &str| {
            let path = format!("/api/v2/actions/actions/{action}/{deploy}");
            call(0, "post", &path, &json!({}), &json!({"deployed": true}))
        };
        assert_eq!(told(&trial.run(&[of("guard")])), [("acme", Severity::Medium)], "{deploy}");
        assert_eq!(trial.run(&[of("other")]), []);
    }
    assert_eq!(trial.run(&[call(0, "post", &format!("{path}/test"), &json!({}), &json!({}))]), []);
}

#[test]
fn our_grant_and_our_client_are_kept() {
    let trial = guarding();
    let grant = |client: &str, scopes: &Value| json!({"id": "cgr_1", "client_id": client, "scope": scopes});
    let made = |client: &str| {
        let made = grant(client, &json!(["read:logs", "update:users"]));
        call(0, "post", "/api/v2/client-grants", &made, &made)
    };
    let path = "/api/v2/client-grants/cgr_1";
    let set =
        |client: &str, scopes: Value| patch(9, path, &json!({ "scope": scopes }), &grant(client, &scopes));
    assert!(high(&trial.run(&[made("ours"), set("ours", json!(["read:logs"]))])));
    let more = json!(["read:logs", "update:users", "read:users"]);
    assert_eq!(trial.run(&[made("ours"), set("ours", more.clone())]), []);
    assert_eq!(told(&trial.run(&[set("ours", more)])), [("acme", Severity::Medium)]);
    let gone = call(9, "delete", path, &Value::Null, &Value::Null);
    assert!(high(&trial.run(&[made("ours"), gone.clone()])));
    assert_eq!(trial.run(&[made("other"), gone]), []);
    for (method, path) in [("delete", "/v2/clients/ours"), ("post", "/v2/clients/ours/rotate-secret")] {
        assert!(high(&trial.run(&[call(0, method, path, &Value::Null, &Value::Null)])));
        assert_eq!(trial.run(&[call(0, method, &path.replace("ours", "x"), &Value::Null, &Value::Null)]), []);
    }
}

#[test]
fn what_we_did_ourselves_is_low() {
    let context = Context { own_clients: [by_us()].into(), ..Context::default() };
    let alerts = Trial::of(&[NATIVE]).knowing(context).run(&[same(0, STREAM, &json!({"status": "paused"}))]);
    assert_eq!(told(&alerts), [("acme", Severity::Low)]);
}

/// `rate` entries in each of so many hours, evenly.
fn hours(hours: i64, rate: i64) -> Vec<Line> {
    let entry = |second| Line::new("slo", second).with("tenant_name", "acme");
    (0..hours * rate).map(|n| entry(n * 3_600 / rate)).collect()
}

#[test]
fn silence_is_found_when_it_fell_due_and_only_where_much_is_usual() {
    let trial = Trial::of(&[NATIVE]);
    let after = |lines: Vec<Line>, minutes: i64| {
        let last = lines.len();
        let end = Line::new("slo", 50 * 3_600 - 60 + minutes * 60).with("tenant_name", "acme");
        (last, [lines, vec![end]].concat())
    };
    let (last, lines) = after(hours(50, 60), 25);
    let alerts = trial.deliver(&lines, Some(last));
    assert!(high(&alerts));
    let due = crate::detectors::trial::START + 50 * 3_600 - 60 + 15 * 60;
    assert_eq!(alerts[0].first, Timestamp::from_seconds(due));
    assert_eq!(trial.deliver(&after(hours(50, 60), 14).1, None), []);
    assert_eq!(trial.deliver(&after(hours(50, 20), 300).1, None), []);
    // Nothing is known yet.
    assert_eq!(trial.deliver(&hours(50, 60).into_iter().step_by(1_000).collect::<Vec<_>>(), None), []);
}

#[test]
fn one_entry_from_a_clock_that_is_ahead_hides_no_silence() {
    let mut lines = hours(50, 60);
    let last = 50 * 3_600 - 60;
    let entry = |second| Line::new("slo", second).with("tenant_name", "acme");
    lines.push(entry(last + 55 * 60));
    lines.extend((1..4).map(|minute| entry(last + minute * 60)));
    lines.push(entry(last + 57 * 60));
    let alerts = Trial::of(&[NATIVE]).deliver(&lines, None);
    let due = crate::detectors::trial::START + last + (3 + 15) * 60;
    assert!(alerts.iter().any(|alert| alert.last == Timestamp::from_seconds(due)), "{alerts:?}");
}

/// Failures and other entries, `rate` of each an hour until `stop` hours for the failures and `end` hours for the others.
fn two_sorts(rate: i64, stop: i64, end: i64) -> Vec<Line> {
    let entry = |kind, n| Line::new(kind, n * 3_600 / rate).with("tenant_name", "acme");
    let failures = (0..stop * rate).map(|n| entry("fp", n));
    let mut lines: Vec<Line> = failures.chain((0..end * rate).map(|n| entry("slo", n))).collect();
    lines.sort_by_key(Line::second);
    lines
}

#[test]
fn a_group_that_stops_for_hours_while_others_come_is_found() {
    let trial = Trial::of(&[NATIVE]);
    let days = 15 * 24;
    let alerts = trial.deliver(&two_sorts(40, days, days + 4), None);
    assert_eq!(told(&alerts), [("acme", Severity::Medium)]);
    let due = crate::detectors::trial::START + days * 3_600 - 90 + 3 * 3_600;
    assert_eq!(alerts[0].first, Timestamp::from_seconds(due));
    assert_eq!(alerts[0].measures[0].name, "auth.login.fail");
    // Not yet, not known for long enough, not usual enough.
    assert_eq!(trial.deliver(&two_sorts(40, days, days + 2), None), []);
    assert_eq!(trial.deliver(&two_sorts(40, 13 * 24, 13 * 24 + 9), None), []);
    assert_eq!(trial.deliver(&two_sorts(20, days, days + 9), None), []);
}

#[test]
fn after_an_outage_of_all_no_group_is_missed() {
    let end = 15 * 24;
    let mut lines = two_sorts(40, end, end);
    let entry = |kind, second| Line::new(kind, end * 3_600 + second).with("tenant_name", "acme");
    lines.extend((0..120).map(|n| entry("slo", 5 * 3_600 + n * 10)));
    lines.extend((0..120).map(|n| entry("fp", 5 * 3_600 + 1_200 + n * 10)));
    // The silence of all was told, and nothing beside it.
    assert!(high(&Trial::of(&[NATIVE]).deliver(&lines, None)));
}
