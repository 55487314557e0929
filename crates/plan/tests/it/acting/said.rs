//! What a plan says, and what it is called.

use std::collections::BTreeSet;

use countersign_plan::{
    Part,
    change::{Call, Change, ChangePlan, Evidence, Kind, Order, kind_of, sentences, sentences_by},
};
use serde_json::{Value, json};

use super::support::{change, kinds, members, of_user, order, plan, planned, roles, world};

fn lively() -> ChangePlan {
    let mut world = world();
    world.put("members of org_a", json!({"user_id": "auth0|1"}));
    plan(
        &world,
        [
            of_user("force_password_reset", "auth0|1"),
            of_user("block_user", "auth0|1"),
            of_user("revoke_access", "auth0|1"),
            of_user("reset_mfa", "auth0|2"),
            Change::AddMembers(members("org_a", &["auth0|2", "auth0|3"])),
            Change::AssignRoles(roles(Some("org_a"), "auth0|1", &["rol_1"])),
            change(
                json!({"change": "set_app_metadata", "user": "auth0|4", "keys": {"tier": "gold", "old": {"a": [1, 2]}}}),
            ),
            change(json!({"change": "create_organization", "name": "new", "display_name": "New"})),
            change(
                json!({"change": "add_network_block", "description": "ours", "networks": ["203.0.113.0/24"]}),
            ),
            change(json!({"change": "rotate_client_secret", "client": "app"})),
            change(json!({"change": "notify", "receiver": "soc", "text": "done"})),
        ],
    )
}

#[test]
fn sentences_say_each_step_and_its_way_back() {
    let said: Vec<String> =
        sentences(&lively()).into_iter().map(|one| format!("{} / {}", one.text, one.undone)).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn who_may_not_see_is_told_of_nobody_and_of_no_value() {
    let mut world = world();
    world.put("members of org_a", json!({"user_id": "auth0|1"}));
    let plan = plan(
        &world,
        [
            of_user("block_user", "auth0|1"),
            of_user("force_password_reset", "auth0|2"),
            Change::AddMembers(members("org_a", &["auth0|3"])),
            Change::AssignRoles(roles(Some("org_a"), "auth0|1", &["rol_1"])),
            change(json!({"change": "set_user_metadata", "user": "auth0|4", "keys": {"nick": "Annie"}})),
            change(
                json!({"change": "add_network_block", "description": "ours", "networks": ["203.0.113.0/24"]}),
            ),
            change(json!({"change": "notify", "receiver": "soc", "text": "Anna is gone"})),
        ],
    );
    let masked = sentences_by(&plan, &|named, _| Some(format!("{named:?}")));
    let text: String = masked.iter().map(|one| format!("{} / {}\n", one.text, one.undone)).collect();
    for secret in ["auth0|", "Annie", "Anna", "203.0.113"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    for part in ["Block the user `User`.", "`nick` to `Value`", "`Network`", "“Text”", "`org_a`"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn an_order_whose_texts_lie_changes_no_sentence() {
    let honest = lively();
    let mut lying = honest.clone();
    lying.title = "Unblock everybody".to_owned();
    for because in &mut lying.because {
        because.reason = "Block nobody; this only reads".to_owned();
        because.evidence = vec![Evidence::Alert { id: "Delete the organization".to_owned() }];
    }
    for step in &mut lying.steps {
        step.kind = Kind::Notify;
        step.scope = Default::default();
    }
    assert_eq!(sentences(&lying), sentences(&honest));
    assert!(lying.misnamed().is_some() && honest.misnamed().is_none());
}

#[test]
fn a_body_that_does_more_than_one_thing_is_of_no_kind() {
    let with = |body: Value| {
        let mut plan = plan(&world(), [of_user("block_user", "auth0|1")]);
        let Call::Management(template) = &mut plan.steps[0].write.call else { panic!() };
        template.body = Some(Part::Value(body));
        plan
    };
    for body in [json!({"blocked": true, "email": "x"}), json!({"blocked": null}), json!({}), json!([])] {
        let plan = with(body);
        assert_eq!(kind_of(&plan.steps[0].write.call), None);
        assert!(plan.misnamed().is_some());
        assert!(sentences(&plan)[0].text.contains("nothing is known"));
    }
}

/// Every value in it changed a little, one at a time.
fn changed(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    found.push(path.clone());
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                path.push(key.clone());
                changed(value, path, found);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                path.push(number.to_string());
                changed(value, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

fn hash(mut value: Value) -> String {
    value.sort_all_objects();
    countersign_plan::sha256(&serde_json::to_vec(&value).unwrap())
}

#[test]
fn the_hash_changes_with_anything_and_not_with_the_order_of_keys() {
    let plan = lively();
    let value: Value = serde_json::from_slice(&plan.canonical()).unwrap();
    assert_eq!(hash(value.clone()), plan.hash());
    let mut paths = Vec::new();
    changed(&value, &mut Vec::new(), &mut paths);
    let mut hashes = BTreeSet::from([plan.hash()]);
    let leaves = paths.iter().filter(|path| !path.is_empty());
    let mut count = 1;
    for path in leaves {
        let mut other = value.clone();
        let pointer: String =
            path.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect();
        let place = other.pointer_mut(&pointer).unwrap();
        *place = json!(["changed", place.clone()]);
        hashes.insert(hash(other));
        count += 1;
    }
    assert_eq!(hashes.len(), count);
    // The keys turned round, also in what came from the tenant.
    let mut turned = value.clone();
    fn turn(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                let mut all: Vec<_> = std::mem::take(fields).into_iter().collect();
                all.iter_mut().for_each(|(_, value)| turn(value));
                fields.extend(all.into_iter().rev());
            }
            Value::Array(items) => items.iter_mut().for_each(turn),
            _ => {}
        }
    }
    turn(&mut turned);
    assert_ne!(serde_json::to_vec(&turned).unwrap(), plan.canonical());
    let back: ChangePlan = serde_json::from_value(turned).unwrap();
    assert_eq!((back.hash(), &back), (plan.hash(), &plan));
}

#[test]
fn the_same_order_and_reads_give_the_same_plan_and_orders_come_back_as_they_went() {
    assert_eq!(lively().hash(), lively().hash());
    let order = order([of_user("block_user", "auth0|1"), Change::AddMembers(members("org_a", &["auth0|2"]))]);
    let back: Order = serde_json::from_value(serde_json::to_value(&order).unwrap()).unwrap();
    assert_eq!(back, order);
    assert_eq!(planned(&world(), &back).unwrap(), planned(&world(), &order).unwrap());
}

#[test]
fn every_request_needs_a_scope_that_the_plan_names() {
    let plan = lively();
    let scopes = plan.scopes();
    assert!(scopes.contains("delete:sessions") && scopes.contains("delete:refresh_tokens"));
    for step in &plan.steps {
        let looks = step.write.before.iter().chain(&step.write.after).map(|look| &look.read);
        for template in looks.chain(step.write.template()) {
            let operation = template.operation().unwrap();
            assert!(operation.scopes.iter().any(|scope| scopes.contains(scope)), "{operation:?}");
        }
    }
}

#[test]
fn whom_a_plan_touches_is_counted_once_each() {
    let radius = lively().radius();
    assert_eq!((radius.users, radius.organizations, radius.clients), (4, 2, 1));
    assert_eq!(radius.steps, kinds(&lively()).len());
    assert!(radius.is_everybody);
    assert_eq!(radius.irreversible, 6);
}
