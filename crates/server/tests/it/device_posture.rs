//! What a tenant's Action tells of the machine beside the event.

use countersign_app::{
    access::Within,
    decide::{Replay, record::Record},
};
use countersign_core::{Mode, Verdict};
use countersign_ledger::receipt::Receipt;
use countersign_policy::{Floor, Subject};
use countersign_risk::{DevicePosture, PosturePlace, PostureStatus};
use countersign_testkit::{Answer, TestApp, post_login};
use serde_json::{Value, json};

use crate::world::{abroad, at_home, complete, id_of};

const CODES: [&str; 3] = ["compliant_device", "unmanaged_device", "non_compliant_device"];
/// What must be kept nowhere.
const MARK: &str = "qzkvxmark";

const PLACES: [&str; 3] = ["transaction.metadata", "user.app_metadata", "user.user_metadata"];

/// Asks as an Action whose CONFIG names the place of the posture.
async fn ask(service: &TestApp, event: &Value, posture: &Value) -> Answer {
    let mut question = TestApp::question(event);
    question["device_posture"] = posture.clone();
    let answer = service.signed("/v1/decisions", question.to_string().into_bytes(), service.signing()).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    answer
}

fn told(status: &str, place: &str) -> Value {
    json!({ "status": status, "place": place })
}

/// What the posture counts of a decision: nothing, or one reason.
fn counted(answer: &Answer) -> Option<(String, i64)> {
    let reasons = answer.json["risk"]["reasons"].as_array().unwrap().iter();
    let mut found = reasons.filter(|reason| CODES.contains(&reason["code"].as_str().unwrap()));
    let first = found.next()?;
    assert!(found.next().is_none(), "{}", answer.json);
    Some((first["code"].as_str().unwrap().to_owned(), first["micro"].as_i64().unwrap()))
}

/// A service at which a person is known on one machine.
async fn known() -> (TestApp, Value) {
    let service = TestApp::start(|_| {}).await;
    let event = at_home("auth0|machine");
    for _ in 0..3 {
        complete(&service, &id_of(&service.decide(&event).await)).await;
    }
    (service, event)
}

async fn record(service: &TestApp, answer: &Answer) -> Record {
    let tenant = service.tenant();
    service.app.decision(Within::all(&tenant), &id_of(answer).parse().unwrap()).await.unwrap().1
}

#[tokio::test]
async fn a_machine_counts_by_what_the_tenant_tells_of_it_and_the_record_replays() {
    let (service, event) = known().await;
    for (status, heard, code, micro) in [
        ("compliant", PostureStatus::Compliant, "compliant_device", -250_000),
        ("unmanaged", PostureStatus::Unmanaged, "unmanaged_device", 350_000),
        ("non_compliant", PostureStatus::NonCompliant, "non_compliant_device", 1_000_000),
    ] {
        for (place, from) in
            [("transaction.metadata", PosturePlace::SignIn), ("user.app_metadata", PosturePlace::Person)]
        {
            let answer = ask(&service, &event, &told(status, place)).await;
            assert_eq!(counted(&answer), Some((code.to_owned(), micro)), "{status} {place}");
            let record = record(&service, &answer).await;
            let posture = DevicePosture { status: heard, place: from };
            assert_eq!(record.features.device_posture, Some(posture));
            let replayed = service.app.replay(&service.tenant(), &id_of(&answer).parse().unwrap()).await;
            assert_eq!(replayed.unwrap(), Replay::Same, "{status} {place}");
        }
    }
}

#[tokio::test]
async fn what_is_not_told_changes_nothing() {
    let (service, event) = known().await;
    let untold = service.decide(&event).await;
    let null = ask(&service, &event, &Value::Null).await;
    let good = ask(&service, &event, &told("compliant", "transaction.metadata")).await;
    assert_eq!((counted(&untold), counted(&null)), (None, None));
    assert_eq!(untold.json["risk"]["confidence"], good.json["risk"]["confidence"]);
    assert_eq!(untold.json["risk"]["model"], good.json["risk"]["model"]);
    let body = record(&service, &null).await;
    assert_eq!(body.features.device_posture, None);
    assert!(!serde_json::to_string(&body.features).unwrap().contains("posture"));
}

#[tokio::test]
async fn nobody_lowers_the_risk_by_what_they_can_write_themselves() {
    let (service, mut event) = known().await;
    let own = ask(&service, &event, &told("compliant", "user.user_metadata")).await;
    assert_eq!(counted(&own), None, "their own word");
    assert_eq!(record(&service, &own).await.features.device_posture, None);
    let bad = ask(&service, &event, &told("non_compliant", "user.user_metadata")).await;
    assert_eq!(counted(&bad).map(|(_, micro)| micro), Some(1_000_000), "against themselves they are heard");
    // Nothing is read off the event: no Action of ours sends it, and one's own Action says what it means.
    event["user"]["user_metadata"] =
        json!({ "device_posture": "compliant", "countersign": { "device_posture": "compliant" } });
    event["user"]["app_metadata"]["device_posture"] = json!("compliant");
    event["device_posture"] = told("compliant", "transaction.metadata");
    assert_eq!(counted(&service.decide(&event).await), None);
}

#[tokio::test]
async fn a_thief_s_machine_is_not_vouched_for_by_what_is_said_of_its_victim() {
    let (service, _) = known().await;
    let theft = abroad("auth0|machine");
    assert_eq!(counted(&ask(&service, &theft, &told("compliant", "user.app_metadata")).await), None);
    let new_machine = ask(&service, &theft, &told("compliant", "transaction.metadata")).await;
    assert_eq!(
        counted(&new_machine),
        Some(("compliant_device".to_owned(), -250_000)),
        "told of this very sign-in"
    );
    let stranger = at_home("auth0|never-seen");
    assert_eq!(counted(&ask(&service, &stranger, &told("compliant", "user.app_metadata")).await), None);
}

#[tokio::test]
async fn whatever_else_is_told_is_passed_over_and_kept_nowhere() {
    let (service, event) = known().await;
    let long = MARK.repeat(5_000);
    for posture in [
        json!(MARK),
        json!(true),
        json!(7),
        json!([MARK]),
        json!({}),
        json!({ "status": MARK, "place": "user.app_metadata" }),
        json!({ "status": "compliant", "place": MARK }),
        json!({ "status": "compliant", "place": "request.query" }),
        json!({ "status": "compliant", "place": "user.app_metadata", "serial": MARK }),
        json!({ "status": "COMPLIANT", "place": "user.app_metadata" }),
        json!({ "status": ["compliant"], "place": "user.app_metadata" }),
        json!({ "status": "compliant", "place": "user.app_metadata", "padding": long }),
        json!([[[[[[[[[[[[[[[[MARK]]]]]]]]]]]]]]]]),
    ] {
        let answer = ask(&service, &event, &posture).await;
        assert_eq!(counted(&answer), None, "{posture}");
        let receipt = Receipt::from_json(&service.open_receipt(&id_of(&answer)).await.bytes).unwrap();
        let body = String::from_utf8_lossy(&receipt.openings[0].body.0).into_owned();
        assert!(!body.contains(MARK) && !body.contains("posture"), "{body}");
    }
}

#[tokio::test]
async fn a_floor_holds_on_every_machine() {
    let service = TestApp::start(|document| {
        document.tenant.mode = Some(Mode::Enforce);
        document.floors.push(Floor { when: Subject::default(), at_least: Verdict::Challenge });
    })
    .await;
    let mut event = post_login();
    event["user"]["enrolledFactors"] = json!([{ "type": "otp" }]);
    let calls = |answer: &Answer| answer.json["effects"].clone();
    let untold = service.decide(&event).await;
    let good = ask(&service, &event, &told("compliant", "transaction.metadata")).await;
    assert_eq!(counted(&good).map(|(_, micro)| micro), Some(-250_000));
    assert_eq!(calls(&good), calls(&untold));
    assert!(calls(&good).to_string().contains("challenge"), "{}", good.json);
}

#[tokio::test]
async fn places_that_people_write_are_told_from_those_that_the_tenant_writes() {
    let (service, event) = known().await;
    let lowers = async |place| {
        counted(&ask(&service, &event, &told("compliant", place)).await).is_some_and(|(_, micro)| micro < 0)
    };
    let mut lowering = Vec::new();
    for place in PLACES {
        if lowers(place).await {
            lowering.push(place);
        }
    }
    assert_eq!(lowering, ["transaction.metadata", "user.app_metadata"]);
}
