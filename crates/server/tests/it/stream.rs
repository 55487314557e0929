//! The stream that benches and fitting run is no second implementation: it scores as the service does.

use std::time::Duration;

use countersign_auth0::trigger::post_login::PostLogin;
use countersign_core::{Clock, Score};
use countersign_risk::{Model, stream::Stream};
use countersign_testkit::TestApp;
use serde_json::{Value, json};

use crate::{
    joins::{deliver, entry, join},
    world::{abroad, at_home, id_of, show},
};

/// Sign-ins of five people of two organizations, some from elsewhere and some with another client.
fn sign_in(service: &TestApp, number: u32) -> Value {
    let user = format!("auth0|user-{}", number % 5);
    let mut event = if number % 11 == 7 { abroad(&user) } else { at_home(&user) };
    event["organization"] =
        json!({"id": format!("org_{:016}", number % 2), "name": "a", "display_name": "A", "metadata": {}});
    event["transaction"]["id"] = json!(format!("tx_{number}"));
    event["session"]["id"] = json!(format!("se_{}", number / 15));
    if number % 15 < 5 {
        event["session"]["created_at"] = json!(service.clock.now());
    }
    if number % 7 == 3 {
        event["request"]["ip"] = json!(format!("198.51.100.{}", number % 250));
        event["request"]["asn"] = json!(format!("{}", 64_600 + number % 3));
    }
    if number % 13 == 4 {
        event["security_context"]["ja4"] = json!("t13d1715h2_5b57614c22b0_3d5424432f57");
    }
    event
}

/// An entry of the log as Auth0 would write it of this sign-in.
fn told(service: &TestApp, kind: &str, number: u32, event: &Value) -> Value {
    let mut entry = entry(service, kind, number, event);
    entry["ip"] = event["request"]["ip"].clone();
    entry["security_context"] = event["security_context"].clone();
    entry
}

#[tokio::test]
async fn the_stream_scores_each_sign_in_as_the_service_does() {
    let service = TestApp::start(|_| {}).await;
    let (model, nobody_knows) = (Model::default(), |_| None);
    let mut stream = Stream::new(&model, Score::from_percent(60), &nobody_knows);
    let (mut risky, mut scores) = (0, std::collections::BTreeSet::new());
    for number in 0..240 {
        service.clock.advance(Duration::from_secs(3_600 + u64::from(number % 17) * 421));
        while service.app.count_silence(&service.tenant(), &service.lead().await).await.unwrap() > 0 {}
        let event = sign_in(&service, number);
        let at = service.clock.now();
        if number % 6 == 1 {
            let failed = told(&service, "fp", 100_000 + number, &event);
            let text = failed.to_string();
            let read = countersign_auth0::log::LogEvent::parse(&text, None).unwrap();
            stream.log(&read, at);
            deliver(&service, &[failed]).await;
            join(&service).await;
        }
        let id = id_of(&service.decide(&event).await);
        let read: PostLogin = countersign_auth0::decode(event.to_string().as_bytes(), "event").unwrap();
        let scored = stream.login(&id, &read, at).assessment;
        let shown = show(&service, &id).await;
        assert_eq!(shown["assessment"], json!(scored), "sign-in {number}");
        deliver(&service, &[told(&service, "s", number, &event)]).await;
        join(&service).await;
        if number % 11 == 7 && number % 2 == 0 {
            let verdict = json!({ "kind": "verdict", "decision_id": id, "verdict": "fraudulent" });
            assert_eq!(service.operate("POST", "/v1/outcomes", &verdict).await.status, 200);
            stream.verdict(&id, true, at);
        }
        risky += u32::from(scored.score >= Score::from_percent(60));
        scores.insert(scored.logit_micro);
    }
    assert!(risky > 5 && scores.len() > 100, "{risky} risky, {} different scores", scores.len());
}
