use countersign_core::{Secret, Timestamp, Trigger};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Epoch, MasterKey, TenantKeys};

const LOGIN: Source = Source::Event(Trigger::PostLogin);

fn keys() -> TenantKeys {
    MasterKey::new(&Secret::new(vec![9; 32])).unwrap().tenant(&"a".parse().unwrap())
}

fn aliases() -> Aliases {
    keys().aliases(Epoch::of(Timestamp::from_seconds(1_800_000_000), Epoch::DAYS))
}

fn shown(value: &Value, source: Source, allowed: Allowed) -> Value {
    redact(value, source, allowed, &aliases()).value
}

#[test]
fn a_log_entry_tells_what_happened_and_of_nobody() {
    let entry = json!({
        "type": "fp", "date": "2026-08-20T08:00:01.000Z", "log_id": "900", "user_id": "auth0|1", "user_name": "pat@example.com",
        "ip": "203.0.113.24", "description": "Wrong password of pat@example.com", "details": {"body": {"password": "hunter2"}},
        "location_info": {"country_code": "DE"}, "is_mobile": false, "connection_id": "", "later": "pat@example.com", "strategy": null,
    });
    let user = aliases().of(&keys().subject("auth0|1")).to_string();
    assert_eq!(
        shown(&entry, Source::Log, Allowed::PUBLIC),
        json!({
            "type": "fp", "date": "2026-08-20T08:00:01.000Z", "log_id": "900", "user_id": user,
            "user_name": "[personal]", "ip": "[network]", "description": "[free_text]", "location_info": "[network]",
            "is_mobile": false, "connection_id": "", "strategy": null,
        })
    );
    let more =
        Allowed::PUBLIC.with(FieldClass::Network).with(FieldClass::Identifier).with(FieldClass::Secret);
    let more = shown(&entry, Source::Log, more);
    assert_eq!((&more["ip"], &more["user_id"]), (&json!("203.0.113.24"), &json!("auth0|1")));
    assert_eq!(more["location_info"], json!({"country_code": "DE"}));
    assert_eq!((&more["details"], &more["user_name"]), (&Value::Null, &json!("[personal]")));
}

#[test]
fn what_has_another_shape_than_its_row_says_is_gone() {
    let event = json!({
        "user": {"email_verified": {"pat@example.com": "x"}, "email": ["pat@example.com"], "user_id": {"a": "pat"}, "identities": "pat"},
        "client": "pat", "request": [{"ip": "203.0.113.24"}], "tenant": {"id": "pat@example.com"}, "stats": {"logins_count": 3},
        "connection": {"strategy": "a\u{7}b"}, "custom_domain": {"domain_metadata": 7},
    });
    assert_eq!(
        shown(&event, LOGIN, Allowed::PUBLIC),
        json!({
            "user": {}, "request": [], "tenant": {"id": "[free_text]"}, "stats": {"logins_count": 3},
            "connection": {"strategy": "[free_text]"}, "custom_domain": {"domain_metadata": "[free_text]"},
        })
    );
    for value in [json!("pat"), json!(7), json!(null)] {
        assert_eq!(shown(&value, LOGIN, Allowed::PUBLIC), Value::Null);
    }
}

#[test]
fn names_in_a_map_go_with_it() {
    let event = json!({"user": {"user_metadata": {"pat@example.com": {"a": [1, null]}}}});
    assert_eq!(shown(&event, LOGIN, Allowed::PUBLIC), json!({"user": {"user_metadata": "[free_text]"}}));
    assert_eq!(shown(&event, LOGIN, Allowed::PUBLIC.with(FieldClass::FreeText)), event);
}

#[test]
fn a_name_of_the_senders_own_goes_also_beside_known_ones() {
    let message = json!({"type": "user.created", "data": {"pat@example.com": 1, "object": {"email": "pat@example.com", "later": 7}}});
    assert_eq!(
        shown(&message, Source::Stream, Allowed::PUBLIC),
        json!({"type": "user.created", "data": {"object": {"email": "[personal]"}}})
    );
    assert_eq!(shown(&message, Source::Stream, Allowed::PUBLIC.with(FieldClass::Personal)), message);
}

#[test]
fn depth_and_size_are_bounded() {
    let mut deep = json!("end");
    for _ in 0..100 {
        deep = json!({ "a": deep });
    }
    let allowed = Allowed::PUBLIC.with(FieldClass::FreeText);
    let cut = redact(&json!({"user": {"user_metadata": deep}}), LOGIN, allowed, &aliases());
    assert!(cut.is_cut && cut.value.to_string().len() < 300);
    let wide: Vec<Value> = (0..100_000).map(|number| json!({ "provider": number.to_string() })).collect();
    let cut = redact(&json!({"user": {"identities": wide}}), LOGIN, allowed, &aliases());
    assert!(cut.is_cut && cut.value["user"]["identities"].as_array().unwrap().len() <= MAX_VALUES);
    assert!(!redact(&json!({"user": {"name": "Pat"}}), LOGIN, allowed, &aliases()).is_cut);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        "MARK[a-z@.]{0,8}".prop_map(Value::String),
    ];
    let name = "user|request|ip|email|name|type|user_id|identities|provider|details|user_metadata|data|object|MARK[a-z]{0,4}";
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::btree_map(name, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The texts and names in a value, with their paths.
fn texts(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                texts(value, &path, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, &format!("{path}[]"), found)),
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        _ => {}
    }
}

proptest! {
    #[test]
    fn nothing_is_left_but_what_is_public(value in any_json()) {
        let plain = [Source::Stream, Source::Enrichment, Source::Api, Source::Identity, Source::Management];
        for source in [LOGIN, Source::Log].into_iter().chain(plain) {
            let left = shown(&value, source, Allowed::PUBLIC);
            let mut found = Vec::new();
            texts(&left, "", &mut found);
            for (path, text) in found {
                prop_assert!(!path.contains("MARK"), "{path}");
                let is_public = crate::fields::classed(source, &path) == Some(FieldClass::Public);
                prop_assert!(is_public || !text.contains("MARK"), "{path}: {text}");
            }
        }
    }
}
