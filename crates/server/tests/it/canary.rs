//! Marked people and secrets go through everything, and come out nowhere.

use std::io::Write;
use std::sync::OnceLock;

use axum::http::Request;
use countersign_core::Mode;
use countersign_server::signature::SigningKey;
use countersign_testkit::{
    Answer, HOST, Signing, TENANT, TOKEN, TestApp, high_risk, post_login, refresh, signing_key,
};
use parking_lot::Mutex;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::world::{bare, check_problem_shape, complete, id_of, with_token};

/// In every marked name, address of mail, id and token.
const MARK: &str = "c4nary";

const USER: &str = "auth0|c4naryuser";
const IPV4: &str = "203.0.113.177";
const IPV6: &str = "2001:db8:4a5:77:1:2:3:5ca1";
const PHONE: &str = "+12025559931";

/// What must not come out: the marks, and the addresses also without their ends.
const PERSONAL: [&str; 5] = [MARK, IPV4, "2001:db8:4a5:77", "2025559931", "5ca1:"];

/// An event of the fixtures with every personal value marked.
fn marked(event: &Value, ip: &str) -> Value {
    let mut text = event.to_string();
    for (plain, mark) in [
        ("pat.doe@example.com", "c4nary.mail@example.org"),
        ("Pat Doe", "C4nary Person"),
        ("pat.doe", "c4nary.nick"),
        ("\"Pat\"", "\"C4nary\""),
        ("\"Doe\"", "\"C4narydottir\""),
        ("avatars/pd.png", "avatars/c4nary.png"),
        ("+12025550143", PHONE),
        ("auth0|65f0c0ffee0000000000a001", USER),
        ("65f0c0ffee0000000000a001", "c4naryuser"),
        ("203.0.113.24", ip),
        ("198.51.100.77", ip),
        ("Mozilla/5.0 (", "Mozilla/5.0 C4naryAgent ("),
        ("python-requests/", "C4naryAgent python-requests/"),
        ("b7K2oX9sExampleSession0000000001", "c4narysession"),
        ("rt_8ExampleRefreshToken0001", "rt_c4narytoken"),
        ("c3RhdGUtZXhhbXBsZQ", "c4narystate"),
        ("\"gold\"", "\"c4narymetadata\""),
    ] {
        text = text.replace(plain, mark);
    }
    serde_json::from_str(&text).unwrap()
}

/// Sign-ins by every channel, over either version of IP.
fn sign_ins() -> Vec<Value> {
    let mut events = Vec::new();
    for ip in [IPV4, IPV6] {
        events.extend([post_login(), high_risk(), refresh()].map(|event| marked(&event, ip)));
        for protocol in ["oauth2-password", "oauth2-token-exchange"] {
            let mut event = marked(&high_risk(), ip);
            event["transaction"]["protocol"] = json!(protocol);
            events.push(event);
        }
        let mut silent = marked(&high_risk(), ip);
        silent["transaction"]["prompt"] = json!(["none"]);
        events.push(silent);
    }
    events
}

/// All that was logged in this process, at every level and by every crate.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn listen() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(|| Log)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

/// A service under watch: every answer's headers are looked at, and refusals' bodies too.
struct Watched {
    service: TestApp,
    secrets: Vec<String>,
}

impl Watched {
    async fn start() -> Self {
        listen();
        let service = TestApp::start(|document| document.tenant.mode = Some(Mode::Enforce)).await;
        let byte = |seed: u8| seed.wrapping_mul(31) ^ u8::try_from(TENANT.len()).unwrap();
        let keys = [1, 2].map(|seed| SigningKey::text(&[byte(seed); 32]));
        // The texts are those of the keys in use: what one signs the other does too.
        let signed = |key: &SigningKey| key.sign_answer("id", b"body");
        for (seed, text) in [1, 2].into_iter().zip(&keys) {
            assert_eq!(signed(&SigningKey::parse(text).unwrap()), signed(&signing_key(TENANT, seed)));
        }
        let secrets =
            keys.iter().map(|key| key.trim_start_matches("whsec_").to_owned()).chain([TOKEN.to_owned()]);
        Self { secrets: secrets.collect(), service }
    }

    fn look(&self, what: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        for needle in PERSONAL {
            assert!(!text.to_lowercase().contains(needle), "{what} holds `{needle}`: {text}");
        }
        for secret in &self.secrets {
            assert!(!text.contains(secret.as_str()), "{what} holds a secret: {text}");
        }
    }

    fn seen(&self, what: &str, answer: Answer) -> Answer {
        for (name, value) in &answer.headers {
            self.look(&format!("the header `{name}` of {what}"), value.as_bytes());
        }
        if answer.status >= 400 {
            self.look(&format!("the refusal of {what}"), &answer.bytes);
        }
        answer
    }

    async fn decide(&self, event: &Value) -> Answer {
        self.seen("a decision", self.service.decide(event).await)
    }

    async fn outcome(&self, outcome: &Value) -> Answer {
        let answer = self.service.outcome(outcome).await;
        self.look("an outcome's answer", &answer.bytes);
        self.seen("an outcome", answer)
    }

    /// Gets a path as the operator and looks at its body as well.
    async fn get(&self, path: &str) -> Answer {
        let answer = self.seen(path, self.service.get(path).await);
        self.look(path, &answer.bytes);
        answer
    }
}

async fn refuse_everything(watched: &Watched) {
    let service = &watched.service;
    let mut wrong = marked(&post_login(), IPV4);
    wrong["request"]["ip"] = json!([IPV4]);
    wrong["user"]["identities"] = json!("c4naryidentity");
    let mut foreign = marked(&post_login(), IPV4);
    foreign["tenant"]["id"] = json!("c4narytenant");
    for (event, status) in [(&wrong, 422), (&foreign, 403)] {
        let answer = watched.decide(event).await;
        assert_eq!(answer.status, status);
        check_problem_shape(&answer);
    }
    let mut unknown = TestApp::question(&marked(&post_login(), IPV4));
    unknown["trigger"] = json!("c4narytrigger");
    let cut = marked(&post_login(), IPV4).to_string().into_bytes();
    for body in [unknown.to_string().into_bytes(), cut[..cut.len() / 2].to_vec(), cut] {
        watched.seen("a refused body", service.signed("/v1/decisions", body, service.signing()).await);
    }
    let forged =
        Signing { key: signing_key(TENANT, 3), tenant: "c4narytenant".to_owned(), ..service.signing() };
    watched.seen("a forged request", service.signed("/v1/decisions", b"{}".to_vec(), forged).await);
    for outcome in [
        json!({ "kind": "completed", "decision_id": "dec_c4nary" }),
        json!({ "kind": "c4narykind" }),
        json!({ "kind": "login_failed", "user_id": [USER] }),
        json!({ "kind": "login_failed", "user_id": USER, "at": "c4narytime" }),
        json!({ "kind": "verdict", "decision_id": "dec_c4nary", "verdict": "legitimate" }),
    ] {
        assert!(watched.outcome(&outcome).await.status >= 400);
    }
    for path in [
        "/c4nary".to_owned(),
        format!("/v1/decisions/dec_c4nary?tenant={TENANT}"),
        format!("/v1/decisions/dec_1?tenant={TENANT}&c4nary=c4nary"),
        format!("/v1/decisions?tenant={TENANT}&level=c4nary"),
        "/v1/ledger/c4nary/verifier".to_owned(),
        "/decisions/c4nary".to_owned(),
        "/?tenant=c4nary".to_owned(),
        "/?level=c4nary".to_owned(),
        "/start/c4nary".to_owned(),
        "/static/c4nary".to_owned(),
    ] {
        assert!(watched.get(&path).await.status >= 400, "{path}");
    }
    let mut stranger = Request::get("/metrics").header("host", HOST);
    for name in ["authorization", "cookie", "user-agent", "x-forwarded-for"] {
        stranger = stranger.header(name, format!("Bearer c4nary {IPV4}"));
    }
    watched.seen("a stranger", service.send(stranger.body(axum::body::Body::empty()).unwrap()).await);
}

/// Breaks the ledger and a profile, so that what is logged of faults is seen too.
async fn break_things(watched: &Watched) {
    let service = &watched.service;
    let raw = || Connection::open(service.folder().join("countersign.db")).unwrap();
    let held = raw();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let event = marked(&post_login(), IPV6);
    assert_eq!(watched.decide(&event).await.status, 503);
    assert_eq!(watched.outcome(&json!({ "kind": "login_failed", "user_id": USER })).await.status, 503);
    drop(held);
    service.app.record_gap(&service.tenant()).await.unwrap();
    // Somebody of whom the process has read nothing yet.
    let unread = format!("{USER}2");
    let subject = countersign_app::App::subject(&service.tenant(), &unread);
    let broken = "INSERT INTO profiles (tenant_id, subject_id, version, sealed, updated_at) VALUES (?1, ?2, 1, x'00', 0)";
    assert_eq!(raw().execute(broken, [TENANT, subject.as_str()]).unwrap(), 1);
    let mut event = event;
    event["user"]["user_id"] = json!(unread);
    let degraded = watched.decide(&event).await;
    assert_eq!(degraded.json["degraded"], json!(["history_unavailable"]));
    raw().execute_batch("DROP TRIGGER records_are_not_updated").unwrap();
    let newest = "UPDATE records SET bodies = x'00' WHERE place = (SELECT MAX(place) FROM records WHERE bodies IS NOT NULL)";
    assert_eq!(raw().execute(newest, []).unwrap(), 1);
    let told = watched.outcome(&json!({ "kind": "completed", "decision_id": id_of(&degraded) })).await;
    assert_eq!(told.status, 500);
}

/// Links of a page.
fn links(page: &str) -> Vec<&str> {
    ["href=\"", "action=\"", "src=\""]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()))
        .collect()
}

#[tokio::test]
async fn marked_people_and_secrets_come_out_nowhere() {
    let mut watched = Watched::start().await;
    let mut ids = Vec::new();
    for event in sign_ins() {
        let answer = watched.decide(&event).await;
        watched.look("an answer", &answer.bytes);
        ids.push(id_of(&answer));
    }
    complete(&watched.service, &ids[0]).await;
    for (id, kind) in [(&ids[1], "challenge_failed"), (&ids[2], "challenge_passed")] {
        assert_eq!(watched.outcome(&json!({ "kind": kind, "decision_id": id })).await.status, 200);
    }
    let factor = json!({ "kind": "challenge_passed", "decision_id": ids[3], "factor": "c4naryfactor" });
    assert_eq!(watched.outcome(&factor).await.status, 200);
    assert_eq!(watched.outcome(&json!({ "kind": "login_failed", "user_id": USER })).await.status, 200);
    let verdict = json!({ "kind": "verdict", "decision_id": ids[4], "verdict": "fraudulent" });
    assert_eq!(watched.service.operate("POST", "/v1/outcomes", &verdict).await.status, 200);
    refuse_everything(&watched).await;

    // A browser signs in; its link and session are secrets too.
    let link = watched.service.server.one_time_path().await.unwrap();
    let signed_in = watched.service.send(bare("GET", &link)).await;
    let cookie =
        signed_in.headers["set-cookie"].to_str().unwrap().split([';', '=']).nth(1).unwrap().to_owned();
    watched.secrets.extend([link.trim_start_matches("/start/").to_owned(), cookie]);

    watched.get(&format!("/v1/decisions?tenant={TENANT}")).await;
    for id in &ids {
        let shown = watched.get(&format!("/v1/decisions/{id}?tenant={TENANT}")).await;
        assert!(shown.json["subject"].as_str().unwrap().starts_with("sub_"));
        let features = shown.json["features"].as_object().unwrap();
        assert!(features["country"].is_string() && features["network"].is_string());
        for place in ["block", "place", "ip"] {
            assert!(!features.contains_key(place), "{place}");
        }
        watched.get(&format!("/v1/decisions/{id}/receipt?tenant={TENANT}")).await;
        for page in ["", "/receipt"] {
            let page = watched.get(&format!("/decisions/{id}{page}?tenant={TENANT}")).await;
            let page = String::from_utf8(page.bytes).unwrap();
            assert!(links(&page).len() > 3, "{page}");
        }
        watched.get(&format!("/decisions/{id}/verdict?tenant={TENANT}&verdict=legitimate")).await;
    }
    for path in [
        "/",
        "/console/live",
        "/switches/post-login?state=off",
        "/v1/ledger/example-tenant/verifier",
        "/metrics",
        "/health",
    ] {
        assert_eq!(watched.get(path).await.status, 200, "{path}");
    }
    let thrown = with_token(bare("PUT", "/v1/switches/example-tenant/c4nary"));
    watched.seen("a switch", watched.service.send(thrown).await);
    break_things(&watched).await;
    watched.get("/metrics").await;

    // What was marked is on record all the same, for whoever may open it.
    let opened = watched.service.open_receipt(&ids[0]).await;
    let opened: countersign_ledger::receipt::Receipt = serde_json::from_slice(&opened.bytes).unwrap();
    let body = String::from_utf8(opened.openings[0].body.0.clone()).unwrap();
    assert!([USER, IPV4, PHONE, "c4narysession"].iter().all(|mark| body.contains(mark)), "{body}");

    watched.service.app.sign_checkpoint(&watched.service.tenant()).await.unwrap();
    let files = watched.service.files();
    let name = |file: &std::path::PathBuf| file.file_name().unwrap().to_str().unwrap().to_owned();
    let names: Vec<String> = files.iter().map(name).collect();
    for needed in ["countersign.db", "countersign.db-wal", "subject-keys.db", "example-tenant.checkpoint"] {
        assert!(names.iter().any(|name| name == needed), "{names:?}");
    }
    for file in &files {
        watched.look(&name(file), &std::fs::read(file).unwrap());
    }
    let log = LOG.lock().clone();
    let text = String::from_utf8_lossy(&log);
    for line in ["request answered", "request failed", "a history could not be read", "could not be recorded"]
    {
        assert!(text.contains(line), "the log was heard: {line}");
    }
    watched.look("the log", &log);
}

#[tokio::test]
async fn a_mark_that_came_out_would_be_seen() {
    let watched = Watched::start().await;
    let leaks = [USER, "C4NARY", IPV4, IPV6, PHONE, TOKEN, &watched.secrets[0]].map(str::to_owned);
    for leak in leaks {
        let text = format!("before {leak} after");
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            watched.look("a test", text.as_bytes());
        }));
        assert!(looked.is_err(), "{leak}");
    }
    watched.look("a test", b"203.0.113.0/24 2001:db8:4a5::/48 sub_0123");
}
