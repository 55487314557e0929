use std::{collections::BTreeSet, sync::Arc, time::Duration};

use countersign_detect::Severity;
use countersign_plan::gate::Settings;
use parking_lot::Mutex;
use serde_json::Value;

use super::scene::{Stage, block};
use crate::hooks::{Audience, Hears, Hook, HookError, Kind, Message, SendHook, Sending, Taken, Topic};

/// What came: what it is about, the place that it takes, the body.
type Came = (String, Option<String>, Value);

/// A receiver that changes messages in their place.
#[derive(Default)]
struct Channel {
    came: Mutex<Vec<Came>>,
    is_down: Mutex<bool>,
}

impl SendHook for Channel {
    fn send<'a>(&'a self, message: Message<'a>) -> Sending<'a> {
        let body = serde_json::from_slice(message.body).unwrap();
        let mut came = self.came.lock();
        let answer = if *self.is_down.lock() {
            Err(HookError::Status(503))
        } else {
            came.push((message.about.to_owned(), message.place.map(ToOwned::to_owned), body));
            let place = message.place.map_or_else(|| format!("C1 {}", came.len()), ToOwned::to_owned);
            Ok(Taken { place: Some(place) })
        };
        Box::pin(std::future::ready(answer))
    }
}

impl Channel {
    fn kinds(&self) -> Vec<String> {
        self.came.lock().iter().map(|(_, _, body)| body["type"].as_str().unwrap().to_owned()).collect()
    }
}

fn hook(channel: &Arc<Channel>, hears: Hears) -> Hook {
    let sender = Arc::clone(channel) as Arc<dyn SendHook>;
    Hook { name: "chat".to_owned(), least: Severity::High, with_names: false, hears, sender }
}

async fn send(stage: &Stage) {
    let lead = stage.app().lead(&stage.scene.tenant).await.unwrap().unwrap();
    stage.app().send_hooks(&stage.scene.tenant, &lead).await.unwrap();
    stage.scene.clock.advance(Duration::from_secs(1));
}

#[tokio::test]
async fn whatever_becomes_of_a_plan_is_told_in_the_place_of_its_first_message() {
    let channel = Arc::new(Channel::default());
    let stage = Stage::telling(Settings::default(), vec![hook(&channel, Hears::default())]).await;
    let plan = stage.propose(&[block(1)]).await.unwrap();
    send(&stage).await;
    stage.app().approve_plan(&stage.approver("noa").await, &plan.id, &plan.hash).await.unwrap();
    send(&stage).await;
    stage.run().await;
    send(&stage).await;
    assert_eq!(channel.kinds(), ["plan.proposed", "plan.approved", "plan.begun", "plan.done"]);
    let undo = stage.app().undo_plan(&stage.mia().await, &plan.id, None).await.unwrap();
    stage.scene.clock.advance(Duration::from_secs(1));
    stage.app().approve_plan(&stage.approver("noa").await, &undo.id, &undo.hash).await.unwrap();
    stage.run().await;
    send(&stage).await;
    let came = channel.came.lock();
    let of_plan: Vec<_> = came.iter().filter(|(about, ..)| *about == plan.id).collect();
    assert_eq!(of_plan.last().unwrap().2["type"], "plan.undone");
    assert_eq!(of_plan[0].1, None);
    assert!(of_plan[1..].iter().all(|(_, place, _)| place.as_deref() == Some("C1 1")), "{of_plan:?}");
    for (_, _, body) in came.iter() {
        let kind = Kind::of(body["type"].as_str().unwrap()).unwrap();
        let told: BTreeSet<&str> = body["data"].as_object().unwrap().keys().map(String::as_str).collect();
        let documented: BTreeSet<&str> = kind.fields.iter().copied().chain(["tenant"]).collect();
        assert_eq!(told, documented, "{}", kind.name);
        assert!(!body.to_string().contains("auth0|") && !body.to_string().contains("per_"), "{body}");
    }
}

#[tokio::test]
async fn what_is_late_takes_nothing_back_that_is_newer() {
    let channel = Arc::new(Channel::default());
    let stage = Stage::telling(Settings::default(), vec![hook(&channel, Hears::default())]).await;
    let plan = stage.propose(&[block(1)]).await.unwrap();
    *channel.is_down.lock() = true;
    send(&stage).await;
    *channel.is_down.lock() = false;
    stage.app().approve_plan(&stage.approver("noa").await, &plan.id, &plan.hash).await.unwrap();
    send(&stage).await;
    stage.scene.clock.advance(Duration::from_secs(60));
    send(&stage).await;
    send(&stage).await;
    assert_eq!(channel.kinds(), ["plan.approved"], "the message of before waits no more");
}

#[tokio::test]
async fn a_receiver_hears_of_what_it_is_configured_to_and_of_a_breaker_that_opened() {
    let channel = Arc::new(Channel::default());
    let hears = Hears { topics: [Topic::Plans].into(), audiences: [Audience::CustomerSuccess].into() };
    let stage = Stage::telling(Settings::default(), vec![hook(&channel, hears)]).await;
    stage.propose(&[block(1)]).await.unwrap();
    send(&stage).await;
    assert!(channel.kinds().is_empty(), "it is for security");
    stage.app().report_harm(&stage.mia().await).await.unwrap();
    stage.app().report_harm(&stage.mia().await).await.unwrap();
    send(&stage).await;
    assert_eq!(channel.kinds(), ["breaker.opened"], "once");
}

#[tokio::test]
async fn a_message_that_was_approved_is_sent_whole_and_leads_to_its_plan() {
    let stage = Stage::new(Settings::default()).await;
    let text = format!("{}\n\nthe end", "who was here? ".repeat(250));
    let notify = serde_json::json!({"change": "notify", "receiver": "soc", "text": text});
    let plan = stage.approved(&[block(1), notify]).await;
    stage.run().await;
    let body: Value = serde_json::from_str(&stage.fake.told.lock()[0]).unwrap();
    let (kind, data) = (Kind::of(body["type"].as_str().unwrap()).unwrap(), &body["data"]);
    let id = stage.scene.tenant.id.as_str();
    assert_eq!((kind.name, data["text"].as_str().unwrap()), ("plan.message", text.as_str()));
    assert_eq!((data["tenant"].as_str(), data["plan_id"].as_str()), (Some(id), Some(plan.id.as_str())));
    assert_eq!(data["path"], format!("/plans/{}?tenant={id}", plan.id));
    let told: BTreeSet<&str> = data.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(told, kind.fields.iter().copied().chain(["tenant"]).collect());
}
