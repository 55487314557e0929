//! `POST /v1/decisions`: what an Action is told.

use countersign_app::access::Within;
use countersign_testkit::{Signing, TENANT, TestApp, high_risk, post_login, refresh, signing_key};
use serde_json::{Value, json};

use crate::world::{count_decisions, id_of, show};

/// Replaces what differs from run to run.
fn redacted(answer: &Value) -> String {
    let mut answer = answer.clone();
    let id = answer["decision_id"].as_str().unwrap().to_owned();
    answer["risk"]["model"] = json!("[model]");
    serde_json::to_string_pretty(&answer).unwrap().replace(&id, "[id]")
}

#[tokio::test]
async fn each_fixture_gets_an_explained_decision_that_adds_up() {
    let service = TestApp::start(|_| {}).await;
    for (event, channel) in
        [(post_login(), "interactive"), (high_risk(), "interactive"), (refresh(), "refresh")]
    {
        let answer = service.decide(&event).await;
        let id = id_of(&answer);
        assert!(id.starts_with("dec_"), "{id}");
        let told = &answer.json;
        assert_eq!((&told["trigger"], &told["channel"]), (&json!("post-login"), &json!(channel)));
        assert_eq!((&told["mode"], &told["effects"]), (&json!("audit"), &json!([])));
        let reasons = told["risk"]["reasons"].as_array().unwrap();
        for reason in reasons {
            assert!(
                !reason["code"].as_str().unwrap().is_empty() && !reason["text"].as_str().unwrap().is_empty()
            );
        }
        let stored = show(&service, &id).await;
        let sum: i64 = reasons.iter().map(|reason| reason["micro"].as_i64().unwrap()).sum();
        let bias = stored["assessment"]["bias_micro"].as_i64().unwrap();
        assert_eq!(told["risk"]["logit_micro"], bias + sum, "contributions and bias make the logit");
        for told_once in ["score", "logit_micro", "reasons", "confidence", "model"] {
            assert_eq!(stored["assessment"][told_once], told["risk"][told_once], "{told_once}");
        }
    }
    assert_eq!(count_decisions(&service, TENANT).await, 3);
}

#[tokio::test]
async fn the_code_that_asks_is_named_in_the_leaf_and_the_record() {
    let service = TestApp::start(|_| {}).await;
    let hash = "a1".repeat(32);
    for code in [Some(&hash), None] {
        let mut question = TestApp::question(&post_login());
        question["action"]["code"] = json!(code);
        let body = question.to_string().into_bytes();
        let id = id_of(&service.signed("/v1/decisions", body, service.signing()).await);
        let tenant = service.tenant();
        let (_, record) = service.app.decision(Within::all(&tenant), &id.parse().unwrap()).await.unwrap();
        assert_eq!(record.action.code.as_ref(), code);
        let path = service.folder().join("countersign.db");
        // Over PostgreSQL there is no such file.
        if !path.exists() {
            continue;
        }
        let connection = rusqlite::Connection::open(path).unwrap();
        let leaf: Vec<u8> = connection
            .query_row("SELECT leaf FROM records WHERE record_id = ?1", [&id], |row| row.get(0))
            .unwrap();
        let leaf: Value = serde_json::from_slice(&leaf).unwrap();
        assert_eq!(leaf["hashes"]["action"].as_str(), code.map(String::as_str));
    }
}

#[tokio::test]
async fn the_riskier_fixture_scores_higher() {
    let service = TestApp::start(|_| {}).await;
    let ordinary = service.decide(&post_login()).await.json["risk"]["score"].as_f64().unwrap();
    let risky = service.decide(&high_risk()).await.json["risk"]["score"].as_f64().unwrap();
    assert!(risky > 0.9 && ordinary < 0.3, "{ordinary} {risky}");
}

#[tokio::test]
async fn the_answer_has_this_shape() {
    let service = TestApp::start(|_| {}).await;
    let answer = service.decide(&high_risk()).await;
    let mut shape = answer.json.clone();
    shape.sort_all_objects();
    insta::assert_snapshot!(redacted(&shape), @r#"
    {
      "because": [],
      "channel": "interactive",
      "decision_id": "[id]",
      "degraded": [],
      "effects": [],
      "mode": "audit",
      "risk": {
        "confidence": 0.097,
        "level": "critical",
        "logit_micro": 2628505,
        "model": "[model]",
        "reasons": [
          {
            "code": "automated_client",
            "micro": 1800000,
            "text": "The client names itself as a program, where people sign in with a browser."
          },
          {
            "code": "auth0_untrusted_ip",
            "micro": 1200000,
            "text": "Auth0 found the address on a deny list of addresses with abuse."
          },
          {
            "code": "auth0_travel",
            "micro": 1100000,
            "text": "Auth0 finds the travel since the last sign-in impossible."
          },
          {
            "code": "auth0_low_confidence",
            "micro": 1000000,
            "text": "Auth0's own assessment has low confidence in this sign-in."
          },
          {
            "code": "auth0_new_device",
            "micro": 700000,
            "text": "Auth0 has not seen this user on this device."
          }
        ],
        "score": 0.932674
      },
      "trigger": "post-login",
      "valid_for_ms": 2000,
      "withheld": [
        {
          "args": [
            "refused: this sign-in was refused for security; reference [id]"
          ],
          "because": "mode_audit",
          "call": "access.deny"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn the_answer_is_signed_by_whichever_key_signed_the_request() {
    let service = TestApp::start(|_| {}).await;
    let body = TestApp::question(&post_login()).to_string().into_bytes();
    for (seed, other) in [(1, 2), (2, 1)] {
        let signing = Signing { key: signing_key(TENANT, seed), ..service.signing() };
        let id = signing.id.clone();
        let answer = service.signed("/v1/decisions", body.clone(), signing).await;
        assert_eq!(answer.status, 200);
        let signature = answer.headers["countersign-signature"].to_str().unwrap();
        assert_eq!(signature, signing_key(TENANT, seed).sign_answer(&id, &answer.bytes));
        assert_ne!(signature, signing_key(TENANT, other).sign_answer(&id, &answer.bytes));
        assert_ne!(signature, signing_key(TENANT, seed).sign_answer("msg_other", &answer.bytes));
    }
}

#[tokio::test]
async fn a_refusal_of_a_signed_request_is_signed_too() {
    let service = TestApp::start(|_| {}).await;
    let signing = service.signing();
    let id = signing.id.clone();
    let answer = service.signed("/v1/decisions", b"{}".to_vec(), signing).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json["request_id"], id.as_str());
    let signature = signing_key(TENANT, 1).sign_answer(&id, &answer.bytes);
    assert_eq!(answer.headers["countersign-signature"].to_str().unwrap(), signature);
}

#[tokio::test]
async fn what_the_action_cut_is_told_as_degraded() {
    let service = TestApp::start(|_| {}).await;
    let mut body = TestApp::question(&post_login());
    body["truncated"] = json!(["event.request.user_agent"]);
    let answer = service.signed("/v1/decisions", body.to_string().into_bytes(), service.signing()).await;
    assert_eq!(answer.json["degraded"], json!(["truncated"]));
    let stored = show(&service, &id_of(&answer)).await;
    assert_eq!(stored["truncated"], json!(["event.request.user_agent"]));
}

#[tokio::test]
async fn the_shortest_deadline_that_is_taken_can_be_met() {
    let service = TestApp::start(|_| {}).await;
    let mut body = TestApp::question(&post_login());
    body["deadline_ms"] = json!(0);
    let refused = service.signed("/v1/decisions", body.to_string().into_bytes(), service.signing()).await;
    let message = refused.json["errors"][0]["message"].as_str().unwrap();
    let shortest: u32 = message.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    body["deadline_ms"] = json!(shortest);
    let answer = service.signed("/v1/decisions", body.to_string().into_bytes(), service.signing()).await;
    assert_eq!(answer.status, 200, "{shortest} ms: {}", answer.json);
}

#[tokio::test]
async fn a_cut_list_of_roles_holds_the_floors_of_roles() {
    let service = TestApp::start(|document| {
        document.tenant.mode = Some(countersign_core::Mode::Enforce);
        document.floors.push(countersign_policy::Floor {
            when: countersign_policy::Subject {
                roles: Some(vec!["auditor".to_owned()]),
                ..countersign_policy::Subject::default()
            },
            at_least: countersign_core::Verdict::Challenge,
        });
    })
    .await;
    let mut question = TestApp::question(&post_login());
    for (truncated, because) in [
        (json!(["request.user_agent"]), json!([])),
        (json!(["authorization.roles"]), json!(["floor", "roles_truncated"])),
    ] {
        question["truncated"] = truncated;
        let body = question.to_string().into_bytes();
        let answer = service.signed("/v1/decisions", body, service.signing()).await;
        assert_eq!(answer.json["because"], because, "{}", answer.json);
    }
}
