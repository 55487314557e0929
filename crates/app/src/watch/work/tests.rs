//! What an operator silenced stays silent, whenever it is looked at again.

use std::time::Duration;

use countersign_auth0::log::LogEvent;
use countersign_core::Clock;
use countersign_detect::incident::Disposition;
use countersign_store::{AlertFilter, AlertRow};

use crate::incidents::{
    By, Closure,
    tests::{START, Scene},
};

/// Wrong passwords for one account, one a second from `second` after the start.
fn failures(user: &str, second: i64, count: i64) -> Vec<String> {
    let entry = |n: i64| {
        let at = START.plus((second + n) * 1_000_000);
        format!(
            r#"{{"log_id":"{user}{at}","type":"fp","date":"{at}","user_id":"auth0|{user}","ip":"192.0.2.9"}}"#
        )
    };
    (0..count).map(entry).collect()
}

async fn deliver(scene: &Scene, entries: &[String]) {
    let delivery = entries.iter().map(|raw| Ok(LogEvent::parse(raw, None).unwrap())).collect();
    scene.app.take_logs(&scene.tenant, delivery).await.unwrap();
    let lead = scene.app.lead(&scene.tenant).await.unwrap().unwrap();
    while scene.app.watch_next(&scene.tenant, &lead).await.unwrap().entries > 0 {}
    scene.app.replay_late(&scene.tenant, &lead).await.unwrap();
}

/// Audiences of the alerts about wrong passwords, the oldest first, with whether each has an incident.
async fn told(scene: &Scene) -> Vec<(String, bool)> {
    let rows = scene.app.alerts(&scene.tenant, AlertFilter::default(), 99).await.unwrap();
    let mut rows: Vec<AlertRow> =
        rows.into_iter().filter(|row| row.detector == "brute_force_account").collect();
    rows.sort_by_key(|row| row.first);
    rows.into_iter().map(|row| (row.audience, row.incident.is_some())).collect()
}

/// An alert two hours before the end of which the operator says that it was none, and wants to hear no more of it.
async fn silenced() -> Scene {
    let scene = Scene::new(Vec::new()).await;
    deliver(&scene, &failures("ann", -60, 12)).await;
    let rows = scene.app.alerts(&scene.tenant, AlertFilter::default(), 9).await.unwrap();
    let id = rows.iter().find_map(|row| row.incident.clone()).unwrap();
    let closure = Closure {
        disposition: Disposition::FalsePositive,
        duplicate_of: None,
        reason: "a test".to_owned(),
        suppress: true,
        mark: false,
    };
    let version = scene.app.incident(&scene.tenant, &id).await.unwrap().row.version;
    scene.app.close_incident(&scene.tenant, &id, By { actor: "mia", version }, closure).await.unwrap();
    scene.clock.advance(Duration::from_secs(3 * 3_600));
    scene
}

fn raised_then_suppressed() -> Vec<(String, bool)> {
    vec![("raised".to_owned(), true), ("suppressed".to_owned(), false)]
}

#[tokio::test]
async fn a_restart_does_not_end_a_suppression() {
    let scene = silenced().await;
    deliver(&scene, &failures("ann", 9_000, 10)).await;
    assert_eq!(told(&scene).await, raised_then_suppressed());
    // Why this is a restart: the next turn takes the newest snapshot, and looks again at what came since.
    scene.tenant.watch.desk.lock().await.working = None;
    deliver(&scene, &failures("ann", 9_010, 1)).await;
    assert_eq!(told(&scene).await, raised_then_suppressed());
}

#[tokio::test]
async fn a_replay_of_what_was_silenced_tells_nobody_though_the_suppression_has_ended() {
    let scene = silenced().await;
    deliver(&scene, &failures("ann", 9_000, 10)).await;
    let id = scene.app.suppressions(&scene.tenant, scene.clock.now()).await.unwrap().remove(0).id;
    scene.app.lift_suppression(&scene.tenant, &id, "mia").await.unwrap();
    scene.clock.advance(Duration::from_secs(60));
    deliver(&scene, &failures("bob", 8_990, 1)).await;
    assert_eq!(told(&scene).await, raised_then_suppressed());
    deliver(&scene, &failures("ann", 10_850, 10)).await;
    let after = told(&scene).await;
    assert_eq!((after.len(), after.last()), (3, Some(&("raised".to_owned(), true))), "it has ended");
}
