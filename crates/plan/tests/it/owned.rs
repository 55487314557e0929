//! What is ours, what is only called so, and what is taken over.

use countersign_core::Trigger;
use countersign_plan::{
    Finding, Severity, fingerprint,
    install::{self, ClientGoal, Goal},
};
use serde_json::{Value, json};

use crate::support::{DOMAIN, Run, add_foreign, code, everything};

#[test]
fn a_pasted_action_is_taken_over_only_when_that_is_asked_for_and_keeps_its_name() {
    let mut run = Run::default();
    add_foreign(&mut run.world, Trigger::PostLogin, "partner", "exports.x = 1");
    add_foreign(&mut run.world, Trigger::PostLogin, "pasted", &code(Trigger::PostLogin, 0));
    let mut goal = everything(1);
    let plan = install::plan(&goal, &run.observe());
    let blocks: Vec<&Finding> = plan.blocks().collect();
    assert!(
        matches!(&blocks[..], [found] if found.code == "action.foreign_code" && found.text.contains("--adopt foreign-pasted"))
    );
    goal.adopt = ["foreign-pasted".to_owned()].into();
    let plan = install::plan(&goal, &run.observe());
    assert!(plan.text().contains("Takes over as ours: action.post-login `foreign-pasted`"));
    run.apply(&plan);
    let order: Vec<&str> = run.world.bindings["post-login"].iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(order, ["pasted bound", "partner bound"]);
    assert_eq!(
        install::plan(&goal, &run.observe()).steps,
        [],
        "it is ours now, however often that is asked for"
    );
}

#[test]
fn a_foreign_thing_of_our_name_blocks_and_is_not_touched() {
    let mut run = Run::default();
    add_foreign(&mut run.world, Trigger::PostLogin, "Countersign post-login", "exports.theirs = 1");
    for (collection, theirs) in [
        ("resource_servers", json!({"id": "rs", "name": "Theirs", "identifier": "https://cs.example.com/"})),
        (
            "resource_servers",
            json!({"id": "api", "name": install::API_NAME, "identifier": "https://theirs.example/"}),
        ),
        ("clients", json!({"client_id": "app", "name": install::CLIENT_NAME, "app_type": "spa"})),
        (
            "log_streams",
            json!({"id": "lst", "name": install::LOG_STREAM_NAME, "type": "http", "status": "active",
            "sink": {"httpEndpoint": "https://theirs.example/"}}),
        ),
        (
            "event_streams",
            json!({"id": "est", "name": install::EVENT_STREAM_NAME,
            "destination": {"type": "eventbridge"}}),
        ),
    ] {
        run.world.collections.entry(collection.to_owned()).or_default().push(theirs);
    }
    let mut goal = everything(1);
    let plan = install::plan(&goal, &run.observe());
    let blocks: Vec<(&str, bool)> = ["rs", "api", "app", "lst", "est", "foreign-Countersign post-login"]
        .into_iter()
        .zip(plan.blocks())
        .map(|(id, finding)| (finding.code.as_str(), finding.text.contains(&format!("(id `{id}`)"))))
        .collect();
    assert_eq!(
        blocks,
        [
            ("api.foreign_identifier", true),
            ("api.foreign_name", true),
            ("client.foreign_name", true),
            ("log_stream.foreign_name", true),
            ("event_stream.foreign_name", true),
            ("action.foreign_name", true)
        ]
    );
    assert!(plan.steps.iter().all(|step| !step.name.starts_with("client") && !step.name.starts_with("api")));
    goal.adopt = ["rs", "api", "app", "lst", "est", "foreign-Countersign post-login", "nothing"]
        .map(str::to_owned)
        .into();
    let plan = install::plan(&goal, &run.observe());
    assert_eq!(plan.blocks().filter(|finding| finding.code == "adopt.refused").count(), 7);
    assert_eq!(plan.adopts, [].into());
}

#[test]
fn a_removal_deletes_what_was_made_from_here_and_tells_what_is_only_called_so() {
    let mut run = Run::default();
    run.apply(&install::plan(&everything(1), &run.observe()));
    let theirs = json!({"id": "rs", "name": install::API_NAME, "identifier": "https://theirs.example/"});
    run.world.collections.get_mut("resource_servers").unwrap().insert(0, theirs.clone());
    let plan = install::remove(&everything(1).tenant, DOMAIN, &run.observe());
    let left: Vec<&Finding> = plan.findings.iter().filter(|finding| finding.text.contains("`rs`")).collect();
    assert!(
        matches!(&left[..], [found] if found.severity == Severity::Warning && found.code == "api.foreign_name")
    );
    run.apply(&plan);
    assert_eq!(run.world.collections["resource_servers"], [theirs]);
    run.owned = Default::default();
    run.apply(&install::plan(&Goal { api: None, ..everything(1) }, &run.observe()));
    run.owned = Default::default();
    let lost = install::remove(&everything(1).tenant, DOMAIN, &run.observe());
    assert_eq!(lost.steps, [], "without a journal nothing is ours");
    assert_eq!(lost.findings.len(), 10, "an API, a client, two streams and six Actions: {:?}", lost.findings);
}

/// A client as Countersign makes it, with a secret.
fn client(secret: &str) -> Value {
    json!({"client_id": "app", "name": install::CLIENT_NAME, "app_type": "non_interactive", "is_first_party": true,
        "description": "Reads this tenant for Countersign; made by `countersign tenant apply`", "client_secret": secret})
}

#[test]
fn a_client_is_taken_over_only_where_we_hold_its_secret_and_it_is_first_party_and_a_machine() {
    let mut goal = Goal { adopt: ["app".to_owned()].into(), ..everything(1) };
    let print = fingerprint([(install::CLIENT_SECRET, &b"kept"[..])]);
    goal.fingerprints.insert(install::secret_key("client", &goal.tenant), print);
    let plan = |client: Value| {
        let mut run = Run::default();
        run.world.collections.insert("clients".to_owned(), vec![client]);
        install::plan(&goal, &run.observe())
    };
    let own = plan(client("kept"));
    assert_eq!((own.blocks().count(), own.adopts.get("client").map(String::as_str)), (0, Some("app")));
    assert!(own.steps.iter().any(|step| step.name == "client_grant.create"));
    for (field, value) in [
        ("client_secret", json!("another")),
        ("is_first_party", json!(false)),
        ("app_type", json!("spa")),
        ("description", json!("theirs")),
    ] {
        let mut other = client("kept");
        other[field] = value;
        let plan = plan(other);
        assert!(plan.blocks().any(|finding| finding.code == "adopt.refused"), "{field}");
        assert!(!plan.steps.iter().any(|step| step.name.starts_with("client")), "{field}");
    }
}

#[test]
fn what_has_our_mark_can_be_named_to_be_taken_over_and_of_two_neither() {
    let mut made = Run::default();
    made.apply(&install::plan(&everything(1), &made.observe()));
    made.owned = Default::default();
    let mut goal = everything(1);
    let ids = install::adoptable(&goal, &made.observe());
    assert_eq!(ids.len(), 9, "an API, two streams and six Actions; the client's secret is not here: {ids:?}");
    goal.adopt = ids.iter().cloned().collect();
    let plan = install::plan(&goal, &made.observe());
    assert_eq!(plan.adopts.len(), 9);
    let blocks: Vec<&str> = plan.blocks().map(|finding| finding.code.as_str()).collect();
    assert_eq!(blocks, ["client.foreign_name"]);
    assert_eq!(install::adoptable(&goal, &made.observe()), [""; 0], "they are named");
    goal.adopt.clear();
    add_foreign(&mut made.world, Trigger::PostLogin, "pasted", &code(Trigger::PostLogin, 0));
    let fewer = install::adoptable(&goal, &made.observe());
    assert_eq!(fewer.len(), 8, "which of two it is nobody knows: {fewer:?}");
    assert!(fewer.iter().all(|id| ids.contains(id)));
}

#[test]
fn a_client_with_a_key_is_said_to_be_deleted_and_is_made_anew_then() {
    let goal = Goal { client: Some(ClientGoal::PublicKey("PEM".to_owned())), ..everything(1) };
    let mut run = Run::default();
    let mut theirs = client("");
    theirs.as_object_mut().unwrap().remove("client_secret");
    run.world.collections.insert("clients".to_owned(), vec![theirs]);
    let plan = install::plan(&goal, &run.observe());
    let blocks: Vec<&Finding> = plan.blocks().collect();
    assert!(
        matches!(&blocks[..], [found] if found.text.contains("delete it, and `apply` makes ours") && !found.text.contains("--adopt")),
        "{blocks:?}"
    );
    run.world.collections.insert("clients".to_owned(), vec![]);
    run.apply(&install::plan(&goal, &run.observe()));
    assert_eq!(run.world.collections["clients"].len(), 1);
    assert!(install::plan(&goal, &run.observe()).is_empty());
}
