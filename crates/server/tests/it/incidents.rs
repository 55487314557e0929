//! `/v1/incidents/{tenant}`: what was found, and what people make of it.

use std::collections::BTreeMap;

use countersign_auth0::log::LogEvent;
use countersign_core::Timestamp;
use countersign_detect::{Alert, AlertId, Audience, Entity, EntityKind, Event, Severity, detectors};
use countersign_privacy::Tagger;
use countersign_store::{Commit, Write};
use countersign_testkit::{START, TestApp};
use serde_json::{Value, json};

use crate::world::check_problem;

const PATH: &str = "/v1/incidents/example-tenant";

/// Places an alert about an account, days after the start; returns its incident's id.
pub async fn found(service: &TestApp, user: &str, day: i64, severity: Severity) -> String {
    let (entity, at) = (Entity::new(EntityKind::User, user), START.plus(day * countersign_detect::DAY));
    let tagger = Tagger::new(&[1; 32]);
    let alert = Alert {
        id: AlertId::new(&tagger, "brute_force_account", 1, &entity, at),
        detector: "brute_force_account".to_owned(),
        version: 1,
        entity,
        severity,
        first: at,
        last: at,
        findings: 1,
        evidence: vec![1],
        measures: Vec::new(),
        audience: Audience::Raised,
    };
    let raw = entry(user, at);
    let evidence = [Event::new(1, LogEvent::parse(&raw, None).unwrap(), &tagger, |_| None)];
    let raised = countersign_app::incidents::Raised {
        alert: &alert,
        about: detectors::NATIVE[0].about,
        evidence: &evidence,
    };
    let tenant = service.tenant();
    let placed = service.app.place_alerts(&tenant, &[raised], &BTreeMap::new(), &[]).await.unwrap();
    let id = placed.incidents[&alert.id].to_string();
    commit(service, placed.writes).await;
    id
}

fn entry(user: &str, at: Timestamp) -> String {
    format!(r#"{{"log_id":"1","type":"fp","date":"{at}","user_id":"{user}","ip":"203.0.113.9"}}"#)
}

async fn commit(service: &TestApp, writes: Vec<Write>) {
    let tenant = service.tenant();
    let commit = Commit { writes, ..Commit::background(tenant.id().clone()) };
    service.store.commit(commit).await.unwrap();
}

async fn post(service: &TestApp, path: &str, body: &Value) -> countersign_testkit::Answer {
    service.operate("POST", path, body).await
}

#[tokio::test]
async fn incidents_are_listed_by_page_and_filter_and_shown_whole() {
    let service = TestApp::start(|_| {}).await;
    let mut ids = Vec::new();
    for day in 0..51 {
        let severity = if day == 7 { Severity::Critical } else { Severity::Medium };
        ids.push(found(&service, &format!("auth0|{day}"), 3 * day, severity).await);
    }
    let page = service.get(PATH).await.json;
    let listed: Vec<_> = page["incidents"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!((listed.len(), &listed[0]), (50, &json!(ids[50])));
    let rest = service.get(&format!("{PATH}?before={}", page["next"].as_str().unwrap())).await.json;
    assert_eq!((&rest["incidents"][0]["id"], &rest["next"]), (&json!(ids[0]), &Value::Null));
    let grave = service.get(&format!("{PATH}?severity=high&status=open")).await.json;
    assert_eq!(grave["incidents"].as_array().unwrap().len(), 1);
    assert_eq!(grave["incidents"][0]["severity"], "critical");
    for query in ["severity=grave", "status=new", "before=x", "before=1~%27", "page=2"] {
        check_problem(&service.get(&format!("{PATH}?{query}")).await, 422, "query.shape");
    }
    let shown = service.get(&format!("{PATH}/{}", ids[7])).await.json;
    let alias = shown["users"][0]["name"].as_str().unwrap();
    assert!(alias.starts_with("als_") && shown["narrative"].as_str().unwrap().contains(alias), "{shown}");
    let (subject, entity) = (&shown["users"][0]["subject"], shown["users"][0]["entity"].as_str().unwrap());
    assert!(subject.as_str().unwrap().starts_with("sub_") && entity.starts_with("ent_"), "{shown}");
    let source = shown["addresses"][0]["name"].as_str().unwrap();
    let line = format!("a sign-in failed: wrong password for {alias} from {source}");
    assert_eq!(shown["timeline"][0]["text"], line);
    assert!(!shown.to_string().contains("auth0|") && !shown.to_string().contains("203.0.113"), "{shown}");
    assert!(!shown["steps"].as_array().unwrap().is_empty());
    for path in ["inc_0000000000000000", "nonsense"] {
        check_problem(&service.get(&format!("{PATH}/{path}")).await, 404, "not_found");
    }
    check_problem(&service.get("/v1/incidents/nobody").await, 404, "tenant.unknown");
    check_problem(&service.get(&format!("/v1/incidents/other-tenant/{}", ids[7])).await, 404, "not_found");
}

#[tokio::test]
async fn an_incident_is_taken_up_given_away_noted_and_closed_by_version() {
    let service = TestApp::start(|_| {}).await;
    let id = found(&service, "auth0|ann", 0, Severity::High).await;
    let path = |act: &str| format!("{PATH}/{id}/{act}");
    let act = json!({ "actor": "mia", "version": 1 });
    assert_eq!(post(&service, &path("acknowledge"), &act).await.json["version"], 2);
    check_problem(&post(&service, &path("acknowledge"), &act).await, 409, "incident.changed");
    let assign = json!({ "actor": "mia", "version": 2, "assignee": "noa" });
    assert_eq!(post(&service, &path("assign"), &assign).await.json["version"], 3);
    let note = json!({ "actor": "noa", "text": "called" });
    assert!(post(&service, &path("notes"), &note).await.json["id"].as_str().unwrap().starts_with("rec_"));
    check_problem(
        &post(&service, &path("notes"), &json!({ "actor": "noa", "text": " " })).await,
        422,
        "incident.invalid",
    );
    let close = |disposition: &str, more: Value| {
        let mut body =
            json!({ "actor": "noa", "version": 3, "disposition": disposition, "reason": "a test" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (body, code) in [
        (close("duplicate", json!({})), "incident.invalid"),
        (close("benign", json!({ "reason": "" })), "incident.invalid"),
        (close("nothing", json!({})), "body.shape"),
    ] {
        check_problem(&post(&service, &path("close"), &body).await, 422, code);
    }
    let unknown = close("duplicate", json!({ "duplicate_of": "inc_0000000000000000" }));
    check_problem(&post(&service, &path("close"), &unknown).await, 404, "not_found");
    let closed =
        post(&service, &path("close"), &close("false_positive", json!({ "suppress": true }))).await.json;
    assert_eq!((&closed["version"], &closed["is_suppressed"]), (&json!(4), &json!(true)));
    assert_eq!(closed["suppressions"][0]["detector"], "brute_force_account");
    let shown = service.get(&format!("{PATH}/{id}")).await.json;
    assert_eq!((&shown["status"], &shown["assignee"]), (&json!("closed"), &json!("noa")));
    let masked = json!("[free_text]");
    assert_eq!((&shown["closing"]["reason"], &shown["notes"][0]["text"]), (&masked, &masked));
    let again = json!({ "actor": "mia", "version": 4 });
    check_problem(&post(&service, &path("acknowledge"), &again).await, 409, "incident.closed");
}

#[tokio::test]
async fn alerts_are_listed_without_whom_they_are_about() {
    let service = TestApp::start(|_| {}).await;
    let row = |id: &str, severity: u8, is_retracted: bool| {
        Write::Alert(Box::new(countersign_app::incidents::AlertRow {
            id: id.to_owned(),
            detector: "mfa_fatigue".to_owned(),
            severity,
            audience: "raised".to_owned(),
            is_retracted,
            is_late: false,
            first: START,
            last: START,
            entity: 7,
            incident: None,
            key_id: "none".to_owned(),
            sealed: Vec::new(),
        }))
    };
    commit(&service, vec![row("alr_a", 3, false), row("alr_b", 1, false), row("alr_c", 3, true)]).await;
    let ids = async |query: &str| {
        let page = service.get(&format!("/v1/alerts/example-tenant{query}")).await.json;
        page["alerts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("").await, ["alr_b", "alr_a"]);
    assert_eq!(ids("?severity=medium&retracted=true").await, ["alr_c", "alr_a"]);
    assert_eq!(ids(&format!("?before={}~alr_b", START.micros())).await, ["alr_a"]);
    check_problem(&service.get("/v1/alerts/example-tenant?detector=a&detector=b").await, 422, "query.shape");
}
