use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, mpsc},
};

use countersign_core::Timestamp;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{CATEGORIES, Delivery, Mishaps, Outcome, Sender, category, events, logs, pump};
use crate::{
    scenario::Share,
    tenant::{Record, testing::Api},
};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A tenant with a stream to `url`, and its id.
fn streaming(url: &str, more: &Value) -> (Api, String) {
    let mut api = Api::new();
    let mut body = json!({
        "name": "s",
        "type": "http",
        "sink": {
            "httpEndpoint": url,
            "httpContentFormat": "JSONARRAY",
            "httpAuthorization": "Bearer x",
            "httpCustomHeaders": [{"header": "x-key", "value": "v"}],
        },
    });
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let made = api.post("/log-streams", body, 200);
    // Why: the creation itself is in the log.
    drain(&mut api);
    (api, made["id"].as_str().unwrap().to_owned())
}

fn drain(api: &mut Api) {
    let now = api.now;
    for delivery in logs::due(api.tenant.state_mut(), Mishaps::default(), now) {
        logs::settle(api.tenant.state_mut(), &delivery, Outcome::Taken, now);
    }
}

fn write(api: &mut Api, kinds: &[&str]) {
    for kind in kinds {
        let record = Record::new(kind, "").with("user_name", "pat@example.com");
        let now = api.now;
        api.tenant.state_mut().log(record, "tenant", now);
    }
}

fn due(api: &mut Api) -> Vec<Delivery> {
    let now = api.now;
    logs::due(api.tenant.state_mut(), Mishaps::default(), now)
}

fn settle(api: &mut Api, delivery: &Delivery, outcome: Outcome) {
    let now = api.now;
    logs::settle(api.tenant.state_mut(), delivery, outcome, now);
}

fn kinds(delivery: &Delivery) -> Vec<String> {
    let entries: Vec<Value> = serde_json::from_str(&delivery.bodies[0]).unwrap();
    entries.iter().map(|entry| entry["data"]["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_entry_is_the_record_behind_its_id_and_comes_once() {
    let (mut api, id) = streaming("https://sink.example.com/logs", &json!({}));
    write(&mut api, &["s", "fp"]);
    let [delivery] = due(&mut api).try_into().ok().unwrap();
    let entries: Vec<Value> = serde_json::from_str(&delivery.bodies[0]).unwrap();
    assert_eq!(entries[0]["log_id"], entries[0]["data"]["log_id"]);
    assert!(entries[0]["data"].get("_id").is_none());
    assert_eq!(
        (kinds(&delivery), delivery.stream_id.as_str()),
        (vec!["s".to_owned(), "fp".to_owned()], id.as_str())
    );
    let names: Vec<&str> = delivery.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["content-type", "authorization", "x-key"]);
    assert!(due(&mut api).is_empty(), "what is under way isn't planned again");
    settle(&mut api, &delivery, Outcome::Taken);
    assert!(due(&mut api).is_empty());
}

#[test]
fn the_three_formats_hold_the_same_entries() {
    for (format, bodies, text) in [("JSONARRAY", 1, "["), ("JSONLINES", 1, "{"), ("JSONOBJECT", 3, "{")] {
        let sink =
            json!({"sink": {"httpEndpoint": "https://sink.example.com/", "httpContentFormat": format}});
        let (mut api, _) = streaming("", &sink);
        write(&mut api, &["s", "fp", "f"]);
        let delivery = due(&mut api).remove(0);
        assert_eq!(delivery.bodies.len(), bodies, "{format}");
        assert!(delivery.bodies[0].starts_with(text), "{format}");
        assert_eq!(delivery.bodies.join("\n").matches("\"data\"").count(), 3);
    }
}

#[test]
fn filters_let_their_categories_through() {
    let filters =
        json!([{"type": "category", "name": "auth.login.fail"}, {"type": "category", "name": "other"}]);
    let (mut api, _) = streaming("https://sink.example.com/", &json!({"filters": filters}));
    write(&mut api, &["s", "fp", "pla", "sapi", "never_heard_of"]);
    assert_eq!(kinds(&due(&mut api)[0]), ["fp", "pla", "never_heard_of"]);
    assert!(CATEGORIES.contains(&category("limit_wc")) && category("sapi") == "management.success");
}

#[test]
fn a_failed_delivery_is_tried_three_times_and_then_again_until_it_succeeds() {
    let (mut api, _) = streaming("https://sink.example.com/", &json!({}));
    write(&mut api, &["s"]);
    let mut times = Vec::new();
    let start = api.now;
    while times.len() < 5 {
        if let Some(delivery) = due(&mut api).pop() {
            times.push(api.now.since(start) / SECOND);
            settle(&mut api, &delivery, Outcome::Refused(500));
        }
        api.pass(SECOND);
    }
    assert_eq!(times, [0, 1, 2, 32, 33]);
    api.pass(30 * SECOND);
    let delivery = due(&mut api).remove(0);
    settle(&mut api, &delivery, Outcome::Taken);
    assert!(due(&mut api).is_empty());
}

#[test]
fn seven_days_of_failure_pause_a_stream_and_what_waited_comes_after_it_is_resumed() {
    let (mut api, id) = streaming("https://sink.example.com/", &json!({}));
    let path = format!("/log-streams/{id}");
    write(&mut api, &["s"]);
    let delivery = due(&mut api).remove(0);
    settle(&mut api, &delivery, Outcome::Failed);
    api.pass(7 * DAY);
    assert_eq!(api.get(&path, 200)["status"], "active");
    let delivery = due(&mut api).remove(0);
    settle(&mut api, &delivery, Outcome::Failed);
    assert_eq!(api.get(&path, 200)["status"], "paused");
    api.pass(DAY);
    write(&mut api, &["f"]);
    assert!(due(&mut api).is_empty());
    api.patch(&path, json!({"status": "active"}), 200);
    assert_eq!(kinds(&due(&mut api)[0]), ["s", "f", "sapi"]);
}

#[test]
fn a_stream_may_start_in_the_past() {
    let mut api = Api::new();
    write(&mut api, &["s"]);
    let start: Timestamp = api.now;
    api.pass(SECOND);
    write(&mut api, &["f"]);
    let sink = json!({"httpEndpoint": "https://sink.example.com/", "httpContentFormat": "JSONARRAY"});
    let body = json!({"type": "http", "sink": sink, "startFrom": start.plus(SECOND).to_string()});
    api.post("/log-streams", body, 200);
    assert_eq!(kinds(&due(&mut api)[0]), ["f", "sapi"]);
}

#[test]
fn what_is_personal_is_masked_or_hashed() {
    for (method, shown) in
        [("mask", "*****".to_owned()), ("hash", format!("{:016x}", super::xxhash::hash(b"pat@example.com")))]
    {
        let config =
            json!({"pii_config": {"log_fields": ["email"], "method": method, "algorithm": "xxhash"}});
        let (mut api, _) = streaming("https://sink.example.com/", &config);
        write(&mut api, &["s"]);
        let entries: Vec<Value> = serde_json::from_str(&due(&mut api)[0].bodies[0]).unwrap();
        assert_eq!(entries[0]["data"]["user_name"], shown);
    }
}

#[test]
fn mishaps_double_shuffle_and_lose() {
    let ids = |mishaps: Mishaps| {
        let (mut api, _) = streaming("https://sink.example.com/", &json!({}));
        write(&mut api, &["s"; 50]);
        let now = api.now;
        let delivery = logs::due(api.tenant.state_mut(), mishaps, now).remove(0);
        let entries: Vec<Value> = serde_json::from_str(&delivery.bodies[0]).unwrap();
        entries.iter().map(|entry| entry["log_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let doubled = ids(Mishaps { duplicate: Share::ALL, ..Mishaps::default() });
    assert_eq!((doubled.len(), doubled.iter().collect::<BTreeSet<_>>().len()), (100, 50));
    let shuffled = ids(Mishaps { reorder: Share::ALL, ..Mishaps::default() });
    assert!(shuffled.len() == 50 && !shuffled.is_sorted());
    let lost = ids(Mishaps { lose: Share::new(0.5).unwrap(), ..Mishaps::default() });
    assert!(lost.len() < 45 && lost.is_sorted());
}

#[test]
fn mishaps_are_read_and_what_is_wrong_is_found() {
    let share = |decimal| Share::new(decimal).unwrap();
    let wanted =
        Mishaps { duplicate: share(0.1), reorder: share(0.2), fail: share(0.05), ..Mishaps::default() };
    assert_eq!("duplicate=0.1,reorder=0.2,fail=0.05".parse(), Ok(wanted));
    assert_eq!(share(0.05).millionths(), 50_000);
    for (text, column) in [("lose=2", 1), ("fail=0.1,oops=1", 10), ("reorder", 1), ("", 1), ("fail=NaN", 1)] {
        let error = text.parse::<Mishaps>().unwrap_err();
        assert!(error.starts_with(&format!("column {column}, ")), "{error}");
    }
    assert!("oops=1".parse::<Mishaps>().unwrap_err().contains("duplicate, reorder, fail, lose"));
}

/// A sink on this machine that answers each request with the next status, and gives what it got.
fn sink(statuses: Vec<u16>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/logs", listener.local_addr().unwrap());
    let (got, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for status in statuses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut text = String::new();
            let mut buffer = [0; 65_536];
            loop {
                let read = stream.read(&mut buffer).unwrap();
                text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.unwrap().parse().unwrap() {
                    break;
                }
            }
            let location = "location: http://127.0.0.1:1/\r\n";
            write!(stream, "HTTP/1.1 {status} x\r\n{location}content-length: 0\r\nconnection: close\r\n\r\n")
                .unwrap();
            got.send(text).unwrap();
        }
    });
    (url, requests)
}

#[tokio::test]
async fn deliveries_are_posted_with_the_sinks_headers_until_one_is_taken() {
    let (url, requests) = sink(vec![503, 302, 204]);
    let (mut api, _) = streaming(&url, &json!({}));
    write(&mut api, &["s"]);
    let now = api.now;
    let tenant = Arc::new(Mutex::new(api.tenant));
    let sender = Sender::new().unwrap();
    for (second, taken) in [(0, 0), (1, 0), (2, 1), (3, 0)] {
        let now = now.plus(second * SECOND);
        assert_eq!(pump(&tenant, &sender, Mishaps::default(), now).await, taken, "after {second} s");
    }
    let texts: Vec<String> = requests.iter().collect();
    assert_eq!(texts.len(), 3);
    assert!(texts.iter().all(|text| text.contains("authorization: Bearer x") && text.contains("x-key: v")));
    assert!(texts[2].ends_with("}]"));
}

#[test]
fn only_https_or_this_machine_is_a_sink() {
    let mut api = Api::new();
    for url in ["http://sink.example.com/", "ftp://127.0.0.1/", "https://user@sink.example.com/", "logs"] {
        api.post("/log-streams", json!({"type": "http", "sink": {"httpEndpoint": url}}), 400);
    }
}

/// A tenant with an event stream, and the path of it.
fn hearing() -> (Api, String) {
    let mut api = Api::new();
    let authorization = json!({"method": "basic", "username": "u", "password": "p"});
    let configuration =
        json!({"webhook_endpoint": "https://sink.example.com/", "webhook_authorization": authorization});
    let destination = json!({"type": "webhook", "configuration": configuration});
    let made = api.post("/event-streams", json!({"destination": destination}), 201);
    let path = format!("/event-streams/{}", made["id"].as_str().unwrap());
    (api, path)
}

#[tokio::test]
async fn a_first_try_that_fails_on_the_way_is_made_up_for() {
    let (url, requests) = sink(vec![200, 200]);
    let (mut api, _) = streaming(&url, &json!({}));
    write(&mut api, &["s"]);
    let (sender, now, tenant) = (Sender::new().unwrap(), api.now, Mutex::new(api.tenant));
    let mishaps = Mishaps { fail: Share::ALL, ..Mishaps::default() };
    for (second, taken) in [(0, 0), (1, 1), (2, 0)] {
        let now = now.plus(second * SECOND);
        assert_eq!(pump(&tenant, &sender, mishaps, now).await, taken, "after {second} s");
    }
    drop(tenant);
    assert_eq!(requests.try_iter().count(), 1);
}

fn due_events(api: &mut Api) -> Vec<Delivery> {
    let now = api.now;
    events::due(api.tenant.state_mut(), Mishaps::default(), now)
}

#[test]
fn an_event_is_tried_four_times_and_then_kept_until_it_is_redelivered() {
    let (mut api, path) = hearing();
    let sent = api.post(&format!("{path}/test"), json!({"event_type": "user.created"}), 202);
    let start = api.now;
    let mut times = Vec::new();
    for _ in 0..20 {
        if let Some(delivery) = due_events(&mut api).pop() {
            assert_eq!(delivery.headers[1].1, "Basic dTpw");
            times.push(api.now.since(start) / SECOND);
            let now = api.now;
            events::settle(api.tenant.state_mut(), &delivery.upto, Outcome::Failed, now);
        }
        api.pass(SECOND);
    }
    assert_eq!(times, [0, 1, 3, 7]);
    let failed = api.get(&format!("{path}/deliveries?event_types=user.created,user.updated"), 200);
    assert_eq!(failed["deliveries"][0]["attempts"].as_array().unwrap().len(), 4);
    let event = sent["id"].as_str().unwrap();
    assert_eq!(api.get(&format!("{path}/deliveries/{event}"), 200), failed["deliveries"][0]);
    api.post(&format!("{path}/redeliver/{event}"), json!({}), 202);
    let delivery = due_events(&mut api).remove(0);
    let now = api.now;
    events::settle(api.tenant.state_mut(), &delivery.upto, Outcome::Taken, now);
    assert_eq!(api.get(&format!("{path}/deliveries"), 200), json!({"deliveries": []}));
}

#[test]
fn a_refusal_ends_an_event_at_once_and_many_disable_the_stream() {
    let (mut api, path) = hearing();
    for _ in 0..500 {
        api.post(&format!("{path}/test"), json!({"event_type": "user.created"}), 202);
    }
    let now = api.now;
    for delivery in due_events(&mut api) {
        assert_eq!(
            api.tenant.state().objects.find("event_streams", &delivery.stream_id).unwrap().text("status"),
            "enabled"
        );
        events::settle(api.tenant.state_mut(), &delivery.upto, Outcome::Refused(401), now);
    }
    assert_eq!(api.get(&path, 200)["status"], "disabled");
    api.post(&format!("{path}/redeliver"), json!({"event_types": ["user.updated"]}), 202);
    assert!(due_events(&mut api).is_empty());
    api.post(&format!("{path}/redeliver"), json!({"event_types": ["user.created"]}), 202);
    assert_eq!(due_events(&mut api).len(), 500);
}

#[test]
fn an_action_of_a_stream_is_given_to_whoever_runs_actions() {
    let mut api = Api::new();
    let action =
        json!({"name": "a", "supported_triggers": [{"id": "event-stream"}], "deploy": true, "code": "x"});
    let action = api.post("/actions/actions", action, 201);
    let destination = json!({"type": "action", "configuration": {"action_id": action["id"]}});
    let subscriptions = json!([{"event_type": "user.created"}]);
    api.post("/event-streams", json!({"destination": destination, "subscriptions": subscriptions}), 201);
    let user = json!({"connection": "Username-Password-Authentication", "email": "pat@example.com", "password": "Sesame-Open-1!"});
    api.post("/users", user, 201);
    let now = api.now;
    let [run] = events::runs(api.tenant.state_mut(), now).try_into().ok().unwrap();
    assert_eq!(
        (run.action.code.as_str(), &run.message["data"]["object"]["email"]),
        ("x", &json!("pat@example.com"))
    );
    assert!(events::runs(api.tenant.state_mut(), now).is_empty());
    events::finish(api.tenant.state_mut(), &run.key, true, now);
    assert_eq!(api.tenant.state().objects.count(super::DELIVERIES), 0);
}
