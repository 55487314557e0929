//! Into a tenant and out again, by the binary, over HTTP.

use std::{
    fs,
    path::Path,
    process::Output,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use countersign_auth0::management::{AnyRequest, operations};
use countersign_plan::testing::World;
use serde_json::{Value, json};

use crate::world::{Service, TENANT, complained, run, told};

const SECRET: &str = "CANARY-installer";

/// What a tenant answers in place of its own answers.
type Whim = fn(&Method, &str) -> Option<Response>;

struct Inner {
    world: World,
    scopes: String,
    whim: Whim,
}

/// A tenant of a test's own, gone with this value.
struct Peer {
    domain: String,
    inner: Arc<Mutex<Inner>>,
    _runtime: tokio::runtime::Runtime,
}

fn answer(status: u16, body: &Value) -> Response {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    (StatusCode::from_u16(status).unwrap(), text).into_response()
}

fn decoded(segment: &str) -> String {
    segment.replace("%7C", "|").replace("%20", " ")
}

/// The request that a path and a method are.
fn request(method: &Method, path: &str, body: &[u8]) -> Option<AnyRequest> {
    let given: Vec<&str> = path.split('/').collect();
    operations().find_map(|operation| {
        let wanted: Vec<&str> = operation.path.split('/').collect();
        let fits = operation.method.as_str() == method.as_str() && wanted.len() == given.len();
        let is_parameter = |segment: &str| segment.starts_with('{');
        let matches =
            wanted.iter().zip(&given).all(|(wanted, given)| is_parameter(wanted) || wanted == given);
        if !fits || !matches {
            return None;
        }
        let parameters: Vec<String> = wanted
            .iter()
            .zip(&given)
            .filter(|(wanted, _)| is_parameter(wanted))
            .map(|(_, given)| decoded(given))
            .collect();
        let parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
        AnyRequest::named(operation.name, &parameters, Vec::new(), serde_json::from_slice(body).ok())
    })
}

async fn handle(State(inner): State<Arc<Mutex<Inner>>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let mut inner = inner.lock().unwrap();
    if let Some(response) = (inner.whim)(&method, uri.path()) {
        return response;
    }
    if uri.path() == "/oauth/token" {
        if !String::from_utf8_lossy(&body).contains(SECRET) {
            return answer(401, &json!({"error": "access_denied", "error_description": "Unauthorized"}));
        }
        let token = json!({"access_token": "CANARY-token", "token_type": "Bearer", "expires_in": 86400, "scope": inner.scopes});
        return answer(200, &token);
    }
    let path = uri.path().strip_prefix("/api/v2").unwrap_or_default();
    let Some(request) = request(&method, path, &body) else {
        return answer(404, &json!({"statusCode": 404, "error": "Not Found", "message": "Not Found"}));
    };
    match inner.world.call(&request) {
        Ok(body) => answer(200, &body),
        Err(refused) => {
            answer(refused.0, &json!({"statusCode": refused.0, "error": "Refused", "message": "refused"}))
        }
    }
}

impl Peer {
    fn start(scopes: &str) -> Self {
        let inner = Inner { world: World::default(), scopes: scopes.to_owned(), whim: |_, _| None };
        let inner = Arc::new(Mutex::new(inner));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let domain = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(handle).with_state(Arc::clone(&inner));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { domain, inner, _runtime: runtime }
    }

    fn world(&self) -> World {
        self.inner.lock().unwrap().world.clone()
    }

    fn set_whim(&self, whim: Whim) {
        self.inner.lock().unwrap().whim = whim;
    }

    fn command(&self, home: &Path, command: &str, rest: &[&str]) -> Output {
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
        run(home, &[&own[..], rest].concat())
    }
}

const WANTED: [&str; 6] =
    ["--service", "https://cs.example.com", "--capability", "decide=report", "--capability", "ingest=report"];

const SCOPES: &str = "read:actions create:actions update:actions delete:actions read:log_streams create:log_streams \
    update:log_streams delete:log_streams read:clients read:client_keys create:clients update:clients delete:clients \
    read:client_grants create:client_grants update:client_grants delete:client_grants";

fn accepted() -> String {
    format!("{SCOPES} read:logs")
}

/// A folder in which the service began a ledger, and stopped.
fn begun() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    Service::start(home.path()).stop();
    home
}

fn with_foreign(peer: &Peer) {
    let mut inner = peer.inner.lock().unwrap();
    inner.world.collections.insert(
        "actions".to_owned(),
        vec![json!({
            "id": "foreign", "name": "partner", "code": "api.access.deny('x')", "status": "built",
            "all_changes_deployed": true, "deployed_version": {"id": "v", "code": "api.access.deny('x')"},
            "supported_triggers": [{"id": "post-login", "version": "v3"}],
        })],
    );
    inner.world.bindings.insert("post-login".to_owned(), vec![("foreign".to_owned(), "partner".to_owned())]);
}

#[test]
fn a_tenant_is_planned_installed_left_alone_rolled_back_and_removed() {
    let (home, peer) = (begun(), Peer::start(SCOPES));
    with_foreign(&peer);
    let (home, before, accepted) = (home.path(), peer.world(), accepted());
    let accept = [&WANTED[..], &["--accept-scopes", &accepted]].concat();

    let plan = peer.command(home, "plan", &WANTED);
    assert_eq!(plan.status.code(), Some(0), "{}", complained(&plan));
    for part in [
        "POST /actions/actions",
        "before: partner",
        "after: Countersign post-login, partner",
        "`partner` (post-login, after ours) denies",
        "no scope that writes",
    ] {
        assert!(told(&plan).contains(part), "{part}: {}", told(&plan));
    }
    assert_eq!(peer.world(), before, "a plan changes nothing");

    let other = peer.command(home, "apply", &[&accept[..], &["--plan-id", "0"]].concat());
    assert_eq!((other.status.code(), peer.world()), (Some(3), before.clone()), "{}", complained(&other));
    let id = told(&plan).lines().find_map(|line| line.strip_prefix("Plan ").map(str::to_owned)).unwrap();
    let applied = peer.command(home, "apply", &[&accept[..], &["--plan-id", &id]].concat());
    assert_eq!(applied.status.code(), Some(0), "{}{}", told(&applied), complained(&applied));
    let world = peer.world();
    assert_eq!(world.bindings["post-login"][1].0, "foreign");
    assert_eq!(world.collections["actions"].len(), 7);
    assert_eq!(
        world.collections["log_streams"][0]["sink"]["httpEndpoint"],
        json!(format!("https://cs.example.com/v1/logs/{TENANT}"))
    );
    let token = fs::read_to_string(home.join(format!("data/{TENANT}.log-token"))).unwrap();
    assert_eq!(
        world.collections["log_streams"][0]["sink"]["httpAuthorization"],
        json!(format!("Bearer {}", token.trim()))
    );
    let secret = fs::read_to_string(home.join(format!("data/{TENANT}.management-secret"))).unwrap();
    assert!(secret.starts_with("secret of clients"));

    let again = peer.command(home, "apply", &accept);
    assert!(told(&again).contains("Nothing has to change."), "{}", told(&again));
    assert_eq!(peer.world().writes, world.writes, "a second run writes nothing");
    let status = peer.command(home, "status", &[]);
    assert_eq!(status.status.code(), Some(0), "{}{}", told(&status), complained(&status));
    assert!(told(&status).contains("as it was deployed from here, bound"), "{}", told(&status));

    let back = peer.command(home, "rollback", &["--accept-scopes", &accepted]);
    assert_eq!(back.status.code(), Some(0), "{}{}", told(&back), complained(&back));
    assert_eq!(peer.world().bindings, before.bindings);
    assert_eq!(peer.world().collections["actions"], before.collections["actions"]);
    assert!(!peer.world().collections.contains_key("log_streams"));
    let nothing = peer.command(home, "rollback", &["--accept-scopes", &accepted]);
    assert_eq!(nothing.status.code(), Some(3));

    assert_eq!(peer.command(home, "apply", &accept).status.code(), Some(0));
    let all = "read:event_streams update:event_streams delete:event_streams read:resource_servers update:resource_servers delete:resource_servers";
    let accepted = format!("{accepted} {all}");
    peer.inner.lock().unwrap().scopes = format!("{SCOPES} {all}");
    let removed = peer.command(home, "remove", &["--accept-scopes", &accepted]);
    assert_eq!(removed.status.code(), Some(0), "{}{}", told(&removed), complained(&removed));
    assert_eq!(peer.world().bindings, before.bindings);
    assert_eq!(peer.world().collections["actions"], before.collections["actions"]);

    let verified = run(home, &["verify", "--data", "data"]);
    assert_eq!(verified.status.code(), Some(0), "{}{}", told(&verified), complained(&verified));
    for output in [&plan, &applied, &again, &status, &back, &removed] {
        assert!(!format!("{}{}", told(output), complained(output)).contains("CANARY"));
        assert!(!told(output).contains(token.trim()));
    }
    let journal = fs::read_to_string(home.join(format!("data/{TENANT}.install.json"))).unwrap();
    assert!(
        !journal.contains(token.trim()) && !journal.contains(secret.trim()) && !journal.contains("CANARY")
    );
}

#[test]
fn the_service_s_own_client_and_a_secret_in_the_clear_are_refused() {
    let (home, peer) = (begun(), Peer::start(SCOPES));
    let home = home.path();
    fs::write(
        home.join("own.toml"),
        format!("[tenants.{TENANT}.management]\ndomain = \"a.example\"\nclient_id = \"installer\"\nclient_secret = \"env:A\"\n"),
    )
    .unwrap();
    let own = peer.command(home, "plan", &[&WANTED[..], &["--config", "own.toml"]].concat());
    assert!(complained(&own).contains("service's own client"), "{}", complained(&own));
    let arguments = ["--tenant", TENANT, "--data", "data", "--domain", &peer.domain, "--client-id", "a"];
    let clear = run(home, &[&["tenant", "probe"], &arguments[..], &["--client-secret", SECRET]].concat());
    assert_eq!(clear.status.code(), Some(1));
    assert!(
        !complained(&clear).contains(SECRET) && complained(&clear).contains("reference"),
        "{}",
        complained(&clear)
    );
}

#[test]
fn beside_a_running_service_writes_are_recorded_through_it() {
    let home = tempfile::tempdir().unwrap();
    let (home, peer) = (home.path(), Peer::start(SCOPES));
    let service = Service::start(home);
    let (accepted, url) = (accepted(), format!("http://{}", service.host));
    let accept = [&WANTED[..], &["--accept-scopes", &accepted]].concat();
    let beside = peer.command(home, "apply", &accept);
    assert!(complained(&beside).contains("--url"), "{}", complained(&beside));
    assert_eq!(peer.world().writes, Vec::<String>::new());
    let applied = peer.command(home, "apply", &[&accept[..], &["--url", &url]].concat());
    assert_eq!(applied.status.code(), Some(0), "{}{}", told(&applied), complained(&applied));
    service.stop();
    let writes = i64::try_from(peer.world().writes.len()).unwrap();
    let exported = run(home, &["verify", "--data", "data"]);
    assert_eq!(exported.status.code(), Some(0));
    let database = rusqlite::Connection::open(home.join("data/countersign.db")).unwrap();
    let count = |fact: &str| {
        let sql = "SELECT count(*) FROM records WHERE instr(CAST(leaf AS TEXT), ?1) > 0";
        database.query_row(sql, [format!("\"change\":\"{fact}\"")], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!((count("tenant_write"), count("tenant_write_ended")), (writes, writes));
}

#[test]
fn more_or_less_than_was_accepted_is_refused_before_anything_is_written() {
    let (home, accepted) = (begun(), accepted());
    let home = home.path();
    let cases = [
        (format!("{SCOPES} delete:users"), accepted.clone(), "not accepted: delete:users"),
        (
            SCOPES.replace("create:actions ", ""),
            accepted.clone(),
            "lacks scopes that are needed: create:actions",
        ),
        (SCOPES.to_owned(), accepted.replace(" read:logs", ""), "were not accepted: read:logs"),
    ];
    for (granted, accepted, told_of) in cases {
        let peer = Peer::start(&granted);
        let output = peer.command(home, "apply", &[&WANTED[..], &["--accept-scopes", &accepted]].concat());
        assert_eq!(output.status.code(), Some(3), "{}", complained(&output));
        assert!(told(&output).contains(told_of), "{}", told(&output));
        assert_eq!(peer.world().writes, Vec::<String>::new());
    }
}

#[test]
fn a_tenant_that_answers_badly_ends_in_a_finding_and_nothing_is_written() {
    let (home, accepted) = (begun(), accepted());
    let (home, peer) = (home.path(), Peer::start(SCOPES));
    let whims: [(Whim, &str); 5] = [
        (|_, _| Some(answer(200, &json!("nonsense"))), "no"),
        (|_, path| path.starts_with("/api").then(|| (StatusCode::OK, "<html>").into_response()), "not JSON"),
        (
            |_, path| {
                path.starts_with("/api").then(|| (StatusCode::OK, "1".repeat(5_000_000)).into_response())
            },
            "too long",
        ),
        (
            |_, path| {
                path.starts_with("/api")
                    .then(|| (StatusCode::FOUND, [("location", "http://127.0.0.1:1/")], "").into_response())
            },
            "leads elsewhere",
        ),
        (
            |_, path| (path == "/oauth/token").then(|| answer(401, &json!({"error": "access_denied"}))),
            "credentials are not taken",
        ),
    ];
    for (whim, told_of) in whims {
        peer.set_whim(whim);
        let output = peer.command(home, "apply", &[&WANTED[..], &["--accept-scopes", &accepted]].concat());
        assert_eq!(output.status.code(), Some(1), "{told_of}: {}", told(&output));
        assert!(complained(&output).contains(told_of), "{told_of}: {}", complained(&output));
        assert_eq!(peer.world().writes, Vec::<String>::new(), "{told_of}");
    }
    assert!(!home.join(format!("data/{TENANT}.install.json")).exists());
}

#[test]
fn a_run_that_the_tenant_cuts_off_is_taken_up_again() {
    let (home, accepted) = (begun(), accepted());
    let (home, peer) = (home.path(), Peer::start(SCOPES));
    let accept = [&WANTED[..], &["--accept-scopes", &accepted]].concat();
    // Why a refusal: it is final, whereas a failure would be tried again.
    peer.set_whim(|method, path| {
        (method == Method::PATCH && path.ends_with("/bindings"))
            .then(|| answer(400, &json!({"statusCode": 400, "error": "Bad Request", "message": "no"})))
    });
    let cut = peer.command(home, "apply", &accept);
    assert_eq!(cut.status.code(), Some(1));
    assert!(complained(&cut).contains("bindings.post-login"), "{}", complained(&cut));
    let status = peer.command(home, "status", &[]);
    assert_eq!(status.status.code(), Some(3));
    assert!(told(&status).contains("cut off"), "{}", told(&status));
    peer.set_whim(|_, _| None);
    let again = peer.command(home, "apply", &accept);
    assert_eq!(again.status.code(), Some(0), "{}", complained(&again));
    assert!(told(&again).contains("it is taken up again") && told(&again).contains("Nothing has to change."));
    let creates = peer.world().writes.iter().filter(|write| *write == "actions.create").count();
    assert_eq!(creates, 6);
}
