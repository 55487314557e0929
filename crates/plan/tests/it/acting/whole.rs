//! Whoever agrees sees all that is sent: every value of every request stands in what is shown.

use std::collections::BTreeSet;

use countersign_plan::{
    Part,
    change::{Call, Change, ChangePlan, Kind, Named, Sends, sentences},
    testing::World,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::{back_of, carried, change, kinds, of_user, order, plan, planned, with_list, world};

/// A user whose id turns what follows it.
const HOSTILE: &str = "auth0|\u{202e}\u{3164}x";

fn tenant() -> World {
    let mut world = with_list(world());
    world.add_user(HOSTILE, Some("people"));
    for user in ["auth0|1", "auth0|2"] {
        world.put("members of org_b", json!({ "user_id": user }));
    }
    world.put("roles of org_b auth0|1", json!({"id": "rol_0"}));
    world.put("roles of auth0|2", json!({"id": "rol_0"}));
    let blocked = plan(&world, [of_user("block_user", "auth0|5")]);
    carried(world, &blocked).world
}

/// Every change, with this text wherever one may stand.
fn changes(text: &str, deep: &Value) -> Vec<Change> {
    let made = json!({"made": "new"});
    let keys: serde_json::Map<_, _> =
        (0..12).map(|n| (format!("k{n}"), json!({"deep": [text, n, deep]}))).collect();
    let users: Vec<_> = (0..5).map(|n| format!("auth0|{n}")).chain([HOSTILE.to_owned()]).collect();
    let networks: Vec<_> = (0..12).map(|n| format!("203.0.{n}.0/24")).collect();
    let colors = json!({"primary": "#0a2540", "page_background": "#ffffff"});
    let mut all: Vec<Change> = [
        json!({"change": "block_user", "user": HOSTILE}),
        json!({"change": "unblock_user", "user": "auth0|5"}),
        json!({"change": "revoke_sessions", "user": "auth0|1"}),
        json!({"change": "revoke_refresh_tokens", "user": "auth0|1"}),
        json!({"change": "revoke_access", "user": HOSTILE}),
        json!({"change": "force_password_reset", "user": "auth0|2"}),
        json!({"change": "reset_mfa", "user": "auth0|3"}),
        json!({"change": "remove_factor", "user": "auth0|4", "factor": "m4"}),
        json!({"change": "create_organization", "name": "new", "display_name": text,
            "metadata": {"contract": text}, "branding": {"logo_url": "https://a.example/logo.png", "colors": colors}}),
        json!({"change": "add_members", "organization": made, "users": users}),
        json!({"change": "remove_members", "organization": {"id": "org_b"}, "users": ["auth0|2"]}),
        json!({"change": "assign_roles", "user": "auth0|1", "roles": (0..4).map(|n| format!("rol_{n}")).collect::<Vec<_>>()}),
        json!({"change": "remove_roles", "user": "auth0|2", "roles": ["rol_0"]}),
        json!({"change": "assign_roles", "organization": made, "user": "auth0|3", "roles": ["rol_1"]}),
        json!({"change": "remove_roles", "organization": {"id": "org_b"}, "user": "auth0|1", "roles": ["rol_0"]}),
        json!({"change": "enable_connection", "organization": made, "connection": "con_1",
            "assigns_membership": true, "takes_sign_ups": true}),
        json!({"change": "invite", "organization": made, "email": "anna@example.com", "inviter": text, "client": "app",
            "connection": "con_2", "roles": ["rol_3"], "good_for_seconds": 777}),
        json!({"change": "add_discovery_domain", "organization": made, "domain": "example.com", "is_used": false}),
        json!({"change": "set_app_metadata", "user": "auth0|1", "keys": keys}),
        json!({"change": "set_user_metadata", "user": "auth0|1", "keys": keys}),
        json!({"change": "set_organization_branding", "organization": "org_a", "branding": {"colors": colors}}),
        json!({"change": "set_prompt_text", "prompt": "login", "language": "en",
            "texts": {"login": {"title": text, "description": "y"}, "second": {"a": text}}}),
        json!({"change": "add_network_block", "description": text, "networks": networks}),
        json!({"change": "add_network_block", "list": "acl_1", "description": "", "networks": networks}),
        json!({"change": "rotate_client_secret", "client": "app"}),
        json!({"change": "notify", "receiver": "soc", "text": text}),
        json!({"change": "call_webhook", "receiver": "crm", "body": {"said": text, "deep": deep}}),
    ]
    .map(change)
    .into();
    all.retain(|change| planned(&tenant(), &order([change.clone()])).is_ok() || needs_made(change));
    all
}

fn needs_made(change: &Change) -> bool {
    serde_json::to_value(change).unwrap()["organization"]["made"] == "new"
}

fn leaves(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            found.push(json!(key));
            leaves(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        leaf => found.push(leaf.clone()),
    }
}

/// What a step sends, told by the step: what stands in the path, and the body.
fn sent(call: &Call) -> (Vec<Value>, Value) {
    match call {
        Call::Management(template) => (
            template.parameters.iter().map(Part::shown).collect(),
            template.body.as_ref().map(Part::shown).unwrap_or_default(),
        ),
        Call::Notify { receiver, text } => (vec![json!(receiver)], json!(text)),
        Call::Webhook { receiver, body } => (vec![json!(receiver)], body.clone()),
    }
}

fn is_hidden(char: char) -> bool {
    (char.is_control() && char != '\n')
        || matches!(char, '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}')
}

fn check(plan: &ChangePlan) {
    for step in &plan.steps {
        let (arguments, body) = sent(&step.write.call);
        let open = Sends::of(step, &|_, _| None);
        let text = serde_json::to_string(&open).unwrap();
        assert!(!text.chars().any(is_hidden), "{text}");
        // Unmasked, it is what is sent, and nothing else.
        let read: Vec<Value> =
            open.arguments.iter().map(|one| serde_json::from_str(&one.value).unwrap()).collect();
        assert_eq!(read, arguments, "{}", step.name);
        let shown: Value =
            open.body.as_deref().map(|body| serde_json::from_str(body).unwrap()).unwrap_or_default();
        assert_eq!(shown, body, "{}", step.name);
        assert_eq!(open.path.matches('{').count(), open.arguments.len(), "{}", open.path);
        // Masked, each value stands there or its alias does, which here tells what it stands for.
        let masked = Sends::of(step, &|named, own| Some(format!("{named:?}({own})")));
        let values: Vec<Value> = masked
            .arguments
            .iter()
            .map(|one| &one.value)
            .chain(&masked.body)
            .map(|text| serde_json::from_str(text).unwrap())
            .collect();
        let mut shown = Vec::new();
        values.iter().for_each(|value| leaves(value, &mut shown));
        let mut wanted = Vec::new();
        arguments.iter().chain([&body]).for_each(|value| leaves(value, &mut wanted));
        for leaf in wanted.iter().filter(|leaf| !leaf.is_null()) {
            let stands = |alias: &Value| {
                let inner = leaf.to_string();
                let own = leaf.as_str().unwrap_or(&inner);
                alias == leaf
                    || alias.as_str().is_some_and(|alias| alias.contains(own) || alias.contains(&inner))
            };
            assert!(shown.iter().any(stands), "{leaf} of {} in {masked:?}", step.name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_value_of_every_change_is_shown(
        text in "[ -~é東\u{a0}\u{ad}\u{3164}<>\"\\\\]{1,60}",
        deep in prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), "\\PC{0,12}".prop_map(Value::from)],
    ) {
        for change in changes(&text, &deep) {
            let wanted = if needs_made(&change) {
                vec![self::change(json!({"change": "create_organization", "name": "new", "display_name": "New"})), change]
            } else {
                vec![change]
            };
            if let Ok(plan) = planned(&tenant(), &order(wanted)) {
                check(&plan);
            }
        }
    }
}

#[test]
fn every_kind_is_shown_whole_there_and_back() {
    let forth = plan(&tenant(), changes("words of theirs", &json!(7)));
    check(&forth);
    let carrier = carried(tenant(), &forth);
    let back = back_of(&forth, &carrier);
    check(&back);
    let seen: BTreeSet<Kind> = kinds(&forth).into_iter().chain(kinds(&back)).collect();
    assert_eq!(seen, Kind::ALL.iter().copied().collect::<BTreeSet<_>>());
}

#[test]
fn the_eleventh_role_is_shown() {
    let mut world = world();
    let ids: Vec<String> =
        (0..10).map(|n| format!("rol_harmless{n}")).chain(["rol_admin".to_owned()]).collect();
    for id in &ids {
        world.collections.entry("roles".to_owned()).or_default().push(json!({"id": id, "name": id}));
    }
    let plan = plan(&world, [change(json!({"change": "assign_roles", "user": "auth0|1", "roles": ids}))]);
    assert!(!sentences(&plan)[0].text.contains("rol_admin"), "a headline leaves out");
    let sends = Sends::of(&plan.steps[0], &|_, _| None);
    assert_eq!((sends.method.as_str(), sends.path.as_str()), ("POST", "/users/{id}/roles"));
    assert!(sends.body.unwrap().contains("\"rol_admin\""));
}

#[test]
fn who_may_not_see_is_shown_of_nobody_and_of_no_value() {
    let wanted = changes("Anna", &json!("hush"));
    let masks = |named: Named, _: &str| Some(format!("[{named:?}]"));
    let theirs = ["auth0|", "Anna", "anna", "hush", "203.0.", "198.51.100"];
    // What is masked in no sentence either: names and metadata of organizations, texts of pages, names of lists.
    let open = [Kind::CreateOrganization, Kind::SetPromptText, Kind::AddNetworkBlock];
    for step in &plan(&tenant(), wanted).steps {
        let shown = serde_json::to_string(&Sends::of(step, &masks)).unwrap();
        for secret in theirs.iter().filter(|secret| **secret != "Anna" || !open.contains(&step.kind)) {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

#[test]
fn of_what_is_not_known_every_value_is_masked_and_stands_there_for_who_may_see() {
    let mut plan = plan(&world(), [of_user("block_user", "auth0|1")]);
    let Call::Management(template) = &mut plan.steps[0].write.call else { panic!() };
    template.body = Some(Part::Value(json!({"blocked": false, "email": "anna@example.com"})));
    check(&plan);
    let masked = Sends::of(&plan.steps[0], &|named, _| Some(format!("[{named:?}]")));
    let body: Value = serde_json::from_str(&masked.body.unwrap()).unwrap();
    assert_eq!(body, json!({"blocked": "[Text]", "email": "[Text]"}));
}
