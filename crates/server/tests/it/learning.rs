//! What profiles learn, seen through scores: deciding teaches nothing, outcomes do, and an attacker can't.

use countersign_app::access::Within;
use std::time::Duration;

use countersign_app::DecisionFilter;
use countersign_core::Mode;
use countersign_testkit::TestApp;
use serde_json::{Value, json};

use crate::world::{abroad, at_home, complete, id_of, risk_of_nobody, score_of, show};

const DAY: Duration = Duration::from_secs(86_400);

/// Signs in once a day and completes it, `count` times.
async fn sign_in_daily(service: &TestApp, event: &Value, count: u32) {
    for _ in 0..count {
        let answer = service.decide(event).await;
        complete(service, &id_of(&answer)).await;
        service.clock.advance(DAY);
    }
}

async fn score(service: &TestApp, event: &Value) -> f64 {
    score_of(&service.decide(event).await)
}

/// Counts silence until there is none left to count; how many decisions were looked at.
async fn count_silence(service: &TestApp) -> usize {
    let mut looked_at = 0;
    loop {
        match service.app.count_silence(&service.tenant(), &service.lead().await).await.unwrap() {
            0 => return looked_at,
            more => looked_at += more,
        }
    }
}

async fn granted(service: &TestApp, id: &str) -> u32 {
    let rows = service
        .app
        .decisions(Within::all(&service.tenant()), DecisionFilter::default(), 10_000)
        .await
        .unwrap();
    rows.iter().find(|row| row.decision.id.as_str() == id).unwrap().granted
}

#[tokio::test]
async fn completed_sign_ins_make_the_familiar_safer_and_the_strange_riskier() {
    let service = TestApp::start(|_| {}).await;
    let (familiar, strange) = (at_home("auth0|anna"), abroad("auth0|anna"));
    let cold = (score(&service, &familiar).await, score(&service, &strange).await);
    sign_in_daily(&service, &familiar, 12).await;
    let warm = (score(&service, &familiar).await, score(&service, &strange).await);
    assert!(warm.0 < cold.0, "familiar: {cold:?} to {warm:?}");
    assert!(warm.1 > cold.1, "strange: {cold:?} to {warm:?}");
    let somebody_else = (at_home("auth0|ben"), abroad("auth0|ben"));
    let other = (score(&service, &somebody_else.0).await, score(&service, &somebody_else.1).await);
    assert!(other.0 > warm.0 && other.1 < warm.1, "a colleague's history is not theirs: {other:?} {warm:?}");
}

#[tokio::test]
async fn each_of_country_network_and_machine_that_changes_raises_the_score() {
    let service = TestApp::start(|_| {}).await;
    let home = at_home("auth0|anna");
    sign_in_daily(&service, &home, 12).await;
    let usual = score(&service, &home).await;
    let strange = abroad("auth0|anna");
    for pointers in [&["/request/geoip"][..], &["/request/asn", "/request/ip"], &["/request/user_agent"]] {
        let mut event = home.clone();
        for pointer in pointers {
            *event.pointer_mut(pointer).unwrap() = strange.pointer(pointer).unwrap().clone();
        }
        let changed = score(&service, &event).await;
        assert!(changed > usual, "{pointers:?}: {usual} to {changed}");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_wipes_no_history() {
    for (back, status) in [(DAY * 9 / 10, 200), (3 * DAY, 503), (4_000 * DAY, 503)] {
        let service = TestApp::start(|_| {}).await;
        let event = at_home("auth0|anna");
        sign_in_daily(&service, &event, 12).await;
        let last = service.decide(&event).await;
        let before = last.json["risk"]["logit_micro"].as_i64().unwrap();
        service.clock.set_back(back);
        let failed = json!({ "kind": "login_failed", "user_id": "auth0|anna" });
        assert_eq!(service.operate("POST", "/v1/outcomes", &failed).await.status, status, "{back:?}");
        let mark = json!({ "user_id": "auth0|anna", "mark": "safe", "actor": "mia", "reason": "called" });
        let marked = service.operate("POST", "/v1/users/example-tenant/marks", &mark).await;
        assert_eq!(marked.status, status, "{back:?}");
        assert_eq!(service.decide(&event).await.status, 200, "a sign-in is answered all the same");
        service.clock.advance(back);
        let after = service.decide(&event).await.json["risk"]["logit_micro"].as_i64().unwrap();
        if status == 503 {
            assert_eq!(after, before, "{back:?}");
        }
        complete(&service, &id_of(&last)).await;
        assert_eq!(granted(&service, &id_of(&last)).await, 1_000, "and it is learned again");
    }
}

#[tokio::test]
async fn deciding_alone_teaches_nothing() {
    let service = TestApp::start(|_| {}).await;
    let event = at_home("auth0|anna");
    let first = service.decide(&event).await.json["risk"].clone();
    for _ in 0..30 {
        assert_eq!(service.decide(&event).await.json["risk"], first);
    }
}

#[tokio::test]
async fn a_history_outlives_a_restart() {
    let service = TestApp::start(|_| {}).await;
    let event = at_home("auth0|anna");
    sign_in_daily(&service, &event, 6).await;
    let before = service.decide(&event).await.json["risk"].clone();
    let service = service.reopen(countersign_policy::Document::default()).await;
    assert_ne!(service.decide(&event).await.json["risk"], before, "the crowd is not there yet");
    assert_eq!(service.app.build_crowd(&service.tenant()).await.unwrap(), 6);
    let after = service.decide(&event).await.json["risk"]["logit_micro"].as_i64().unwrap();
    // Weights are rounded by when they were added first.
    assert!(after.abs_diff(before["logit_micro"].as_i64().unwrap()) < 5_000, "{before} {after}");
}

#[tokio::test]
async fn an_attacker_who_completes_a_thousand_risky_sign_ins_gains_no_more_than_the_cap() {
    let service = TestApp::start(|_| {}).await;
    let (victim, attacker) = (at_home("auth0|victim"), abroad("auth0|victim"));
    sign_in_daily(&service, &victim, 12).await;
    let before = score(&service, &attacker).await;
    assert!(before > 0.6, "above the threshold: {before}");
    let mut scores = Vec::new();
    for _ in 0..1_000 {
        let answer = service.decide(&attacker).await;
        scores.push(score_of(&answer));
        complete(&service, &id_of(&answer)).await;
    }
    let rows = service
        .app
        .decisions(Within::all(&service.tenant()), DecisionFilter::default(), 1_000)
        .await
        .unwrap();
    assert_eq!(rows.iter().map(|row| row.granted).sum::<u32>(), 450, "thousandths, all together");
    let after = score(&service, &attacker).await;
    assert_eq!((scores[0], before), (after, after), "a challenge is due as before");
    service.app.audit(&service.tenant()).await.unwrap();
}

#[tokio::test]
async fn a_verdict_against_a_sign_in_takes_it_out_again() {
    let service = TestApp::start(|_| {}).await;
    let (home, strange) = (at_home("auth0|anna"), abroad("auth0|anna"));
    sign_in_daily(&service, &home, 8).await;
    let before = (service.decide(&home).await.json, service.decide(&strange).await.json);
    let id = id_of(&service.decide(&strange).await);
    let passed = json!({ "kind": "challenge_passed", "decision_id": id, "factor": "otp" });
    assert_eq!(service.outcome(&passed).await.json["outcome"], "recorded");
    assert_eq!(granted(&service, &id).await, 1_000);
    let learned = score(&service, &strange).await;
    assert!(learned < score_of_json(&before.1), "the passed challenge was learned");
    let verdict = json!({ "kind": "verdict", "decision_id": id, "verdict": "fraudulent" });
    assert_eq!(service.operate("POST", "/v1/outcomes", &verdict).await.json["outcome"], "recorded");
    assert_eq!(granted(&service, &id).await, 0);
    assert_eq!(service.decide(&home).await.json["risk"], before.0["risk"]);
    let again = service.decide(&strange).await.json;
    let codes = |answer: &Value| -> Vec<String> {
        let reasons = answer["risk"]["reasons"].as_array().unwrap().iter();
        reasons.map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
    };
    let new: Vec<String> =
        codes(&again).into_iter().filter(|code| !codes(&before.1).contains(code)).collect();
    assert_eq!(new, ["network_attacks"], "and its network is remembered as an attack's");
    assert!(score_of_json(&again) > score_of_json(&before.1));
}

fn score_of_json(answer: &Value) -> f64 {
    answer["risk"]["score"].as_f64().unwrap()
}

#[tokio::test]
async fn a_factor_enrolled_during_the_sign_in_vouches_for_nobody() {
    let service = TestApp::start(|_| {}).await;
    sign_in_daily(&service, &at_home("auth0|anna"), 12).await;
    let strange = abroad("auth0|anna");
    let answer = service.decide(&strange).await;
    assert!(score_of(&answer) > 0.6, "above the threshold: {}", answer.json);
    let id = id_of(&answer);
    let told = json!({ "kind": "challenge_passed", "decision_id": id, "factor": "webauthn-roaming" });
    service.outcome(&told).await;
    assert_eq!(granted(&service, &id).await, 150);
    // He comes again, and it is there from the beginning; then the owner does, and it is listed beside hers.
    let enrolled = |mut event: Value| {
        event["user"]["enrolledFactors"] = json!([{ "type": "otp" }, { "type": "webauthn-roaming" }]);
        event
    };
    let passed =
        |id: &str, factor: &str| json!({ "kind": "challenge_passed", "decision_id": id, "factor": factor });
    for _ in 0..2 {
        let id = id_of(&service.decide(&enrolled(strange.clone())).await);
        service.outcome(&passed(&id, "webauthn-roaming")).await;
        assert_eq!(granted(&service, &id).await, 150);
        sign_in_daily(&service, &enrolled(at_home("auth0|anna")), 1).await;
    }
    let id = id_of(&service.decide(&strange).await);
    service.outcome(&passed(&id, "otp")).await;
    assert_eq!(granted(&service, &id).await, 1_000);
}

#[tokio::test]
async fn a_policy_that_only_watches_has_the_same_gate() {
    let service = TestApp::start(|document| {
        let allow = countersign_core::Verdict::Allow;
        document.tenant.verdicts =
            Some(countersign_policy::Verdicts { low: allow, medium: allow, high: allow, critical: allow });
    })
    .await;
    sign_in_daily(&service, &at_home("auth0|anna"), 12).await;
    let answer = service.decide(&abroad("auth0|anna")).await;
    assert!(score_of(&answer) > 0.6, "{}", answer.json);
    complete(&service, &id_of(&answer)).await;
    assert_eq!(granted(&service, &id_of(&answer)).await, 150);
}

#[tokio::test]
async fn a_day_of_silence_counts_once_and_not_before() {
    let service = TestApp::start(|_| {}).await;
    let event = at_home("auth0|anna");
    for _ in 0..7 {
        service.decide(&event).await;
    }
    service.clock.advance(DAY - Duration::from_micros(1));
    assert_eq!(count_silence(&service).await, 0);
    let nobody = risk_of_nobody(&service, &event).await;
    assert_eq!(service.decide(&event).await.json["risk"], nobody);
    service.clock.advance(Duration::from_micros(1));
    assert_eq!(count_silence(&service).await, 7);
    let learned = service.decide(&event).await;
    assert!(score_of(&learned) < nobody["score"].as_f64().unwrap());
    assert_eq!(count_silence(&service).await, 0, "counted once");
    assert_eq!(service.decide(&event).await.json["risk"], learned.json["risk"]);
    service.app.audit(&service.tenant()).await.unwrap();
}

#[tokio::test]
async fn silence_of_many_people_is_counted_to_the_last() {
    let service = TestApp::start(|_| {}).await;
    let mut ids = Vec::new();
    for person in 0..150 {
        ids.push(id_of(&service.decide(&at_home(&format!("auth0|{}", person % 40))).await));
    }
    service.clock.advance(DAY);
    assert_eq!(count_silence(&service).await, 150);
    for id in ids {
        assert_eq!(granted(&service, &id).await, 1_000);
    }
}

#[tokio::test]
async fn silence_after_a_challenge_or_a_denial_of_ours_teaches_nothing() {
    let service = TestApp::start(|document| {
        document.tenant.mode = Some(Mode::Enforce);
        document.tenant.verdicts = Some(countersign_policy::Verdicts {
            low: countersign_core::Verdict::Challenge,
            medium: countersign_core::Verdict::Challenge,
            high: countersign_core::Verdict::Deny,
            critical: countersign_core::Verdict::Deny,
        });
    })
    .await;
    let challenged = service.decide(&at_home("auth0|anna")).await;
    assert_eq!(
        challenged.json["effects"][0]["call"], "authentication.challengeWithAny",
        "{}",
        challenged.json
    );
    let mut risky = countersign_testkit::high_risk();
    risky["user"]["user_id"] = json!("auth0|ben");
    let denied = service.decide(&risky).await;
    assert_eq!(denied.json["effects"][0]["call"], "access.deny");
    service.clock.advance(DAY);
    assert_eq!(count_silence(&service).await, 2);
    for answer in [&challenged, &denied] {
        assert_eq!(granted(&service, &id_of(answer)).await, 0);
    }
    let again = service.decide(&at_home("auth0|anna")).await;
    assert_eq!(again.json["risk"], risk_of_nobody(&service, &at_home("auth0|anna")).await);
}

#[tokio::test]
async fn a_sign_in_that_was_told_of_is_not_silent() {
    let service = TestApp::start(|_| {}).await;
    let id = id_of(&service.decide(&at_home("auth0|anna")).await);
    service.outcome(&json!({ "kind": "challenge_failed", "decision_id": id })).await;
    service.clock.advance(DAY);
    count_silence(&service).await;
    assert_eq!(granted(&service, &id).await, 0);
    assert_eq!(show(&service, &id).await["standing"], "failed");
}

#[tokio::test]
async fn sign_ins_from_while_the_clock_ran_ahead_hold_up_no_silence_and_teach_none() {
    let service = TestApp::start(|_| {}).await;
    service.decide(&at_home("auth0|anna")).await;
    let raw = rusqlite::Connection::open(service.folder().join("countersign.db")).unwrap();
    raw.execute_batch("DROP TRIGGER records_are_not_updated").unwrap();
    let ahead = "UPDATE records SET recorded_at = recorded_at + 864000000000, bodies = bodies WHERE trigger_id IS NOT NULL";
    assert_eq!(raw.execute(ahead, []).unwrap(), 1);
    service.decide(&at_home("auth0|ben")).await;
    service.clock.advance(Duration::from_secs(86_400));
    while service.app.count_silence(&service.tenant(), &service.lead().await).await.unwrap() > 0 {}
    let nobody = risk_of_nobody(&service, &at_home("auth0|anna")).await;
    assert_eq!(service.decide(&at_home("auth0|anna")).await.json["risk"], nobody);
    assert_ne!(service.decide(&at_home("auth0|ben")).await.json["risk"], nobody);
}
