//! What a connector may answer, and what it is told.

use std::time::Duration;

use countersign_app::enrich::{Enrich, EnrichError, Facts, Question};
use serde_json::{Value, json};

use crate::peer::{PATIENCE, TOKEN, answer, answering, ask, connector, connector_at, facts, nobody, silent};

fn parsed(value: Value) -> Facts {
    serde_json::from_value(value).unwrap()
}

#[tokio::test]
async fn the_domain_alone_is_sent_with_the_token() {
    let peer = answering(facts(r#"{"company":"Acme","size":250,"is_customer":true}"#)).await;
    let told = ask(&connector(&peer.url)).await;
    assert_eq!(told, Ok(parsed(json!({ "company": "Acme", "size": 250, "is_customer": true }))));
    let [request] = &peer.asked()[..] else { panic!("asked once") };
    assert!(request.starts_with("POST /enrich HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains(&format!("authorization: bearer {}", TOKEN.to_lowercase())));
    assert!(request.ends_with("\r\n\r\n{\"email_domain\":\"example.org\"}"), "{request}");
    assert!(!request.contains("CANARY.person"), "{request}");
}

#[tokio::test]
async fn the_address_is_sent_where_it_was_configured() {
    let peer = answering(facts("{}")).await;
    let told = ask(&connector_at(&peer.url, PATIENCE, true).0).await;
    assert_eq!(told, Ok(Facts::none()));
    assert!(peer.asked()[0].ends_with("\r\n\r\n{\"email\":\"CANARY.person@Example.org\"}"));
}

#[tokio::test]
async fn an_address_without_a_domain_is_not_asked_about() {
    let peer = answering(facts("{}")).await;
    let question = Question { email: "no-domain", within: PATIENCE };
    assert_eq!(connector(&peer.url).enrich(question).await, Ok(Facts::none()));
    assert_eq!(peer.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_known_is_no_failure() {
    let peer = answering("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
    assert_eq!(ask(&connector(&peer.url)).await, Ok(Facts::none()));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = answering(facts(r#"{"company":"Evil"}"#)).await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let peer = answering(format!(
            "HTTP/1.1 {status}\r\nlocation: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            elsewhere.url
        ))
        .await;
        let code = status[..3].parse().unwrap();
        assert_eq!(ask(&connector(&peer.url)).await, Err(EnrichError::Status(code)));
    }
    assert_eq!(elsewhere.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_of_another_status_is_refused() {
    for status in [201, 206, 400, 401, 404, 429, 500, 503] {
        let peer = answering(answer(&format!("{status} Words"), r#"{"company":"Acme"}"#)).await;
        assert_eq!(ask(&connector(&peer.url)).await, Err(EnrichError::Status(status)));
    }
}

#[tokio::test]
async fn a_body_of_more_than_4_kib_is_refused_with_or_without_its_length() {
    let spaces = " ".repeat(4_096 - 2);
    let peer = answering(facts(&format!("{{}}{spaces}"))).await;
    assert_eq!(ask(&connector(&peer.url)).await, Ok(Facts::none()), "4,096 bytes");
    let peer = answering(facts(&format!("{{}}{spaces} "))).await;
    assert_eq!(ask(&connector(&peer.url)).await, Err(EnrichError::TooLong));
    let endless = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{{}}{}", " ".repeat(1_000_000));
    let peer = answering(endless).await;
    assert_eq!(ask(&connector(&peer.url)).await, Err(EnrichError::TooLong));
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000)).repeat(3);
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n");
    let peer = answering(chunked).await;
    assert_eq!(ask(&connector(&peer.url)).await, Err(EnrichError::TooLong));
}

#[tokio::test]
async fn an_answer_that_is_no_flat_object_of_plain_values_is_refused_as_a_whole() {
    let deep = "[".repeat(4_000);
    for body in [
        "",
        "{",
        "not json",
        "[]",
        "\"text\"",
        "null",
        &deep,
        "{} trailing",
        "\u{feff}{}",
        r#"{"company":"Acme","nested":{"a":1}}"#,
        r#"{"company":"Acme","list":[1]}"#,
        r#"{"company":null}"#,
        r#"{"__proto__":{"admin":true}}"#,
        r#"{"__proto__":"admin"}"#,
        r#"{"constructor":"x"}"#,
        r#"{"$where":"1"}"#,
        r#"{"a.b":"x"}"#,
        r#"{"Company":"Acme"}"#,
        r#"{"company":"a\nb"}"#,
        r#"{"company":"a","company":"b"}"#,
        r#"{"size":1e400}"#,
    ] {
        let peer = answering(facts(body)).await;
        assert_eq!(ask(&connector(&peer.url)).await, Err(EnrichError::Shape), "{body}");
    }
    let peer =
        answering([b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"a\":\"\xff\"}".as_slice()].concat())
            .await;
    assert_eq!(ask(&connector(&peer.url)).await, Err(EnrichError::Shape), "no UTF-8");
}

#[tokio::test]
async fn what_is_no_http_breaks_off_or_is_not_there_is_unreachable() {
    for bytes in ["", "SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"company\":"]
    {
        let peer = answering(bytes).await;
        assert_eq!(ask(&connector(&peer.url)).await, Err(EnrichError::Unreachable), "{bytes}");
    }
    assert_eq!(ask(&connector(&nobody().await)).await, Err(EnrichError::Unreachable));
}

#[tokio::test]
async fn a_silent_connector_is_waited_for_as_long_as_configured_or_as_the_caller_has_time() {
    let peer = silent().await;
    let (short, _) = connector_at(&peer.url, Duration::from_millis(20), false);
    assert_eq!(ask(&short).await, Err(EnrichError::Late));
    let question = Question { email: "a@example.org", within: Duration::from_millis(20) };
    assert_eq!(connector(&peer.url).enrich(question).await, Err(EnrichError::Late));
}
