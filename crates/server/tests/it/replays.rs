//! What comes late is put in its place: at a bounded cost, and without harm to what people did meanwhile.

use std::time::Duration;

use countersign_app::{
    App, Error, Replayed, Worked,
    incidents::{By, Closure, Disposition, IncidentFilter, IncidentRow},
};
use countersign_core::Clock;
use countersign_rights::Action;
use countersign_store::{AlertFilter, AlertRow, LogProgress, NewLogEntry, Write};
use countersign_testkit::TestApp;
use serde_json::Value;

use crate::watch::{alerts, deliver, entry, log, service, settle};

/// Eight in the morning, when the clock stands, in seconds of the day of the log.
const EIGHT: u32 = 28_800;

async fn work(service: &TestApp) -> Vec<Worked> {
    let (tenant, lead) = (service.tenant(), service.lead().await);
    let mut all = Vec::new();
    loop {
        all.push(service.app.watch_next(&tenant, &lead).await.unwrap());
        if !all.last().unwrap().is_busy {
            return all;
        }
    }
}

async fn replay(service: &TestApp) -> Replayed {
    service.app.replay_late(&service.tenant(), &service.lead().await).await.unwrap()
}

/// So many wrong passwords for one account from different addresses, some seconds apart.
fn attack(user: u32, count: u32, from: u32) -> Vec<Value> {
    (0..count).map(|n| entry("fp", from + n * 11, user, &format!("192.0.2.{n}"))).collect()
}

async fn rows(service: &TestApp) -> Vec<AlertRow> {
    service.app.alerts(&service.tenant(), AlertFilter::default(), 99).await.unwrap()
}

async fn incidents(service: &TestApp) -> Vec<IncidentRow> {
    let listed = service.app.incidents(&service.tenant(), IncidentFilter::default(), 99).await.unwrap();
    listed.into_iter().map(|listed| listed.row).collect()
}

fn by(version: u64) -> By<'static> {
    By { actor: "mia", version }
}

#[tokio::test]
async fn replays_of_a_log_that_is_always_a_little_late_stay_short() {
    let service = service().await;
    let mut late: Option<Value> = None;
    let mut replayed = Vec::new();
    for delivery in 0..16 {
        let of_it = (0..400).map(|n| entry("s", delivery * 400 + n, n % 20, "198.51.100.7"));
        let mut entries: Vec<Value> = of_it.collect();
        let held_back = entries.remove(350);
        entries.extend(late.replace(held_back));
        deliver(&service, &entries).await;
        work(&service).await;
        replayed.push(replay(&service).await.entries);
    }
    assert!(replayed[5..].iter().all(|entries| (400..4_000).contains(entries)), "{replayed:?}");
    let heads = service.store.list_log_snapshots(service.tenant().id()).await.unwrap();
    assert!((2..14).contains(&heads.len()), "{heads:?}");
    let pieces =
        service.store.list_log_snapshot_pieces(service.tenant().id(), heads[0].number, 0, 9).await.unwrap();
    assert_eq!(pieces.len(), usize::try_from(heads[0].pieces).unwrap());
    work(&service).await;
    let rest = service.store.find_log_snapshot_rest(service.tenant().id()).await.unwrap();
    assert_eq!(rest, None, "what is forgotten is gone");
    let document = service.tenant().policy().document().clone();
    let service = service.reopen(document).await;
    let again: u64 = work(&service).await.iter().map(|worked| worked.entries).sum();
    assert!((1..4_000).contains(&again), "a restart looks at little again: {again}");
}

#[tokio::test]
async fn what_comes_more_than_a_day_late_is_counted_and_replays_nothing() {
    let service = service().await;
    deliver(&service, &log()).await;
    settle(&service).await;
    let before = alerts(&service).await;
    let mut old = entry("fp", 0, 7, "192.0.2.1");
    old["date"] = "2001-08-20T00:00:00.000Z".into();
    deliver(&service, &[old]).await;
    let worked = work(&service).await;
    assert_eq!((worked[0].entries, worked[0].too_late, worked[0].is_late), (1, 1, false));
    assert_eq!(replay(&service).await, Replayed::default());
    assert_eq!(alerts(&service).await, before);
}

#[tokio::test]
async fn what_comes_while_a_replay_is_under_way_is_looked_at_and_put_in_its_place() {
    let clean = {
        let service = service().await;
        deliver(&service, &log()).await;
        settle(&service).await;
        alerts(&service).await
    };
    let service = service().await;
    let (tenant, lead) = (service.tenant(), service.lead().await);
    let filler: Vec<Value> = (0..2_500).map(|n| entry("s", n, 500 + n % 9, "198.51.100.99")).collect();
    let log = log();
    let (first, second) = log.split_at(log.len() / 2);
    deliver(&service, &filler[1..]).await;
    deliver(&service, second).await;
    work(&service).await;
    deliver(&service, &[filler[0].clone()]).await;
    work(&service).await;
    let step = service.app.replay_next(&tenant, &lead).await.unwrap();
    assert!(step.is_under_way && step.entries == 1_000, "{step:?}");
    deliver(&service, first).await;
    work(&service).await;
    let end = replay(&service).await;
    assert!(end.entries > 2_500 && !end.is_under_way, "{end:?}");
    let is_late = service.app.watch_next(&tenant, &lead).await.unwrap().is_late;
    assert!(is_late, "what came behind it waits for the next");
    settle(&service).await;
    assert_eq!(alerts(&service).await, clean);
}

#[tokio::test]
async fn what_was_suppressed_stays_so_after_a_restart_and_after_it_is_lifted() {
    let mut service = TestApp::start(|_| {}).await;
    deliver(&service, &attack(7, 12, EIGHT - 300)).await;
    settle(&service).await;
    let [incident] = &incidents(&service).await[..] else { panic!() };
    let closure = Closure {
        disposition: Disposition::FalsePositive,
        duplicate_of: None,
        reason: "a program with an old password".to_owned(),
        suppress: true,
        mark: false,
    };
    let tenant = service.tenant();
    service
        .app
        .close_incident(
            &service.permit(Action::WorkIncidents).await,
            &incident.id,
            by(incident.version),
            closure,
        )
        .await
        .unwrap();
    service.clock.advance(Duration::from_secs(7_200));
    deliver(&service, &attack(7, 12, EIGHT + 7_000)).await;
    work(&service).await;
    let document = tenant.policy().document().clone();
    drop(tenant);
    service = service.reopen(document).await;
    service.clock.advance(Duration::from_secs(300));
    deliver(&service, &[entry("fp", EIGHT + 7_300, 7, "192.0.2.77")]).await;
    work(&service).await;
    let told = |rows: Vec<AlertRow>| {
        let mut told: Vec<_> = rows.into_iter().filter(|row| row.detector == "brute_force_account").collect();
        told.sort_by_key(|row| row.first);
        told.into_iter().map(|row| row.audience).collect::<Vec<_>>()
    };
    assert_eq!(told(rows(&service).await), ["raised", "suppressed"]);
    let tenant = service.tenant();
    let standing = service.app.suppressions(&tenant, service.clock.now()).await.unwrap();
    let [countersign_app::incidents::Standing { id, .. }] = &standing[..] else { panic!() };
    service.clock.advance(Duration::from_secs(60));
    service.app.lift_suppression(&service.permit(Action::ChangeSuppressions).await, id, "mia").await.unwrap();
    deliver(&service, &[entry("s", EIGHT + 6_000, 3, "198.51.100.3")]).await;
    work(&service).await;
    assert!(replay(&service).await.entries > 0);
    assert_eq!(told(rows(&service).await), ["raised", "suppressed"]);
}

#[tokio::test]
async fn an_alert_that_began_earlier_than_was_known_stays_with_who_has_its_incident() {
    for close in [false, true] {
        let service = service().await;
        let at = 3_000;
        deliver(&service, &attack(7, 14, at)).await;
        settle(&service).await;
        let [incident] = &incidents(&service).await[..] else { panic!() };
        let version = service
            .app
            .acknowledge_incident(
                &service.permit(Action::WorkIncidents).await,
                &incident.id,
                by(incident.version),
            )
            .await
            .unwrap();
        if close {
            let closure = Closure {
                disposition: Disposition::TruePositive,
                duplicate_of: None,
                reason: "the password was reset".to_owned(),
                suppress: false,
                mark: false,
            };
            service
                .app
                .close_incident(
                    &service.permit(Action::WorkIncidents).await,
                    &incident.id,
                    by(version),
                    closure,
                )
                .await
                .unwrap();
        }
        let before = rows(&service).await;
        deliver(&service, &[entry("fp", at + 5, 7, "192.0.2.99")]).await;
        work(&service).await;
        assert_eq!(replay(&service).await.retracted, 1);
        let after = rows(&service).await;
        assert!(before.len() == 1 && after.len() == 1 && before[0].id != after[0].id);
        let [one] = &incidents(&service).await[..] else { panic!("no other one is opened") };
        assert_eq!((&one.id, one.alerts), (&incident.id, 1));
        assert_eq!(one.status, if close { "closed" } else { "acknowledged" });
        assert_eq!(one.disposition.as_deref(), close.then_some("true_positive"));
    }
}

#[tokio::test]
async fn erasing_people_takes_back_nothing_that_was_true() {
    let service = service().await;
    let tenant = service.tenant();
    deliver(&service, &log()).await;
    settle(&service).await;
    let before = alerts(&service).await;
    for user in 100..135 {
        service
            .app
            .erase(
                &service.permit(Action::ErasePeople).await,
                &App::subject(&tenant, &format!("auth0|{user}")),
            )
            .await
            .unwrap();
    }
    deliver(&service, &[entry("s", 900, 3, "198.51.100.3")]).await;
    work(&service).await;
    let replayed = replay(&service).await;
    assert!(replayed.entries > 50 && replayed.retracted == 0, "{replayed:?}");
    assert_eq!(alerts(&service).await, before);
}

#[tokio::test]
async fn a_replay_that_finds_the_same_changes_no_incident_and_people_act_while_an_attack_goes_on() {
    let service = service().await;
    deliver(&service, &attack(7, 14, 3_000)).await;
    settle(&service).await;
    let [seen] = &incidents(&service).await[..] else { panic!() };
    deliver(&service, &[entry("s", 2_000, 3, "198.51.100.3")]).await;
    work(&service).await;
    assert!(replay(&service).await.entries > 0);
    assert_eq!(incidents(&service).await[0].version, seen.version);
    deliver(&service, &[entry("fp", 3_200, 7, "192.0.2.99")]).await;
    work(&service).await;
    assert!(incidents(&service).await[0].version > seen.version);
    service
        .app
        .acknowledge_incident(&service.permit(Action::WorkIncidents).await, &seen.id, by(seen.version))
        .await
        .unwrap();
    let refused = service
        .app
        .assign_incident(
            &service.permit(Action::WorkIncidents).await,
            &seen.id,
            by(seen.version),
            Some("noa"),
        )
        .await;
    assert!(matches!(refused, Err(Error::IncidentChanged)), "somebody acted meanwhile");
}

#[tokio::test]
async fn another_turn_in_between_makes_the_state_anew() {
    let service = service().await;
    let tenant = service.tenant();
    deliver(&service, &log()).await;
    work(&service).await;
    assert_eq!(work(&service).await[0].entries, 0);
    let progress = service.store.get_log_state(tenant.id()).await.unwrap().progress;
    let turn = vec![Write::LogWorked(LogProgress { late_from: None, ..progress })];
    let commit = countersign_store::Commit {
        writes: turn,
        ..countersign_store::Commit::background(tenant.id().clone())
    };
    service.store.commit(commit).await.unwrap();
    assert_eq!(work(&service).await[0].entries, u64::try_from(log().len()).unwrap());
}

#[tokio::test]
async fn a_damaged_entry_does_not_stop_the_watch() {
    let service = service().await;
    let tenant = service.tenant();
    deliver(&service, &[entry("s", 1, 1, "198.51.100.1")]).await;
    let key_id = service.store.list_log(tenant.id(), 0, 1).await.unwrap().remove(0).entry.key_id;
    let at = "2026-08-20T00:00:02Z".parse().unwrap();
    let damaged =
        NewLogEntry { log_id: "9".to_owned(), kind: "s".to_owned(), at, key_id, sealed: vec![1, 2, 3] };
    service.store.append_log(tenant.id(), at, vec![damaged], Vec::new()).await.unwrap();
    deliver(&service, &attack(7, 14, 3_000)).await;
    settle(&service).await;
    assert_eq!(rows(&service).await.len(), 1);
}

/// An entry, so many seconds after the clock's start.
fn later(second: i64) -> Value {
    let mut entry = entry("slo", 0, 1, "198.51.100.1");
    entry["date"] = countersign_testkit::START.plus(second * 1_000_000).to_string().into();
    entry["log_id"] = format!("8{second:09}").into();
    entry
}

#[tokio::test]
async fn silence_that_our_clock_found_stays_until_what_was_silent_comes() {
    let service = TestApp::start(|_| {}).await;
    service.clock.advance(Duration::from_secs(50 * 3_600));
    deliver(&service, &(0..3_000).map(|minute| later(minute * 60)).collect::<Vec<_>>()).await;
    work(&service).await;
    assert_eq!(rows(&service).await, []);
    service.clock.advance(Duration::from_secs(30 * 60));
    work(&service).await;
    let told = rows(&service).await;
    assert_eq!(told.iter().map(|row| row.detector.as_str()).collect::<Vec<_>>(), ["sensor_tampering"]);
    let [incident] = &incidents(&service).await[..] else { panic!() };
    service
        .app
        .acknowledge_incident(
            &service.permit(Action::WorkIncidents).await,
            &incident.id,
            by(incident.version),
        )
        .await
        .unwrap();
    deliver(&service, &[later(2_990 * 60 + 30)]).await;
    work(&service).await;
    assert_eq!(replay(&service).await.retracted, 0);
    let document = service.tenant().policy().document().clone();
    let service = service.reopen(document).await;
    deliver(&service, &[later(2_991 * 60 + 30)]).await;
    work(&service).await;
    assert_eq!(replay(&service).await.retracted, 0);
    assert_eq!(
        (rows(&service).await.len(), incidents(&service).await[0].status.as_str()),
        (1, "acknowledged")
    );
    deliver(&service, &(3_000..3_024).map(|minute| later(minute * 60)).collect::<Vec<_>>()).await;
    assert!(work(&service).await.last().unwrap().is_late);
    assert_eq!(replay(&service).await.retracted, 1);
    assert_eq!(rows(&service).await, []);
}
