//! A sandbox tenant with our Action and stream in it, and a service over a held clock that looks at it.

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
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
use countersign_plan::install;
use countersign_sandbox::tenant::{
    Call, Method, Options, Plan, Tenant, TokenRequest,
    http::{Shell, router},
};
use countersign_testkit::{TENANT, TestApp};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{Doctor, source};
use crate::{commands::tenant::built_in, config::Config};

/// What everything that is looked at is read with.
pub const SCOPES: [&str; 10] = [
    "read:actions",
    "read:log_streams",
    "read:event_streams",
    "read:logs",
    "read:client_grants",
    "read:hooks",
    "read:rules",
    "read:mfa_policies",
    "read:guardian_factors",
    "read:attack_protection",
];

/// Where attack protection is read.
const SHIELDS: [&str; 3] =
    ["suspicious-ip-throttling", "breached-password-detection", "brute-force-protection"];

/// Time enough for a build.
pub const BUILD: Duration = Duration::from_secs(2);

/// What the sandbox is not asked for: settings that a test sets by a word, and the clock.
#[derive(Clone, Default)]
pub struct Whims {
    pub answers: Arc<Mutex<BTreeMap<String, Value>>>,
    /// Paths that are refused with a status.
    pub refused: Arc<Mutex<BTreeMap<String, u16>>>,
    /// Paths whose answers tell how large a limit is, and how much of it is left.
    pub limits: Arc<Mutex<BTreeMap<String, (u32, u32)>>>,
    pub skew_seconds: Arc<AtomicI64>,
}

impl Whims {
    pub fn set(&self, path: &str, answer: Value) {
        self.answers.lock().insert(path.to_owned(), answer);
    }
}

/// The part of a list that a query by offset names.
fn page(answer: Value, uri: &Uri) -> Value {
    let number = |name: &str| {
        let parts = uri.query().unwrap_or_default().split('&').filter_map(|part| part.split_once('='));
        parts.filter(|(known, _)| *known == name).find_map(|(_, value)| value.parse::<usize>().ok())
    };
    match (answer, number("page"), number("per_page")) {
        (Value::Array(items), Some(page), Some(size)) => {
            items.into_iter().skip(page * size).take(size).collect()
        }
        (answer, ..) => answer,
    }
}

/// Answers by a whim, or as the sandbox does; the date is that of the held clock.
async fn by_whim(
    State((whims, clock)): State<(Whims, Arc<HeldClock>)>,
    uri: Uri,
    request: Request,
    next: Next,
) -> Response {
    let whim = whims.answers.lock().get(uri.path()).cloned();
    let refused = whims.refused.lock().get(uri.path()).copied();
    let limit = whims.limits.lock().get(uri.path()).copied();
    let mut response = match whim.map(|answer| page(answer, &uri)) {
        _ if refused.is_some() => {
            let status = refused.unwrap_or_default();
            let body = json!({"statusCode": status, "error": "Refused", "message": "no"}).to_string();
            let status = axum::http::StatusCode::from_u16(status).unwrap();
            (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Some(answer) => ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response(),
        None => next.run(request).await,
    };
    let seconds = clock.now().seconds() + whims.skew_seconds.load(Ordering::Relaxed);
    let date = http_date(seconds);
    response.headers_mut().insert(header::DATE, HeaderValue::from_str(&date).unwrap());
    if let Some((size, left)) = limit {
        response.headers_mut().insert("x-ratelimit-limit", size.into());
        response.headers_mut().insert("x-ratelimit-remaining", left.into());
    }
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
pub struct Scene {
    pub service: TestApp,
    pub tenant: Arc<OurTenant>,
    doctor: Doctor,
    shell: Shell,
    base: String,
    pub whims: Whims,
    ids: BTreeMap<&'static str, String>,
    _listening: JoinSet<()>,
}

impl Scene {
    pub async fn start() -> Self {
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
        whims.set("/api/v2/guardian/policies", json!(["all-applications"]));
        whims.set("/api/v2/guardian/factors", json!([{"name": "otp", "enabled": true}]));
        for shield in SHIELDS {
            whims.set(&format!("/api/v2/attack-protection/{shield}"), json!({"enabled": true}));
        }
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

    pub fn call(&self, method: Method, path: &str, body: Value) -> Value {
        call(&self.shell, &self.base, self.service.clock.now(), method, path, body)
    }

    /// A path that ends with an id.
    pub fn path(&self, of: &str, what: &'static str) -> String {
        format!("{of}/{}", self.ids[what])
    }

    /// Reads the tenant's log as far as it goes now; says how many entries were new.
    pub async fn pull(&self) -> u64 {
        let source = &self.doctor.sources[self.tenant.id()];
        let lead = self.service.lead().await;
        let mut taken = 0;
        loop {
            let pulled = self.service.app.pull_next(&self.tenant, source.as_ref(), &lead).await.unwrap();
            taken += pulled.delivered.taken;
            if pulled.is_end {
                return taken;
            }
        }
    }

    pub async fn codes(&self) -> Vec<&'static str> {
        self.doctor.look(&self.tenant).await.unwrap();
        let state = self.service.app.findings(&self.tenant);
        state.findings.iter().map(|standing| standing.finding.code).collect()
    }

    /// Disturbs, looks, mends and looks again.
    pub async fn finds(&self, code: &str, disturb: impl FnOnce(&Self), mend: impl FnOnce(&Self)) {
        disturb(self);
        let found = self.codes().await;
        assert!(found.contains(&code), "{code} is not among {found:?}");
        mend(self);
        assert_eq!(self.codes().await, [""; 0], "after {code} was mended");
    }

    pub fn bind(&self, actions: &[&'static str]) {
        let bindings: Vec<Value> = actions
            .iter()
            .map(|name| json!({"ref": {"type": "action_id", "value": self.ids[name]}, "display_name": name}))
            .collect();
        self.call(Method::Patch, "/actions/triggers/post-login/bindings", json!({"bindings": bindings}));
    }

    /// Keeps in the journal that our Action is ours.
    pub fn own(&self) {
        let id = self.tenant.id();
        let mut plan =
            install::plan(&install::Goal::nothing(id.clone(), "acme"), &install::Observed::default());
        plan.adopts = [("action.post-login".to_owned(), self.ids["ours"].clone())].into();
        let run = json!({"at": self.service.clock.now(), "actor": "a", "correlation_id": "c", "plan": plan,
            "state": "applied", "entries": {}, "answers": {}});
        let journal = json!({"v": 1, "tenant": id, "runs": [run], "fingerprints": {}, "deployed": {}});
        let path = self.service.folder().join(format!("{id}.install.json"));
        std::fs::write(&path, journal.to_string()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub fn deploy(&self, code: &str) {
        self.deploy_as("ours", code);
    }

    pub fn deploy_as(&self, what: &'static str, code: &str) {
        let path = self.path("/actions/actions", what);
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
        sources: [(service.tenant().id().clone(), Arc::new(found))].into(),
    }
}
