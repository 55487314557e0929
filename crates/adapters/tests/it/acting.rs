//! Plans carried out at a tenant and by receivers over sockets: what these answer or don't, and what becomes of the plan.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{body::Body, http::Request};
use countersign_adapters::{
    hooks::HttpHook,
    management::{Management, Plan},
};
use countersign_app::{
    access::Settings as Access,
    acts::{Hands, Hindrance, PlanHead, PlanShown, Ran},
    hooks::SendHook,
    management::{Error, Lane},
};
use countersign_auth0::management::users;
use countersign_core::{Clock, Timestamp};
use countersign_privacy::SigningKey;
use countersign_rights::{Grant, Place, Role};
use countersign_testkit::{Answer, HOST, Setup, TENANT, TestApp, Vouching};
use serde_json::{Value, json};

use crate::{
    management::tenant::{Act, Asked, Tenant, answer, cause, ok, serve, settings, token},
    peer::silent,
};

/// What the tenant holds of its one user, and how it answers.
struct State {
    /// The value of the key that plans change.
    held: Value,
    /// What another administrator makes of it, and when.
    becomes: Option<(Timestamp, Value)>,
    /// So many writes are answered by 429, and are not done.
    busy: usize,
    /// So is everything.
    is_flooded: bool,
}

impl State {
    fn answer(&mut self, asked: &Asked, now: Timestamp) -> Act {
        if asked.target == "/oauth/token" {
            return token(asked.before, 86_400);
        }
        if self.is_flooded {
            return answer("429 Too Many Requests", &["retry-after: 3600"], "{}");
        }
        if let Some((_, value)) = self.becomes.take_if(|(at, _)| *at <= now) {
            self.held = value;
        }
        if asked.method != "GET" {
            if self.busy > 0 {
                self.busy -= 1;
                return answer("429 Too Many Requests", &["retry-after: 60"], "{}");
            }
            self.held = asked.json()["app_metadata"]["key"].clone();
        }
        ok(&json!({"user_id": "auth0|1", "app_metadata": {"key": self.held}}))
    }
}

/// A service that acts at such a tenant.
struct Scene {
    service: TestApp,
    tenant: Tenant,
    state: Arc<Mutex<State>>,
}

impl Scene {
    async fn new(plan: Plan) -> Self {
        Self::telling(plan, BTreeMap::new()).await
    }

    async fn telling(plan: Plan, receivers: BTreeMap<String, Arc<dyn SendHook>>) -> Self {
        let access = Access { provider: Some(Arc::new(Vouching)), ..Access::default() };
        let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
        let state = State { held: json!("old"), becomes: None, busy: 0, is_flooded: false };
        let state = Arc::new(Mutex::new(state));
        let (told, clock) = (Arc::clone(&state), Arc::clone(&service.clock));
        let act = move |asked: &Asked| told.lock().unwrap().answer(asked, clock.now());
        let tenant = serve(Arc::clone(&service.clock), act, |url| settings(url, plan)).await;
        let client = Management::new(settings(&tenant.url, plan), tenant.surroundings()).unwrap();
        service.tenant().give_hands(Hands {
            port: Box::new(client.beside(&tenant.management)),
            domain: "t.eu.auth0.com".to_owned(),
            settings: Default::default(),
            receivers,
            secrets: BTreeMap::new(),
            keeper: None,
        });
        Self { service, tenant, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn person(&self, name: &str, role: Role) -> String {
        let at = Place::Tenant(TENANT.parse().unwrap());
        self.service.grant(name, vec![Grant::new(role, at).unwrap()]).await;
        self.service.session_of(name).await
    }

    /// A request to the plans' API; its answer, of which anything but success fails the test.
    async fn post(&self, cookie: &str, path: &str, body: &Value) -> Value {
        let answer = post(&self.service, ("cookie", cookie), path, body).await;
        assert!(matches!(answer.status, 200 | 201), "{path}: {}", answer.json);
        answer.json
    }

    /// Proposed by one and approved by another; its id, and the cookie of who proposed it.
    async fn approved(&self, changes: &[Value]) -> (String, String) {
        let mia = self.person("mia", Role::Operator).await;
        let noa = self.person("noa", Role::Approver).await;
        let plan = self.post(&mia, "", &wanted(changes)).await;
        let id = plan["id"].as_str().unwrap().to_owned();
        self.post(&noa, &format!("/{id}/approve"), &json!({"hash": plan["hash"]})).await;
        (id, mia)
    }

    async fn run(&self) -> Ran {
        self.service.app.run_plans(&self.service.tenant()).await.unwrap()
    }

    async fn run_after(&self, seconds: u64) -> Ran {
        self.service.clock.advance(Duration::from_secs(seconds));
        self.run().await
    }

    async fn shown(&self, id: &str) -> PlanShown {
        self.service.app.plan(&self.service.tenant(), id).await.unwrap()
    }

    /// Where a plan stands, and why it halted.
    async fn stands(&self, id: &str) -> (String, Option<&'static str>) {
        let PlanShown { plan: PlanHead { state, .. }, halt, .. } = self.shown(id).await;
        (state, halt.map(|halt| halt.why.code()))
    }

    /// How often the tenant was asked by a method.
    fn asked(&self, method: &str) -> usize {
        self.tenant.asked().iter().filter(|asked| asked.starts_with(method)).count()
    }
}

async fn post(service: &TestApp, who: (&str, &str), path: &str, body: &Value) -> Answer {
    let request = Request::post(format!("/v1/plans/{TENANT}{path}"))
        .header("host", HOST)
        .header("sec-fetch-site", "same-origin")
        .header(who.0, who.1)
        .body(Body::from(body.to_string()));
    service.send(request.unwrap()).await
}

fn wanted(changes: &[Value]) -> Value {
    let evidence = json!([{"kind": "log", "id": "900"}]);
    let one = |change: &Value| json!({"change": change, "reason": "a drill", "evidence": evidence});
    json!({"title": "a drill", "wanted": changes.iter().map(one).collect::<Vec<_>>()})
}

fn set() -> Value {
    json!({"change": "set_app_metadata", "user": "auth0|1", "keys": {"key": "ours"}})
}

fn halted(why: &'static str) -> (String, Option<&'static str>) {
    ("halted".to_owned(), Some(why))
}

#[tokio::test]
async fn a_write_that_was_not_taken_is_sent_again_only_where_the_world_is_as_it_was() {
    for (is_changed, end, writes) in [(true, halted("moved"), 1), (false, ("done".to_owned(), None), 2)] {
        let scene = Scene::new(Plan::Unlimited).await;
        let (plan, _) = scene.approved(&[set()]).await;
        scene.state().busy = 1;
        assert_eq!(scene.run().await.waiting, 1);
        assert_eq!((scene.asked("PATCH"), scene.tenant.slept()), (1, vec![]), "nobody waits within");
        let waits = scene.shown(&plan).await.plan.waits.unwrap();
        assert_eq!(waits.next, scene.service.clock.now().plus(60_000_000), "as long as the tenant asks for");
        if is_changed {
            scene.state().held = json!("another's");
        }
        assert_eq!(scene.run_after(59).await, Ran::default());
        assert_eq!(scene.run_after(1).await.ended, 1);
        assert_eq!((scene.stands(&plan).await, scene.asked("PATCH")), (end, writes));
    }
}

#[tokio::test]
async fn a_write_that_was_not_taken_is_not_sent_after_a_stop() {
    let scene = Scene::new(Plan::Unlimited).await;
    let (plan, mia) = scene.approved(&[set()]).await;
    scene.state().busy = 1;
    scene.run().await;
    assert_eq!(scene.post(&mia, &format!("/{plan}/stop"), &json!({})).await["state"], "halted");
    for _ in 0..3 {
        assert_eq!(scene.run_after(300).await, Ran::default());
    }
    assert_eq!((scene.stands(&plan).await, scene.asked("PATCH")), (halted("stopped"), 1));
}

#[tokio::test]
async fn what_was_seen_before_a_long_wait_for_a_turn_is_looked_at_again() {
    for (is_changed, end, writes) in [(true, halted("moved"), 1), (false, ("done".to_owned(), None), 2)] {
        let scene = Scene::new(Plan::Professional).await;
        let (plan, _) = scene.approved(&[set()]).await;
        scene.state().busy = 1;
        let other = users::block(&"auth0|2".parse().unwrap(), true);
        let refused = scene.tenant.management.write(&other, Lane::Bulk, &cause()).await;
        assert!(matches!(refused, Err(Error::Limited { .. })), "{refused:?}");
        let (began, before) = (scene.service.clock.now(), scene.asked("GET"));
        if is_changed {
            // While the run waits for the limit of writes, which is shut for a minute.
            scene.state().becomes = Some((began.plus(30_000_000), json!("another's")));
        }
        assert_eq!(scene.run().await.ended, 1);
        assert!(scene.service.clock.now() >= began.plus(60_000_000));
        assert_eq!((scene.stands(&plan).await, scene.asked("PATCH")), (end, writes));
        assert!(scene.asked("GET") >= before + 2, "it is looked at again");
    }
}

#[tokio::test]
async fn a_tenant_that_answers_429_to_everything_is_asked_seldom_and_the_plan_comes_to_its_end() {
    let scene = Scene::new(Plan::Professional).await;
    let (plan, _) = scene.approved(&[set()]).await;
    scene.state().is_flooded = true;
    let before = scene.tenant.asked().len();
    assert_eq!(scene.run().await.waiting, 1);
    let waits = scene.shown(&plan).await.plan.waits.unwrap();
    assert_eq!((waits.why, waits.tries), (Hindrance::Limited, 1));
    assert!(waits.next > scene.service.clock.now());
    let mut runs = 1;
    while scene.stands(&plan).await.0 == "running" {
        scene.run_after(301).await;
        runs += 1;
        assert!(runs < 300, "it comes to its end");
    }
    assert_eq!((scene.stands(&plan).await, scene.asked("PATCH")), (halted("late"), 0));
    assert!(scene.tenant.asked().len() - before <= runs, "once each time");
    assert_eq!(scene.shown(&plan).await.plan.waits, None);
    assert_eq!(scene.run_after(301).await, Ran::default(), "and stays there");
}

#[tokio::test]
async fn a_webhook_that_never_answers_halts_its_run_for_a_person_and_is_called_once() {
    let peer = silent().await;
    let key = SigningKey::parse(&SigningKey::text(&[1; 32])).unwrap();
    let hook: Arc<dyn SendHook> = Arc::new(HttpHook::new(peer.url.parse().unwrap(), vec![key]).unwrap());
    let scene = Scene::telling(Plan::Unlimited, BTreeMap::from([("soc".to_owned(), hook)])).await;
    let call = json!({"change": "call_webhook", "receiver": "soc", "body": {"a": 1}});
    let (plan, mia) = scene.approved(&[call, set()]).await;
    assert_eq!(scene.run().await.ended, 1);
    let states =
        |shown: &PlanShown| shown.steps.iter().map(|step| step.state.to_string()).collect::<Vec<_>>();
    let shown = scene.shown(&plan).await;
    assert_eq!(
        (scene.stands(&plan).await, states(&shown)),
        (halted("uncertain"), vec!["uncertain".to_owned(), "pending".to_owned()])
    );
    assert_eq!(scene.run_after(301).await, Ran::default(), "nobody calls it again");
    scene.post(&mia, &format!("/{plan}/settle"), &json!({"step": 0, "is_done": true})).await;
    assert_eq!(scene.run().await.ended, 1);
    assert_eq!((scene.stands(&plan).await.0, scene.asked("PATCH")), ("done".to_owned(), 1));
}
