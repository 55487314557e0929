//! Sign-ins to our own console where the tenant is its identity provider: nobody locks themselves out.

use countersign_app::decide::Replay;
use countersign_core::Mode;
use countersign_policy::{Document, Floor};
use countersign_testkit::{Setup, TENANT, TestApp, post_login};
use serde_json::{Value, json};

use crate::world::{id_of, show};

const CONSOLE: &str = "console-client";

/// Everybody is challenged or, where that is not possible, refused: the strictest floor that a policy may have.
fn strictest(document: &mut Document) {
    document.tenant.mode = Some(Mode::Enforce);
    let floor: Floor = serde_json::from_value(json!({ "when": {}, "at_least": "challenge" })).unwrap();
    document.floors.push(floor);
}

async fn service() -> TestApp {
    TestApp::start_with(strictest, Setup { console_client: Some(CONSOLE), ..Setup::default() }).await
}

fn at(client: &str) -> Value {
    let mut event = post_login();
    event["client"]["client_id"] = json!(client);
    event
}

#[tokio::test]
async fn a_sign_in_to_the_console_is_never_refused_and_says_why() {
    let service = service().await;
    let other = service.decide(&at("another-client")).await;
    let felt = other.json["effects"][0]["call"].as_str().unwrap();
    assert!(felt == "access.deny" || felt.starts_with("authentication.challenge"), "{}", other.json);
    let spared = service.decide(&at(CONSOLE)).await;
    assert_eq!(spared.json["effects"], json!([]), "{}", spared.json);
    assert_eq!(spared.json["withheld"][0]["call"], felt);
    assert_eq!(spared.json["withheld"][0]["because"], "console_client");
    let shown = show(&service, &id_of(&spared)).await;
    assert!(shown.to_string().contains("console_client"), "{shown}");
}

#[tokio::test]
async fn such_a_decision_is_replayed_to_the_same_bytes() {
    let service = service().await;
    let tenant = service.app.tenant(&TENANT.parse().unwrap()).unwrap();
    for client in [CONSOLE, "another-client"] {
        let id = id_of(&service.decide(&at(client)).await).parse().unwrap();
        assert_eq!(service.app.replay(&tenant, &id).await.unwrap(), Replay::Same, "{client}");
    }
}
