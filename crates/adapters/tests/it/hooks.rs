//! Webhooks to a server on this machine.

use countersign_adapters::hooks::HttpHook;
use countersign_app::hooks::{HookError, Message, SendHook, Taken};
use countersign_core::Timestamp;
use countersign_privacy::SigningKey;

use crate::peer::{answer, answering, nobody};

const BODY: &[u8] = br#"{"type":"incident.opened"}"#;

fn key(byte: u8) -> SigningKey {
    SigningKey::parse(&SigningKey::text(&[byte; 32])).unwrap()
}

async fn send(url: &str, keys: Vec<SigningKey>) -> Result<Taken, HookError> {
    let hook = HttpHook::new(url.parse().unwrap(), keys).unwrap();
    let at = Timestamp::from_micros(1_614_265_330_999_999);
    hook.send(Message { id: "rec_1", about: "inc_1", at, body: BODY, place: None }).await
}

#[tokio::test]
async fn a_message_is_signed_by_each_key_over_id_time_and_body() {
    let peer = answering(answer("204 No Content", "")).await;
    assert_eq!(send(&peer.url, vec![key(1), key(2)]).await, Ok(Taken::default()));
    let [asked] = &peer.asked()[..] else { panic!() };
    let [one, two] = [1, 2].map(|byte| key(byte).sign_request("rec_1", 1_614_265_330, BODY));
    for line in [
        "webhook-id: rec_1".to_owned(),
        "webhook-timestamp: 1614265330".to_owned(),
        format!("webhook-signature: {one} {two}"),
        "content-type: application/json".to_owned(),
    ] {
        assert!(asked.contains(&format!("{line}\r\n")), "{line}\n{asked}");
    }
    assert!(asked.ends_with(std::str::from_utf8(BODY).unwrap()));
}

#[tokio::test]
async fn only_2xx_takes_a_message_and_no_redirect_is_followed() {
    for (status, expected) in [
        ("200 OK", Ok(Taken::default())),
        ("202 Accepted", Ok(Taken::default())),
        ("410 Gone", Err(HookError::Status(410))),
        ("503 Service Unavailable", Err(HookError::Status(503))),
    ] {
        let peer = answering(answer(status, "ignored")).await;
        assert_eq!(send(&peer.url, vec![key(1)]).await, expected, "{status}");
    }
    let elsewhere = answering(answer("200 OK", "")).await;
    let moved = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        elsewhere.url
    );
    let peer = answering(moved).await;
    assert_eq!(send(&peer.url, vec![key(1)]).await, Err(HookError::Status(307)));
    assert!(elsewhere.asked().is_empty());
    assert_eq!(send(&nobody().await, vec![key(1)]).await, Err(HookError::Unreachable));
}

#[tokio::test]
async fn a_receiver_that_names_a_time_is_left_alone_so_long() {
    for (status, header, expected) in [
        ("429 Too Many Requests", "retry-after: 90\r\n", HookError::Busy { status: 429, seconds: 90 }),
        ("503 Service Unavailable", "retry-after: 7\r\n", HookError::Busy { status: 503, seconds: 7 }),
        ("500 Internal Server Error", "retry-after: 7\r\n", HookError::Status(500)),
        ("429 Too Many Requests", "", HookError::Status(429)),
    ] {
        let peer =
            answering(format!("HTTP/1.1 {status}\r\n{header}content-length: 0\r\nconnection: close\r\n\r\n"))
                .await;
        assert_eq!(send(&peer.url, vec![key(1)]).await, Err(expected), "{status} {header}");
    }
}
