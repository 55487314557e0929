//! A tenant at which nothing goes beyond `report`: plans are made to look at, and nothing that could write is asked for.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_app::acts::Asked;
use countersign_core::{Clock, testing::HeldClock};
use countersign_plan::change::{Change, Order, Origin, Wanted};
use countersign_sandbox::tenant::{
    Options, Plan, Tenant as Sandbox,
    http::{Shell, router},
};
use countersign_testkit::{TENANT, TestApp};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{give, reading_scopes};
use crate::{config, doctor};

/// What was asked of the tenant: method and path, and the scopes of the token that was shown.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

async fn note(State(seen): State<Seen>, request: Request, next: Next) -> Response {
    let shown = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let claims =
        shown.and_then(|token| token.split('.').nth(1)).map(|claims| URL_SAFE_NO_PAD.decode(claims).unwrap());
    let claims: Value = claims.map(|claims| serde_json::from_slice(&claims).unwrap()).unwrap_or_default();
    let scopes = claims["scope"].as_str().unwrap_or_default().to_owned();
    seen.lock().push((format!("{} {}", request.method(), request.uri().path()), scopes));
    next.run(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_goes_beyond_a_report_nothing_is_written_and_no_token_could() {
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
    let app = router(shell).layer(from_fn_with_state(Arc::clone(&seen), note));
    let mut listening = JoinSet::new();
    listening.spawn(async move { axum::serve(listener, app).await.unwrap() });
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "sesame").unwrap();
    let text = format!(
        "[tenants.{TENANT}.management]\ndomain = \"{base}\"\nclient_id = \"admin\"\nclient_secret = \"file:{}\"\n\
         plan = \"unlimited\"\n[tenants.{TENANT}.acting.tenant]\nall_at_most = \"report\"\n",
        secret.display()
    );
    let config = config::parse(&text, vec![]).unwrap();
    let sources = doctor::sources(&config, &clock).unwrap();
    give(&config, &service.app, folder.path(), &clock, &sources).unwrap();
    let tenant = service.tenant();
    let create = json!({"change": "create_organization", "name": "new", "display_name": "New"});
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
    let asked = Asked { order, by: "w", incident: None, asks_people: false, audience: None };
    let plan = service.app.propose_order(&tenant, asked).await.unwrap();
    assert_eq!((plan.state.as_str(), plan.steps), ("reported", 1));
    let ran = service.app.run_plans(&tenant).await.unwrap();
    assert_eq!((ran.ended, ran.waiting), (0, 0));
    let seen = seen.lock().clone();
    let calls: Vec<_> = seen.iter().filter(|(call, _)| !call.ends_with("/oauth/token")).collect();
    assert!(!calls.is_empty());
    for (call, scopes) in calls {
        assert!(call.starts_with("GET "), "{call}");
        assert!(!scopes.is_empty() && scopes.split(' ').all(|scope| scope.starts_with("read:")), "{scopes}");
    }
}

#[test]
fn no_scope_that_writes_is_asked_for_where_nothing_is_written() {
    let scopes = reading_scopes();
    assert!(scopes.contains("read:users") && scopes.contains("read:organizations"), "{scopes:?}");
    assert!(scopes.iter().all(|scope| scope.starts_with("read:")), "{scopes:?}");
}
