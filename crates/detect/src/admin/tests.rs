use proptest::prelude::*;
use serde_json::json;

use super::*;

fn call(details: &Value) -> Option<Call> {
    let raw = json!({"log_id": "1", "type": "sapi", "date": "2026-08-20T08:00:00Z", "client_id": "c", "details": details});
    Call::of(&LogEvent::parse(&raw.to_string(), None).unwrap())
}

#[test]
fn both_prefixes_are_one_path_and_parts_are_unescaped() {
    for path in ["/api/v2/users/auth0%7C1/x%2Fy", "/v2/users/auth0%7c1/x%2fy/?a=b", "users//auth0|1/x%2Fy#c"]
    {
        let call =
            call(&json!({"request": {"method": "PATCH", "path": path}, "response": {"statusCode": 200}}));
        assert_eq!(call.unwrap().path(), ["users", "auth0|1", "x/y"]);
    }
    assert_eq!(unescaped("a%zz%4"), "a%zz%4");
}

#[test]
fn what_a_tenant_has_is_what_the_response_says_else_the_request() {
    let details = json!({"request": {"method": "put", "path": "/v2/x", "body": {"a": "true", "b": 1, "c": null},
        "auth": {"user": {"user_id": "u", "email": "A@Example.test"}, "credentials": {"jti": "t"}}},
        "response": {"statusCode": "201", "body": {"a": false, "d": 2}}});
    let call = call(&details).unwrap();
    assert_eq!((call.field("a").and_then(flag), call.field("b").and_then(flag)), (Some(false), Some(true)));
    assert_eq!((call.field("d").and_then(number), call.field("c"), call.field("e")), (Some(2), None, None));
    assert!(call.names("c") && !call.names("d") && call.is_change());
    assert_eq!(call.actor.email.as_deref(), Some("a@example.test"));
    let mut context = Context::default();
    assert!(!call.is_own(&context));
    context.own_clients.insert("c".to_owned(), ["other".to_owned()].into());
    assert_eq!(call.severity(Severity::High, &context), Severity::High);
    context.own_clients.insert("c".to_owned(), ["t".to_owned()].into());
    assert_eq!(call.severity(Severity::High, &context), Severity::Low);
    context.own_clients.clear();
    context.installers.insert("c".to_owned(), ["t".to_owned()].into());
    assert_eq!(call.severity(Severity::High, &context), Severity::Low);
}

#[test]
fn odd_shapes_leave_what_can_be_read() {
    let odd = json!({"request": {"method": "delete", "path": "/api/v2/x", "body": "[1, \"a\"]", "auth": [1]}, "response": [2]});
    let call_of = |details: &Value| call(details).unwrap();
    let odd = call_of(&odd);
    assert_eq!((odd.status, texts(&odd.request)), (0, Some(vec!["a"])));
    assert!(!odd.is_change());
    for none in [json!(null), json!([1]), json!({"request": 1}), json!({"request": {"method": "get"}})] {
        assert_eq!(call(&none), None);
    }
    let long = format!("/api/v2/{}", "a/".repeat(50));
    assert_eq!(call(&json!({"request": {"method": "get", "path": long}})), None);
}

#[test]
fn a_field_that_nests_deep_or_is_long_hides_no_other() {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let long = format!("\"{}\"", "x".repeat(1 << 20));
    for padding in [deep, long] {
        let body = format!(r#"{{"pad": {padding}, "options": {{"mfa": {{"active": false}}}}}}"#);
        for body in [body.clone(), json!(body).to_string()] {
            let raw = format!(
                r#"{{"log_id": "1", "type": "sapi", "date": "2026-08-20T08:00:00Z", "details":
                {{"request": {{"method": "patch", "path": "/x", "body": {body}}}, "response": {{"statusCode": 200}}}}}}"#
            );
            let call = Call::of(&LogEvent::parse(&raw, None).unwrap()).unwrap();
            assert_eq!(call.request.pointer("/options/mfa/active"), Some(&json!(false)));
        }
    }
}

proptest! {
    #[test]
    fn no_details_break_the_reader(text in ".{0,80}", path in "[/a-z%0-9]{0,40}") {
        let details = json!({"request": {"method": text, "path": path, "body": text}, "response": {"body": text}});
        drop(call(&details));
    }
}
