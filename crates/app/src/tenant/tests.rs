mod ways_out;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use countersign_auth0::management::AnyRequest;
use countersign_core::{Secret, Timestamp, Trigger};
use countersign_plan::{
    Miss, Plan,
    install::{
        self, ActionGoal, ApiGoal, Autonomy, Capability, ClientGoal, EVENT_TOKEN, EventStreamGoal, Goal,
        LOG_TOKEN, LogStreamGoal, Place, TRIGGERS, secret_key,
    },
    testing::{Refused, World},
};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::*;
use crate::management::{Cause, Lane, Refusal, Reply, Why};

/// A process that may be killed: what it asked of the tenant, what it kept, and after how many of these it is gone.
#[derive(Default)]
struct Fake {
    world: Mutex<World>,
    kept: Mutex<Option<Journal>>,
    secrets: Mutex<BTreeMap<String, Vec<u8>>>,
    causes: Mutex<Vec<Cause>>,
    /// Calls until it is killed; `None`: never.
    fuse: Mutex<Option<u32>>,
    used: Mutex<u32>,
    /// Answers of writes are lost, without the process being killed.
    loses_answers: Mutex<bool>,
    /// So many writes find no room; and the pauses that were made.
    crowds: Mutex<u32>,
    pauses: Mutex<Vec<Duration>>,
}

impl Fake {
    /// Whether the process still lives; each question costs a call.
    fn lives(&self) -> bool {
        *self.used.lock() += 1;
        match &mut *self.fuse.lock() {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    fn restart(&self) -> Journal {
        *self.fuse.lock() = None;
        self.kept.lock().clone().unwrap()
    }
}

fn refused(request: &AnyRequest, Refused(status): Refused) -> ApiError {
    let refusal = Refusal { status, error: String::new(), code: None, message: String::new() };
    ApiError::Refused { operation: request.operation(), refusal }
}

fn reply(answer: &Value) -> Reply {
    Reply { status: 200, body: serde_json::to_vec(answer).unwrap(), next: None }
}

impl Api for Fake {
    fn fetch<'a>(&'a self, request: &'a AnyRequest, _: Lane) -> Pending<'a, Result<Reply, ApiError>> {
        Box::pin(async move {
            if !self.lives() {
                return Err(ApiError::Paused { operation: request.operation() });
            }
            let answer = self.world.lock().call(request);
            answer.map(|answer| reply(&answer)).map_err(|why| refused(request, why))
        })
    }

    fn change<'a>(
        &'a self,
        request: &'a AnyRequest,
        _: Lane,
        cause: &'a Cause,
    ) -> Pending<'a, Result<Reply, ApiError>> {
        Box::pin(async move {
            let operation = request.operation();
            // Why twice: it may be gone before the tenant heard of it, and before the answer came.
            if !self.lives() {
                return Err(ApiError::Unavailable { operation, why: Why::Broken });
            }
            if *self.crowds.lock() > 0 {
                *self.crowds.lock() -= 1;
                return Err(ApiError::Limited { operation, after: Some(Duration::from_secs(7)) });
            }
            self.causes.lock().push(cause.clone());
            let answer = self.world.lock().call(request);
            if !self.lives() || *self.loses_answers.lock() {
                return Err(if operation.may_repeat {
                    ApiError::Unavailable { operation, why: Why::Broken }
                } else {
                    ApiError::Unknown { operation, why: Why::Broken }
                });
            }
            answer.map(|answer| reply(&answer)).map_err(|why| refused(request, why))
        })
    }
}

impl Port for Fake {
    fn api(&self) -> &dyn Api {
        self
    }

    fn list<'a>(&'a self, request: &'a AnyRequest, lane: Lane) -> Pending<'a, Result<Vec<Value>, ApiError>> {
        Box::pin(async move {
            let reply = self.fetch(request, lane).await?;
            Ok(serde_json::from_slice(&reply.body).unwrap())
        })
    }

    fn wait(&self, pause: Duration) -> Pending<'_, ()> {
        self.pauses.lock().push(pause);
        Box::pin(async {})
    }
}

impl Keeper for Fake {
    fn keep(&self, journal: &Journal) -> Result<(), KeepError> {
        if !self.lives() {
            return Err(KeepError("gone".to_owned()));
        }
        *self.kept.lock() = Some(journal.clone());
        Ok(())
    }

    fn keep_secret(&self, name: &str, value: &Secret) -> Result<(), KeepError> {
        if !self.lives() {
            return Err(KeepError("gone".to_owned()));
        }
        self.secrets.lock().insert(name.to_owned(), value.expose().to_vec());
        Ok(())
    }
}

fn goal(version: u8) -> Goal {
    let tenant: countersign_core::TenantId = "acme".parse().unwrap();
    let action = |trigger: Trigger| {
        let code = format!("// Countersign for Auth0, trigger {trigger}.\nconst VERSION = {version};\n");
        (trigger, ActionGoal { code, place: Place::First })
    };
    let print = |of: &str| (secret_key(of, &tenant), format!("{of} {version}"));
    Goal {
        capabilities: Capability::ALL.iter().map(|capability| (*capability, Autonomy::Report)).collect(),
        actions: TRIGGERS.into_iter().take(2).map(action).collect(),
        log_stream: Some(LogStreamGoal { endpoint: "https://cs.example.com/logs".to_owned() }),
        event_stream: Some(EventStreamGoal {
            endpoint: "https://cs.example.com/events".to_owned(),
            types: vec!["user.created".to_owned()],
        }),
        api: Some(ApiGoal { identifier: "https://cs.example.com/".to_owned() }),
        client: Some(ClientGoal::Secret),
        fingerprints: [print("actions"), print("log_stream"), print("event_stream")].into(),
        action_secrets: vec!["COUNTERSIGN_KEY".to_owned()],
        ..Goal::nothing(tenant.clone(), "acme.eu.auth0.com")
    }
}

fn secrets() -> BTreeMap<String, Secret> {
    ["COUNTERSIGN_KEY", LOG_TOKEN, EVENT_TOKEN]
        .map(|name| (name.to_owned(), Secret::new(b"CANARY".to_vec())))
        .into()
}

fn installer<'a>(fake: &'a Fake, secrets: &'a BTreeMap<String, Secret>) -> Installer<'a> {
    Installer { port: fake, keeper: fake, secrets, actor: "operator".to_owned() }
}

async fn planned(fake: &Fake, version: u8, journal: &Journal) -> Plan {
    let goal = goal(version);
    let observed = observe(fake, Parts::of(&goal), journal.fingerprints.clone()).await.unwrap();
    let owned = journal.installed().unwrap_or_default().owned;
    install::plan(&goal, &install::Observed { owned, ..observed })
}

async fn apply(fake: &Fake, journal: &mut Journal, plan: Plan) -> Result<(), Error> {
    let secrets = secrets();
    installer(fake, &secrets).apply(journal, plan, Timestamp::from_seconds(1), "req_1".to_owned()).await
}

fn with_foreign() -> Fake {
    let fake = Fake::default();
    let mut world = fake.world.lock();
    world.collections.insert(
        "actions".to_owned(),
        vec![json!({
            "id": "foreign", "name": "partner", "code": "exports.x = 1", "status": "built",
            "all_changes_deployed": true, "deployed_version": {"id": "v", "code": "exports.x = 1"},
            "supported_triggers": [{"id": "post-login", "version": "v3"}],
        })],
    );
    world.bindings.insert("post-login".to_owned(), vec![("foreign".to_owned(), "partner".to_owned())]);
    drop(world);
    fake
}

fn journal() -> Journal {
    Journal::new("acme".parse().unwrap())
}

/// What a tenant holds, without counters and versions.
fn state(fake: &Fake) -> Value {
    let mut world = fake.world.lock().clone();
    world.collections.remove("versions");
    for action in world.collections.get_mut("actions").into_iter().flatten() {
        if let Some(version) = action.pointer_mut("/deployed_version").and_then(Value::as_object_mut) {
            version.remove("id");
        }
    }
    json!({"collections": world.collections, "bindings": world.bindings})
}

fn creates(fake: &Fake) -> Vec<String> {
    let world = fake.world.lock();
    world
        .writes
        .iter()
        .filter(|write| write.ends_with(".create") || write.ends_with(".deploy"))
        .cloned()
        .collect()
}

#[tokio::test]
async fn a_plan_is_carried_out_each_write_with_its_cause_and_no_secret_in_the_journal() {
    let (fake, mut journal) = (with_foreign(), journal());
    let plan = planned(&fake, 1, &journal).await;
    apply(&fake, &mut journal, plan.clone()).await.unwrap();
    assert_eq!(journal.newest().unwrap().state, State::Applied);
    assert_eq!(fake.causes.lock().len(), plan.steps.len());
    assert!(fake.causes.lock().iter().all(|cause| {
        cause.actor == "operator"
            && cause.correlation_id == "req_1"
            && cause.authority == crate::management::Authority::Plan(plan.id())
            && !cause.reason.is_empty()
    }));
    assert!(fake.secrets.lock()["client_secret"].starts_with(b"secret of clients"));
    let text = serde_json::to_string(&journal).unwrap();
    assert!(!text.contains("CANARY") && !text.contains("secret of clients"));
    assert_eq!(serde_json::from_str::<Journal>(&text).unwrap(), journal);
    assert_eq!(planned(&fake, 1, &journal).await.steps, []);
    assert!(journal.deployed.contains_key("action.post-login.create"));
}

#[tokio::test]
async fn a_write_that_finds_no_room_is_looked_at_and_sent_anew_a_few_times() {
    for (crowds, is_done) in [(3, true), (4, false)] {
        let (fake, mut journal) = (with_foreign(), journal());
        let plan = planned(&fake, 1, &journal).await;
        *fake.crowds.lock() = crowds;
        let applied = apply(&fake, &mut journal, plan.clone()).await;
        let pauses = fake.pauses.lock().clone();
        assert!(pauses[..3].iter().all(|pause| pause.as_secs() == 7), "{pauses:?}");
        match applied {
            Ok(()) => assert!(is_done && fake.causes.lock().len() == plan.steps.len()),
            Err(error) => {
                let is_crowded = matches!(error, Error::Api { error: ApiError::Limited { .. }, .. });
                assert!(!is_done && is_crowded && fake.causes.lock().is_empty(), "{error}");
                installer(&fake, &secrets()).resume(&mut journal).await.unwrap();
            }
        }
        assert_eq!(journal.newest().unwrap().state, State::Applied);
    }
}

/// Kills an installation at each call, takes it up again, and compares the end with that of one that was not killed.
async fn killed_everywhere(first: u8, second: Option<u8>) {
    let prepare = async || {
        let (fake, mut journal) = (with_foreign(), journal());
        if second.is_some() {
            let plan = planned(&fake, first, &journal).await;
            apply(&fake, &mut journal, plan).await.unwrap();
            fake.world.lock().writes.clear();
        }
        let plan = planned(&fake, second.unwrap_or(first), &journal).await;
        *fake.used.lock() = 0;
        (fake, journal, plan)
    };
    let (whole, mut journal, plan) = prepare().await;
    apply(&whole, &mut journal, plan).await.unwrap();
    let calls = *whole.used.lock();
    assert!(calls > 30);
    for fuse in 1..calls {
        let (fake, mut journal, plan) = prepare().await;
        *fake.fuse.lock() = Some(fuse);
        assert!(apply(&fake, &mut journal, plan).await.is_err(), "{fuse} of {calls}");
        let (mut journal, secrets) = (fake.restart(), secrets());
        installer(&fake, &secrets)
            .resume(&mut journal)
            .await
            .unwrap_or_else(|error| panic!("{fuse}: {error}"));
        assert_eq!(state(&fake), state(&whole), "{fuse}");
        assert_eq!(creates(&fake), creates(&whole), "{fuse}: nothing is created twice");
        assert_eq!(*fake.secrets.lock(), *whole.secrets.lock(), "{fuse}: no secret is lost");
        assert_eq!(planned(&fake, second.unwrap_or(first), &journal).await.steps, [], "{fuse}");
    }
}

#[tokio::test]
async fn an_installation_killed_at_any_call_is_taken_up_with_the_same_end_and_nothing_made_twice() {
    killed_everywhere(1, None).await;
}

#[tokio::test]
async fn a_change_killed_at_any_call_is_taken_up_with_the_same_end() {
    killed_everywhere(1, Some(2)).await;
}

#[tokio::test]
async fn an_installation_killed_at_any_call_can_be_rolled_back_to_the_state_before() {
    let whole = with_foreign();
    let before = state(&whole);
    let plan = planned(&whole, 1, &journal()).await;
    *whole.used.lock() = 0;
    apply(&whole, &mut journal(), plan).await.unwrap();
    let calls = *whole.used.lock();
    for fuse in 1..calls {
        let fake = with_foreign();
        let plan = planned(&fake, 1, &journal()).await;
        *fake.fuse.lock() = Some(fuse);
        apply(&fake, &mut journal(), plan).await.unwrap_err();
        let (mut journal, secrets) = (fake.restart(), secrets());
        let left = installer(&fake, &secrets).roll_back(&mut journal).await;
        assert_eq!(left.unwrap_or_else(|error| panic!("{fuse}: {error}")), [], "{fuse}");
        assert_eq!(state(&fake), before, "{fuse}");
        assert_eq!(journal.newest().unwrap().state, State::RolledBack);
    }
}

#[tokio::test]
async fn a_roll_back_killed_at_any_call_is_taken_up_again() {
    let prepare = async || {
        let (fake, mut journal) = (with_foreign(), journal());
        let plan = planned(&fake, 1, &journal).await;
        apply(&fake, &mut journal, plan).await.unwrap();
        *fake.used.lock() = 0;
        (fake, journal)
    };
    let (whole, mut journal) = prepare().await;
    let secrets = secrets();
    installer(&whole, &secrets).roll_back(&mut journal).await.unwrap();
    assert_eq!(state(&whole), state(&with_foreign()));
    let calls = *whole.used.lock();
    for fuse in 1..calls {
        let (fake, mut journal) = prepare().await;
        *fake.fuse.lock() = Some(fuse);
        installer(&fake, &secrets).roll_back(&mut journal).await.unwrap_err();
        let mut journal = fake.restart();
        installer(&fake, &secrets)
            .roll_back(&mut journal)
            .await
            .unwrap_or_else(|error| panic!("{fuse}: {error}"));
        assert_eq!(state(&fake), state(&whole), "{fuse}");
    }
}

#[tokio::test]
async fn answers_that_are_lost_are_looked_for_and_nothing_is_made_twice() {
    let (fake, whole, mut journal) = (with_foreign(), with_foreign(), journal());
    let plan = planned(&whole, 1, &journal).await;
    apply(&whole, &mut journal.clone(), plan.clone()).await.unwrap();
    *fake.loses_answers.lock() = true;
    let secrets = secrets();
    let mut end = apply(&fake, &mut journal, plan.clone()).await;
    // Why as often as there are steps: a write that can be repeated ends the run, and the next one looks.
    for _ in 0..plan.steps.len() {
        if end.is_ok() {
            break;
        }
        end = installer(&fake, &secrets).resume(&mut journal).await;
    }
    end.unwrap();
    assert_eq!(state(&fake), state(&whole));
    assert_eq!(creates(&fake), creates(&whole));
}

#[tokio::test]
async fn a_tenant_that_changed_since_is_not_written_to() {
    let (fake, mut journal) = (with_foreign(), journal());
    let plan = planned(&fake, 1, &journal).await;
    fake.world.lock().bindings.remove("post-login");
    let error = apply(&fake, &mut journal, plan).await.unwrap_err();
    assert!(
        matches!(&error, Error::Changed { step, miss: Miss::Differs(_) } if step == "bindings.post-login"),
        "{error}"
    );
    assert!(!fake.world.lock().bindings.contains_key("post-login"));
    let again = planned(&fake, 1, &journal).await;
    assert!(matches!(apply(&fake, &mut journal, again).await, Err(Error::Unfinished(_))));
    let secrets = secrets();
    installer(&fake, &secrets).roll_back(&mut journal).await.unwrap();
    assert!(fake.world.lock().find("actions", "foreign").is_some());
    assert_eq!(fake.world.lock().collections.keys().collect::<Vec<_>>(), ["actions", "versions"]);
}

#[tokio::test]
async fn more_than_was_accepted_is_refused_in_every_way() {
    let (fake, journal) = (with_foreign(), journal());
    let plan = planned(&fake, 1, &journal).await;
    let install: Vec<String> =
        plan.scopes(countersign_plan::Phase::Install).into_iter().map(str::to_owned).collect();
    let accepted: BTreeSet<String> = plan.needs.iter().map(|need| need.scope.clone()).collect();
    assert_eq!(check_scopes(&plan, Some(&install), &accepted), Ok(()));
    let fewer: BTreeSet<String> = accepted.iter().filter(|scope| *scope != "read:logs").cloned().collect();
    assert_eq!(
        check_scopes(&plan, Some(&install), &fewer),
        Err(Error::NotAccepted(vec!["read:logs".to_owned()]))
    );
    let more = [install.clone(), vec!["delete:users".to_owned()]].concat();
    assert_eq!(
        check_scopes(&plan, Some(&more), &accepted),
        Err(Error::TooMuch(vec!["delete:users".to_owned()]))
    );
    assert!(matches!(check_scopes(&plan, Some(&install[1..]), &accepted), Err(Error::TooLittle(_))));
    assert_eq!(check_scopes(&plan, None, &accepted), Err(Error::Untold));
}

#[tokio::test]
async fn what_blocks_a_plan_keeps_everything_unsent() {
    let (fake, mut journal) = (with_foreign(), journal());
    let mut goal = goal(1);
    goal.actions.get_mut(&Trigger::PostLogin).unwrap().place = Place::After("nobody".to_owned());
    let observed = observe(&fake, Parts::ALL, BTreeMap::new()).await.unwrap();
    let plan = install::plan(&goal, &observed);
    assert!(matches!(apply(&fake, &mut journal, plan).await, Err(Error::Blocked(_))));
    assert_eq!(fake.world.lock().writes, Vec::<String>::new());
    assert_eq!(journal.runs, []);
}

#[tokio::test]
async fn what_is_called_as_ours_is_by_another_s_hand_is_neither_granted_changed_nor_deleted() {
    let (fake, mut journal) = (with_foreign(), journal());
    let theirs = json!({"client_id": "theirs", "name": install::CLIENT_NAME, "app_type": "non_interactive"});
    fake.world.lock().collections.insert("clients".to_owned(), vec![theirs]);
    let plan = planned(&fake, 1, &journal).await;
    assert!(
        matches!(apply(&fake, &mut journal, plan).await, Err(Error::Blocked(why)) if why.contains("`theirs`"))
    );
    fake.world.lock().collections.remove("clients");
    let plan = planned(&fake, 1, &journal).await;
    apply(&fake, &mut journal, plan).await.unwrap();
    let api = json!({"id": "theirs", "name": install::API_NAME, "identifier": "https://theirs.example/"});
    fake.world.lock().collections.get_mut("resource_servers").unwrap().insert(0, api);
    let observed = observe(&fake, Parts::ALL, BTreeMap::new()).await.unwrap();
    let owned = journal.installed().unwrap().owned;
    let removal =
        install::remove(&journal.tenant, "acme.eu.auth0.com", &install::Observed { owned, ..observed });
    apply(&fake, &mut journal, removal).await.unwrap();
    assert_eq!(fake.world.lock().collections["resource_servers"].len(), 1);
    assert!(fake.world.lock().find("resource_servers", "theirs").is_some());
    assert_eq!(journal.installed().unwrap_or_default().owned.kinds().count(), 0);
}
