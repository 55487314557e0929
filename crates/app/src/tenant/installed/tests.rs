//! What stands by the runs, and what is found when it stands no more.

use countersign_core::Timestamp;
use countersign_plan::{
    Need, Plan,
    install::{
        ActionGoal, Autonomy, Capability, EventStreamGoal, Goal, LogStreamGoal, Observed, plan, remove,
        secret_key,
    },
    posture::{Area, Expected, Posture, check},
    sha256,
};
use serde_json::json;

use super::*;
use crate::tenant::{Entry, Journal};

const CODE: &str = "// Countersign for Auth0, trigger post-login.\n";
const LOGS: &str = "https://cs.example.com/v1/logs/acme";
const EVENTS: &str = "https://cs.example.com/events";

fn goal() -> Goal {
    let mut goal = Goal::nothing("acme".parse().unwrap(), "acme.eu.auth0.com");
    let action = ActionGoal { code: CODE.to_owned(), place: Place::First };
    goal.actions.insert(Trigger::PostLogin, action);
    goal.action_secrets = vec!["COUNTERSIGN_KEY".to_owned()];
    goal.log_stream = Some(LogStreamGoal { endpoint: LOGS.to_owned() });
    goal.capabilities =
        [(Capability::Decide, Autonomy::Report), (Capability::Ingest, Autonomy::Report)].into();
    goal
}

/// A run of which every step was done, and undone where it was rolled back; what it made has its step's name as id.
fn run(plan: Plan, state: State) -> Run {
    let undone = (state == State::RolledBack).then_some(Mark::Result);
    let entry = |step: &Step| {
        let is_left = matches!(step.undo, Undo::Irreversible(_));
        Entry { done: Some(Mark::Result), undone: undone.filter(|_| !is_left) }
    };
    let entries = plan.steps.iter().map(|step| (step.name.clone(), entry(step))).collect();
    let answer = |step: &Step| {
        let kept = step.act.keeps.iter().map(|keep| (keep.name.clone(), step.name.clone().into())).collect();
        (step.name.clone(), kept)
    };
    Run {
        at: Timestamp::from_seconds(1),
        actor: "operator".to_owned(),
        correlation_id: "c".to_owned(),
        entries,
        answers: plan.steps.iter().map(answer).collect(),
        plan,
        state,
    }
}

fn journal(runs: Vec<Run>) -> Journal {
    Journal { runs, ..Journal::new("acme".parse().unwrap()) }
}

#[test]
fn what_was_applied_is_expected_with_its_place_and_its_scopes() {
    let plan = plan(&goal(), &Observed::default());
    let found = journal(vec![run(plan.clone(), State::Applied)]).installed().unwrap();
    let action = &found.actions[&Trigger::PostLogin];
    assert_eq!(action.applied, [sha256(CODE.as_bytes())].into());
    assert_eq!(
        (action.place.as_ref(), &action.secrets[..]),
        (Some(&Place::First), &["COUNTERSIGN_KEY".to_owned()][..])
    );
    assert_eq!(found.log_endpoint.as_deref(), Some(LOGS));
    assert_eq!(found.scopes.get("read:logs").map(String::as_str), Some("ingest"));
    assert!(!found.scopes.contains_key("create:actions"), "whoever installs has that");
    assert_eq!(found.owned.id("log_stream"), Some("log_stream.create"));
    assert_eq!(found.owned.id("action.post-login"), Some("action.post-login.create"));
    assert_eq!(journal(vec![run(plan, State::RolledBack)]).installed(), None);
    assert_eq!(journal(vec![]).installed(), None);
}

#[test]
fn after_a_removal_nothing_is_expected() {
    let first = plan(&goal(), &Observed::default());
    let action = serde_json::json!({"id": "a", "name": "Countersign post-login", "code": CODE,
        "supported_triggers": [{"id": "post-login", "version": "v3"}]});
    let stream = serde_json::json!({"id": "l", "name": "Countersign logs", "type": "http", "sink": {"httpEndpoint": LOGS}});
    let observed = Observed {
        actions: vec![serde_json::from_value(action).unwrap()],
        log_streams: vec![serde_json::from_value(stream).unwrap()],
        owned: [("action.post-login", "a"), ("log_stream", "l")].into_iter().collect(),
        ..Observed::default()
    };
    let last = remove(&"acme".parse().unwrap(), "acme.eu.auth0.com", &observed);
    let runs = vec![run(first, State::Applied), run(last, State::Applied)];
    assert_eq!(journal(runs).installed(), Some(Installed::default()));
}

fn code(version: u8) -> String {
    format!("{CODE}const VERSION = {version};")
}

/// A change that does nothing but to say which code runs.
fn change(version: u8) -> Plan {
    let mut goal = goal();
    goal.log_stream = None;
    goal.actions.get_mut(&Trigger::PostLogin).unwrap().code = code(version);
    plan(&goal, &Observed::default())
}

#[test]
fn what_the_first_run_left_is_expected_after_any_number_of_runs_and_its_loss_found() {
    let mut journal = journal(vec![run(plan(&goal(), &Observed::default()), State::Applied)]);
    let first = journal.installed().unwrap();
    for version in 0..40 {
        journal.begin(run(change(version), State::Applied));
    }
    assert_eq!(journal.runs.len(), 8);
    let now = journal.installed().unwrap();
    assert_eq!((now.log_endpoint.as_deref(), now.owned), (Some(LOGS), first.owned));
    assert_eq!(now.actions[&Trigger::PostLogin].applied, [sha256(code(39).as_bytes())].into());
    let text = serde_json::to_string(&journal).unwrap();
    assert_eq!(serde_json::from_str::<Journal>(&text).unwrap(), journal);
    let expected = Expected { log_endpoint: now.log_endpoint, ..Expected::nothing("acme".parse().unwrap()) };
    let posture = Posture { read: Area::ALL.to_vec(), ..Posture::default() };
    let found = check(&posture, &expected, Timestamp::from_seconds(1));
    assert!(found.iter().any(|finding| finding.code == "log_stream.missing"));
}

#[test]
fn what_was_rolled_back_falls_to_what_was_there_before_and_what_can_t_be_undone_stays() {
    let mut journal = journal(vec![run(plan(&goal(), &Observed::default()), State::Applied)]);
    let before = journal.installed();
    journal.begin(run(change(1), State::RolledBack));
    assert_eq!(journal.installed(), before);
    let observed = Observed {
        log_streams: vec![
            serde_json::from_value(
                serde_json::json!({"id": "log_stream.create", "name": "x", "type": "http"}),
            )
            .unwrap(),
        ],
        owned: before.unwrap().owned,
        ..Observed::default()
    };
    let removal = remove(&"acme".parse().unwrap(), "acme.eu.auth0.com", &observed);
    journal.begin(run(removal, State::RolledBack));
    let after = journal.installed().unwrap();
    assert_eq!((after.log_endpoint, after.owned.id("log_stream")), (None, None));
    assert!(after.owned.id("action.post-login").is_some());
}

#[test]
fn a_journal_of_before_is_read_and_what_it_kept_is_folded() {
    let journal = journal(vec![run(plan(&goal(), &Observed::default()), State::Applied)]);
    let mut text = serde_json::to_value(&journal).unwrap();
    text["runs"][0]["plan"].as_object_mut().unwrap().remove("adopts");
    assert!(text.get("folded").is_none());
    let mut old: Journal = serde_json::from_value(text).unwrap();
    assert_eq!(old.installed(), journal.installed());
    for version in 0..8 {
        old.begin(run(change(version), State::Applied));
    }
    assert_eq!(old.folded.unwrap().owned.id("log_stream"), Some("log_stream.create"));
}

#[test]
fn what_was_taken_over_is_ours_until_that_is_rolled_back() {
    let mut adopting = plan(&goal(), &Observed::default());
    adopting.steps.clear();
    adopting.adopts = [("api".to_owned(), "rs_1".to_owned())].into();
    let owned = |state| journal(vec![run(adopting.clone(), state)]).installed().unwrap_or_default().owned;
    assert_eq!(owned(State::Applied).id("api"), Some("rs_1"));
    assert_eq!(owned(State::RolledBack).id("api"), None);
}

/// Streams as they are read.
fn streams(logs: &str, events: &str) -> Observed {
    let log = json!({"id": "l", "name": "Countersign logs", "type": "http", "status": logs,
        "sink": {"httpEndpoint": LOGS, "httpContentFormat": "JSONLINES", "httpContentType": "application/json"}});
    let event = json!({"id": "e", "name": "Countersign events", "status": events,
        "subscriptions": [{"event_type": "user.created"}],
        "destination": {"type": "webhook", "configuration": {"webhook_endpoint": EVENTS}}});
    Observed {
        log_streams: vec![serde_json::from_value(log).unwrap()],
        event_streams: vec![serde_json::from_value(event).unwrap()],
        owned: [("log_stream", "l"), ("event_stream", "e")].into_iter().collect(),
        fingerprints: prints(),
        ..Observed::default()
    }
}

fn prints() -> BTreeMap<String, String> {
    let tenant = "acme".parse().unwrap();
    ["log_stream", "event_stream"].map(|what| (secret_key(what, &tenant), what.to_owned())).into()
}

#[test]
fn a_stream_whose_address_is_not_sent_again_still_leads_where_it_did() {
    let mut goal = Goal { fingerprints: prints(), ..goal() };
    goal.actions.clear();
    let types = vec!["user.created".to_owned()];
    goal.event_stream = Some(EventStreamGoal { endpoint: EVENTS.to_owned(), types });
    let mended = plan(&goal, &streams("paused", "disabled"));
    let names: Vec<&str> = mended.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["log_stream.update", "event_stream.update"]);
    assert!(mended.steps.iter().all(|step| {
        let body = step.act.request.body.as_ref().unwrap();
        body.field("sink").is_none() && body.field("destination").is_none()
    }));
    let made = plan(&goal, &Observed::default());
    let runs = vec![run(made, State::Applied), run(mended, State::Applied)];
    let now = journal(runs).installed().unwrap();
    assert_eq!((now.log_endpoint.as_deref(), now.event_endpoint.as_deref()), (Some(LOGS), Some(EVENTS)));
}

#[test]
fn while_nobody_knows_whether_newer_code_runs_either_may() {
    let hash = |version| sha256(code(version).as_bytes());
    let applied = |entry, state| {
        let mut second = run(change(2), state);
        second.entries.insert("action.post-login.deploy".to_owned(), entry);
        second.answers.remove("action.post-login.deploy");
        let journal = journal(vec![run(change(1), State::Applied), second]);
        journal.installed().unwrap().actions[&Trigger::PostLogin].applied.clone()
    };
    let entry = |done, undone| Entry { done, undone };
    assert_eq!(
        applied(entry(None, None), State::Applying),
        [hash(1)].into(),
        "it is written, and does not run"
    );
    let both = [hash(1), hash(2)].into();
    assert_eq!(applied(entry(Some(Mark::Intent), None), State::Abandoned), both);
    assert_eq!(applied(entry(Some(Mark::Result), None), State::Abandoned), [hash(2)].into());
}

/// Our Action as it is found without a journal, under another name, behind another's.
fn found() -> Observed {
    let version = json!([{"id": "post-login", "version": "v3"}]);
    let ours = json!({"id": "a", "name": "Countersign post-login", "code": CODE, "runtime": "node22",
        "supported_triggers": version, "all_changes_deployed": true, "dependencies": [],
        "deployed_version": {"id": "v", "code": CODE}});
    let other = json!({"id": "o", "name": "Other", "code": "exports.x = 1;", "supported_triggers": version});
    let bound = |id: &str| {
        json!({"id": format!("b-{id}"), "trigger_id": "post-login", "display_name": format!("Gate {id}"),
        "action": {"id": id, "name": "n"}})
    };
    let bindings = ["o", "a"].map(|id| serde_json::from_value(bound(id)).unwrap());
    Observed {
        actions: [ours, other].map(|action| serde_json::from_value(action).unwrap()).into(),
        bindings: [(Trigger::PostLogin, bindings.into())].into(),
        ..Observed::default()
    }
}

#[test]
fn what_was_taken_over_has_the_place_that_was_wanted_and_its_loss_is_found() {
    for (place, moved) in [(Place::First, true), (Place::Last, false)] {
        let mut goal = Goal { log_stream: None, adopt: ["a".to_owned()].into(), ..goal() };
        goal.actions.get_mut(&Trigger::PostLogin).unwrap().place = place.clone();
        let mut adopting = plan(&goal, &found());
        assert_eq!(adopting.adopts.get("action.post-login").map(String::as_str), Some("a"));
        assert_eq!(adopting.steps.iter().any(|step| step.name == "bindings.post-login"), moved);
        let installed =
            |plan: &Plan, state| journal(vec![run(plan.clone(), state)]).installed().unwrap_or_default();
        let now = installed(&adopting, State::Applied);
        assert_eq!(now.actions[&Trigger::PostLogin].place, Some(place.clone()));
        let rolled_back = installed(&adopting, State::RolledBack);
        assert!(rolled_back.actions.values().all(|action| action.place.is_none()));

        let mut elsewhere = found();
        if !moved {
            elsewhere.bindings.get_mut(&Trigger::PostLogin).unwrap().reverse();
        }
        let expected = Expected {
            owned: now.owned,
            actions: Some(now.actions),
            ..Expected::nothing("acme".parse().unwrap())
        };
        let posture = Posture { read: vec![Area::Actions], installed: elsewhere, ..Posture::default() };
        let told = check(&posture, &expected, Timestamp::from_seconds(1));
        assert!(told.iter().any(|finding| finding.code == "action.reordered"), "{told:?}");

        adopting.places.clear();
        let before = installed(&adopting, State::Applied).actions[&Trigger::PostLogin].place.clone();
        assert_eq!(before, moved.then_some(Place::First), "a plan of before says it by its order alone");
    }
}

#[test]
fn scopes_are_those_of_the_grant_that_stands() {
    let granting = |name: &str, scope: &str| {
        let mut plan = plan(&goal(), &Observed::default());
        let mut step = plan.steps[0].clone();
        step.name = name.to_owned();
        step.undo = Undo::Irreversible("gone".to_owned());
        let (capability, why) = ("ingest".to_owned(), String::new());
        plan.needs = vec![Need { phase: Phase::Serve, scope: scope.to_owned(), capability, why }];
        plan.steps = vec![step];
        plan
    };
    let scopes = |second: Run| {
        let first = run(granting("client_grant.create", "read:logs"), State::Applied);
        let found = journal(vec![first, second]).installed().unwrap();
        found.scopes.into_keys().collect::<Vec<_>>()
    };
    let update = |done, state| {
        let mut run = run(granting("client_grant.update", "read:users"), state);
        run.entries.insert("client_grant.update".to_owned(), Entry { done, undone: None });
        run.answers.clear();
        run
    };
    for state in [State::Abandoned, State::Applying, State::RollingBack] {
        assert_eq!(scopes(update(Some(Mark::Result), state)), ["read:users"], "{state:?}");
        assert_eq!(scopes(update(None, state)), ["read:logs"], "{state:?}");
        assert_eq!(scopes(update(Some(Mark::Intent), state)), ["read:logs"], "{state:?}");
    }
    let gone = run(granting("client.delete", "read:logs"), State::Abandoned);
    assert_eq!(scopes(gone), [""; 0]);
}
