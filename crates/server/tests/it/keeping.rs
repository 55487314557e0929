//! What is known of a tenant's log goes by age, and by person: as far as nothing needs it, and without a trace in what stays.

use std::time::Duration;

use countersign_app::{
    AlertFilter, App, Kept,
    access::Caller,
    incidents::{By, Closure, Disposition, IncidentFilter, Opened, Status},
    reveal::{Aliased, Asked, Part, Reason},
};
use countersign_rights::{Action, How};
use countersign_testkit::TestApp;
use rusqlite::Connection;
use serde_json::json;

use crate::watch::{alerts, deliver, entry, log, service, settle};

/// A day.
const DAY: Duration = Duration::from_secs(86_400);

async fn retain(service: &TestApp, kept: Kept, days: u32) -> u64 {
    let (tenant, lead, mut gone) = (service.tenant(), service.lead().await, 0);
    loop {
        match service.app.retain(&tenant, &lead, kept, days).await.unwrap() {
            0 => return gone,
            some => gone += some,
        }
    }
}

/// Rows of a table of the records.
fn rows(service: &TestApp, table: &str) -> i64 {
    let connection = Connection::open(service.folder().join("countersign.db")).unwrap();
    connection.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// Whether there is the key of the day on which everything came.
async fn has_key_of_day(service: &TestApp, key_id: &str) -> bool {
    service.store.find_subject_of_key(service.tenant().id(), key_id).await.unwrap().is_some()
}

/// An incident as whoever opened it sees it.
async fn opened(service: &TestApp, id: &str) -> Opened {
    let (local, id_of_tenant) = (Caller::local(How::Process), service.tenant().id().clone());
    let permit = service.app.permit(&local, Action::RevealPersonal, &id_of_tenant).await.unwrap();
    let fields: Vec<String> = Part::ALL.iter().map(|part| part.as_str().to_owned()).collect();
    let reason = Reason { actor: Some("mia"), text: "a test looks" };
    let asked = Asked { fields: &fields, reason };
    service.app.reveal_incident(&permit, id, asked, Aliased::Whole).await.unwrap().0
}

/// A log that was looked at; the incident that it gave about a spray, which is sealed under the key of its day.
async fn watched() -> (TestApp, Opened) {
    let service = service().await;
    deliver(&service, &log()).await;
    settle(&service).await;
    let tenant = service.tenant();
    let listed = service.app.incidents(&tenant, IncidentFilter::default(), 9).await.unwrap();
    let spray = listed.iter().find(|listed| {
        let incident = listed.incident.as_ref().unwrap();
        incident.members().iter().any(|member| member.detector == "password_spray")
    });
    let opened = opened(&service, &spray.unwrap().row.id).await;
    (service, opened)
}

async fn close_all(service: &TestApp) {
    let tenant = service.tenant();
    for listed in service.app.incidents(&tenant, IncidentFilter::default(), 9).await.unwrap() {
        let closure = Closure {
            disposition: Disposition::Benign,
            duplicate_of: None,
            reason: "a test of penetration".to_owned(),
            suppress: false,
            mark: false,
        };
        let by = By { actor: "mia", version: listed.row.version };
        service
            .app
            .close_incident(&service.permit(Action::WorkIncidents).await, &listed.row.id, by, closure)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn old_entries_go_then_incidents_and_alerts_and_the_key_of_their_day_last() {
    let (service, opened) = watched().await;
    let day = opened.row.key_id.clone();
    assert_eq!(retain(&service, Kept::Log, 90).await, 0);
    service.clock.advance(DAY * 30);
    assert_eq!(retain(&service, Kept::Log, 90).await, 0);
    assert_eq!(retain(&service, Kept::Log, 9).await, u64::try_from(log().len()).unwrap());
    assert_eq!(rows(&service, "log_entries"), 0);
    assert!(has_key_of_day(&service, &day).await, "alerts and incidents are sealed under it");
    // What is not closed stays, however old it is.
    service.clock.advance(DAY * 500);
    assert_eq!(retain(&service, Kept::Incidents, 400).await, 0);
    close_all(&service).await;
    let opened = service.app.incident(&service.tenant(), &opened.row.id).await.unwrap();
    assert_eq!(opened.incident.handling.status(), Status::Closed);
    assert_eq!(retain(&service, Kept::Incidents, 400).await, 0, "it was closed just now");
    service
        .app
        .note_incident(&service.permit(Action::WorkIncidents).await, &opened.row.id, "mia", "as agreed")
        .await
        .unwrap();
    service.clock.advance(DAY * 401);
    assert!(retain(&service, Kept::Incidents, 400).await > 0);
    assert!(retain(&service, Kept::Alerts, 400).await > 0);
    for table in ["incidents", "incident_notes", "incident_entities", "alerts"] {
        assert_eq!(rows(&service, table), 0, "{table}");
    }
    assert!(has_key_of_day(&service, &day).await);
    let lead = service.lead().await;
    service.app.forget_deliveries(&service.tenant(), &lead).await.unwrap();
    assert!(retain(&service, Kept::Log, 90).await > 0);
    assert!(!has_key_of_day(&service, &day).await, "nothing is left under it");
    assert_eq!(retain(&service, Kept::Log, 90).await, 0);
    let report = service.app.audit(&service.tenant()).await.unwrap();
    let leaves = service.store.list_leaves(service.tenant().id(), 0, report.size).await.unwrap();
    let told: String = leaves.iter().map(|row| String::from_utf8(row.leaf.clone()).unwrap()).collect();
    for records in ["log", "incidents", "alerts"] {
        assert!(told.contains(&format!("\"records\":\"{records}\"")), "{told}");
    }
    assert!(told.contains(&day), "the key is on record as destroyed: {told}");
}

#[tokio::test]
async fn what_came_lately_stays_however_old_it_is_so_that_a_repeat_is_known() {
    let service = service().await;
    service.clock.advance(DAY * 30);
    deliver(&service, &log()).await;
    settle(&service).await;
    let all = u64::try_from(log().len()).unwrap();
    for _ in 0..7 {
        service.clock.advance(DAY);
        assert_eq!(retain(&service, Kept::Log, 9).await, 0);
    }
    deliver(&service, &log()).await;
    let delivered = service.app.log_stream(&service.tenant()).delivered;
    assert_eq!((delivered.taken, delivered.repeated), (all, all));
    service.clock.advance(DAY * 2);
    assert_eq!(retain(&service, Kept::Log, 9).await, all);
}

#[tokio::test]
async fn a_quiet_log_keeps_what_a_replay_of_two_days_needs() {
    let service = service().await;
    let early: Vec<_> = log().into_iter().take(30).collect();
    deliver(&service, &early).await;
    settle(&service).await;
    service.clock.advance(DAY);
    assert_eq!(retain(&service, Kept::Log, 0).await, 0, "nothing is two days old");
    assert_eq!(rows(&service, "log_entries"), 30);
}

#[tokio::test]
async fn what_comes_later_than_everything_that_is_kept_takes_no_alert_back() {
    let (service, _) = watched().await;
    let before = alerts(&service).await;
    assert!(before.len() > 1);
    service.clock.advance(DAY * 30);
    assert!(retain(&service, Kept::Log, 9).await > 0);
    let late = json!({"log_id": "late", "type": "s", "date": "2026-08-20T00:00:01.000Z", "user_id": "auth0|1",
        "user_name": "user1@example.com", "ip": "198.51.100.1"});
    deliver(&service, &[late]).await;
    settle(&service).await;
    assert_eq!(alerts(&service).await, before);
    let document = service.tenant().policy().document().clone();
    let service = service.reopen(document).await;
    settle(&service).await;
    assert_eq!(alerts(&service).await, before, "and neither does a start");
}

#[tokio::test]
async fn what_goes_on_over_a_deletion_and_a_start_is_found_all_the_same() {
    let service = service().await;
    let old: Vec<_> = (0..20).map(|n| entry("s", n * 60, n % 5, "198.51.100.7")).collect();
    deliver(&service, &old).await;
    settle(&service).await;
    service.clock.advance(DAY * 20);
    assert!(retain(&service, Kept::Log, 9).await > 0);
    let document = service.tenant().policy().document().clone();
    let service = service.reopen(document).await;
    let attack: Vec<_> = (0..14_u32)
        .map(|n| {
            json!({"log_id": format!("n{n:03}"), "type": "fp", "date": format!("2026-09-05T10:00:{n:02}.000Z"),
                "user_id": "auth0|7", "user_name": "user7@example.com", "ip": format!("192.0.2.{n}")})
        })
        .collect();
    deliver(&service, &attack).await;
    settle(&service).await;
    let found = alerts(&service).await;
    assert!(
        found
            .values()
            .any(|(detector, _, body)| detector == "brute_force_account" && body.log_ids.len() == 14),
        "{found:?}"
    );
}

#[tokio::test]
async fn an_erased_person_is_passed_over_by_a_replay_and_named_by_no_incident_about_others() {
    let (service, opened) = watched().await;
    let tenant = service.tenant();
    let people: Vec<String> = opened.incident.users().iter().map(|user| user.name.clone()).collect();
    let erased = people.iter().find(|name| *name != "auth0|7").unwrap().clone();
    let told = |opened: &Opened| opened.view().to_string();
    assert!(told(&opened).contains(&erased));
    service
        .app
        .erase(&service.permit(Action::ErasePeople).await, &App::subject(&tenant, &erased))
        .await
        .unwrap();
    let after = self::opened(&service, &opened.row.id).await;
    let text = told(&after);
    assert!(!text.contains(&erased) && text.contains("erased"), "{text}");
    let others = people.iter().filter(|name| **name != erased);
    assert!(others.clone().count() > 3 && others.clone().all(|name| text.contains(name)), "{text}");
    let number: u32 = erased.trim_start_matches("auth0|").parse().unwrap();
    assert!(!text.contains(&format!("user{number}@example.com")));
    // Something late makes a replay, which can't open the person's entries.
    deliver(&service, &[entry("s", 30, 11, "198.51.100.11")]).await;
    settle(&service).await;
    let again = service.app.incidents(&tenant, IncidentFilter::default(), 9).await.unwrap();
    for listed in again.iter().filter_map(|listed| listed.incident.as_ref()) {
        assert!(!serde_json::to_string(listed).unwrap().contains(&erased));
    }
    for row in service.app.alerts(&tenant, AlertFilter::default(), 500).await.unwrap() {
        let body = service.app.open_alert(&tenant, &row).await.unwrap();
        assert!(!serde_json::to_string(&body).unwrap().contains(&erased));
    }
    service.app.audit(&tenant).await.unwrap();
}

#[tokio::test]
async fn one_account_alone_is_gone_with_its_incident_and_alerts() {
    let service = service().await;
    let tenant = service.tenant();
    let attack: Vec<_> = (0..14).map(|n| entry("fp", n * 11, 7, &format!("192.0.2.{n}"))).collect();
    deliver(&service, &attack).await;
    settle(&service).await;
    service
        .app
        .erase(&service.permit(Action::ErasePeople).await, &App::subject(&tenant, "auth0|7"))
        .await
        .unwrap();
    let rows = service.app.alerts(&tenant, AlertFilter::default(), 9).await.unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let body = service.app.open_alert(&tenant, &row).await.unwrap();
        assert!(body.is_none_or(|body| body.entity.name != "auth0|7"));
    }
    let listed = service.app.incidents(&tenant, IncidentFilter::default(), 9).await.unwrap();
    assert!(listed.iter().any(|listed| listed.incident.is_none()));
    let text = serde_json::to_string(&listed.iter().map(|one| &one.incident).collect::<Vec<_>>()).unwrap();
    assert!(!text.contains("auth0|7\""), "{text}");
}
