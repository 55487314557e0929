//! Detectors and rules are tried over what is stored: they find what was found, say what differs, and write nothing.

use std::time::Duration;

use countersign_app::{App, Backtest, Compared, Trial};
use countersign_core::Timestamp;
use countersign_detect::{
    Detector,
    detectors::make_all,
    sigma::{Values, load},
};
use countersign_rights::Action;
use countersign_testkit::TestApp;

use crate::watch::{alerts, deliver, log, service, settle};

/// A rule that finds every wrong password of an account.
const EVERY: &str = "title: A wrong password\nlogsource:\n  product: auth0\ndetection:\n  wrong:\n    type: fp\n  condition: wrong\nlevel: low\n";

fn rules(files: &[(&str, &str)]) -> Option<Vec<Box<dyn Detector>>> {
    Some(load(files, &Values::new()).unwrap())
}

/// So many seconds after the log begins.
fn second(of: i64) -> Timestamp {
    "2026-08-20T00:00:00Z".parse::<Timestamp>().unwrap().plus(of * 1_000_000)
}

async fn looked_at() -> TestApp {
    let service = service().await;
    deliver(&service, &log()).await;
    settle(&service).await;
    service
}

async fn tried(service: &TestApp, trial: Trial) -> Backtest {
    service.app.backtest(&service.tenant(), trial, |_, _| {}).await.unwrap()
}

fn of(backtest: &Backtest, compared: Compared) -> Vec<&str> {
    let alerts = backtest.alerts.iter().filter(|alert| alert.standing == compared);
    alerts.map(|alert| alert.detector.as_str()).collect()
}

#[tokio::test]
async fn a_trial_of_what_holds_finds_what_is_stored_and_writes_nothing() {
    let service = looked_at().await;
    let tenant = service.tenant();
    let before = (service.store.get_log_state(tenant.id()).await.unwrap(), alerts(&service).await);
    let mut steps = Vec::new();
    let backtest =
        service.app.backtest(&tenant, Trial::default(), |entries, _| steps.push(entries)).await.unwrap();
    assert_eq!((backtest.entries, backtest.unreadable), (114, 0));
    assert_eq!(steps, [114]);
    assert!(backtest.detectors.len() > 40 && backtest.begins_after.is_none());
    let ids: Vec<&String> = backtest.alerts.iter().map(|alert| &alert.id).collect();
    let mut stored: Vec<&String> = before.1.keys().collect();
    stored.sort_by_key(|id| backtest.alerts.iter().position(|alert| alert.id == **id));
    assert_eq!(ids, stored);
    assert!(backtest.alerts.iter().all(|alert| alert.standing == Compared::Same), "{:?}", backtest.alerts);
    let account = backtest.alerts.iter().find(|alert| alert.detector == "brute_force_account").unwrap();
    assert_eq!(account.log_ids.len(), 14);
    let told = serde_json::to_string(&backtest).unwrap();
    assert!(!told.contains("auth0|7") && !told.contains("203.0.113.50"), "nobody is named: {told}");
    let after = (service.store.get_log_state(tenant.id()).await.unwrap(), alerts(&service).await);
    assert_eq!(before, after);
}

#[tokio::test]
async fn what_happened_before_is_known_and_not_told() {
    let service = looked_at().await;
    let whole = tried(&service, Trial::default()).await;
    let later = tried(&service, Trial { since: Some(second(2_900)), ..Trial::default() }).await;
    assert_eq!(later.entries, 114);
    let expected: Vec<_> = whole.alerts.iter().filter(|alert| alert.last >= second(2_900)).cloned().collect();
    assert!(!expected.is_empty() && expected.len() < whole.alerts.len());
    assert_eq!(later.alerts, expected);
    let earlier = tried(&service, Trial { until: Some(second(2_900)), ..Trial::default() }).await;
    assert!(earlier.entries < 114 && of(&earlier, Compared::Gone).is_empty(), "{:?}", earlier.alerts);
    assert!(!earlier.alerts.is_empty() && earlier.alerts.iter().all(|alert| alert.last <= second(2_900)));
}

#[tokio::test]
async fn a_rule_of_one_s_own_is_new_and_what_is_not_tried_is_not_gone() {
    let service = looked_at().await;
    let own = rules(&[("mine/every.yml", EVERY)]);
    let backtest = tried(&service, Trial { rules: own, is_rules_alone: true, ..Trial::default() }).await;
    assert_eq!(backtest.detectors, ["every"]);
    assert!(of(&backtest, Compared::New).len() > 30, "{:?}", backtest.alerts);
    assert_eq!(of(&backtest, Compared::New).len(), backtest.alerts.len());
    // A detector that would have to see more accounts than there were.
    let limits = [("password_spray".to_owned(), [("distinct_users".to_owned(), 100.0)].into())].into();
    let mut all = make_all(&limits).unwrap();
    all.retain(|detector| detector.about().id == "password_spray");
    let own = Some(all);
    let backtest = tried(&service, Trial { rules: own, is_rules_alone: true, ..Trial::default() }).await;
    assert_eq!(of(&backtest, Compared::Gone), ["password_spray"]);
    assert_eq!(backtest.alerts.len(), 1);
}

#[tokio::test]
async fn what_an_erased_person_did_is_counted_and_what_it_showed_is_not_called_gone() {
    let service = looked_at().await;
    let tenant = service.tenant();
    assert!(
        service
            .app
            .erase(&service.permit(Action::ErasePeople).await, &App::subject(&tenant, "auth0|7"))
            .await
            .unwrap()
    );
    let backtest = tried(&service, Trial::default()).await;
    assert_eq!((backtest.entries, backtest.unreadable), (114, 14 + 5));
    assert!(of(&backtest, Compared::Gone).is_empty(), "{:?}", backtest.alerts);
    let unknown = of(&backtest, Compared::Unknown);
    assert!(unknown.contains(&"brute_force_account"), "{:?}", backtest.alerts);
}

#[tokio::test]
async fn what_came_late_is_in_its_place_before_the_service_put_it_there() {
    let service = service().await;
    let (first, second) = (log()[..60].to_vec(), log()[60..].to_vec());
    let (tenant, lead) = (service.tenant(), service.lead().await);
    for part in [second, first] {
        deliver(&service, &part).await;
        while service.app.watch_next(&tenant, &lead).await.unwrap().is_busy {}
    }
    let backtest = tried(&service, Trial::default()).await;
    assert!(!of(&backtest, Compared::New).is_empty() || !of(&backtest, Compared::Gone).is_empty());
    service.clock.advance(Duration::from_secs(60));
    service.app.replay_late(&tenant, &lead).await.unwrap();
    let after = tried(&service, Trial::default()).await;
    assert!(after.alerts.iter().all(|alert| alert.standing == Compared::Same), "{:?}", after.alerts);
    let ids = |backtest: &Backtest| -> Vec<String> {
        let found = backtest.alerts.iter().filter(|alert| alert.standing != Compared::Gone);
        found.map(|alert| alert.id.clone()).collect()
    };
    assert_eq!(ids(&backtest), ids(&after));
}
