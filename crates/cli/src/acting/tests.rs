//! A tenant at which nothing goes beyond `report`: plans are made to look at, and nothing that could write is asked for.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_app::{
    acts::{Asked as Asking, PlanHead},
    management::Lane,
    tenant::Port as _,
};
use countersign_auth0::{log, management::logs};
use countersign_core::{Clock, testing::HeldClock};
use countersign_plan::change::{Change, Order, Origin, Wanted};
use countersign_sandbox::tenant::{
    Options, Plan, Tenant as Sandbox,
    http::{Shell, router},
};
use countersign_testkit::{TENANT, TestApp};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};

use super::{give, reading_scopes};
use crate::{
    config,
    doctor::{self, Sources},
};

/// What was asked of the tenant: method and path, and the scopes of the token that was shown.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// What stands before the tenant.
#[derive(Clone, Default)]
struct Seen {
    asked: Asked,
    /// Paths whose next write is answered as if its token held no more.
    refused: Arc<Mutex<Vec<String>>>,
}

async fn note(State(seen): State<Seen>, request: Request, next: Next) -> Response {
    let shown = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let claims =
        shown.and_then(|token| token.split('.').nth(1)).map(|claims| URL_SAFE_NO_PAD.decode(claims).unwrap());
    let claims: Value = claims.map(|claims| serde_json::from_slice(&claims).unwrap()).unwrap_or_default();
    let scopes = claims["scope"].as_str().unwrap_or_default().to_owned();
    let path = request.uri().path().to_owned();
    seen.asked.lock().push((format!("{} {path}", request.method()), scopes));
    let refused = {
        let mut refused = seen.refused.lock();
        let place = refused.iter().position(|refused| request.method() != "GET" && *refused == path);
        place.map(|place| refused.swap_remove(place))
    };
    match refused {
        Some(_) => {
            (StatusCode::UNAUTHORIZED, r#"{"statusCode":401,"message":"Expired token"}"#).into_response()
        }
        None => next.run(request).await,
    }
}

/// A service and a sandbox tenant, whose client `admin` may do everything.
struct Pair {
    service: TestApp,
    sources: Sources,
    seen: Seen,
    _folder: TempDir,
    _listening: JoinSet<()>,
}

impl Pair {
    /// The tenant's section `acting` is what stands in `acting`; `is_writing`: by the client `admin`.
    async fn start(acting: &str, is_writing: bool) -> Self {
        let service = TestApp::start(|_| {}).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let options = Options {
            name: "acme".to_owned(),
            base_url: base.clone(),
            plan: Plan::Unlimited,
            seed: 7,
            client_id: "admin".to_owned(),
            client_secret: "sesame".to_owned(),
        };
        let clock: Arc<dyn Clock> = Arc::<HeldClock>::clone(&service.clock);
        let shell = Shell::new(Sandbox::new(options).unwrap(), Arc::clone(&clock), "http");
        let seen = Seen::default();
        let app = router(shell).layer(from_fn_with_state(seen.clone(), note));
        let mut listening = JoinSet::new();
        listening.spawn(async move { axum::serve(listener, app).await.unwrap() });
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "sesame").unwrap();
        let secret = secret.display();
        let text = format!(
            "[tenants.{TENANT}.management]\ndomain = \"{base}\"\nclient_id = \"admin\"\nclient_secret = \"file:{secret}\"\n\
             plan = \"unlimited\"\n{}",
            acting.replace("SECRET", &format!("file:{secret}"))
        );
        let mut config = config::parse(&text, vec![]).unwrap();
        for tenant in config.tenants.values_mut().filter(|_| is_writing) {
            // Why after the configuration was read: two clients are asked for there, and this tenant has one.
            tenant.acting.as_mut().unwrap().client_id = Some("admin".to_owned());
        }
        let sources = doctor::sources(&config, &clock).unwrap();
        give(&config, &service.app, folder.path(), &clock, &sources).unwrap();
        Self { service, sources, seen, _folder: folder, _listening: listening }
    }

    /// A plan that makes an organization of this name.
    async fn propose(&self, name: &str) -> PlanHead {
        let create = json!({"change": "create_organization", "name": name, "display_name": "New"});
        let order = Order {
            tenant: TENANT.parse().unwrap(),
            title: "a title".to_owned(),
            origin: Origin::Workflow { workflow: "w".to_owned(), person: None },
            wanted: vec![Wanted {
                change: serde_json::from_value::<Change>(create).unwrap(),
                reason: "because".to_owned(),
                evidence: Vec::new(),
            }],
        };
        let asked = Asking { order, by: "w", incident: None, asks_people: false, audience: None };
        self.service.app.propose_order(&self.service.tenant(), asked).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_goes_beyond_a_report_nothing_is_written_and_no_token_could() {
    let text = format!("[tenants.{TENANT}.acting.tenant]\nall_at_most = \"report\"\n");
    let pair = Pair::start(&text, false).await;
    let plan = pair.propose("new").await;
    assert_eq!((plan.state.as_str(), plan.steps), ("reported", 1));
    let ran = pair.service.app.run_plans(&pair.service.tenant()).await.unwrap();
    assert_eq!((ran.ended, ran.waiting), (0, 0));
    let seen = pair.seen.asked.lock().clone();
    let calls: Vec<_> = seen.iter().filter(|(call, _)| !call.ends_with("/oauth/token")).collect();
    assert!(!calls.is_empty());
    for (call, scopes) in calls {
        assert!(call.starts_with("GET "), "{call}");
        assert!(!scopes.is_empty() && scopes.split(' ').all(|scope| scope.starts_with("read:")), "{scopes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_token_was_refused_first_is_led_back_from_the_tenant_s_log_to_its_plan() {
    let text = format!(
        "[tenants.{TENANT}.acting]\nclient_id = \"writes\"\nclient_secret = \"SECRET\"\n\
         [tenants.{TENANT}.acting.tenant]\nautonomy = {{ create_organization = \"auto\" }}\n"
    );
    let pair = Pair::start(&text, true).await;
    let (app, tenant) = (&pair.service.app, pair.service.tenant());
    pair.seen.refused.lock().push("/api/v2/organizations".to_owned());
    let plan = pair.propose("new").await;
    assert_eq!(plan.state, "approved");
    assert_eq!(app.run_plans(&tenant).await.unwrap().ended, 1);
    assert_eq!(app.plan(&tenant, &plan.id).await.unwrap().plan.state, "done");
    let made = |(call, _): &&(String, String)| call == "POST /api/v2/organizations";
    assert_eq!(pair.seen.asked.lock().iter().filter(made).count(), 2);
    let reading = pair.sources.get(tenant.id()).unwrap();
    let reply = reading.api().fetch(logs::oldest().any(), Lane::Interactive).await.unwrap();
    let text = String::from_utf8(reply.body).unwrap();
    let logs: Vec<Value> = serde_json::from_str(&text).unwrap();
    app.take_logs(&tenant, log::entries(&text).unwrap()).await.unwrap();
    let mut led = Vec::new();
    for entry in &logs {
        let log_id = entry["log_id"].as_str().unwrap();
        led.extend(app.plan_of_log(&tenant, log_id).await.unwrap());
    }
    assert_eq!(
        led.iter().map(|found| (&found.plan, found.step)).collect::<Vec<_>>(),
        [(&plan.id, 0)],
        "{logs:?}"
    );
}

#[test]
fn no_scope_that_writes_is_asked_for_where_nothing_is_written() {
    let scopes = reading_scopes();
    assert!(scopes.contains("read:users") && scopes.contains("read:organizations"), "{scopes:?}");
    assert!(scopes.iter().all(|scope| scope.starts_with("read:")), "{scopes:?}");
}
