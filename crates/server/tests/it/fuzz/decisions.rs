//! Bodies that an Action's key has signed: decisions of every trigger, outcomes, and the short form.

use axum::{body::Body, http::Request};
use countersign_fuzz::Target;
use countersign_testkit::{HOST, TestApp, fixtures};
use serde_json::json;

use super::world::{World, is_busy, said};

#[test]
fn decisions() {
    let world = World::new();
    let questions =
        fixtures().into_iter().map(|(trigger, event)| TestApp::question_of(trigger, &event).to_string());
    let form = json!({ "email": "sales@example.com", "ip": "203.0.113.24", "user_agent": "curl/8.0", "deadline_ms": 100 });
    let made =
        world.runtime.block_on(world.service.operate("POST", "/v1/risk-tokens/example-tenant", &json!({})));
    let token = format!("/risk/{}", made.json["token"].as_str().unwrap());
    let outcomes = ["completed", "challenge_passed", "challenge_failed", "verdict", "login_failed"].map(|kind| {
        json!({ "kind": kind, "decision_id": "dec_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "user_id": "auth0|1", "factor": "otp", "verdict": "legitimate",
            "at": "2026-08-20T08:00:00Z" })
        .to_string()
    });
    Target::new("decisions")
        .examples(questions)
        .examples(outcomes)
        .examples([form.to_string()])
        .words([
            "\"event\":{",
            "\"user_id\":",
            "\"geoip\":",
            "\"truncated\":[\"user\"]",
            "\"device_posture\":{\"status\":\"compliant\",\"place\":\"user.app_metadata\"}",
            "\"deadline_ms\":1",
            "\"app_metadata\":{",
            "post-login",
            "\"methods\":[",
            "192.0.2.1",
            "::1",
        ])
        .run(|input| {
            let mut all = Vec::new();
            for path in ["/v1/decisions", "/v1/outcomes"] {
                let before = world.leaves();
                let answer = world.runtime.block_on(world.service.signed(
                    path,
                    input.to_vec(),
                    world.service.signing(),
                ));
                if answer.status >= 500 && !is_busy(&answer) {
                    return Err(format!("{path}: a fault of ours: {}", said(&answer)));
                }
                if answer.status >= 400 && !is_busy(&answer) && world.leaves() != before {
                    return Err(format!("{path}: it was refused with {} and left a leaf", said(&answer)));
                }
                if !answer.headers.contains_key("countersign-signature") {
                    return Err(format!("{path}: an answer that is not signed: {}", said(&answer)));
                }
                all.push(said(&answer));
            }
            let short = Request::post(&*token).header("host", HOST).body(Body::from(input.to_vec())).unwrap();
            all.push(said(&world.tried(short)?));
            Ok(all.join("; "))
        });
    world.assert_whole();
}
