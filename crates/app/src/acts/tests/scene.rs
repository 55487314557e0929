//! Use cases, people and a tenant in memory that may go away at any call.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use countersign_auth0::{management::AnyRequest, trigger::Event};
use countersign_core::{DecisionId, Secret, TenantId, Trigger};
use countersign_plan::{
    change::{Change, Wanted},
    gate::Settings,
    testing::{Refused, World},
};
use countersign_rights::{Action, Grant, How, Place, Principal, PrincipalKind, Role};
use countersign_store::{AccessWrite, Commit, PersonRow, Write};
use parking_lot::Mutex;
use serde_json::{Value, json, value::RawValue};
use tokio::sync::Semaphore;

use crate::{
    App, Error,
    access::{Caller, Permit},
    acts::{Hands, NewPlan, PlanHead, SecretKeeper},
    decide::{ActionInfo, Ask, Call},
    hooks::{Hook, HookError, Message, SendHook, Sending, Taken},
    incidents::tests::Scene,
    management::{Api, Cause, Error as ApiError, Lane, Pending, Refusal, Reply, Why},
    tenant::Port,
};

/// A tenant in memory, and how it misbehaves.
#[derive(Default)]
pub(super) struct Fake {
    pub(super) world: Mutex<World>,
    /// Every write that the tenant took: operation, path, and body without what is by chance.
    pub(super) taken: Mutex<Vec<String>>,
    /// Calls until it is gone; `None`: never.
    pub(super) fuse: Mutex<Option<u32>>,
    /// Whether a write is done and its answer lost when it goes.
    pub(super) goes_late: Mutex<bool>,
    /// Answers 429 to everything.
    pub(super) is_flooded: Mutex<bool>,
    /// Answers 429 to every write.
    pub(super) takes_no_writes: Mutex<bool>,
    /// Holds each write until somebody lets it go on; `None`: nobody does.
    pub(super) gate: Mutex<Option<Arc<Semaphore>>>,
    /// Whether only what nobody waits for is held.
    pub(super) is_gate_for_bulk: Mutex<bool>,
    /// Whether receivers answer 429.
    pub(super) is_busy: Mutex<bool>,
    /// Whether receivers take messages and never answer.
    pub(super) is_mute: Mutex<bool>,
    pub(super) told: Mutex<Vec<String>>,
    pub(super) secrets: Mutex<Vec<String>>,
}

impl Fake {
    /// Whether this call finds it there; the last one before it goes says so.
    fn lives(&self) -> (bool, bool) {
        match &mut *self.fuse.lock() {
            None => (true, false),
            Some(0) => (false, false),
            Some(left) => {
                *left -= 1;
                (true, *left == 0)
            }
        }
    }

    fn answer(&self, request: &AnyRequest) -> Result<Reply, ApiError> {
        let operation = request.operation();
        if *self.is_flooded.lock() {
            return Err(ApiError::Limited { operation, after: None });
        }
        let refused = |Refused(status)| ApiError::Refused {
            operation,
            refusal: Refusal { status, error: String::new(), code: None, message: String::new() },
        };
        let answer = self.world.lock().call(request).map_err(refused)?;
        Ok(Reply { status: 200, body: serde_json::to_vec(&answer).unwrap(), next: None })
    }
}

/// What the service holds of it.
pub(super) struct Held(pub(super) Arc<Fake>);

impl Api for Held {
    fn fetch<'a>(&'a self, request: &'a AnyRequest, _: Lane) -> Pending<'a, Result<Reply, ApiError>> {
        Box::pin(async move {
            if !self.0.lives().0 {
                return Err(ApiError::Unavailable { operation: request.operation(), why: Why::Broken });
            }
            self.0.answer(request)
        })
    }

    fn change<'a>(
        &'a self,
        request: &'a AnyRequest,
        lane: Lane,
        _: &'a Cause,
    ) -> Pending<'a, Result<Reply, ApiError>> {
        Box::pin(async move {
            let operation = request.operation();
            let gone = ApiError::Unknown { operation, why: Why::Broken };
            let gate = self.0.gate.lock().clone();
            let is_held = lane == Lane::Bulk || !*self.0.is_gate_for_bulk.lock();
            if let Some(gate) = gate.filter(|_| is_held) {
                gate.acquire().await.unwrap().forget();
            }
            if *self.0.takes_no_writes.lock() {
                return Err(ApiError::Limited { operation, after: None });
            }
            let (is_there, is_last) = self.0.lives();
            if !is_there || is_last && !*self.0.goes_late.lock() {
                return Err(gone);
            }
            let answer = self.0.answer(request);
            if answer.is_ok() {
                let mut body = request.body().cloned().unwrap_or_default();
                if let Some(password) = body.get_mut("password") {
                    *password = json!("by chance");
                }
                self.0.taken.lock().push(format!("{} {} {body}", operation.name, request.path()));
            }
            if is_last { Err(gone) } else { answer }
        })
    }
}

impl Port for Held {
    fn api(&self) -> &dyn Api {
        self
    }

    fn list<'a>(&'a self, request: &'a AnyRequest, lane: Lane) -> Pending<'a, Result<Vec<Value>, ApiError>> {
        Box::pin(async move {
            let reply = self.fetch(request, lane).await?;
            Ok(serde_json::from_slice(&reply.body).unwrap())
        })
    }

    fn wait(&self, _: Duration) -> Pending<'_, ()> {
        Box::pin(async {})
    }
}

struct Receiver(Arc<Fake>);

impl SendHook for Receiver {
    fn send<'a>(&'a self, message: Message<'a>) -> Sending<'a> {
        Box::pin(async move {
            if !self.0.lives().0 {
                return Err(HookError::Late);
            }
            if *self.0.is_busy.lock() {
                return Err(HookError::Busy { status: 429, seconds: 1 });
            }
            self.0.told.lock().push(String::from_utf8(message.body.to_vec()).unwrap());
            if *self.0.is_mute.lock() { Err(HookError::Late) } else { Ok(Taken::default()) }
        })
    }
}

struct Safe(Arc<Fake>);

impl SecretKeeper for Safe {
    fn keep(&self, name: &str, _: &Secret) -> Result<(), String> {
        self.0.secrets.lock().push(name.to_owned());
        Ok(())
    }
}

/// Users `auth0|0` to `auth0|5` in a database, with a session, a token and a role each to have.
fn world() -> World {
    let mut world = World::default();
    for number in 0..6 {
        let id = format!("auth0|{number}");
        world.add_user(&id, Some("people"));
        world.put(&format!("sessions of {id}"), json!({"id": format!("s{number}")}));
        world.put(&format!("tokens of {id}"), json!({"id": format!("t{number}")}));
    }
    let mut add = |collection: &str, object: Value| {
        world.collections.entry(collection.to_owned()).or_default().push(object);
    };
    add("roles", json!({"id": "rol_0", "name": "rol_0"}));
    add("organizations", json!({"id": "org_a", "name": "a", "display_name": "A"}));
    add("connections", json!({"id": "con_1", "name": "people", "strategy": "auth0"}));
    add("clients", json!({"client_id": "ours", "name": "Countersign"}));
    add("resource_servers", json!({"id": "api", "token_lifetime": 7_200}));
    world
}

/// What plans for it are made and carried out with.
pub(super) fn hands(fake: &Arc<Fake>, settings: Settings) -> Hands {
    let receiver: Arc<dyn SendHook> = Arc::new(Receiver(Arc::clone(fake)));
    Hands {
        port: Box::new(Held(Arc::clone(fake))),
        domain: "t.eu.auth0.com".to_owned(),
        settings,
        receivers: BTreeMap::from([("soc".to_owned(), receiver)]),
        secrets: BTreeMap::new(),
        keeper: Some(Arc::new(Safe(Arc::clone(fake)))),
    }
}

pub(super) struct Stage {
    pub(super) scene: Scene,
    pub(super) fake: Arc<Fake>,
}

impl Stage {
    pub(super) async fn new(settings: Settings) -> Self {
        Self::telling(settings, vec![]).await
    }

    /// With receivers of messages.
    pub(super) async fn telling(settings: Settings, hooks: Vec<Hook>) -> Self {
        Self::on(Scene::new(hooks).await, settings)
    }

    /// In a scene of its own.
    pub(super) fn on(scene: Scene, settings: Settings) -> Self {
        let fake = Arc::new(Fake { world: Mutex::new(world()), ..Fake::default() });
        scene.tenant.give_hands(hands(&fake, settings));
        Self { scene, fake }
    }

    pub(super) fn app(&self) -> &App {
        &self.scene.app
    }

    /// Sets a field of a user at the tenant.
    pub(super) fn set_user(&self, id: &str, field: &str, value: bool) {
        let mut world = self.fake.world.lock();
        let users = world.collections.get_mut("users").unwrap();
        let user = users.iter_mut().find(|user| user["user_id"] == id).unwrap();
        user[field] = value.into();
    }

    pub(super) fn tenant(&self) -> &TenantId {
        &self.scene.tenant.id
    }

    /// Somebody with a role at the tenant, and the permit for what they want.
    pub(super) async fn permit(
        &self,
        (name, role, how): (&str, Role, How),
        action: Action,
    ) -> Result<Permit, Error> {
        let row = PersonRow {
            id: format!("per_{name}"),
            issuer: "https://login.example.com/".to_owned(),
            subject: name.to_owned(),
            name: name.to_owned(),
            created_at: self.app().ports.clock.now(),
            seen_at: self.app().ports.clock.now(),
            disabled_at: None,
        };
        let put = Write::Access(AccessWrite::PutPerson(row));
        let commit = Commit { writes: vec![put], ..Commit::background(self.tenant().clone()) };
        self.app().ports.store.commit(commit).await.unwrap();
        let principal = Principal {
            kind: PrincipalKind::Person,
            id: format!("per_{name}"),
            grants: vec![Grant { role, at: Place::Tenant(self.tenant().clone()) }],
            scopes: ["*".to_owned()].into(),
            how,
            tenant: None,
            organization: None,
        };
        let now = self.app().ports.clock.now();
        let caller = Caller::new(principal, name, None).authenticated(Some(now));
        self.app().permit(&caller, action, self.tenant()).await
    }

    /// A sign-in of a user.
    pub(super) async fn sign_in(&self, user: &str) -> DecisionId {
        let text = include_str!("../../../../../fixtures/events/post-login.json");
        let mut event: Value = serde_json::from_str(text).unwrap();
        event["user"]["user_id"] = user.into();
        self.decide(Trigger::PostLogin, event).await
    }

    /// What an Action asks; the decision's id.
    pub(super) async fn decide(&self, trigger: Trigger, mut event: Value) -> DecisionId {
        event["tenant"]["id"] = self.tenant().as_str().into();
        let text = event.to_string();
        let call = Call {
            request_id: None,
            raw_event: RawValue::from_string(text.clone()).unwrap(),
            action: ActionInfo {
                name: "a".to_owned(),
                version: "1".to_owned(),
                code: None,
                policy_etag: None,
            },
            deadline: Duration::from_secs(1),
            received: self.app().clock().monotonic(),
            truncated: Vec::new(),
        };
        let event = Event::decode(trigger, text.as_bytes(), "event").unwrap();
        let decided = self.app().decide(&self.scene.tenant, Ask { event, call }).await.unwrap();
        let answer: Value = serde_json::from_slice(&decided.answer).unwrap();
        answer["decision_id"].as_str().unwrap().parse().unwrap()
    }

    /// Mia, an operator, who proposes.
    pub(super) async fn mia(&self) -> Permit {
        self.permit(("mia", Role::Operator, How::Oidc), Action::ProposePlans).await.unwrap()
    }

    /// An approver.
    pub(super) async fn approver(&self, name: &str) -> Permit {
        self.permit((name, Role::Approver, How::Oidc), Action::ApprovePlans).await.unwrap()
    }

    pub(super) async fn propose(&self, changes: &[Value]) -> Result<PlanHead, Error> {
        let wanted = changes.iter().map(|change| Wanted {
            change: serde_json::from_value::<Change>(change.clone()).unwrap(),
            reason: "because".to_owned(),
            evidence: vec![],
        });
        let new = NewPlan { title: "a title".to_owned(), wanted: wanted.collect(), incident: None };
        self.app().propose_plan(&self.mia().await, new).await
    }

    /// Proposed by Mia and approved by Noa.
    pub(super) async fn approved(&self, changes: &[Value]) -> PlanHead {
        let plan = self.propose(changes).await.unwrap();
        self.app().approve_plan(&self.approver("noa").await, &plan.id, &plan.hash).await.unwrap()
    }

    /// What is due now, and what was put off.
    pub(super) async fn run_later(&self) -> crate::acts::Ran {
        self.scene.clock.advance(Duration::from_secs(301));
        self.run().await
    }

    /// What leaves tell of one plan: the changes, in the ledger's order.
    pub(super) async fn changes_of(&self, plan: &str) -> Vec<String> {
        let leaves = self.leaves().await;
        let its = leaves.iter().filter(|facts| facts.get("plan").is_some_and(|of| of == plan));
        its.map(|facts| facts["change"].clone()).collect()
    }

    pub(super) async fn run(&self) -> crate::acts::Ran {
        self.app().run_plans(&self.scene.tenant).await.unwrap()
    }

    pub(super) async fn state(&self, id: &str) -> String {
        self.app().plan(&self.scene.tenant, id).await.unwrap().plan.state
    }

    /// The facts of the leaves about plans, in the ledger's order.
    pub(super) async fn leaves(&self) -> Vec<BTreeMap<String, String>> {
        let store = &self.app().ports.store;
        let rows = store.list_leaves(self.tenant(), 0, 10_000).await.unwrap();
        let decoded = rows.iter().map(|row| countersign_ledger::leaf::Leaf::decode(&row.leaf).unwrap());
        decoded
            .filter(|leaf| leaf.kind == countersign_ledger::leaf::Kind::Plan)
            .map(|leaf| leaf.facts)
            .collect()
    }
}

pub(super) fn block(user: u8) -> Value {
    json!({"change": "block_user", "user": format!("auth0|{user}")})
}

pub(super) fn revoke(user: u8) -> Value {
    json!({"change": "revoke_access", "user": format!("auth0|{user}")})
}
