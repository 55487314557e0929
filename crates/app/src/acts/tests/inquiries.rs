use std::{sync::Arc, time::Duration};

use countersign_auth0::trigger::Event;
use countersign_core::{DecisionId, Trigger};
use countersign_detect::Severity;
use countersign_plan::gate::Settings;
use countersign_rights::{Action, How, Role};
use countersign_store::Standing;
use parking_lot::Mutex;
use serde_json::{Value, value::RawValue};

use super::scene::Stage;
use crate::{
    Error,
    acts::PlanFilter,
    decide::{ActionInfo, Ask, Call},
    hooks::{Hears, Hook, HookError, Message, SendHook, Sending, Taken},
    inquiries::{self, OnNo},
};

const DAY: i64 = 86_400_000_000;

/// A mail server that remembers to whom it wrote what.
#[derive(Default)]
struct Mailer {
    wrote: Mutex<Vec<(String, Value)>>,
    is_down: Mutex<bool>,
}

impl SendHook for Mailer {
    fn send<'a>(&'a self, _: Message<'a>) -> Sending<'a> {
        Box::pin(std::future::ready(Ok(Taken::default())))
    }

    fn send_to<'a>(&'a self, to: &'a str, message: Message<'a>) -> Sending<'a> {
        let answer = if *self.is_down.lock() {
            Err(HookError::Late)
        } else {
            self.wrote.lock().push((to.to_owned(), serde_json::from_slice(message.body).unwrap()));
            Ok(Taken::default())
        };
        Box::pin(std::future::ready(answer))
    }
}

struct Asked {
    stage: Stage,
    mailer: Arc<Mailer>,
}

impl Asked {
    /// With a user whose address is proved.
    async fn new() -> Self {
        let mailer = Arc::new(Mailer::default());
        let sender = Arc::clone(&mailer) as Arc<dyn SendHook>;
        let hook = Hook {
            name: "people".to_owned(),
            least: Severity::High,
            with_names: false,
            hears: Hears { topics: [].into(), audiences: [].into() },
            sender,
        };
        let stage = Stage::telling(Settings::default(), vec![hook]).await;
        let settings = inquiries::Settings {
            mail: "people".to_owned(),
            wait: DAY,
            per_day: 2,
            on_no: [OnNo::BlockUser, OnNo::RevokeAccess].into(),
        };
        stage.scene.tenant.ask_people(settings);
        stage.set_user("auth0|1", "email_verified", true);
        Self { stage, mailer }
    }

    async fn sign_in(&self) -> DecisionId {
        let text = include_str!("../../../../../fixtures/events/post-login.json");
        let mut event: Value = serde_json::from_str(text).unwrap();
        event["user"]["user_id"] = "auth0|1".into();
        event["tenant"]["id"] = self.stage.tenant().as_str().into();
        let text = event.to_string();
        let call = Call {
            request_id: None,
            raw_event: RawValue::from_string(text.clone()).unwrap(),
            action: ActionInfo {
                name: "a".to_owned(),
                version: "1".to_owned(),
                code: None,
                policy_etag: None,
            },
            deadline: Duration::from_secs(1),
            received: self.stage.app().clock().monotonic(),
            truncated: Vec::new(),
        };
        let event = Event::decode(Trigger::PostLogin, text.as_bytes(), "event").unwrap();
        let decided = self.stage.app().decide(&self.stage.scene.tenant, Ask { event, call }).await.unwrap();
        let answer: Value = serde_json::from_slice(&decided.answer).unwrap();
        answer["decision_id"].as_str().unwrap().parse().unwrap()
    }

    async fn ask(&self, decision: &DecisionId) -> Result<inquiries::InquiryView, Error> {
        let who = ("ana", Role::Analyst, How::Oidc);
        let permit = self.stage.permit(who, Action::TellOutcomes).await.unwrap();
        self.stage.app().ask_person(&permit, decision).await
    }

    async fn mind(&self) -> usize {
        let lead = self.stage.app().lead(&self.stage.scene.tenant).await.unwrap().unwrap();
        self.stage.app().mind_inquiries(&self.stage.scene.tenant, &lead).await.unwrap()
    }

    /// The question and the code of the link that was mailed last.
    fn link(&self) -> (String, String) {
        let wrote = self.mailer.wrote.lock();
        let path = wrote.last().unwrap().1["data"]["path"].as_str().unwrap();
        let parts: Vec<_> = path.split('/').collect();
        (parts[3].to_owned(), parts[4].to_owned())
    }

    async fn page(&self, (id, code): (&str, &str)) -> Result<inquiries::Page, Error> {
        self.stage.app().inquiry_page(&self.stage.scene.tenant, (id, code)).await
    }

    async fn answer(&self, (id, code): (&str, &str), form: &str, is_they: bool) -> Result<(), Error> {
        self.stage.app().answer_inquiry(&self.stage.scene.tenant, (id, code), (form, is_they)).await
    }

    async fn state(&self, decision: &DecisionId) -> &'static str {
        self.stage.app().find_inquiry(&self.stage.scene.tenant, decision).await.unwrap().unwrap().state
    }

    async fn standing(&self, decision: &DecisionId) -> Standing {
        let store = &self.stage.app().ports.store;
        let scope = countersign_store::Scope::Tenant(self.stage.tenant());
        store.find_decision(scope, decision).await.unwrap().unwrap().standing
    }

    async fn plans(&self) -> Vec<crate::acts::PlanHead> {
        let listed =
            self.stage.app().plans(&self.stage.scene.tenant, PlanFilter::default(), 9).await.unwrap();
        listed.into_iter().map(|listed| listed.plan).collect()
    }
}

#[tokio::test]
async fn a_no_is_taken_once_is_a_verdict_and_proposes_a_plan_that_people_approve() {
    let asked = Asked::new().await;
    let decision = asked.sign_in().await;
    let view = asked.ask(&decision).await.unwrap();
    assert_eq!(asked.ask(&decision).await.unwrap().id, view.id, "once for a sign-in");
    assert_eq!(asked.mind().await, 1);
    let (to, letter) = asked.mailer.wrote.lock()[0].clone();
    assert_eq!(to, "auth0|1@example.com");
    assert_eq!(letter["data"]["place"], "Springfield, United States");
    assert!(!letter.to_string().contains("auth0|1") && !letter.to_string().contains("203.0.113"), "{letter}");
    let (id, code) = asked.link();
    let link = (id.as_str(), code.as_str());
    for _ in 0..3 {
        let page = asked.page(link).await.unwrap();
        assert_eq!(asked.state(&decision).await, "sent", "looking changes nothing");
        assert!(!page.form.is_empty());
    }
    let form = asked.page(link).await.unwrap().form;
    assert!(asked.answer(link, "guessed", false).await.is_err());
    assert!(asked.answer((&id, &"0".repeat(64)), &form, false).await.is_err());
    asked.answer(link, &form, false).await.unwrap();
    assert!(asked.answer(link, &form, true).await.is_err(), "one answer");
    assert!(asked.page(link).await.is_err());
    assert_eq!(asked.state(&decision).await, "no");
    let row = asked.standing(&decision).await;
    assert_eq!(row, Standing::Fraudulent);
    let [plan] = &asked.plans().await[..] else { panic!() };
    assert_eq!((plan.state.as_str(), plan.users), ("proposed", 1), "people are asked");
    assert!(asked.stage.fake.taken.lock().is_empty(), "nothing was done");
}

#[tokio::test]
async fn a_yes_lifts_nothing_and_no_answer_is_neither() {
    let asked = Asked::new().await;
    asked.stage.set_user("auth0|1", "blocked", true);
    let (one, two) = (asked.sign_in().await, asked.sign_in().await);
    asked.ask(&one).await.unwrap();
    asked.mind().await;
    let (id, code) = asked.link();
    let form = asked.page((&id, &code)).await.unwrap().form;
    asked.answer((&id, &code), &form, true).await.unwrap();
    assert_eq!(asked.state(&one).await, "yes");
    let row = asked.standing(&one).await;
    assert_eq!(row, Standing::Open, "whoever reads the mail teaches nothing by it");
    asked.ask(&two).await.unwrap();
    asked.mind().await;
    let (id, code) = asked.link();
    let form = asked.page((&id, &code)).await.unwrap().form;
    asked.stage.scene.clock.advance(Duration::from_secs(86_400));
    assert!(asked.answer((&id, &code), &form, true).await.is_err(), "its time is over");
    asked.mind().await;
    assert_eq!(asked.state(&two).await, "no_answer");
    assert!(asked.plans().await.is_empty() && asked.stage.fake.taken.lock().is_empty());
    assert_eq!(asked.stage.fake.world.lock().find("users", "auth0|1").unwrap()["blocked"], true);
}

#[tokio::test]
async fn nobody_is_asked_too_often_or_at_an_address_that_was_not_proved() {
    let asked = Asked::new().await;
    for _ in 0..2 {
        asked.ask(&asked.sign_in().await).await.unwrap();
    }
    let third = asked.sign_in().await;
    assert!(matches!(asked.ask(&third).await, Err(Error::TooMany(..))));
    asked.stage.set_user("auth0|1", "email_verified", false);
    asked.mind().await;
    assert!(asked.mailer.wrote.lock().is_empty());
    asked.stage.scene.clock.advance(Duration::from_secs(86_401));
    asked.stage.set_user("auth0|1", "email_verified", true);
    asked.ask(&third).await.unwrap();
    *asked.mailer.is_down.lock() = true;
    for _ in 0..8 {
        asked.mind().await;
        asked.stage.scene.clock.advance(Duration::from_secs(3_600));
    }
    assert_eq!(asked.state(&third).await, "unreachable");
    let stage = &asked.stage;
    let rows = stage.app().ports.store.list_leaves(stage.tenant(), 0, 10_000).await.unwrap();
    assert!(
        rows.iter().all(|row| !String::from_utf8_lossy(&row.leaf).contains("example.com")),
        "no address is kept"
    );
}
