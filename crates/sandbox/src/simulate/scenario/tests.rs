use std::{collections::BTreeSet, sync::Arc, time::Duration};

use countersign_core::{Clock, testing::HeldClock};
use tempfile::TempDir;

use super::*;
use crate::{
    AttackKind,
    simulate::Actions,
    stream,
    tenant::{
        Call, Method, Plan, Reply,
        testing::{self, BASE, NOW},
    },
};

/// Two days of a small company, with an attack in the past and one to come.
const SMALL: &str = r#"
    [history]
    days = 2
    [[organizations]]
    name = "tiny"
    city = "Lyon"
    [[organizations.people]]
    count = 8
    factors = ["otp"]
    habits = { mistypes = 0 }
    [[attacks]]
    kind = "credential_stuffing"
    organization = "tiny"
    start = "now-6h"
    [[attacks]]
    kind = "password_spray"
    organization = "tiny"
    start = "now+1h"
"#;

/// A tenant with a scenario that has not begun.
fn stage(scenario: &str) -> (Shell, Arc<HeldClock>) {
    let clock = Arc::new(HeldClock::at(NOW));
    let shared: Arc<dyn Clock> = Arc::<HeldClock>::clone(&clock);
    let shell = Shell::new(testing::tenant(Plan::Unlimited), shared, "https");
    (shell.with_scenario(Scenario::parse(scenario).unwrap()), clock)
}

fn records(shell: &Shell) -> Vec<Value> {
    let tenant = shell.tenant();
    let tenant = tenant.lock();
    tenant.state().records.all().cloned().map(Value::Object).collect()
}

fn types(shell: &Shell) -> BTreeSet<String> {
    records(shell).iter().map(|record| text(record, "type").to_owned()).collect()
}

/// Plays what is due, and tells what it really was.
async fn play(shell: &Shell) -> Vec<Label> {
    let mut labels = Vec::new();
    while let Some(played) = shell.play_scenario().await {
        labels.push(played.unwrap());
    }
    labels
}

#[tokio::test]
async fn the_same_seed_and_file_give_the_same_tenant_byte_for_byte() {
    let mut tenants = Vec::new();
    for _ in 0..2 {
        let (shell, _) = stage(SMALL);
        assert!(shell.begin_scenario().await.unwrap() > 20);
        tenants.push(shell.tenant().lock().snapshot().unwrap().to_string());
    }
    assert!(tenants[0] == tenants[1]);
}

#[tokio::test]
async fn a_past_that_is_told_is_the_one_that_is_begun_and_people_go_on_from_it() {
    let (begun, _) = stage(SMALL);
    begun.begin_scenario().await.unwrap();
    let (shell, _) = stage(SMALL);
    let (past, mut traffic) = shell.tell_scenario().await.unwrap().unwrap();
    assert!(records(&begun) == records(&shell));
    let entries: Vec<Value> = past.iter().flat_map(|moment| moment.entries.clone()).collect();
    let wanted: Vec<Value> =
        records(&shell).iter().map(|record| stream::entry(record.as_object().unwrap())).collect();
    assert!(entries == wanted);
    assert!(past.is_sorted_by_key(|moment| moment.at));
    let guessed = past.iter().find(|moment| moment.sign_in.is_none()).unwrap();
    assert_eq!(guessed.label, Label::Attack(AttackKind::CredentialStuffing));
    assert!(shell.play_scenario().await.is_none(), "what is to come is the caller's");

    let before = records(&shell).len();
    let attack = traffic.attack(AttackKind::CredentialStuffing, 0, NOW).unwrap();
    shell.guess(&attack).await.unwrap();
    assert!(records(&shell).len() >= before + attack.failures.len());
    let honest = traffic.honest(NOW).unwrap();
    assert!(shell.sign_in(honest).await.unwrap());
}

#[tokio::test]
async fn a_past_is_in_order_before_now_and_of_every_sort() {
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(NOW));
    let shell = Shell::new(testing::tenant(Plan::Unlimited), clock, "https");
    let shell = shell.with_scenario(Scenario::built_in(8).unwrap());
    shell.begin_scenario().await.unwrap();
    let records = records(&shell);
    let dates: Vec<&str> = records.iter().map(|record| text(record, "date")).collect();
    assert!(dates.is_sorted());
    assert!(dates[0] >= "2026-08-12" && *dates.last().unwrap() < "2026-08-20T08:00:00.000Z", "{dates:?}");
    let types = types(&shell);
    for kind in ["s", "ssa", "sertft", "sepft", "fp"] {
        assert!(types.contains(kind), "{kind}");
    }
}

#[tokio::test]
async fn what_is_to_come_happens_when_its_time_has_come() {
    let (shell, clock) = stage(SMALL);
    shell.begin_scenario().await.unwrap();
    let before = records(&shell).len();
    assert_eq!(play(&shell).await, []);
    clock.advance(Duration::from_secs(3_600 + 300));
    let labels = play(&shell).await;
    let spray = labels.iter().filter(|label| **label == Label::Attack(AttackKind::PasswordSpray)).count();
    assert_eq!(spray, 8, "seven guesses and a sign-in");
    let new = records(&shell).split_off(before);
    assert_eq!(new.iter().filter(|record| record["type"] == "fp").count(), 7);
    assert!(new.iter().all(|record| text(record, "date") >= "2026-08-20T08:00:00.000Z"));
}

#[tokio::test]
async fn a_bound_action_runs_for_what_is_live_and_an_attacker_fails_its_challenge() {
    let folder = TempDir::new().unwrap();
    let (shell, clock) = stage(SMALL);
    let shell = shell.with_actions(Actions::in_folder(folder.path().to_owned()));
    shell.begin_scenario().await.unwrap();
    assert!(!types(&shell).contains("gd_auth_succeed"), "none ran in the past");
    let code = "exports.onExecutePostLogin = async (event, api) => {
        if (event.user.enrolledFactors.length) api.authentication.challengeWith({ type: 'otp' }); };";
    let action = json!({"name": "guard", "code": code, "runtime": "node22",
        "supported_triggers": [{"id": "post-login", "version": "v3"}]});
    let token = testing::token(&mut shell.tenant().lock());
    let call = |method, path: &str, body| {
        let call = Call::new(method, BASE, path).with_bearer(&token).with_json(body);
        let reply = shell.tenant().lock().call(&call, clock.now());
        assert!(reply.status < 300, "{path}: {}", reply.json());
        reply.json().clone()
    };
    let id = text(&call(Method::Post, "/actions/actions", action), "id").to_owned();
    // What is built takes a while, and so does a deployment.
    clock.advance(Duration::from_secs(60));
    call(Method::Get, &format!("/actions/actions/{id}"), Value::Null);
    call(Method::Post, &format!("/actions/actions/{id}/deploy"), json!({}));
    let bindings =
        json!({"bindings": [{"ref": {"type": "action_id", "value": id}, "display_name": "guard"}]});
    call(Method::Patch, "/actions/triggers/post-login/bindings", bindings);
    clock.advance(Duration::from_secs(8 * 3_600));
    let labels = play(&shell).await;
    assert!(labels.contains(&Label::Honest));
    let types = types(&shell);
    assert!(types.contains("gd_auth_succeed") && types.contains("gd_auth_failed"), "{types:?}");
}

#[tokio::test]
async fn a_reset_empties_the_tenant_or_puts_the_scenario_back() {
    let (shell, clock) = stage(SMALL);
    shell.begin_scenario().await.unwrap();
    let first = records(&shell);
    shell.reset(false).await.unwrap();
    assert_eq!(records(&shell), Vec::<Value>::new());
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(play(&shell).await, [], "nobody is left to sign in");
    shell.reset(true).await.unwrap();
    let again = records(&shell);
    assert!(!again.is_empty() && text(&again[0], "date") > text(&first[0], "date"));
    let bare = Shell::new(testing::tenant(Plan::Unlimited), clock, "https");
    assert_eq!(Reply::from(bare.reset(true).await.unwrap_err()).status, 409);
}

#[tokio::test]
async fn a_kept_tenant_goes_on_where_the_clock_is() {
    let (shell, clock) = stage(SMALL);
    assert!(!shell.resume_scenario().await, "no scenario filled it");
    shell.begin_scenario().await.unwrap();
    let before = records(&shell).len();
    clock.advance(Duration::from_secs(24 * 3_600));
    assert!(shell.resume_scenario().await);
    assert_eq!(play(&shell).await, [], "what was missed did not happen");
    clock.advance(Duration::from_secs(24 * 3_600));
    let labels = play(&shell).await;
    assert!(labels.len() > 5 && labels.iter().all(|label| *label == Label::Honest));
    assert!(records(&shell).len() > before);
}

#[tokio::test]
async fn an_export_gives_each_record_of_the_past_once_with_who_it_was() {
    let (shell, _) = stage(SMALL);
    let mut exported = Vec::new();
    let write = |entry: &Value, label| {
        exported.push((entry.clone(), label));
        Ok(())
    };
    shell.export_scenario(NOW, write).await.unwrap();
    let (filled, _) = stage(SMALL);
    filled.begin_scenario().await.unwrap();
    let records = records(&filled);
    let ids: Vec<&str> = records.iter().map(|record| text(record, "log_id")).collect();
    assert_eq!(exported.iter().map(|(entry, _)| text(entry, "log_id")).collect::<Vec<_>>(), ids);
    for (entry, label) in &exported {
        assert_eq!(entry["data"]["log_id"], entry["log_id"]);
        if entry["data"]["type"] == "fp" {
            assert_eq!(*label, Label::Attack(AttackKind::CredentialStuffing));
        }
    }
    assert!(exported.iter().any(|(_, label)| *label == Label::Honest));
    let refused = |_: &Value, _| Err(io::Error::other("full"));
    let (shell, _) = stage(SMALL);
    assert!(matches!(shell.export_scenario(NOW, refused).await, Err(ExportError::Write(_))));
}
