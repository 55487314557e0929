//! Sign-ups at the whole service, with a connector behind it.

use countersign_app::access::Within;
use std::{
    io::Write,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use countersign_app::decide::Replay;
use countersign_core::{DecisionId, Mode};
use countersign_policy::Document;
use countersign_testkit::{Answer, OTHER_TENANT, Setup, TestApp, event_of, fixtures};
use serde_json::{Value, json};

use crate::peer::{Peer, TOKEN, answering, connector_at, facts, nobody, silent};

const SIGN_UP: &str = "pre-user-registration";

fn enforce(document: &mut Document) {
    document.tenant.mode = Some(Mode::Enforce);
}

async fn service(url: &str, change: impl FnOnce(&mut Document)) -> TestApp {
    let (connector, _) = connector_at(url, Duration::from_millis(500), false);
    TestApp::start_with(change, Setup { enrichment: Some(connector), ..Setup::default() }).await
}

async fn sign_up(service: &TestApp) -> Answer {
    let answer = service.ask(SIGN_UP, &event_of(SIGN_UP)).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    answer
}

/// What stands in the record of what the connector told; the record comes out the same when it is decided again.
async fn recorded(service: &TestApp, answer: &Answer) -> Value {
    let id: DecisionId = answer.json["decision_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(service.app.replay(&service.tenant(), &id).await.unwrap(), Replay::Same);
    let (_, record) = service.app.decision(Within::all(&service.tenant()), &id).await.unwrap();
    serde_json::to_value(record.enrichment).unwrap()
}

async fn told(body: &str) -> Peer {
    answering(facts(body)).await
}

#[tokio::test]
async fn an_account_is_made_with_what_the_connector_told() {
    let peer = told(r#"{"company":"Acme","size":250,"score":0.1}"#).await;
    let service = service(&peer.url, enforce).await;
    let answer = sign_up(&service).await;
    let enrichment = json!({ "company": "Acme", "size": 250, "score": 0.1 });
    let [effect] = &answer.json["effects"].as_array().unwrap()[..] else { panic!("{}", answer.json) };
    assert_eq!(effect["call"], "user.setAppMetadata");
    assert_eq!(effect["args"][0], "countersign");
    assert_eq!(effect["args"][1]["enrichment"], enrichment);
    assert_eq!(effect["args"][1]["decision"], answer.json["decision_id"]);
    assert_eq!(answer.json["degraded"], json!([]));
    assert_eq!(recorded(&service, &answer).await, enrichment);
    assert_eq!(peer.asked().len(), 1);
}

#[tokio::test]
async fn in_audit_mode_it_is_recorded_and_not_written() {
    let peer = told(r#"{"company":"Acme"}"#).await;
    let service = service(&peer.url, |_| {}).await;
    let answer = sign_up(&service).await;
    assert_eq!(answer.json["effects"], json!([]));
    assert_eq!(answer.json["withheld"][0]["args"][1]["enrichment"], json!({ "company": "Acme" }));
    assert_eq!(recorded(&service, &answer).await, json!({ "company": "Acme" }));
}

#[tokio::test]
async fn what_does_not_fit_into_metadata_is_recorded_and_left_out() {
    let many: serde_json::Map<_, _> = (0..16).map(|n| (format!("n{n}"), json!("x".repeat(100)))).collect();
    let peer = told(&Value::Object(many.clone()).to_string()).await;
    let service = service(&peer.url, enforce).await;
    let answer = sign_up(&service).await;
    assert_eq!(answer.json["degraded"], json!(["enrichment_too_large"]));
    assert_eq!(answer.json["effects"], json!([]));
    assert_eq!(recorded(&service, &answer).await, Value::Object(many));
}

#[tokio::test]
async fn a_connector_that_fails_changes_nothing_but_that_it_is_said() {
    let without = sign_up(&TestApp::start(enforce).await).await;
    let hostile = told(r#"{"__proto__":{"admin":true}}"#).await;
    let (late, down) = (silent().await, nobody().await);
    for url in [&hostile.url, &late.url, &down] {
        let service = service(url, enforce).await;
        let answer = sign_up(&service).await;
        assert_eq!(answer.json["degraded"], json!(["enrichment_unavailable"]));
        for part in ["effects", "withheld", "risk", "because", "mode"] {
            assert_eq!(answer.json[part], without.json[part], "{part}");
        }
        assert_eq!(recorded(&service, &answer).await, json!({}));
        let metrics = service.get("/metrics").await;
        let text = String::from_utf8(metrics.bytes).unwrap();
        assert!(text.contains("countersign_degraded_total{code=\"enrichment_unavailable\"} 1"), "{text}");
    }
}

#[tokio::test]
async fn nobody_is_asked_about_who_does_not_sign_up_here() {
    let peer = told(r#"{"company":"Acme"}"#).await;
    let asking = service(&peer.url, enforce).await;
    for (trigger, event) in fixtures() {
        if trigger != SIGN_UP {
            assert_eq!(asking.ask(trigger, &event).await.status, 200);
        }
    }
    let mut foreign = event_of(SIGN_UP);
    foreign["tenant"]["id"] = json!(OTHER_TENANT);
    assert_eq!(asking.ask(SIGN_UP, &foreign).await.status, 403);
    let mut nameless = event_of(SIGN_UP);
    nameless["user"].as_object_mut().unwrap().remove("email");
    let answer = asking.ask(SIGN_UP, &nameless).await;
    assert_eq!(answer.json["degraded"], json!([]), "{}", answer.json);
    let off = service(&peer.url, |document| document.tenant.mode = Some(Mode::Off)).await;
    assert_eq!(sign_up(&off).await.json["decision_id"], Value::Null);
    assert_eq!(peer.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_caller_without_time_to_spare_is_answered_without_asking() {
    let peer = told(r#"{"company":"Acme"}"#).await;
    let service = service(&peer.url, enforce).await;
    let mut question = TestApp::question_of(SIGN_UP, &event_of(SIGN_UP));
    question["deadline_ms"] = json!(300);
    let answer = service.signed("/v1/decisions", question.to_string().into_bytes(), service.signing()).await;
    assert_eq!(answer.json["degraded"], json!(["enrichment_unavailable"]), "{}", answer.json);
    assert_eq!(peer.asked(), Vec::<String>::new());
}

/// All that was logged in this process, at every level and by every crate.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Has all that is logged from now on kept.
pub fn listen() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(|| Log)
            .init();
    });
}

/// All that was logged since.
pub fn logged() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap()).into_owned()
}

#[tokio::test]
async fn nothing_about_the_person_or_the_token_is_logged() {
    listen();
    let told_it = told(r#"{"company":"CANARY Ltd"}"#).await;
    let hostile = told(r#"{"company":"CANARY\u0000"}"#).await;
    let moved = answering(
        "HTTP/1.1 302 CANARY\r\nlocation: https://CANARY.example/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    )
    .await;
    let mut event = event_of(SIGN_UP);
    event["user"]["email"] = json!("CANARY.person@CANARY.example");
    for url in [told_it.url.clone(), hostile.url.clone(), moved.url.clone(), nobody().await] {
        let (connector, _) = connector_at(&url, Duration::from_millis(500), true);
        let setup = Setup { enrichment: Some(connector), ..Setup::default() };
        let service = TestApp::start_with(enforce, setup).await;
        assert_eq!(service.ask(SIGN_UP, &event).await.status, 200);
    }
    assert!(told_it.asked()[0].contains("CANARY.person") && told_it.asked()[0].contains(TOKEN));
    let log = String::from_utf8_lossy(&LOG.lock().unwrap()).to_lowercase();
    assert!(log.contains("a sign-up is decided about without enrichment"), "the log is listened to");
    let line = log.lines().find(|line| line.contains("canary"));
    assert_eq!(line, None);
}

#[tokio::test]
async fn one_connector_serves_sign_ups_that_come_together() {
    let peer = told(r#"{"company":"Acme"}"#).await;
    let service = Arc::new(service(&peer.url, enforce).await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let service = Arc::clone(&service);
        tasks.spawn(async move { sign_up(&service).await.json["degraded"].clone() });
    }
    while let Some(degraded) = tasks.join_next().await {
        assert_eq!(degraded.unwrap(), json!([]));
    }
    assert_eq!(peer.asked().len(), 20);
}
