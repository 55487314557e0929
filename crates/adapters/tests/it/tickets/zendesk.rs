use std::{collections::BTreeMap, sync::Arc};

use axum::http::Method;
use countersign_adapters::messages::zendesk::{Credential, Zendesk};
use countersign_app::hooks::{HookError, KINDS, SendHook, Taken};
use countersign_core::{Secret, Timestamp, testing::HeldClock};
use serde_json::{Value, json};

use super::vendor::{Asked, CANARY, Reply, Vendor, hold, query, refuses, tell, words};

const FORMAT: &str = include_str!("formats/zendesk.json");

/// Tickets as the Ticketing API has them.
fn manner(tickets: &mut BTreeMap<String, Value>, asked: &Asked) -> Reply {
    let (path, query) = query(asked);
    if path == "/api/v2/users/me.json" {
        return (200, None, json!({"user": {"id": 7, "role": "agent"}}));
    }
    let id = path.strip_prefix("/api/v2/tickets").and_then(|rest| rest.strip_suffix(".json")).unwrap();
    let id = id.trim_start_matches('/').to_owned();
    if asked.method == Method::POST {
        let id = 35_436 + tickets.len();
        let mut ticket = json!({"id": id, "status": "new", "external_id": null, "assignee_id": null});
        ticket.as_object_mut().unwrap().extend(asked.body["ticket"].as_object().unwrap().clone());
        if is_unassigned(&ticket) {
            return (422, None, json!({"error": "RecordInvalid"}));
        }
        tickets.insert(id.to_string(), ticket.clone());
        return (201, None, json!({"ticket": ticket, "audit": {}}));
    }
    if id.is_empty() {
        let key = &query["external_id"];
        let found: Vec<_> = tickets.values().filter(|ticket| ticket["external_id"] == **key).collect();
        return (200, None, json!({"tickets": found, "next_page": null, "count": found.len()}));
    }
    let Some(ticket) = tickets.get_mut(&id) else {
        return (404, None, json!({"error": "RecordNotFound", "description": "Not found"}));
    };
    if asked.method == Method::PUT {
        if ticket["status"] == "closed" {
            return (422, None, json!({"error": "RecordInvalid"}));
        }
        ticket.as_object_mut().unwrap().extend(asked.body["ticket"].as_object().unwrap().clone());
        if is_unassigned(ticket) {
            return (422, None, json!({"error": "RecordInvalid"}));
        }
    }
    (200, None, json!({ "ticket": ticket }))
}

/// Whether nobody has it and it is solved, which Zendesk does not let be.
fn is_unassigned(ticket: &Value) -> bool {
    ticket["status"] == "solved" && ticket["assignee_id"].is_null()
}

fn receiver(vendor: &Vendor) -> Zendesk {
    let user = "bot@acme.example/token".to_owned();
    with(vendor, &Credential::Basic(user, Secret::new(CANARY.as_bytes().to_vec())))
}

fn with(vendor: &Vendor, credential: &Credential) -> Zendesk {
    let clock = Arc::new(HeldClock::at(Timestamp::default()));
    Zendesk::new((&vendor.base.parse().unwrap(), credential, Some(98)), words(), clock).unwrap()
}

fn calls(vendor: &Vendor) -> Vec<Asked> {
    let asked = vendor.asked();
    asked.iter().filter(|asked| !asked.body.is_null()).for_each(|asked| hold(FORMAT, asked));
    asked
}

fn methods(calls: &[Asked]) -> Vec<&str> {
    calls.iter().map(|asked| asked.method.as_str()).collect()
}

/// The one ticket there is.
fn only(vendor: &Vendor) -> (String, Value) {
    let tickets: Vec<_> = vendor.tickets().into_iter().collect();
    let [one] = &tickets[..] else { panic!("{tickets:?}") };
    one.clone()
}

#[tokio::test]
async fn a_matter_is_one_ticket_that_is_changed_in_its_place_and_solved() {
    let vendor = Vendor::new(manner).await;
    let opened = tell(&receiver(&vendor), "incident.opened", None).await.unwrap();
    let (id, ticket) = only(&vendor);
    assert_eq!(opened.place.as_ref(), Some(&id));
    assert_eq!(
        (&ticket["priority"], &ticket["type"], &ticket["group_id"]),
        (&json!("high"), &json!("incident"), &json!(98))
    );
    let asked = calls(&vendor);
    assert_eq!(methods(&asked), ["GET", "POST"], "it is looked for before it is opened");
    assert_eq!(asked[0].path, "/api/v2/tickets.json?external_id=countersign-inc_1");
    assert_eq!(asked[1].once.as_deref(), Some("rec_1"), "the same at each attempt");
    // As after a restart: by what was kept of the first.
    let zendesk = receiver(&vendor);
    for (kind, status) in
        [("incident.raised", "new"), ("incident.closed", "solved"), ("incident.reopened", "open")]
    {
        assert_eq!(tell(&zendesk, kind, Some(&id)).await, Ok(opened.clone()), "{kind}");
        assert_eq!(only(&vendor).1["status"], status, "{kind}");
    }
    let asked = calls(&vendor);
    assert_eq!(methods(&asked), ["GET", "PUT", "GET", "GET", "PUT", "GET", "PUT"]);
    assert_eq!(asked[3].path, "/api/v2/users/me.json", "nobody had it, and somebody must to solve it");
    assert_eq!(only(&vendor).1["assignee_id"], 7);
    let of_ticket = format!("/api/v2/tickets/{id}.json");
    assert_eq!(asked.iter().filter(|asked| asked.path == of_ticket).count(), 6);
    let expected = Some("Basic Ym90QGFjbWUuZXhhbXBsZS90b2tlbjpDQU5BUlk=".to_owned());
    assert!(asked.iter().all(|asked| asked.credential == expected), "{asked:?}");
}

#[tokio::test]
async fn what_is_something_elses_under_a_kept_id_is_left_alone() {
    let vendor = Vendor::new(manner).await;
    let zendesk = receiver(&vendor);
    let id = tell(&zendesk, "incident.opened", None).await.unwrap().place.unwrap();
    // As where `url` leads to another account since.
    vendor.change(&id, |ticket| ticket["external_id"] = json!("a customer's"));
    let theirs = only(&vendor).1;
    for place in [&*id, "countersign-inc_1", "0123456789abcdef0123456789abcdef"] {
        let next = tell(&zendesk, "incident.closed", Some(place)).await.unwrap();
        assert_eq!(next.place.as_deref(), Some("none"), "{place}");
    }
    assert_eq!(only(&vendor).1, theirs);
}

#[tokio::test]
async fn what_was_closed_for_good_is_opened_anew_where_somebody_has_to_look_alone() {
    let vendor = Vendor::new(manner).await;
    let zendesk = receiver(&vendor);
    let id = tell(&zendesk, "plan.proposed", None).await.unwrap().place.unwrap();
    vendor.answer([Some((410, None, json!({})))].into_iter());
    assert_eq!(
        tell(&zendesk, "plan.halted", Some(&id)).await.unwrap().place.as_ref(),
        Some(&id),
        "it is found"
    );
    vendor.change(&id, |ticket| ticket["status"] = json!("closed"));
    let next = tell(&zendesk, "plan.begun", Some(&id)).await.unwrap();
    assert_eq!((next.place.as_deref(), vendor.tickets().len()), (Some("none"), 1));
    let next = tell(&zendesk, "plan.halted", Some("none")).await.unwrap();
    assert_eq!((next.place == Some(id), vendor.tickets().len()), (false, 2));
}

#[tokio::test]
async fn a_ticket_tells_what_is_known_names_nobody_and_fills_in_nothing() {
    let vendor = Vendor::new(manner).await;
    tell(&receiver(&vendor), "incident.opened", None).await.unwrap();
    let (_, ticket) = only(&vendor);
    assert_eq!(ticket["comment"]["public"], false);
    let html = ticket["comment"]["html_body"].as_str().unwrap();
    for part in [
        "<li>Failures: fp ×37, fu ×2</li>",
        "<li>Account aliases: als_30d690_a</li>",
        "<li>Next steps: <ul><li>reset the password</li><li>end its sessions, all of them</li></ul></li>",
        "<a href=\"https://cs.example.com/incidents/inc_1?tenant=acme\">",
        "Many &lt;b&gt;wrong&lt;/b&gt; passwords",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    assert!(!html.contains("{{") && !ticket["subject"].as_str().unwrap().contains("{{"));
    assert!(ticket["subject"].as_str().unwrap().contains("Many <b>wrong</b> passwords"), "it is plain text");
}

#[tokio::test]
async fn an_answer_that_got_lost_opens_no_second_ticket() {
    let vendor = Vendor::new(manner).await;
    let zendesk = receiver(&vendor);
    vendor.lose(1);
    assert_eq!(tell(&zendesk, "incident.opened", None).await, Err(HookError::Status(502)));
    let told = tell(&zendesk, "incident.opened", None).await.unwrap();
    assert_eq!(told.place, Some(only(&vendor).0));
}

#[tokio::test]
async fn one_that_is_gone_or_closed_for_good_is_followed_by_a_new_one_and_what_was_over_by_none() {
    let vendor = Vendor::new(manner).await;
    let zendesk = receiver(&vendor);
    let first = tell(&zendesk, "incident.opened", None).await.unwrap().place.unwrap();
    vendor.change(&first, |ticket| ticket["status"] = json!("closed"));
    let none = Ok(Taken { place: Some("none".to_owned()) });
    assert_eq!(tell(&zendesk, "incident.closed", Some(&first)).await, none);
    let second = tell(&zendesk, "incident.reopened", Some("none")).await.unwrap().place.unwrap();
    assert_ne!(first, second);
    assert_eq!(tell(&zendesk, "incident.raised", None).await.unwrap().place, Some(second.clone()));
    vendor.remove(&second);
    let third = tell(&zendesk, "incident.raised", Some(&second)).await.unwrap().place.unwrap();
    assert!(vendor.tickets().contains_key(&third));
    calls(&vendor);
}

#[tokio::test]
async fn what_people_solved_stays_so_until_it_gets_worse() {
    let vendor = Vendor::new(manner).await;
    let zendesk = receiver(&vendor);
    let place = tell(&zendesk, "plan.proposed", None).await.unwrap().place.unwrap();
    vendor.change(&place, |ticket| {
        ticket["status"] = json!("solved");
        ticket["assignee_id"] = json!(9);
    });
    for kind in ["plan.begun", "plan.done"] {
        tell(&zendesk, kind, Some(&place)).await.unwrap();
    }
    let bodies: Vec<_> = calls(&vendor).into_iter().filter(|asked| asked.method == Method::PUT).collect();
    assert!(bodies.iter().all(|asked| asked.body["ticket"].get("status").is_none()), "{bodies:?}");
    tell(&zendesk, "plan.halted", Some(&place)).await.unwrap();
    tell(&zendesk, "plan.done", Some(&place)).await.unwrap();
    let ticket = only(&vendor).1;
    assert_eq!((&ticket["status"], &ticket["assignee_id"]), (&json!("solved"), &json!(9)), "it stays theirs");
}

#[tokio::test]
async fn what_zendesk_says_is_told_with_what_to_mend() {
    let vendor = Vendor::new(manner).await;
    let zendesk = with(&vendor, &Credential::Bearer(Secret::new(CANARY.as_bytes().to_vec())));
    refuses(&vendor, &zendesk).await;
    assert!(vendor.asked().iter().all(|asked| asked.credential.as_deref() == Some("Bearer CANARY")));
    assert_eq!(zendesk.look().await, Ok(()));
    for (reply, told) in [
        ((401, None, json!({})), "check `user` and `token`"),
        ((200, None, json!({"user": {"id": null}})), "check `user` and `token`"),
        ((200, None, json!({"user": {"id": 7, "role": "end-user"}})), "an agent's"),
        ((404, None, json!({})), "check `url`"),
        ((200, None, json!("<html>")), "what answered is not"),
    ] {
        vendor.answer([Some(reply)].into_iter());
        let said = zendesk.look().await.unwrap_err();
        assert!(said.to_string().contains(told), "{said}");
    }
    assert!(vendor.asked().iter().all(|asked| asked.method == Method::GET), "nobody is told by a look");
    vendor.answer([None, Some((422, None, json!({"error": CANARY})))].into_iter());
    let said = tell(&zendesk, "incident.opened", None).await.unwrap_err();
    assert!(said.to_string().contains("which fields the account demands"), "{said}");
}

#[tokio::test]
async fn every_kind_is_a_ticket_that_zendesk_takes_and_a_trial_is_solved() {
    let vendor = Vendor::new(manner).await;
    let zendesk = receiver(&vendor);
    for kind in KINDS {
        tell(&zendesk, kind.name, None).await.unwrap();
        calls(&vendor);
    }
    let vendor = Vendor::new(manner).await;
    tell(&receiver(&vendor), "countersign.test", None).await.unwrap();
    assert_eq!(only(&vendor).1["status"], "solved");
    calls(&vendor);
}
