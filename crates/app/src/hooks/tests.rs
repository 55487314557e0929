use std::{collections::BTreeSet, time::Duration};

use countersign_core::testing::HeldClock;
use countersign_detect::HOUR;
use countersign_ledger::leaf::Leaf;
use countersign_store::{DeliveryFilter, DeliveryState};
use parking_lot::Mutex;
use serde_json::Value;

use super::*;
use crate::incidents::{By, Closure, Disposition, tests::Scene};

/// A receiver that answers as it is told, and remembers what came.
#[derive(Default)]
struct Receiver {
    answer: Mutex<Option<HookError>>,
    got: Mutex<Vec<(String, Value)>>,
    place: Mutex<Option<String>>,
    places: Mutex<Vec<Option<String>>>,
    /// What is turned on by how long each answer takes.
    slow: Mutex<Option<(Arc<HeldClock>, Duration)>>,
}

impl SendHook for Receiver {
    fn send<'a>(&'a self, message: Message<'a>) -> Sending<'a> {
        let body = serde_json::from_slice(message.body).unwrap();
        self.got.lock().push((message.id.to_owned(), body));
        self.places.lock().push(message.place.map(ToOwned::to_owned));
        if let Some((clock, takes)) = &*self.slow.lock() {
            clock.advance(*takes);
        }
        let answer =
            (*self.answer.lock()).map_or_else(|| Ok(Taken { place: self.place.lock().clone() }), Err);
        Box::pin(std::future::ready(answer))
    }
}

fn hook(name: &str, least: Severity, with_names: bool, receiver: &Arc<Receiver>) -> Hook {
    let sender = Arc::clone(receiver) as Arc<dyn SendHook>;
    Hook { name: name.to_owned(), least, with_names, hears: Hears::default(), sender }
}

async fn send(scene: &Scene) -> usize {
    let lead = scene.app.lead(&scene.tenant).await.unwrap().unwrap();
    scene.app.send_hooks(&scene.tenant, &lead).await.unwrap()
}

async fn states(scene: &Scene) -> Vec<(DeliveryState, u32)> {
    let store = &scene.app.ports.store;
    let rows = store.list_deliveries(&scene.tenant.id, DeliveryFilter::default(), 99).await.unwrap();
    rows.into_iter().map(|row| (row.state, row.attempts)).collect()
}

#[tokio::test]
async fn a_receiver_is_told_once_of_each_event_and_of_nobody_unless_configured() {
    let (soc, chat) = (Arc::new(Receiver::default()), Arc::new(Receiver::default()));
    let hooks = vec![hook("soc", Severity::High, false, &soc), hook("chat", Severity::Low, true, &chat)];
    let scene = Scene::new(hooks).await;
    let low = scene.alert("a", "auth0|ann", 0, Severity::Medium);
    let id = scene.place_one(&low).await;
    scene.place_one(&low).await;
    assert_eq!(send(&scene).await, 1, "it is not grave enough for the other");
    scene.clock.advance(Duration::from_secs(1));
    scene.place(&[scene.alert("b", "auth0|ann", 1, Severity::High)], &[]).await.unwrap();
    scene.clock.advance(Duration::from_secs(1));
    let version = scene.open(id).await.row.version;
    let closure = Closure {
        disposition: Disposition::TruePositive,
        duplicate_of: None,
        reason: "an attack".to_owned(),
        suppress: false,
        mark: false,
    };
    let by = By { actor: "mia", version };
    scene.app.close_incident(&scene.tenant, &id.to_string(), by, closure).await.unwrap();
    assert_eq!(send(&scene).await, 4);
    assert_eq!(send(&scene).await, 0);
    let kinds = |receiver: &Receiver| {
        let got = receiver.got.lock();
        got.iter().map(|(_, body)| body["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&soc), ["incident.raised", "incident.closed"]);
    assert_eq!(kinds(&chat), ["incident.opened", "incident.raised", "incident.closed"]);
    for (receiver, is_named) in [(&soc, false), (&chat, true)] {
        let text = receiver.got.lock()[1].1.to_string();
        assert_eq!(text.contains("auth0|ann") && text.contains("203.0.113.9"), is_named, "{text}");
    }
    let got = soc.got.lock();
    let data = &got[0].1["data"];
    assert_eq!(
        (&data["severity"], &data["alerts"], &data["accounts"]),
        (&"high".into(), &2.into(), &1.into())
    );
    assert_eq!(data["path"], format!("/incidents/{id}?tenant=t"));
    let kind = Kind::of("incident.raised").unwrap();
    let told: BTreeSet<&str> = data.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(told, kind.fields.iter().copied().chain(["tenant"]).collect());
}

#[tokio::test]
async fn an_incident_tells_what_failed_and_what_to_do_next_until_it_is_closed() {
    let soc = Arc::new(Receiver::default());
    let scene = Scene::new(vec![hook("soc", Severity::Low, false, &soc)]).await;
    let id = scene.place_one(&scene.alert("a", "auth0|ann", 0, Severity::High)).await;
    let version = scene.open(id).await.row.version;
    let closure = Closure {
        disposition: Disposition::Benign,
        duplicate_of: None,
        reason: "a test".to_owned(),
        suppress: false,
        mark: false,
    };
    scene.clock.advance(Duration::from_secs(1));
    let by = By { actor: "mia", version };
    scene.app.close_incident(&scene.tenant, &id.to_string(), by, closure).await.unwrap();
    assert_eq!(send(&scene).await, 2);
    let got = soc.got.lock();
    let [(_, opened), (_, closed)] = &got[..] else { panic!("{got:?}") };
    let data = &opened["data"];
    assert_eq!((&data["failures"], &data["failed_sign_ins"]), (&serde_json::json!(["fp ×1"]), &1.into()));
    assert_eq!((&data["failed_first"], &data["failed_last"]), (&data["first"], &data["last"]));
    let worst = "the worst alert, \u{201c}Many wrong passwords for one account\u{201d}, is high";
    assert_eq!(data["why"], serde_json::json!([worst]));
    assert!(!data["next_steps"].as_array().unwrap().is_empty());
    assert_eq!(closed["data"]["next_steps"], serde_json::json!([]));
}

#[tokio::test]
async fn one_that_is_slow_has_a_turn_and_the_others_are_told_after_it() {
    let (slow, soc) = (Arc::new(Receiver::default()), Arc::new(Receiver::default()));
    let hooks = vec![hook("slow", Severity::High, false, &slow), hook("soc", Severity::High, false, &soc)];
    let scene = Scene::new(hooks).await;
    for (alert, severity) in [("a", Severity::High), ("b", Severity::Critical)] {
        scene.place_one(&scene.alert(alert, "auth0|ann", 0, severity)).await;
        scene.clock.advance(Duration::from_secs(1));
    }
    *slow.slow.lock() = Some((Arc::clone(&scene.clock), Duration::from_secs(11)));
    let told = || (slow.got.lock().len(), soc.got.lock().len());
    assert_eq!((send(&scene).await, told()), (3, (1, 2)));
    assert_eq!((send(&scene).await, told()), (1, (2, 2)), "nothing is lost");
}

#[tokio::test]
async fn one_that_fails_is_tried_again_under_one_id_for_a_day_and_then_given_up() {
    let receiver = Arc::new(Receiver::default());
    *receiver.answer.lock() = Some(HookError::Late);
    let scene = Scene::new(vec![hook("soc", Severity::Low, false, &receiver)]).await;
    scene.place(&[scene.alert("a", "auth0|ann", 0, Severity::High)], &[]).await.unwrap();
    scene.place(&[scene.alert("a", "auth0|bob", 100, Severity::High)], &[]).await.unwrap();
    send(&scene).await;
    assert_eq!(receiver.got.lock().len(), 1, "a receiver that fails is left alone for the turn");
    let mut passed = Duration::ZERO;
    let step = Duration::from_secs(60);
    while states(&scene).await.iter().any(|(state, _)| *state == DeliveryState::Waiting) {
        scene.clock.advance(step);
        passed += step;
        send(&scene).await;
        assert!(passed < Duration::from_secs(3 * 86_400), "it must end");
    }
    assert!(passed > Duration::from_secs(18 * 3_600), "{passed:?}");
    assert_eq!(
        states(&scene).await,
        [(DeliveryState::Dead, LAST_ATTEMPT), (DeliveryState::Dead, LAST_ATTEMPT)]
    );
    let ids: BTreeSet<_> = receiver.got.lock().iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids.len(), 2, "each has one id at all its attempts");
}

#[tokio::test]
async fn one_that_comes_back_gets_what_waited_and_one_that_is_gone_gets_no_more() {
    let receiver = Arc::new(Receiver::default());
    *receiver.answer.lock() = Some(HookError::Status(503));
    let scene = Scene::new(vec![hook("soc", Severity::Low, false, &receiver)]).await;
    scene.place(&[scene.alert("a", "auth0|ann", 0, Severity::High)], &[]).await.unwrap();
    send(&scene).await;
    assert_eq!(states(&scene).await, [(DeliveryState::Waiting, 1)]);
    *receiver.answer.lock() = None;
    send(&scene).await;
    assert_eq!(states(&scene).await, [(DeliveryState::Waiting, 1)], "its time has not come");
    scene.clock.advance(Duration::from_secs(7));
    assert_eq!(send(&scene).await, 1);
    assert_eq!(states(&scene).await, [(DeliveryState::Sent, 2)]);
    *receiver.answer.lock() = Some(HookError::Status(410));
    scene.place(&[scene.alert("a", "auth0|bob", 100, Severity::High)], &[]).await.unwrap();
    assert_eq!(send(&scene).await, 1);
    assert!(states(&scene).await.contains(&(DeliveryState::Dead, 1)));
    scene.clock.advance(Duration::from_secs(8 * 86_400));
    let lead = scene.app.lead(&scene.tenant).await.unwrap().unwrap();
    scene.app.forget_deliveries(&scene.tenant, &lead).await.unwrap();
    assert!(states(&scene).await.is_empty());
}

#[tokio::test]
async fn nothing_is_sent_of_a_person_who_was_erased() {
    let receiver = Arc::new(Receiver::default());
    let scene = Scene::new(vec![hook("soc", Severity::Low, true, &receiver)]).await;
    scene.place(&[scene.alert("a", "auth0|ann", 0, Severity::High)], &[]).await.unwrap();
    scene.app.erase(&scene.tenant, &scene.tenant.keys.subject("auth0|ann")).await.unwrap();
    send(&scene).await;
    assert!(receiver.got.lock().is_empty());
    assert_eq!(states(&scene).await, [(DeliveryState::Dead, 1)]);
}

#[test]
fn pauses_grow_to_a_day_and_end() {
    for chance in [0, 127, 255] {
        let pauses: Vec<_> = (1..).map_while(|attempts| pause(attempts, chance)).collect();
        assert_eq!(u32::try_from(pauses.len()).unwrap() + 1, LAST_ATTEMPT);
        assert!(pauses.is_sorted());
        let total = pauses.iter().sum::<i64>();
        assert!((18 * HOUR..=30 * HOUR).contains(&total), "{}", total / HOUR);
    }
    assert_eq!(pause(0, 0), None);
}

#[tokio::test]
async fn a_damaged_message_holds_up_no_other() {
    let soc = Arc::new(Receiver::default());
    let scene = Scene::new(vec![hook("soc", Severity::Low, false, &soc)]).await;
    let alert = scene.alert("a", "auth0|ann", 0, Severity::High);
    scene.place_one(&alert).await;
    let store = &scene.app.ports.store;
    let mut damaged =
        store.list_deliveries(&scene.tenant.id, DeliveryFilter::default(), 1).await.unwrap().remove(0);
    (damaged.id, damaged.event, damaged.sealed) =
        ("rec_0".to_owned(), "incident.closed 9".to_owned(), vec![1, 2, 3]);
    damaged.next = damaged.next.plus(-1);
    let writes = vec![countersign_store::IncidentWrite::Deliver(damaged).into()];
    let commit = countersign_store::Commit {
        writes,
        ..countersign_store::Commit::background(scene.tenant.id.clone())
    };
    store.commit(commit).await.unwrap();
    assert_eq!(send(&scene).await, 2);
    assert_eq!(soc.got.lock().len(), 1);
    let mut ends: Vec<_> = states(&scene).await.into_iter().map(|(state, _)| state.as_str()).collect();
    ends.sort_unstable();
    assert_eq!(ends, ["dead", "sent"]);
}

#[tokio::test]
async fn a_receiver_is_tried_by_a_message_of_its_own() {
    let soc = Arc::new(Receiver::default());
    let scene = Scene::new(vec![hook("soc", Severity::High, true, &soc)]).await;
    let before = scene.app.audit(&scene.tenant).await.unwrap().size;
    assert_eq!(scene.app.try_hook(&scene.tenant, "soc").await.unwrap(), Ok(Taken::default()));
    let leaves = scene.app.ports.store.list_leaves(&scene.tenant.id, before, 9).await.unwrap();
    let [leaf] = &leaves[..] else { panic!("{leaves:?}") };
    let leaf: Leaf = serde_json::from_slice(&leaf.leaf).unwrap();
    assert_eq!((leaf.facts["change"].as_str(), leaf.facts["hook"].as_str()), ("hook_tried", "soc"));
    assert_eq!((leaf.facts["by"].as_str(), leaf.facts["how"].as_str()), ("local", "process"));
    *soc.answer.lock() = Some(HookError::Status(401));
    let refused = scene.app.try_hook(&scene.tenant, "soc").await.unwrap();
    assert_eq!(refused, Err(HookError::Status(401)));
    let got = soc.got.lock().clone();
    assert_eq!((got.len(), &got[0].1["type"]), (2, &serde_json::json!("countersign.test")));
    assert_ne!(got[0].0, got[1].0, "each trial is a message of its own");
    assert!(matches!(
        scene.app.try_hook(&scene.tenant, "chat").await,
        Err(crate::Error::NotFound("receiver"))
    ));
    assert!(states(&scene).await.is_empty(), "the outbox does not hold it");
}

#[tokio::test]
async fn an_alert_that_becomes_worse_in_its_episode_is_told_again() {
    let soc = Arc::new(Receiver::default());
    let scene = Scene::new(vec![hook("soc", Severity::Low, false, &soc)]).await;
    let alert = scene.alert("a", "auth0|ann", 0, Severity::Medium);
    let id = scene.place_one(&alert).await;
    send(&scene).await;
    scene.clock.advance(Duration::from_secs(1));
    let worse = countersign_detect::Alert { severity: Severity::Critical, findings: 2, ..alert };
    assert_eq!(scene.place_one(&worse).await, id);
    scene.place_one(&worse).await;
    assert_eq!(send(&scene).await, 1, "once");
    let told: Vec<_> = soc
        .got
        .lock()
        .iter()
        .map(|(_, body)| (body["type"].clone(), body["data"]["severity"].clone()))
        .collect();
    let pair = |kind: &str, severity: &str| (Value::from(kind), Value::from(severity));
    assert_eq!(told, [pair("incident.opened", "medium"), pair("incident.raised", "critical")]);
}
