//! The installer at the sandbox tenant, which knows the vendor's forms and answers, over HTTP.

use std::{
    fs,
    path::Path,
    process::Output,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::{self, Next},
    response::Response,
};
use countersign_core::{Clock, Timestamp};
use countersign_sandbox::tenant::{
    Options, Plan, Tenant,
    http::{Shell, router},
    scopes,
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

/// The sandbox tenant on this machine; gone with this value.
pub struct Sandbox {
    /// Where it is.
    pub domain: String,
    /// The tenant itself.
    pub shell: Shell,
    _runtime: tokio::runtime::Runtime,
}

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
}

/// Says what becomes of a call, by its method and path.
pub type Whim = dyn Fn(&Method, &str) -> Fate + Send + Sync;

async fn meet(State(whim): State<Arc<Whim>>, request: Request, next: Next) -> Response {
    match whim(request.method(), request.uri().path()) {
        Fate::Own => next.run(request).await,
        Fate::Instead(response) => response,
        Fate::After(response) => {
            next.run(request).await;
            response
        }
        Fate::Never => std::future::pending().await,
    }
}

impl Sandbox {
    /// Starts one with nothing in it.
    pub fn start() -> Self {
        Self::start_with(Plan::Unlimited, Arc::new(|_, _| Fate::Own))
    }

    /// Starts one whose answers may be others than the sandbox's.
    pub fn start_with(plan: Plan, whim: Arc<Whim>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let options = Options {
            name: "acme".to_owned(),
            base_url: format!("http://{address}"),
            plan,
            seed: 7,
            client_id: "installer".to_owned(),
            client_secret: SECRET.to_owned(),
        };
        let clock: Arc<dyn Clock> = Arc::new(Passing::start());
        let shell = Shell::new(Tenant::new(options).unwrap(), clock, "http");
        let app = router(shell.clone()).layer(middleware::from_fn_with_state(whim, meet));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { domain: format!("http://{address}"), shell, _runtime: runtime }
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
    let again = sandbox.command(home, "apply", &wanted);
    assert!(told(&again).contains("Nothing has to change."), "{}{}", told(&again), complained(&again));
    let status = sandbox.command(home, "status", &[]);
    assert_eq!(status.status.code(), Some(0), "{}{}", told(&status), complained(&status));
    let back = sandbox.command(home, "rollback", &["--accept-scopes", &all]);
    assert_eq!(back.status.code(), Some(0), "{}{}", told(&back), complained(&back));
    let plan = sandbox.command(home, "plan", &wanted[..wanted.len() - 2]);
    assert!(told(&plan).contains("action.post-login.create"), "{}{}", told(&plan), complained(&plan));
}
