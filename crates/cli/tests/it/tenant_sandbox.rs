//! The installer at the sandbox tenant, which knows the vendor's forms and answers, over HTTP.

use std::{
    fs,
    path::Path,
    process::Output,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use axum::{
    extract::{Request, State},
    http::{Method as HttpMethod, StatusCode},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use countersign_core::{Clock, Timestamp};
use countersign_sandbox::{
    simulate::{Actions, Kind, Order, Outcome, run as play},
    stream::{Mishaps, Sender, pump},
    tenant::{
        Call, Method, Options, Plan, Tenant, TokenRequest,
        http::{Shell, router},
        scopes,
    },
};
use serde_json::Value;

use crate::world::{Service, TENANT, complained, run, told};

pub const SECRET: &str = "CANARY-sandbox";

/// The system's clock: a draft is built after a while, and the installer waits for it.
pub struct Passing(Instant);

impl Passing {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self(crate::world::now())
    }
}

impl Clock for Passing {
    #[expect(clippy::disallowed_methods, reason = "the installer goes by the system's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// What comes of a request on its way.
pub enum Trouble {
    /// Nothing: the tenant answers.
    None,
    /// This is answered in the tenant's place.
    Answer(u16, Value),
    /// It is sent elsewhere.
    Redirect,
    /// The connection breaks before the tenant hears of it.
    Broken,
    /// The tenant does it, and the connection breaks before its answer came.
    Lost,
}

/// What comes of each request, by method and path.
pub type Way = Box<dyn FnMut(&str, &str) -> Trouble + Send>;

async fn on_the_way(State(way): State<Arc<Mutex<Way>>>, request: Request, next: Next) -> Response {
    let trouble = (way.lock().unwrap())(request.method().as_str(), request.uri().path());
    // Why: a server whose task ends breaks the connection, and this way it does not complain of it.
    let breaks = || std::panic::resume_unwind(Box::new("the connection breaks"));
    match trouble {
        Trouble::None => next.run(request).await,
        Trouble::Answer(status, body) => {
            (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
        }
        Trouble::Redirect => {
            (StatusCode::FOUND, [("location", "https://elsewhere.example/")]).into_response()
        }
        Trouble::Broken => breaks(),
        Trouble::Lost => {
            next.run(request).await;
            breaks()
        }
    }
}

/// The sandbox tenant on this machine; gone with this value.
pub struct Sandbox {
    /// Where it is.
    pub domain: String,
    /// The tenant itself.
    pub shell: Shell,
    way: Arc<Mutex<Way>>,
    runtime: tokio::runtime::Runtime,
}

/// Between two looks of the tenant at what its streams are to deliver.
const DELIVERS: Duration = Duration::from_millis(100);

/// What becomes of a call in place of what the sandbox makes of it.
pub enum Fate {
    /// The sandbox's own answer.
    Own,
    /// Another answer, and nothing is done.
    Instead(Response),
    /// It is done, and answered otherwise.
    After(Response),
    /// There is never an answer.
    Never,
    /// It is done, and there is never an answer; told when it is done.
    Lost(std::sync::mpsc::Sender<()>),
}

/// Says what becomes of a call, by its method and path.
pub type Whim = dyn Fn(&HttpMethod, &str) -> Fate + Send + Sync;

async fn meet(State(whim): State<Arc<Whim>>, request: Request, next: Next) -> Response {
    match whim(request.method(), request.uri().path()) {
        Fate::Own => next.run(request).await,
        Fate::Instead(response) => response,
        Fate::After(response) => {
            next.run(request).await;
            response
        }
        Fate::Never => std::future::pending().await,
        Fate::Lost(done) => {
            next.run(request).await;
            let _ = done.send(());
            std::future::pending().await
        }
    }
}

impl Sandbox {
    /// Starts one with nothing in it.
    pub fn start() -> Self {
        Self::start_with(Plan::Unlimited, Arc::new(|_, _| Fate::Own))
    }

    /// Starts one whose answers may be others than the sandbox's.
    pub fn start_with(plan: Plan, whim: Arc<Whim>) -> Self {
        Self::open("acme", plan, whim, Actions::none())
    }

    /// Starts one that is called so, runs Actions in Node by scripts in `folder`, and delivers what its streams have.
    pub fn start_at_work(name: &str, folder: &Path) -> Self {
        let actions = Actions::in_folder(folder.to_owned());
        let sandbox = Self::open(name, Plan::Unlimited, Arc::new(|_, _| Fate::Own), actions);
        let tenant = sandbox.shell.tenant();
        sandbox.runtime.spawn(async move {
            let (sender, clock) = (Sender::new().unwrap(), Passing::start());
            loop {
                pump(&tenant, &sender, Mishaps::default(), clock.now()).await;
                tokio::time::sleep(DELIVERS).await;
            }
        });
        sandbox
    }

    fn open(name: &str, plan: Plan, whim: Arc<Whim>, actions: Actions) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let options = Options {
            name: name.to_owned(),
            base_url: format!("http://{address}"),
            plan,
            seed: 7,
            client_id: "installer".to_owned(),
            client_secret: SECRET.to_owned(),
        };
        let clock: Arc<dyn Clock> = Arc::new(Passing::start());
        let shell = Shell::new(Tenant::new(options).unwrap(), clock, "http").with_actions(actions);
        let way: Arc<Mutex<Way>> = Arc::new(Mutex::new(Box::new(|_, _| Trouble::None)));
        let app = router(shell.clone())
            .layer(from_fn_with_state(Arc::clone(&way), on_the_way))
            .layer(from_fn_with_state(whim, meet));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { domain: format!("http://{address}"), shell, way, runtime }
    }

    /// Does what somebody does; the bound Actions run.
    pub fn play(&self, kind: Kind, order: Value) -> Outcome {
        let order: Order = serde_json::from_value(order).unwrap();
        self.runtime.block_on(play(&self.shell, &self.domain, kind, order)).unwrap()
    }

    /// From now on this comes of requests.
    pub fn set_way(&self, way: impl FnMut(&str, &str) -> Trouble + Send + 'static) {
        *self.way.lock().unwrap() = Box::new(way);
    }

    /// Calls its Management API, past whatever happens on the way.
    pub fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let now: Timestamp = Passing::start().now();
        let tenant = self.shell.tenant();
        let mut tenant = tenant.lock();
        let base = tenant.options().base_url.clone();
        let parameters = [
            ("grant_type", "client_credentials"),
            ("client_id", "installer"),
            ("client_secret", SECRET),
            ("audience", &format!("{base}/api/v2/")),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let token =
            tenant.token(&TokenRequest { parameters: parameters.into(), base_url: base.clone() }, now);
        let bearer = token.json()["access_token"].as_str().unwrap().to_owned();
        let mut call = Call::new(method, &base, path).with_bearer(&bearer);
        if !body.is_null() {
            call = call.with_json(body);
        }
        let reply = tenant.call(&call, now);
        assert!(reply.status < 300, "{path}: {}", reply.json());
        reply.json().clone()
    }

    /// Everything that it holds but its logs, as a text.
    pub fn holds(&self, what: &str) -> bool {
        let snapshot: Value = self.shell.tenant().lock().snapshot().unwrap();
        snapshot.to_string().contains(what)
    }

    /// Runs a command of the installer.
    pub fn command(&self, home: &Path, command: &str, rest: &[&str]) -> Output {
        let arguments = self.arguments(home, command);
        run(home, &[&arguments.iter().map(String::as_str).collect::<Vec<_>>()[..], rest].concat())
    }

    /// The arguments of a command of the installer at this tenant.
    pub fn arguments(&self, home: &Path, command: &str) -> Vec<String> {
        fs::write(home.join("installer-secret"), SECRET).unwrap();
        let own = [
            "tenant",
            command,
            "--tenant",
            TENANT,
            "--data",
            "data",
            "--domain",
            &self.domain,
            "--limits",
            "unlimited",
            "--client-id",
            "installer",
            "--client-secret",
            "file:installer-secret",
        ];
        own.map(str::to_owned).to_vec()
    }
}

#[test]
fn the_sandbox_tenant_is_installed_into_left_alone_and_rolled_back() {
    let home = tempfile::tempdir().unwrap();
    let (home, sandbox) = (home.path(), Sandbox::start());
    Service::start(home).stop();
    let all = scopes().join(" ");
    let wanted = [
        "--service",
        "https://cs.example.com",
        "--without-client",
        "--capability",
        "decide=report",
        "--capability",
        "ingest=report",
        "--capability",
        "api=report",
        "--accept-scopes",
        &all,
    ];
    let applied = sandbox.command(home, "apply", &wanted);
    assert_eq!(applied.status.code(), Some(0), "{}{}", told(&applied), complained(&applied));
    assert!(sandbox.holds("Countersign post-login") && sandbox.holds("Countersign logs"));
    let kept = rusqlite::Connection::open(home.join("data/countersign.db")).unwrap();
    let sql = "SELECT cursor FROM log_cursors WHERE name = 'own_tokens'";
    let tokens: String = kept.query_row(sql, [], |row| row.get(0)).unwrap();
    drop(kept);
    assert!(
        tokens.contains("\"client\":\"installer\""),
        "the log's entries of it are known as ours: {tokens}"
    );
    let again = sandbox.command(home, "apply", &wanted);
    assert!(told(&again).contains("Nothing has to change."), "{}{}", told(&again), complained(&again));
    let status = sandbox.command(home, "status", &[]);
    assert_eq!(status.status.code(), Some(0), "{}{}", told(&status), complained(&status));
    let back = sandbox.command(home, "rollback", &["--accept-scopes", &all]);
    assert_eq!(back.status.code(), Some(0), "{}{}", told(&back), complained(&back));
    let plan = sandbox.command(home, "plan", &wanted[..wanted.len() - 2]);
    assert!(told(&plan).contains("action.post-login.create"), "{}{}", told(&plan), complained(&plan));
}
