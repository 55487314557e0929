use std::{collections::BTreeMap, sync::Arc};

use axum::http::Method;
use countersign_adapters::messages::servicenow::{Credential, ServiceNow, Settings};
use countersign_app::hooks::{HookError, KINDS, SendHook, Taken};
use countersign_core::{Secret, Timestamp, testing::HeldClock};
use serde_json::{Value, json};

use super::vendor::{Asked, CANARY, Reply, Vendor, hold, query, refuses, tell, words};

const FORMAT: &str = include_str!("formats/servicenow.json");
const TABLE: &str = "/api/now/table/incident";

/// The table `incident` as the Table API has it.
pub fn manner(incidents: &mut BTreeMap<String, Value>, asked: &Asked) -> Reply {
    let (path, query) = query(asked);
    let id = path.strip_prefix(TABLE).unwrap().trim_start_matches('/').to_owned();
    let wrapped = |status, result: Value| (status, None, json!({ "result": result }));
    if asked.method == Method::POST {
        let id = format!("{:032x}", incidents.len() + 1);
        let mut record = json!({"sys_id": id, "state": "1", "correlation_id": "", "work_notes": ""});
        record.as_object_mut().unwrap().extend(asked.body.as_object().unwrap().clone());
        incidents.insert(id, record.clone());
        return wrapped(201, record);
    }
    if id.is_empty() {
        let wanted = query.get("sysparm_query").map(|query| {
            let (key, order) = query.split_once('^').unwrap();
            assert_eq!(order, "ORDERBYDESCsys_created_on");
            key.strip_prefix("correlation_id=").unwrap().to_owned()
        });
        let fits = |record: &&Value| wanted.as_ref().is_none_or(|key| record["correlation_id"] == **key);
        let found: Vec<_> = incidents.values().rev().filter(fits).take(1).cloned().collect();
        return wrapped(200, json!(found));
    }
    let Some(record) = incidents.get_mut(&id) else {
        return (404, None, json!({"error": {"message": "No Record found"}, "status": "failure"}));
    };
    if asked.method == Method::PATCH {
        record.as_object_mut().unwrap().extend(asked.body.as_object().unwrap().clone());
    }
    wrapped(200, record.clone())
}

pub fn receiver(vendor: &Vendor) -> ServiceNow {
    let credential = Credential::Basic("countersign".to_owned(), Secret::new(CANARY.as_bytes().to_vec()));
    with(vendor, &credential)
}

fn with(vendor: &Vendor, credential: &Credential) -> ServiceNow {
    let settings = Settings {
        assignment_group: Some("SOC".to_owned()),
        caller: None,
        close_code: "Solution provided".to_owned(),
    };
    let clock = Arc::new(HeldClock::at(Timestamp::default()));
    ServiceNow::new((&vendor.base.parse().unwrap(), credential, settings), words(), clock).unwrap()
}

fn calls(vendor: &Vendor) -> Vec<(Method, Asked)> {
    let asked = vendor.asked();
    asked.iter().filter(|asked| !asked.body.is_null()).for_each(|asked| hold(FORMAT, asked));
    asked.into_iter().map(|asked| (asked.method.clone(), asked)).collect()
}

fn methods(calls: &[(Method, Asked)]) -> Vec<&str> {
    calls.iter().map(|(method, _)| method.as_str()).collect()
}

/// The one incident there is.
pub fn only(vendor: &Vendor) -> (String, Value) {
    let tickets: Vec<_> = vendor.tickets().into_iter().collect();
    let [one] = &tickets[..] else { panic!("{tickets:?}") };
    one.clone()
}

#[tokio::test]
async fn what_is_something_elses_under_a_kept_id_is_left_alone_and_what_can_t_be_read_is_not_opened_twice() {
    let vendor = Vendor::new(manner).await;
    let servicenow = receiver(&vendor);
    let id = tell(&servicenow, "incident.opened", None).await.unwrap().place.unwrap();
    vendor.change(&id, |record| record["correlation_id"] = json!("theirs"));
    let theirs = only(&vendor).1;
    for place in [&*id, "35436"] {
        let next = tell(&servicenow, "incident.closed", Some(place)).await.unwrap();
        assert_eq!(next.place.as_deref(), Some("none"), "{place}");
    }
    assert_eq!(only(&vendor).1, theirs);
    // An account that may make incidents and not read them.
    vendor.answer([None, Some((201, None, json!({"result": {}})))].into_iter());
    let next = tell(&servicenow, "incident.opened", None).await.unwrap();
    assert_eq!(next.place.as_deref(), Some("none"));
}

#[tokio::test]
async fn a_matter_is_one_incident_that_is_changed_in_its_place_and_resolved() {
    let vendor = Vendor::new(manner).await;
    let opened = tell(&receiver(&vendor), "incident.opened", None).await.unwrap();
    let (id, record) = only(&vendor);
    assert_eq!(opened.place.as_ref(), Some(&id));
    assert_eq!(
        (&record["impact"], &record["urgency"], &record["state"]),
        (&json!("2"), &json!("1"), &json!("1"))
    );
    assert_eq!(
        (&record["correlation_id"], &record["assignment_group"]),
        (&json!("countersign-inc_1"), &json!("SOC"))
    );
    assert_eq!(methods(&calls(&vendor)), ["GET", "POST"], "it is looked for before it is opened");
    // As after a restart: by what was kept of the first.
    let servicenow = receiver(&vendor);
    assert_eq!(tell(&servicenow, "incident.raised", Some(&id)).await, Ok(opened.clone()));
    assert_eq!(tell(&servicenow, "incident.closed", Some(&id)).await, Ok(opened.clone()));
    let record = only(&vendor).1;
    assert_eq!((&record["state"], &record["close_code"]), (&json!("6"), &json!("Solution provided")));
    assert_eq!(tell(&servicenow, "incident.reopened", Some(&id)).await, Ok(opened));
    assert_eq!(only(&vendor).1["state"], "2");
    let calls = calls(&vendor);
    assert_eq!(methods(&calls), ["GET", "PATCH", "GET", "PATCH", "GET", "PATCH"]);
    assert!(calls[0].1.path.starts_with(&format!("{TABLE}/{id}?")), "{}", calls[0].1.path);
    assert!(calls[1].1.body.get("state").is_none(), "where people put it stays while it is open");
    let expected = Some("Basic Y291bnRlcnNpZ246Q0FOQVJZ".to_owned());
    assert!(calls.iter().all(|(_, asked)| asked.credential == expected), "{calls:?}");
}

#[tokio::test]
async fn an_incident_tells_what_is_known_names_nobody_and_is_no_markup() {
    let vendor = Vendor::new(manner).await;
    let servicenow = receiver(&vendor);
    let place = tell(&servicenow, "incident.opened", None).await.unwrap().place;
    tell(&servicenow, "incident.raised", place.as_deref()).await.unwrap();
    let (_, record) = only(&vendor);
    let description = record["description"].as_str().unwrap();
    for line in [
        "Severity: high",
        "Failed sign ins: 39",
        "Failures: fp ×37, fu ×2",
        "Failed first: 2026-11-29 20:00 UTC",
        "Account aliases: als_30d690_a",
        "- an attempt went through after others had failed",
        "Next steps:\n- reset the password\n- end its sessions, all of them",
        "https://cs.example.com/incidents/inc_1?tenant=acme",
    ] {
        assert!(description.contains(line), "{line}\n{description}");
    }
    for field in ["description", "short_description", "work_notes"] {
        let text = record[field].as_str().unwrap();
        assert!(!text.contains("[code]") && !text.contains("[/code]"), "between them a note is HTML: {text}");
    }
}

#[tokio::test]
async fn an_answer_that_got_lost_opens_no_second_incident() {
    let vendor = Vendor::new(manner).await;
    let servicenow = receiver(&vendor);
    vendor.lose(1);
    assert_eq!(tell(&servicenow, "incident.opened", None).await, Err(HookError::Status(502)));
    let told = tell(&servicenow, "incident.opened", None).await.unwrap();
    assert_eq!(told.place, Some(only(&vendor).0));
}

#[tokio::test]
async fn one_that_is_gone_or_closed_for_good_is_followed_by_a_new_one_and_what_was_over_by_none() {
    let vendor = Vendor::new(manner).await;
    let servicenow = receiver(&vendor);
    let first = tell(&servicenow, "incident.opened", None).await.unwrap().place.unwrap();
    vendor.change(&first, |record| record["state"] = json!("7"));
    let none = Ok(Taken { place: Some("none".to_owned()) });
    assert_eq!(tell(&servicenow, "incident.closed", Some(&first)).await, none);
    let second = tell(&servicenow, "incident.reopened", Some("none")).await.unwrap().place.unwrap();
    assert_ne!(first, second);
    vendor.remove(&second);
    vendor.remove(&first);
    let third = tell(&servicenow, "incident.raised", Some(&second)).await.unwrap().place.unwrap();
    assert_eq!(only(&vendor).0, third);
    // The place of a Slack that had this name before.
    assert_eq!(tell(&servicenow, "incident.raised", Some("C1 ../x")).await.unwrap().place, Some(third));
    calls(&vendor);
}

#[tokio::test]
async fn what_people_resolved_stays_so_until_it_gets_worse() {
    let vendor = Vendor::new(manner).await;
    let servicenow = receiver(&vendor);
    let place = tell(&servicenow, "plan.proposed", None).await.unwrap().place.unwrap();
    vendor.change(&place, |record| {
        record["state"] = json!("6");
        record["close_code"] = json!("Duplicate");
    });
    for kind in ["plan.begun", "plan.done"] {
        tell(&servicenow, kind, Some(&place)).await.unwrap();
        let record = only(&vendor).1;
        assert_eq!((&record["state"], &record["close_code"]), (&json!("6"), &json!("Duplicate")), "{kind}");
    }
    tell(&servicenow, "plan.halted", Some(&place)).await.unwrap();
    assert_eq!(only(&vendor).1["state"], "2");
    calls(&vendor);
}

#[tokio::test]
async fn a_record_that_was_not_asked_for_is_not_changed() {
    let vendor = Vendor::new(manner).await;
    let servicenow = receiver(&vendor);
    let foreign = json!({"sys_id": "f".repeat(32), "state": "1", "correlation_id": "other"});
    vendor.answer([Some((200, None, json!({"result": [foreign]})))].into_iter());
    tell(&servicenow, "incident.opened", None).await.unwrap();
    assert_eq!(methods(&calls(&vendor)), ["GET", "POST"]);
    let hostile = json!({"sys_id": "../../etc", "state": "1", "correlation_id": "countersign-inc_1"});
    vendor.answer([Some((200, None, json!({"result": [hostile]})))].into_iter());
    let said = tell(&servicenow, "incident.opened", None).await.unwrap_err();
    assert!(said.to_string().contains("what answered is not"), "{said}");
}

#[tokio::test]
async fn what_servicenow_says_is_told_with_what_to_mend() {
    let vendor = Vendor::new(manner).await;
    let token = Credential::Bearer(Secret::new(CANARY.as_bytes().to_vec()));
    let servicenow = with(&vendor, &token);
    refuses(&vendor, &servicenow).await;
    assert!(vendor.asked().iter().all(|asked| asked.credential.as_deref() == Some("Bearer CANARY")));
    assert_eq!(servicenow.look().await, Ok(()));
    for (reply, told) in [
        ((401, None, json!({})), "check `user` and `secret`"),
        ((404, None, json!({})), "check `url`"),
        ((200, None, json!("<html>")), "whether the instance sleeps"),
    ] {
        vendor.answer([Some(reply)].into_iter());
        let said = servicenow.look().await.unwrap_err();
        assert!(said.to_string().contains(told), "{said}");
    }
    assert!(vendor.asked().iter().all(|asked| asked.method == Method::GET), "nobody is told by a look");
    // A refusal of the ticket itself, once it was looked for.
    vendor.answer([None, Some((400, None, json!({"error": CANARY})))].into_iter());
    let said = tell(&servicenow, "incident.opened", None).await.unwrap_err();
    assert!(said.to_string().contains("which fields the instance demands"), "{said}");
    for (user, password) in [("a:b", "x"), ("a\nb", "x")] {
        let credential = Credential::Basic(user.to_owned(), Secret::new(password.into()));
        let settings = Settings { assignment_group: None, caller: None, close_code: "x".to_owned() };
        let clock = Arc::new(HeldClock::at(Timestamp::default()));
        let url = vendor.base.parse().unwrap();
        assert!(ServiceNow::new((&url, &credential, settings), words(), clock).is_err(), "{user}");
    }
}

#[tokio::test]
async fn every_kind_is_an_incident_that_servicenow_takes_and_a_trial_is_resolved() {
    let vendor = Vendor::new(manner).await;
    let servicenow = receiver(&vendor);
    for kind in KINDS {
        tell(&servicenow, kind.name, None).await.unwrap();
        calls(&vendor);
    }
    let vendor = Vendor::new(manner).await;
    tell(&receiver(&vendor), "countersign.test", None).await.unwrap();
    assert_eq!(only(&vendor).1["state"], "6");
    calls(&vendor);
}
