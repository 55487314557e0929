//! `/v1/plans/{tenant}` and its pages: who sees, agrees, refuses, stops and takes back, and who does not.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use countersign_app::{
    access::{Caller, NewGrant, NewToken, Settings as Access},
    acts::Hands,
    management::{Api, Cause, Error as ApiError, Lane, Pending, Refusal, Reply},
    tenant::Port,
};
use countersign_auth0::management::AnyRequest;
use countersign_plan::{
    gate::{Layer, Settings},
    testing::{Refused, World},
};
use countersign_rights::{Action, Grant, How, Place, Role};
use countersign_testkit::{Answer, HOST, OTHER_TENANT, Setup, TENANT, TestApp, Vouching};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::world::check_problem;

/// The plans of the fixtures' tenant.
pub const PATH: &str = "/v1/plans/example-tenant";

/// A tenant in memory.
pub struct Held(pub Arc<Mutex<World>>);

impl Held {
    fn answer(&self, request: &AnyRequest) -> Result<Reply, ApiError> {
        let operation = request.operation();
        let refused = |Refused(status)| ApiError::Refused {
            operation,
            refusal: Refusal { status, error: String::new(), code: None, message: String::new() },
        };
        let answer = self.0.lock().call(request).map_err(refused)?;
        Ok(Reply { status: 200, body: serde_json::to_vec(&answer).unwrap(), next: None })
    }
}

impl Api for Held {
    fn fetch<'a>(&'a self, request: &'a AnyRequest, _: Lane) -> Pending<'a, Result<Reply, ApiError>> {
        Box::pin(async move { self.answer(request) })
    }

    fn change<'a>(
        &'a self,
        request: &'a AnyRequest,
        _: Lane,
        _: &'a Cause,
    ) -> Pending<'a, Result<Reply, ApiError>> {
        Box::pin(async move { self.answer(request) })
    }
}

impl Port for Held {
    fn api(&self) -> &dyn Api {
        self
    }

    fn list<'a>(&'a self, request: &'a AnyRequest, _: Lane) -> Pending<'a, Result<Vec<Value>, ApiError>> {
        Box::pin(async move { Ok(serde_json::from_slice(&self.answer(request)?.body).unwrap()) })
    }

    fn wait(&self, _: Duration) -> Pending<'_, ()> {
        Box::pin(async {})
    }
}

/// A service that acts at a tenant in memory, where users `auth0|0` to `auth0|5` are, and people who sign in.
pub struct Scene {
    pub service: TestApp,
    pub world: Arc<Mutex<World>>,
}

/// Who asks.
#[derive(Clone)]
pub struct Somebody(pub &'static str, pub String);

impl Scene {
    pub async fn start(tenant: Value) -> Self {
        let access = Access { provider: Some(Arc::new(Vouching)), ..Access::default() };
        let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
        let layer: Layer = serde_json::from_value(tenant).unwrap();
        let world = acts_at(&service, Settings { tenant: layer, ..Settings::default() });
        Self { service, world }
    }

    /// Somebody with roles at the tenant, who signed in just now.
    pub async fn person(&self, name: &str, roles: &[Role]) -> Somebody {
        let at = Place::Tenant(TENANT.parse().unwrap());
        let grants = roles.iter().map(|role| Grant::new(*role, at.clone()).unwrap()).collect();
        self.service.grant(name, grants).await;
        Somebody("cookie", self.service.session_of(name).await)
    }

    pub async fn send(&self, who: &Somebody, method: &str, path: &str, body: &Value) -> Answer {
        send(&self.service, who, method, path, body).await
    }

    pub async fn post(&self, who: &Somebody, path: &str, body: Value) -> Answer {
        self.send(who, "POST", path, &body).await
    }

    /// A form from a page of ours.
    pub async fn form(&self, who: &Somebody, path: &str, form: &str) -> Answer {
        let request = Request::post(path)
            .header("host", HOST)
            .header("sec-fetch-site", "same-origin")
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .header(who.0, &who.1)
            .body(Body::from(form.to_owned()));
        self.service.send(request.unwrap()).await
    }

    pub async fn page(&self, who: &Somebody, path: &str) -> String {
        let answer = self.send(who, "GET", path, &Value::Null).await;
        let text = String::from_utf8(answer.bytes).unwrap();
        assert_eq!(answer.status, 200, "{path}: {text}");
        text
    }

    /// Proposes what is wanted; the answer.
    pub async fn proposed(&self, who: &Somebody, changes: &[Value]) -> Value {
        let answer = self.post(who, PATH, wanted(changes, "Anna called")).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
        answer.json
    }

    pub async fn show(&self, who: &Somebody, id: &str) -> Value {
        let answer = self.send(who, "GET", &format!("{PATH}/{id}"), &Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        answer.json
    }

    pub async fn run(&self) {
        self.service.app.run_plans(&self.service.tenant()).await.unwrap();
    }

    fn is_blocked(&self, user: &str) -> bool {
        self.world.lock().find("users", user).unwrap()["blocked"] == true
    }
}

/// Gives the service a tenant in memory to act at.
pub fn acts_at(service: &TestApp, settings: Settings) -> Arc<Mutex<World>> {
    let mut world = World::default();
    for number in 0..6 {
        let id = format!("auth0|{number}");
        world.add_user(&id, Some("people"));
        world.put(&format!("sessions of {id}"), json!({"id": format!("s{number}")}));
        world.put(&format!("tokens of {id}"), json!({"id": format!("t{number}")}));
    }
    for (collection, object) in [
        ("connections", json!({"id": "con_1", "name": "people", "strategy": "auth0"})),
        ("organizations", json!({"id": "org_a", "name": "a", "display_name": "A"})),
        ("resource_servers", json!({"id": "api", "token_lifetime": 7_200})),
    ] {
        world.collections.entry(collection.to_owned()).or_default().push(object);
    }
    let world = Arc::new(Mutex::new(world));
    service.tenant().give_hands(Hands {
        port: Box::new(Held(Arc::clone(&world))),
        domain: "t.eu.auth0.com".to_owned(),
        settings,
        receivers: BTreeMap::new(),
        secrets: BTreeMap::new(),
        keeper: None,
    });
    world
}

/// A request with a credential, from a page of ours where it is a browser's.
pub async fn send(service: &TestApp, who: &Somebody, method: &str, path: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", HOST)
        .header("sec-fetch-site", "same-origin")
        .header(who.0, &who.1)
        .body(if body.is_null() { Body::empty() } else { Body::from(body.to_string()) });
    service.send(request.unwrap()).await
}

pub fn block(user: &str) -> Value {
    json!({"change": "block_user", "user": user})
}

/// What is wanted, called and reasoned so.
pub fn wanted(changes: &[Value], words: &str) -> Value {
    let evidence = json!([{"kind": "log", "id": "900"}]);
    let one = |change: &Value| json!({"change": change, "reason": words, "evidence": evidence});
    json!({"title": words, "wanted": changes.iter().map(one).collect::<Vec<_>>()})
}

fn act(id: &Value, act: &str) -> String {
    format!("{PATH}/{}/{act}", id.as_str().unwrap())
}

#[tokio::test]
async fn one_proposes_another_approves_and_it_is_carried_out_stopped_nowhere_and_undone() {
    let scene = Scene::start(json!({})).await;
    let mia = scene.person("mia", &[Role::Operator]).await;
    let noa = scene.person("noa", &[Role::Approver]).await;
    let head = scene.proposed(&mia, &[block("auth0|1")]).await;
    assert_eq!((&head["state"], &head["users"]), (&json!("proposed"), &json!(1)));
    let hash = json!({"hash": head["hash"]});
    let approved = scene.post(&noa, &act(&head["id"], "approve"), hash.clone()).await;
    assert_eq!((approved.status, &approved.json["state"]), (200, &json!("approved")));
    let again = scene.post(&noa, &act(&head["id"], "approve"), hash).await;
    check_problem(&again, 409, "plan.twice");
    scene.run().await;
    assert!(scene.is_blocked("auth0|1"));
    let shown = scene.show(&noa, head["id"].as_str().unwrap()).await;
    assert_eq!((&shown["plan"]["state"], &shown["approvals"]), (&json!("done"), &json!(1)), "counted once");
    let back = scene.post(&mia, &act(&head["id"], "undo"), json!({})).await;
    assert_eq!((back.status, &back.json["undoes"]), (200, &head["id"]), "{}", back.json);
    let hash = json!({"hash": back.json["hash"]});
    assert_eq!(scene.post(&noa, &act(&back.json["id"], "approve"), hash).await.status, 200);
    scene.run().await;
    assert!(!scene.is_blocked("auth0|1"));
    let undone = scene.show(&noa, head["id"].as_str().unwrap()).await["undone_by"].clone();
    let told = (&undone[0]["id"], &undone[0]["state"], &undone[0]["steps"], undone.as_array().map(Vec::len));
    assert_eq!(told, (&back.json["id"], &json!("done"), &json!(1), Some(1)), "{undone}");
    let page = scene.send(&noa, "GET", &format!("{PATH}?state=done"), &Value::Null).await.json;
    let kinds: Vec<_> = page["plans"].as_array().unwrap().iter().map(|plan| plan["kinds"].clone()).collect();
    assert!(kinds.len() == 2 && kinds.contains(&json!([{"kind": "block_user", "count": 1}])), "{kinds:?}");
}

#[tokio::test]
async fn nobody_approves_their_own_another_s_hash_or_with_less_than_a_sign_in() {
    let scene = Scene::start(json!({})).await;
    let mia = scene.person("mia", &[Role::Operator, Role::Approver]).await;
    let noa = scene.person("noa", &[Role::Approver]).await;
    let (one, other) =
        (scene.proposed(&mia, &[block("auth0|1")]).await, scene.proposed(&mia, &[block("auth0|2")]).await);
    let hash = |plan: &Value| json!({"hash": plan["hash"]});
    let approve = act(&one["id"], "approve");
    check_problem(&scene.post(&mia, &approve, hash(&one)).await, 409, "plan.own");
    check_problem(&scene.post(&noa, &approve, hash(&other)).await, 409, "plan.other_hash");
    check_problem(&scene.post(&noa, &approve, json!({"hash": "0"})).await, 409, "plan.other_hash");
    let local = Somebody("authorization", format!("Bearer {}", countersign_testkit::TOKEN));
    let link = scene.service.server.one_time_path().await.unwrap();
    let start = scene.service.browse("GET", &link, "").await;
    let link = Somebody("cookie", countersign_testkit::cookie_of(&start, "countersign_session"));
    for (who, what) in [(&local, "a token"), (&link, "a link")] {
        let refused = scene.post(who, &approve, hash(&one)).await;
        check_problem(&refused, 403, "denied");
        let said = refused.json["detail"].as_str().unwrap();
        assert!(said.contains("identity provider"), "{what}: {said}");
        check_problem(
            &scene.post(who, &act(&one["id"], "withdraw"), json!({})).await,
            403,
            "plan.not_a_person",
        );
    }
    for (body, code) in [
        (json!({"hash": one["hash"], "reason": " "}), "plan.no_reason"),
        (json!({"hash": one["hash"], "reason": "a\u{202e}b"}), "plan.no_reason"),
        (json!({"hash": one["hash"]}), "body.shape"),
    ] {
        check_problem(&scene.post(&noa, &act(&one["id"], "reject"), body).await, 422, code);
    }
    assert_eq!(scene.show(&noa, one["id"].as_str().unwrap()).await["approvals"], 0);
    scene.run().await;
    assert!(!scene.is_blocked("auth0|1"), "nothing of it counted");
}

#[tokio::test]
async fn what_a_token_proposes_is_its_maker_s_own() {
    let scene = Scene::start(json!({})).await;
    let at = Grant::new(Role::Administrator, Place::Installation).unwrap();
    scene.service.grant("noa", vec![at]).await;
    let noa = scene.person("noa", &[Role::Approver]).await;
    let pia = scene.person("pia", &[Role::Approver]).await;
    let made = scene.post(&noa, "/v1/access/accounts", json!({"name": "soar"})).await;
    assert_eq!(made.status, 201, "{}", made.json);
    let account = made.json["id"].as_str().unwrap();
    let local = Caller::local(How::Process);
    let permit = scene.service.app.permit_here(&local, Action::ChangeAccess).await.unwrap();
    let grant = Grant::new(Role::Operator, Place::Tenant(TENANT.parse().unwrap())).unwrap();
    scene.service.app.grant(&permit, &NewGrant { principal: account.to_owned(), grant }).await.unwrap();
    let path = format!("/v1/access/accounts/{account}/tokens");
    let token = scene.post(&noa, &path, json!({"scopes": ["propose_plans"], "days": 1})).await;
    assert_eq!(token.status, 201, "{}", token.json);
    let soar = Somebody("authorization", format!("Bearer {}", token.json["token"].as_str().unwrap()));
    let plan = scene.proposed(&soar, &[block("auth0|1")]).await;
    assert_eq!(plan["proposer"], account, "who asked is told");
    let hash = || json!({"hash": plan["hash"]});
    check_problem(&scene.post(&noa, &act(&plan["id"], "approve"), hash()).await, 409, "plan.own");
    let page = scene.page(&noa, &format!("/plans/{}?tenant={TENANT}", plan["id"].as_str().unwrap())).await;
    assert!(page.contains("You proposed it") && !page.contains("/approve\""), "{page}");
    assert_eq!(scene.post(&pia, &act(&plan["id"], "approve"), hash()).await.status, 200);
    // A token that nobody known made has nobody behind it.
    let days = NewToken { scopes: ["propose_plans".to_owned()].into(), days: 1 };
    let local_token = scene.service.app.make_account_token(&permit, account, &days).await.unwrap();
    let local_soar = Somebody("authorization", format!("Bearer {}", local_token.token.expose()));
    let other = scene.proposed(&local_soar, &[block("auth0|2")]).await;
    let body = json!({"hash": other["hash"]});
    assert_eq!(scene.post(&noa, &act(&other["id"], "approve"), body).await.status, 200);
}

#[tokio::test]
async fn of_an_approval_and_a_rejection_at_once_the_rejection_counts() {
    let scene = Scene::start(json!({"approvals": {"people": 2}})).await;
    let mia = scene.person("mia", &[Role::Operator]).await;
    let (noa, nia) =
        (scene.person("noa", &[Role::Approver]).await, scene.person("nia", &[Role::Approver]).await);
    let head = scene.proposed(&mia, &[block("auth0|1")]).await;
    let hash = json!({"hash": head["hash"]});
    let (path, reject) = (act(&head["id"], "approve"), act(&head["id"], "reject"));
    let reason = json!({"hash": head["hash"], "reason": "it was a drill"});
    let (one, other) =
        tokio::join!(scene.post(&noa, &path, hash.clone()), scene.post(&nia, &reject, reason.clone()));
    for answer in [&one, &other] {
        assert!(matches!(answer.status, 200 | 409), "{}: {}", answer.status, answer.json);
    }
    if other.status != 200 {
        assert_eq!(scene.post(&nia, &reject, reason).await.status, 200, "who came late does it again");
    }
    check_problem(&scene.post(&noa, &path, hash).await, 409, "plan.not_open");
    scene.run().await;
    assert!(!scene.is_blocked("auth0|1"));
}

#[tokio::test]
async fn a_late_approval_counts_for_nothing_and_an_old_sign_in_neither() {
    let scene = Scene::start(json!({})).await;
    let mia = scene.person("mia", &[Role::Operator]).await;
    scene.person("noa", &[Role::Approver]).await;
    let head = scene.proposed(&mia, &[block("auth0|1")]).await;
    scene.service.clock.advance(Duration::from_secs(86_401));
    let at = countersign_core::Clock::now(scene.service.clock.as_ref()).seconds();
    let old = Somebody("cookie", scene.service.session_of(&format!("noa~{}", at - 13 * 3_600)).await);
    let path = act(&head["id"], "approve");
    let hash = json!({"hash": head["hash"]});
    check_problem(&scene.post(&old, &path, hash.clone()).await, 403, "sign_in.stale");
    let form = format!("tenant={TENANT}&hash={}", head["hash"].as_str().unwrap());
    let page = scene.form(&old, &format!("/plans/{}/approve", head["id"].as_str().unwrap()), &form).await;
    let text = String::from_utf8(page.bytes).unwrap();
    assert!(page.status == 403 && text.contains("to=%2Fplans%2Fpln_"), "{text}");
    let young = Somebody("cookie", scene.service.session_of("noa").await);
    check_problem(&scene.post(&young, &path, hash).await, 409, "plan.late");
    scene.run().await;
    assert!(!scene.is_blocked("auth0|1"));
    assert_eq!(scene.show(&young, head["id"].as_str().unwrap()).await["plan"]["state"], "expired");
}

#[tokio::test]
async fn another_tenant_s_people_and_an_organization_s_see_and_do_nothing() {
    let scene = Scene::start(json!({})).await;
    let mia = scene.person("mia", &[Role::Operator]).await;
    let head = scene.proposed(&mia, &[block("auth0|1")]).await;
    let id = head["id"].as_str().unwrap();
    let at = |place: Place, role| vec![Grant::new(role, place).unwrap()];
    let elsewhere = Place::Tenant(OTHER_TENANT.parse().unwrap());
    scene.service.grant("eve", at(elsewhere, Role::Approver)).await;
    let eve = Somebody("cookie", scene.service.session_of("eve").await);
    let organization = Place::Organization(TENANT.parse().unwrap(), "org_a".parse().unwrap());
    scene.service.grant("tia", at(organization, Role::TenantAdmin)).await;
    let tia = Somebody("cookie", scene.service.session_of("tia").await);
    let hash = json!({"hash": head["hash"]});
    for path in [format!("{PATH}/{id}"), PATH.to_owned()] {
        check_problem(&scene.send(&eve, "GET", &path, &Value::Null).await, 404, "tenant.unknown");
        check_problem(&scene.send(&tia, "GET", &path, &Value::Null).await, 403, "denied");
    }
    check_problem(&scene.post(&eve, &act(&head["id"], "approve"), hash.clone()).await, 404, "tenant.unknown");
    check_problem(&scene.post(&tia, &act(&head["id"], "approve"), hash.clone()).await, 403, "denied");
    let there = format!("/v1/plans/{OTHER_TENANT}/{id}/approve");
    check_problem(&scene.post(&eve, &there, hash).await, 404, "not_found");
    check_problem(
        &scene
            .post(&eve, &format!("/v1/plans/{OTHER_TENANT}"), wanted(&[block("auth0|1")], "Anna called"))
            .await,
        403,
        "denied",
    );
    assert_eq!(scene.show(&mia, id).await["approvals"], 0);
}

#[tokio::test]
async fn whoever_approves_sees_all_of_what_is_sent_however_long_it_is() {
    let scene = Scene::start(json!({})).await;
    let mia = scene.person("mia", &[Role::Operator]).await;
    let noa = scene.person("noa", &[Role::Approver]).await;
    let mut keys: serde_json::Map<_, _> = (0..10).map(|n| (format!("harmless{n}"), json!(n))).collect();
    keys.insert("z_admin".to_owned(), json!({"is": true}));
    let change = json!({"change": "set_app_metadata", "user": "auth0|1", "keys": keys});
    let head = scene.proposed(&mia, &[change]).await;
    let id = head["id"].as_str().unwrap();
    let shown = scene.show(&noa, id).await;
    let step = &shown["steps"][0];
    assert!(step["sentence"]["text"].as_str().unwrap().ends_with("and 1 more."), "{step}");
    assert_eq!((&step["sends"]["method"], &step["sends"]["path"]), (&json!("PATCH"), &json!("/users/{id}")));
    assert!(step["sends"]["arguments"][0]["value"].as_str().unwrap().starts_with("\"als_"), "{step}");
    let body: Value = serde_json::from_str(step["sends"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["app_metadata"]["z_admin"], "[personal]");
    let page = scene.page(&noa, &format!("/plans/{id}?tenant={TENANT}")).await;
    assert!(page.contains("&quot;z_admin&quot;: &quot;[personal]&quot;"), "{page}");
    let open = json!({"fields": ["others"], "reason": "to approve it"});
    let opened = scene.post(&noa, &act(&head["id"], "reveal"), open).await.json;
    let body = opened["plan"]["steps"][0]["sends"]["body"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body, json!({"app_metadata": keys}));
}

#[tokio::test]
async fn a_plan_names_nobody_until_somebody_opens_it_with_a_reason() {
    let scene = Scene::start(json!({})).await;
    let mia = scene.person("mia", &[Role::Operator]).await;
    let noa = scene.person("noa", &[Role::Approver]).await;
    let changes = [
        block("auth0|1"),
        json!({"change": "set_user_metadata", "user": "auth0|2", "keys": {"nick": "Annie"}}),
        json!({"change": "add_members", "organization": {"id": "org_a"}, "users": ["auth0|3"]}),
    ];
    let head = scene.proposed(&mia, &changes).await;
    let id = head["id"].as_str().unwrap();
    let comment = json!({"text": "Anna again"});
    assert_eq!(scene.post(&noa, &act(&head["id"], "comments"), comment).await.status, 200);
    let secrets = ["auth0|", "Anna", "Annie"];
    let masked = scene.show(&noa, id).await;
    let text = masked.to_string() + &scene.page(&noa, &format!("/plans/{id}?tenant={TENANT}")).await;
    assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    assert!(masked["steps"][0]["sentence"]["text"].as_str().unwrap().contains("`als_"), "{masked}");
    assert_eq!((&masked["title"], &masked["proposed_by"]), (&json!("[free_text]"), &json!("Name of mia")));
    let open = |fields: &[&str], reason: &str| json!({"fields": fields, "reason": reason});
    let path = act(&head["id"], "reveal");
    for (fields, reason, code) in [
        (&["accounts"][..], "x", "reveal.reason"),
        (&["hash"], "to approve it", "reveal.fields"),
        (&["texts", "texts"], "to approve it", "reveal.fields"),
        (&[], "to approve it", "reveal.fields"),
    ] {
        check_problem(&scene.post(&noa, &path, open(fields, reason)).await, 422, code);
    }
    let opened = scene.post(&noa, &path, open(&["accounts", "others", "texts"], "to approve it")).await;
    assert_eq!(opened.status, 200, "{}", opened.json);
    assert!(opened.json["reveal"].as_str().unwrap().starts_with("rec_"));
    let plan = &opened.json["plan"];
    assert_eq!(plan["steps"][0]["sentence"]["text"], "Block the user `auth0|1`.");
    assert_eq!((&plan["title"], &plan["remarks"][0]["text"]), (&json!("Anna called"), &json!("Anna again")));
    assert!(plan.to_string().contains("Annie"));
    let viewer = scene.person("vi", &[Role::Viewer]).await;
    assert!(!scene.show(&viewer, id).await.to_string().contains("auth0|"));
    check_problem(&scene.post(&viewer, &path, open(&["accounts"], "to look")).await, 403, "denied");
    let form = format!("tenant={TENANT}&field=accounts&reason=to+approve");
    let page = scene.form(&noa, &format!("/plans/{id}/reveal"), &form).await;
    let page = String::from_utf8(page.bytes).unwrap();
    assert!(page.contains("auth0|1") && !page.contains("Anna"), "{page}");
}

#[tokio::test]
async fn what_can_t_be_planned_is_told_with_its_place() {
    let scene = Scene::start(json!({})).await;
    let mia = scene.person("mia", &[Role::Operator]).await;
    let nobody = scene.post(&mia, PATH, wanted(&[block("auth0|1"), block("auth0|9")], "Anna called")).await;
    check_problem(&nobody, 422, "plan.invalid");
    assert_eq!(nobody.json["errors"][0]["path"], "wanted[1].user", "{}", nobody.json);
    for (body, status, code) in [
        (json!({"title": "x", "wanted": [], "incident": "inc_0000000000000000"}), 404, "not_found"),
        (json!({"title": "x", "wanted": []}), 422, "plan.invalid"),
        (json!({"title": "", "wanted": [{"change": block("auth0|1"), "reason": "x"}]}), 422, "plan.invalid"),
        (
            json!({"title": "x", "wanted": [{"change": {"change": "delete_user"}, "reason": "x"}]}),
            422,
            "body.shape",
        ),
        (
            json!({"title": "x", "wanted": [{"change": block("auth0|1"), "reason": "x", "evidence": [{"kind": "vibe"}]}]}),
            422,
            "body.shape",
        ),
    ] {
        check_problem(&scene.post(&mia, PATH, body).await, status, code);
    }
    let many: Vec<Value> = (0..5_001).map(|_| block("auth0|1")).collect();
    check_problem(&scene.post(&mia, PATH, wanted(&many, "Anna called")).await, 422, "plan.invalid");
    let long = json!({"title": "x".repeat(5 * 1024 * 1024), "wanted": []});
    check_problem(&scene.post(&mia, PATH, long).await, 413, "body.too_large");
    let listed = scene.send(&mia, "GET", PATH, &Value::Null).await.json;
    assert_eq!(listed, json!({"plans": [], "next": null}));
    for query in ["state=open", "before=%27", "page=2", "overdue=maybe"] {
        check_problem(
            &scene.send(&mia, "GET", &format!("{PATH}?{query}"), &Value::Null).await,
            422,
            "query.shape",
        );
    }
    let other = format!("/v1/plans/{OTHER_TENANT}");
    let local = Somebody("authorization", format!("Bearer {}", countersign_testkit::TOKEN));
    check_problem(
        &scene.post(&local, &other, wanted(&[block("auth0|1")], "Anna called")).await,
        409,
        "plan.no_hands",
    );
}

#[tokio::test]
async fn a_plan_goes_from_hand_to_hand_and_the_inbox_shows_what_waits() {
    let scene = Scene::start(json!({})).await;
    let mia = scene.person("mia", &[Role::Operator, Role::Approver]).await;
    let noa = scene.person("noa", &[Role::Approver]).await;
    let head = scene.proposed(&mia, &[block("auth0|1")]).await;
    let later = scene
        .proposed(
            &mia,
            &[json!({"change": "add_members", "organization": {"id": "org_a"}, "users": ["auth0|3"]})],
        )
        .await;
    let hand = json!({"assignee": "noa", "audience": "customer_success", "priority": 3});
    let given = scene.post(&noa, &act(&later["id"], "assign"), hand).await;
    assert_eq!(
        (given.status, &given.json["assignee"], &given.json["priority"]),
        (200, &json!("noa"), &json!(3))
    );
    let path = act(&later["id"], "assign");
    for (body, code) in [
        (json!({"audience": "Two words"}), "review.invalid"),
        (json!({"priority": 4}), "review.invalid"),
        (json!({"assignee": " "}), "incident.invalid"),
        (json!({"priority": "high"}), "body.shape"),
    ] {
        check_problem(&scene.post(&noa, &path, body).await, 422, code);
    }
    let inbox = scene.page(&noa, &format!("/plans?tenant={TENANT}")).await;
    let waiting = inbox.split("All plans").next().unwrap();
    let place = |plan: &Value| waiting.find(plan["id"].as_str().unwrap()).expect("it waits for noa");
    assert!(place(&later) < place(&head), "what presses most comes first");
    let own = scene.page(&mia, &format!("/plans?tenant={TENANT}")).await;
    assert!(own.contains("Nothing: what is proposed is your own"), "one's own waits for others");
    let queue =
        scene.send(&noa, "GET", &format!("{PATH}?audience=customer_success"), &Value::Null).await.json;
    assert_eq!(queue["plans"].as_array().unwrap().len(), 1);
    assert_eq!(scene.post(&noa, &path, json!({"assignee": null})).await.json["assignee"], Value::Null);
    let form = format!("tenant={TENANT}&hash={}", head["hash"].as_str().unwrap());
    let approved = scene.form(&noa, &format!("/plans/{}/approve", head["id"].as_str().unwrap()), &form).await;
    assert_eq!(approved.status, 303);
    let stale = format!("tenant={TENANT}&hash={}", later["hash"].as_str().unwrap());
    let other = scene
        .form(&noa, &format!("/plans/{}/reject", head["id"].as_str().unwrap()), &(stale + "&reason=no"))
        .await;
    assert_eq!(other.status, 409, "a form of another plan counts for nothing");
    let foreign = Request::post(format!("/plans/{}/reject", head["id"].as_str().unwrap()))
        .header("host", HOST)
        .header("cookie", &noa.1)
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form + "&reason=no"))
        .unwrap();
    check_problem(&scene.service.send(foreign).await, 403, "origin.missing");
    assert_eq!(scene.show(&noa, head["id"].as_str().unwrap()).await["plan"]["state"], "approved");
}

#[tokio::test]
async fn a_run_is_stopped_goes_on_and_is_settled_only_where_it_halted() {
    let scene = Scene::start(json!({})).await;
    let mia = scene.person("mia", &[Role::Operator]).await;
    let noa = scene.person("noa", &[Role::Approver]).await;
    let head = scene.proposed(&mia, &[block("auth0|1")]).await;
    let path = |verb: &str| act(&head["id"], verb);
    for verb in ["stop", "resume"] {
        check_problem(&scene.post(&mia, &path(verb), json!({})).await, 409, "plan.misfit");
        check_problem(&scene.post(&noa, &path(verb), json!({})).await, 403, "denied");
    }
    check_problem(
        &scene.post(&mia, &path("settle"), json!({"step": 0, "is_done": true})).await,
        409,
        "plan.misfit",
    );
    check_problem(
        &scene.post(&mia, &path("settle"), json!({"step": 9, "is_done": true})).await,
        409,
        "plan.misfit",
    );
    check_problem(&scene.post(&mia, &path("undo"), json!({})).await, 409, "plan.misfit");
    check_problem(&scene.post(&mia, &path("undo"), json!({"steps": "all"})).await, 422, "body.shape");
    let hash = json!({"hash": head["hash"]});
    assert_eq!(scene.post(&noa, &path("approve"), hash).await.status, 200);
    // The world moves before it is begun, so that the run halts and a fresh plan is proposed.
    let users = |world: &mut World| {
        world.collections.get_mut("users").unwrap().retain(|user| user["user_id"] != "auth0|1");
    };
    users(&mut scene.world.lock());
    scene.run().await;
    let shown = scene.show(&mia, head["id"].as_str().unwrap()).await;
    assert_eq!((&shown["plan"]["state"], &shown["halt"]["step"]), (&json!("halted"), &json!(0)), "{shown}");
    let page = scene.page(&mia, &format!("/plans/{}?tenant={TENANT}", head["id"].as_str().unwrap())).await;
    assert!(page.contains("The run halted before step 1"), "{page}");
    assert_eq!(scene.post(&mia, &path("withdraw"), json!({})).await.status, 409, "it was begun");
}

#[tokio::test]
async fn an_incident_leads_to_a_plan_that_contains_its_account() {
    let scene = Scene::start(json!({})).await;
    let mia = scene.person("mia", &[Role::Operator, Role::Analyst]).await;
    let id = crate::incidents::found(&scene.service, "auth0|2", 0, countersign_detect::Severity::High).await;
    let page = scene.page(&mia, &format!("/incidents/{id}/contain?tenant={TENANT}")).await;
    assert!(!page.contains("auth0|2"), "{page}");
    let tag = page.split("name=\"account\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("/incidents/{id}/contain");
    let form = |account: &str, change: &str| {
        format!("tenant={TENANT}&account={account}&change={change}&reason=an+attack")
    };
    for (form, status) in [
        (form("ent_0000000000000000", "block_user"), 404),
        (form("auth0%7C2", "block_user"), 422),
        (form(tag, "delete_user"), 422),
        (format!("tenant={TENANT}&reason=x"), 422),
    ] {
        assert_eq!(scene.form(&mia, &path, &form).await.status, status, "{form}");
    }
    let proposed = scene.form(&mia, &path, &(form(tag, "revoke_access") + "&change=block_user")).await;
    assert_eq!(proposed.status, 303);
    let plan = proposed.headers["location"].to_str().unwrap().split(['/', '?']).nth(2).unwrap();
    let shown = scene.show(&mia, plan).await;
    assert_eq!((&shown["plan"]["incident"], &shown["steps"][0]["kind"]), (&json!(id), &json!("block_user")));
    assert_eq!(shown["because"][0]["evidence"][0], json!({"kind": "incident", "id": id}));
    assert_eq!(shown["plan"]["priority"], 1, "containment presses");
    let incident = scene.page(&mia, &format!("/incidents/{id}?tenant={TENANT}")).await;
    assert!(incident.contains(plan) && incident.contains("Contain…"));
}

#[tokio::test]
async fn harm_that_is_reported_lets_nothing_go_by_itself_until_it_is_closed() {
    let scene = Scene::start(json!({"autonomy": {"block_user": "auto"}})).await;
    let mia = scene.person("mia", &[Role::Operator]).await;
    let noa = scene.person("noa", &[Role::Approver]).await;
    let breaker = format!("/v1/breakers/{TENANT}");
    assert_eq!(scene.send(&noa, "GET", &breaker, &Value::Null).await.json, json!({"is_open": false}));
    assert_eq!(scene.proposed(&mia, &[block("auth0|1")]).await["is_by_policy"], true);
    assert_eq!(scene.post(&noa, &format!("{breaker}/harm"), json!({})).await.json, json!({"is_open": true}));
    assert_eq!(scene.proposed(&mia, &[block("auth0|2")]).await["state"], "proposed");
    check_problem(&scene.post(&noa, &format!("{breaker}/close"), json!({})).await, 403, "denied");
    assert!(scene.page(&mia, &format!("/plans?tenant={TENANT}")).await.contains("The breaker is open"));
    assert_eq!(scene.form(&mia, "/breaker/close", &format!("tenant={TENANT}")).await.status, 303);
    assert_eq!(scene.send(&noa, "GET", &breaker, &Value::Null).await.json, json!({"is_open": false}));
}
