//! Each disturbance of a sandbox tenant is found at the next look, and gone when it was undone.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use countersign_app::Tenant as OurTenant;
use countersign_core::{Clock, Timestamp, testing::HeldClock};
use countersign_sandbox::tenant::{
    Call, Method, Options, Plan, Tenant, TokenRequest,
    http::{Shell, router},
};
use countersign_testkit::{TENANT, TestApp, post_login};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{Doctor, source};
use crate::{commands::tenant::built_in, config::Config};

const SCOPES: [&str; 6] =
    ["read:actions", "read:log_streams", "read:logs", "read:client_grants", "read:hooks", "read:rules"];

/// Time enough for a build.
const BUILD: Duration = Duration::from_secs(2);

/// What the sandbox does not do by itself: answers of parts that it lacks, and another clock.
#[derive(Clone, Default)]
struct Whims {
    answers: Arc<Mutex<BTreeMap<String, Value>>>,
    skew_seconds: Arc<AtomicI64>,
}

/// Answers by a whim, or as the sandbox does; the date is that of the held clock.
async fn by_whim(
    State((whims, clock)): State<(Whims, Arc<HeldClock>)>,
    uri: Uri,
    request: Request,
    next: Next,
) -> Response {
    let whim = whims.answers.lock().get(uri.path()).cloned();
    let mut response = match whim {
        Some(answer) => ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response(),
        None => next.run(request).await,
    };
    let seconds = clock.now().seconds() + whims.skew_seconds.load(Ordering::Relaxed);
    let date = http_date(seconds);
    response.headers_mut().insert(header::DATE, HeaderValue::from_str(&date).unwrap());
    response
}

/// A date as HTTP has it (RFC 9110, section 5.6.7), within 2026.
fn http_date(seconds: i64) -> String {
    let text = Timestamp::from_seconds(seconds).to_string();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let month: usize = text[5..7].parse().unwrap();
    let day = usize::try_from(seconds.div_euclid(86_400) % 7).unwrap();
    format!("{}, {} {} {} {} GMT", days[day], &text[8..10], months[month - 1], &text[..4], &text[11..19])
}

/// A sandbox tenant with our Action and stream in it, and a service that looks at it.
struct Scene {
    service: TestApp,
    tenant: Arc<OurTenant>,
    doctor: Doctor,
    shell: Shell,
    base: String,
    whims: Whims,
    ids: BTreeMap<&'static str, String>,
    _listening: JoinSet<()>,
}

impl Scene {
    async fn start() -> Self {
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
        let shell = Shell::new(Tenant::new(options).unwrap(), clock, "http");
        let whims = Whims::default();
        let state = (whims.clone(), Arc::clone(&service.clock));
        let app = router(shell.clone()).layer(middleware::from_fn_with_state(state, by_whim));
        let mut listening = JoinSet::new();
        listening.spawn(async move { axum::serve(listener, app).await.unwrap() });
        let mut ids = BTreeMap::new();
        furnish(&shell, &service.clock, &base, &mut ids);
        let tenant = service.tenant();
        let doctor = doctor(&service, &base, &ids);
        Self { tenant, service, doctor, shell, base, whims, ids, _listening: listening }
    }

    fn call(&self, method: Method, path: &str, body: Value) -> Value {
        call(&self.shell, &self.base, self.service.clock.now(), method, path, body)
    }

    /// A path that ends with an id.
    fn path(&self, of: &str, what: &'static str) -> String {
        format!("{of}/{}", self.ids[what])
    }

    async fn codes(&self) -> Vec<&'static str> {
        self.doctor.look(&self.tenant).await.unwrap();
        let state = self.service.app.findings(&self.tenant);
        state.findings.iter().map(|standing| standing.finding.code).collect()
    }

    /// Disturbs, looks, mends and looks again.
    async fn finds(&self, code: &str, disturb: impl FnOnce(&Self), mend: impl FnOnce(&Self)) {
        disturb(self);
        let found = self.codes().await;
        assert!(found.contains(&code), "{code} is not among {found:?}");
        mend(self);
        assert_eq!(self.codes().await, [""; 0], "after {code} was mended");
    }

    fn bind(&self, actions: &[&'static str]) {
        let bindings: Vec<Value> = actions
            .iter()
            .map(|name| json!({"ref": {"type": "action_id", "value": self.ids[name]}, "display_name": name}))
            .collect();
        self.call(Method::Patch, "/actions/triggers/post-login/bindings", json!({"bindings": bindings}));
    }

    fn deploy(&self, code: &str) {
        let path = self.path("/actions/actions", "ours");
        self.call(Method::Patch, &path, json!({"code": code}));
        self.service.clock.advance(BUILD);
        self.call(Method::Post, &format!("{path}/deploy"), Value::Null);
    }
}

fn call(shell: &Shell, base: &str, now: Timestamp, method: Method, path: &str, body: Value) -> Value {
    let tenant = shell.tenant();
    let mut tenant = tenant.lock();
    let parameters = [
        ("grant_type", "client_credentials"),
        ("client_id", "admin"),
        ("client_secret", "sesame"),
        ("audience", &format!("{base}/api/v2/")),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let token = tenant.token(&TokenRequest { parameters: parameters.into(), base_url: base.to_owned() }, now);
    let bearer = token.json()["access_token"].as_str().unwrap().to_owned();
    let mut call = Call::new(method, base, path).with_bearer(&bearer);
    if !body.is_null() {
        call = call.with_json(body);
    }
    let reply = tenant.call(&call, now);
    assert!(reply.status < 300, "{path}: {}", reply.json());
    reply.json().clone()
}

/// Puts our Action, another's, our stream and our client into a tenant.
fn furnish(shell: &Shell, clock: &HeldClock, base: &str, ids: &mut BTreeMap<&'static str, String>) {
    let send = |method, path: &str, body| call(shell, base, clock.now(), method, path, body);
    let id = |answer: &Value, name: &str| answer[name].as_str().unwrap().to_owned();
    let secret = |name: &str| json!({"name": name, "value": "v"});
    for (what, name, code) in [
        ("ours", "Countersign post-login", built_in(countersign_core::Trigger::PostLogin)),
        ("foreign", "Other", "exports.onExecutePostLogin = async () => {};"),
    ] {
        let body = json!({"name": name, "code": code, "runtime": "node22",
            "supported_triggers": [{"id": "post-login", "version": "v3"}],
            "secrets": [secret("COUNTERSIGN_URL"), secret("COUNTERSIGN_KEY")]});
        let made = send(Method::Post, "/actions/actions", body);
        ids.insert(what, id(&made, "id"));
        clock.advance(BUILD);
        send(Method::Post, &format!("/actions/actions/{}/deploy", ids[what]), Value::Null);
    }
    let slot = |what: &str| json!({"ref": {"type": "action_id", "value": ids[what]}, "display_name": what});
    let bindings = json!({"bindings": [slot("ours"), slot("foreign")]});
    send(Method::Patch, "/actions/triggers/post-login/bindings", bindings);
    let stream = json!({"name": "Countersign logs", "type": "http",
        "sink": {"httpEndpoint": "https://cs.example.com/v1/logs/acme", "httpContentFormat": "JSONLINES"}});
    let stream = id(&send(Method::Post, "/log-streams", stream), "id");
    let client = json!({"name": "Countersign service", "app_type": "non_interactive",
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post"});
    let client = send(Method::Post, "/clients", client);
    let grant =
        json!({"client_id": client["client_id"], "audience": format!("{base}/api/v2/"), "scope": SCOPES});
    let grant = id(&send(Method::Post, "/client-grants", grant), "id");
    ids.extend([("stream", stream), ("grant", grant)]);
    ids.extend([("client", id(&client, "client_id")), ("secret", id(&client, "client_secret"))]);
}

fn doctor(service: &TestApp, base: &str, ids: &BTreeMap<&'static str, String>) -> Doctor {
    let folder = service.folder().display().to_string();
    std::fs::write(service.folder().join("reader-secret"), &ids["secret"]).unwrap();
    let text = format!(
        "[storage]\ndirectory = {folder:?}\n[tenants.{TENANT}.management]\ndomain = {:?}\nclient_id = {:?}\n\
         client_secret = \"file:{folder}/reader-secret\"\nplan = \"unlimited\"\ntriggers = [\"post-login\"]\nplace = \"first\"\n\
         capabilities = {{ decide = \"report\", ingest = \"report\" }}\nlogs_url = \"https://cs.example.com/v1/logs/acme\"\n",
        base, ids["client"],
    );
    let path = service.folder().join("countersign.toml");
    std::fs::write(&path, text).unwrap();
    let config: Config = crate::config::load(Some(&path)).unwrap();
    let clock: Arc<dyn Clock> = Arc::<HeldClock>::clone(&service.clock);
    let section = config.tenants[service.tenant().id()].management.clone().unwrap();
    let found = source(&section, &clock).unwrap().unwrap();
    Doctor {
        config: Arc::new(config),
        app: Arc::clone(&service.app),
        sources: [(service.tenant().id().clone(), found)].into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_our_actions_is_found() {
    let scene = Scene::start().await;
    assert_eq!(scene.codes().await, [""; 0], "as it was set up");
    scene
        .finds("action.unbound", |scene| scene.bind(&["foreign"]), |scene| scene.bind(&["ours", "foreign"]))
        .await;
    let reorder = |scene: &Scene| scene.bind(&["foreign", "ours"]);
    scene.finds("action.reordered", reorder, |scene| scene.bind(&["ours", "foreign"])).await;
    let code = built_in(countersign_core::Trigger::PostLogin);
    let edited =
        code.replace("exports.onExecutePostLogin", "exports.onExecutePostLogin = undefined; exports.other");
    scene.finds("action.edited", |scene| scene.deploy(&edited), |scene| scene.deploy(code)).await;
    let replaced = "exports.onExecutePostLogin = async () => {};";
    scene.finds("action.missing", |scene| scene.deploy(replaced), |scene| scene.deploy(code)).await;
    let path = scene.path("/actions/actions", "ours");
    let draft = |scene: &Scene| {
        scene.call(Method::Patch, &path, json!({"code": format!("{code}// more\n")}));
        scene.service.clock.advance(BUILD);
    };
    scene.finds("action.undeployed", draft, |scene| scene.deploy(code)).await;
    let other = code.replace("default: 'allow'", "default: 'challenge'");
    scene.finds("action.fallback", |scene| scene.deploy(&other), |scene| scene.deploy(code)).await;
    let age = |scene: &Scene| scene.service.clock.advance(Duration::from_secs(181 * 86_400));
    let renew = |scene: &Scene| {
        // Why: what the log had half a year ago would be missed by now.
        let date = scene.service.clock.now();
        let entry = countersign_auth0::log::Entry { log_id: "1".to_owned(), kind: "sapi".to_owned(), date };
        scene.service.app.take_logs(&scene.tenant, vec![Ok(entry)]);
        let secrets = ["COUNTERSIGN_URL", "COUNTERSIGN_KEY"].map(|name| json!({"name": name, "value": "w"}));
        scene.call(Method::Patch, &path, json!({"secrets": secrets}));
        scene.service.clock.advance(BUILD);
        scene.call(Method::Post, &format!("{path}/deploy"), Value::Null);
    };
    scene.finds("secret.old", age, renew).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_our_stream_and_client_is_found() {
    let scene = Scene::start().await;
    let path = scene.path("/log-streams", "stream");
    let set = |status: &'static str| {
        let path = path.clone();
        move |scene: &Scene| drop(scene.call(Method::Patch, &path, json!({"status": status})))
    };
    scene.finds("log_stream.paused", set("paused"), set("active")).await;
    let sink = |to: &'static str| {
        let path = path.clone();
        move |scene: &Scene| {
            let sink = json!({"httpEndpoint": to, "httpContentFormat": "JSONLINES"});
            scene.call(Method::Patch, &path, json!({"sink": sink}));
        }
    };
    let ours = "https://cs.example.com/v1/logs/acme";
    scene.finds("log_stream.altered", sink("https://elsewhere.example/"), sink(ours)).await;
    let grant = scene.path("/client-grants", "grant");
    let to = |scopes: Vec<&'static str>| {
        let grant = grant.clone();
        move |scene: &Scene| drop(scene.call(Method::Patch, &grant, json!({"scope": scopes})))
    };
    let few: Vec<&str> = SCOPES.into_iter().filter(|scope| *scope != "read:log_streams").collect();
    scene.finds("scope.missing", to(few), to(SCOPES.to_vec())).await;
    let many: Vec<&str> = SCOPES.into_iter().chain(["update:users"]).collect();
    scene.finds("scope.unused", to(many), to(SCOPES.to_vec())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_rules_guardian_protection_and_the_clock_are_looked_at() {
    let scene = Scene::start().await;
    let hook = json!({"name": "h", "script": "module.exports = 1;", "triggerId": "credentials-exchange", "enabled": true});
    let made = Mutex::new(String::new());
    let add = |scene: &Scene| {
        *made.lock() = scene.call(Method::Post, "/hooks", hook)["id"].as_str().unwrap().to_owned();
    };
    let take =
        |scene: &Scene| drop(scene.call(Method::Delete, &format!("/hooks/{}", made.lock()), Value::Null));
    scene.finds("hook.leftover", add, take).await;
    let rule = json!({"name": "r", "script": "function (user, context, callback) {}", "enabled": true});
    let add = |scene: &Scene| {
        *made.lock() = scene.call(Method::Post, "/rules", rule)["id"].as_str().unwrap().to_owned();
    };
    let take =
        |scene: &Scene| drop(scene.call(Method::Delete, &format!("/rules/{}", made.lock()), Value::Null));
    scene.finds("rule.leftover", add, take).await;
    let answer = |path: &'static str, answer: Option<Value>| {
        move |scene: &Scene| {
            let mut answers = scene.whims.answers.lock();
            answers.remove(path);
            answers.extend(answer.map(|answer| (path.to_owned(), answer)));
        }
    };
    for path in ["suspicious-ip-throttling", "breached-password-detection", "brute-force-protection"] {
        scene
            .whims
            .answers
            .lock()
            .insert(format!("/api/v2/attack-protection/{path}"), json!({"enabled": true}));
    }
    let brute_force = "/api/v2/attack-protection/brute-force-protection";
    let (off, on) = (json!({"enabled": false}), json!({"enabled": true}));
    scene.finds("protection.off", answer(brute_force, Some(off)), answer(brute_force, Some(on))).await;
    let skew = |seconds: i64| move |scene: &Scene| scene.whims.skew_seconds.store(seconds, Ordering::Relaxed);
    scene.finds("clock.skew", skew(30), skew(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_policy_at_odds_with_ours_is_found() {
    let scene = Scene::start().await;
    let mut document = scene.tenant.policy().document().clone();
    document.fallback = countersign_policy::Fallback::Challenge;
    let verdicts =
        countersign_policy::Verdicts { low: countersign_core::Verdict::SkipMfa, ..Default::default() };
    document.tenant.verdicts = Some(verdicts);
    let snapshot = countersign_policy::Snapshot::new(document).unwrap();
    let version = scene.tenant.policy_version();
    scene.service.app.apply_policy(&scene.tenant, snapshot, version).await.unwrap();
    scene.deploy(
        &built_in(countersign_core::Trigger::PostLogin).replace("default: 'allow'", "default: 'challenge'"),
    );
    let set = |policies: Value, is_enabled: bool| {
        move |scene: &Scene| {
            let mut answers = scene.whims.answers.lock();
            answers.insert("/api/v2/guardian/policies".to_owned(), policies);
            let factors = json!([{"name": "otp", "enabled": is_enabled}]);
            answers.insert("/api/v2/guardian/factors".to_owned(), factors);
        }
    };
    let always = || json!(["all-applications"]);
    set(always(), true)(&scene);
    let grant = scene.path("/client-grants", "grant");
    let scopes: Vec<&str> =
        SCOPES.into_iter().chain(["read:mfa_policies", "read:guardian_factors"]).collect();
    scene.call(Method::Patch, &grant, json!({"scope": scopes}));
    scene.finds("guardian.unguarded", set(json!([]), true), set(always(), true)).await;
    scene.finds("guardian.no_factor", set(always(), false), set(always(), true)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_and_sign_ins_that_we_were_not_asked_about_are_found() {
    let scene = Scene::start().await;
    assert_eq!(scene.codes().await, [""; 0]);
    let advance = |seconds| scene.service.clock.advance(Duration::from_secs(seconds));
    advance(10);
    // What is written at the tenant is in its log.
    scene.bind(&["ours", "foreign"]);
    advance(30);
    assert_eq!(scene.codes().await, [""; 0], "it may be on its way");
    advance(31);
    assert_eq!(scene.codes().await, ["log_stream.silent"]);
    let at = scene.service.clock.now();
    let entry = countersign_auth0::log::Entry { log_id: "1".to_owned(), kind: "sapi".to_owned(), date: at };
    scene.service.app.take_logs(&scene.tenant, vec![Ok(entry)]);
    assert_eq!(scene.codes().await, [""; 0]);

    let login = json!([{"log_id": "9", "type": "s", "date": at.to_string()}]);
    scene.whims.answers.lock().insert("/api/v2/logs".to_owned(), login);
    assert_eq!(scene.codes().await, [""; 0], "its decision may be on its way");
    advance(61);
    assert_eq!(scene.codes().await, ["login.undecided"]);
    let decided = json!([{"log_id": "9", "type": "s", "date": scene.service.clock.now().to_string()}]);
    assert_eq!(scene.service.decide(&post_login()).await.status, 200);
    scene.whims.answers.lock().insert("/api/v2/logs".to_owned(), decided);
    advance(61);
    let entry = countersign_auth0::log::Entry {
        log_id: "2".to_owned(),
        kind: "s".to_owned(),
        date: scene.service.clock.now(),
    };
    scene.service.app.take_logs(&scene.tenant, vec![Ok(entry)]);
    assert_eq!(scene.codes().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_finding_is_a_leaf_when_it_appears_and_when_it_is_gone() {
    let scene = Scene::start().await;
    scene
        .finds("action.unbound", |scene| scene.bind(&["foreign"]), |scene| scene.bind(&["ours", "foreign"]))
        .await;
    scene
        .finds("action.unbound", |scene| scene.bind(&["foreign"]), |scene| scene.bind(&["ours", "foreign"]))
        .await;
    let connection = rusqlite::Connection::open(scene.service.folder().join("countersign.db")).unwrap();
    let mut statement = connection.prepare("SELECT leaf FROM records ORDER BY place").unwrap();
    let leaves = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let told: Vec<String> = leaves
        .map(|leaf| serde_json::from_slice::<Value>(&leaf.unwrap()).unwrap())
        .filter(|leaf| leaf["facts"]["code"] == "action.unbound")
        .map(|leaf| {
            format!("{} {}", leaf["kind"].as_str().unwrap(), leaf["facts"]["change"].as_str().unwrap())
        })
        .collect();
    let (raised, cleared) = ("administration finding_raised", "administration finding_cleared");
    assert_eq!(told, [raised, cleared, raised, cleared]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_without_an_answer_clears_nothing_and_is_told() {
    let scene = Scene::start().await;
    scene.bind(&["foreign"]);
    assert_eq!(scene.codes().await, ["action.unbound"]);
    let answers = Arc::clone(&scene.whims.answers);
    answers.lock().insert("/api/v2/actions/actions".to_owned(), json!("nonsense"));
    let codes = scene.codes().await;
    assert!(codes.contains(&"action.unbound") && codes.contains(&"tenant.unread"), "{codes:?}");
    answers.lock().clear();
    scene.bind(&["ours", "foreign"]);
    assert_eq!(scene.codes().await, [""; 0]);
}
