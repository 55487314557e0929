use std::{sync::Arc, time::Duration};

use countersign_core::{DecisionId, Level};
use countersign_detect::Severity;
use countersign_plan::gate::Settings;
use countersign_rights::{Action, How, Role};
use countersign_store::{Commit, InquiryFilter, InquiryState, InquiryWrite, Standing, Write};
use parking_lot::Mutex;
use serde_json::Value;

use super::scene::Stage;
use crate::{
    Error,
    acts::PlanFilter,
    hooks::{Hears, Hook, HookError, Message, SendHook, Sending, Taken},
    inquiries::{self, OnNo},
};

const DAY: i64 = 86_400_000_000;
const HOUR: i64 = 3_600_000_000;

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
        Self::with(|settings| settings).await
    }

    async fn with(change: impl Fn(inquiries::Settings) -> inquiries::Settings) -> Self {
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
            on_no_answer: [].into(),
            ask_from: Some(Level::Low),
            pause: 3 * HOUR,
        };
        stage.scene.tenant.ask_people(change(settings));
        stage.set_user("auth0|1", "email_verified", true);
        Self { stage, mailer }
    }

    async fn sign_in(&self) -> DecisionId {
        self.stage.sign_in("auth0|1").await
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

    async fn view(&self, decision: &DecisionId) -> Option<inquiries::InquiryView> {
        self.stage.app().find_inquiry(&self.stage.scene.tenant, decision).await.unwrap()
    }

    async fn state(&self, decision: &DecisionId) -> &'static str {
        self.view(decision).await.unwrap().state
    }

    /// Answers the question that was mailed last.
    async fn say(&self, is_they: bool) {
        let (id, code) = self.link();
        let form = self.page((&id, &code)).await.unwrap().form;
        self.answer((&id, &code), &form, is_they).await.unwrap();
    }

    /// Lets the service ask by itself; how many questions it made.
    async fn doubt(&self) -> usize {
        let lead = self.stage.app().lead(&self.stage.scene.tenant).await.unwrap().unwrap();
        self.stage.app().ask_doubtful(&self.stage.scene.tenant, &lead).await.unwrap()
    }

    fn wait(&self, micros: i64) {
        self.stage.scene.clock.advance(Duration::from_micros(micros.unsigned_abs()));
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
async fn of_two_answers_at_once_one_is_kept_and_the_verdict_is_that_one_s() {
    for _ in 0..8 {
        let asked = Asked::new().await;
        let decision = asked.sign_in().await;
        asked.ask(&decision).await.unwrap();
        asked.mind().await;
        let (id, code) = asked.link();
        let link = (id.as_str(), code.as_str());
        let form = asked.page(link).await.unwrap().form;
        let (no, yes) = tokio::join!(asked.answer(link, &form, false), asked.answer(link, &form, true));
        assert_ne!(no.is_ok(), yes.is_ok(), "{no:?} {yes:?}");
        let told = (asked.state(&decision).await, asked.standing(&decision).await, asked.plans().await.len());
        let kept = if no.is_ok() { ("no", Standing::Fraudulent, 1) } else { ("yes", Standing::Open, 0) };
        assert_eq!(told, kept);
    }
}

#[tokio::test]
async fn a_no_that_was_kept_as_the_process_ended_is_followed_by_its_verdict_and_its_plan() {
    let asked = Asked::new().await;
    let decision = asked.sign_in().await;
    let view = asked.ask(&decision).await.unwrap();
    asked.mind().await;
    let app = asked.stage.app();
    let filter = InquiryFilter::Id(view.id.clone());
    let row = app.ports.store.list_inquiries(asked.stage.tenant(), filter, 1).await.unwrap().remove(0);
    let now = app.ports.clock.now();
    let write = Write::Inquiry(InquiryWrite::Move {
        id: view.id,
        expected: (row.state, row.attempts),
        state: InquiryState::No,
        next: now,
        answered: Some(now),
        leads_to_plan: true,
    });
    let commit = Commit { writes: vec![write], ..Commit::background(asked.stage.tenant().clone()) };
    asked.stage.app().ports.store.commit(commit).await.unwrap();
    assert_eq!(asked.standing(&decision).await, Standing::Open);
    asked.mind().await;
    assert_eq!((asked.standing(&decision).await, asked.plans().await.len()), (Standing::Fraudulent, 1));
}

#[tokio::test]
async fn a_no_is_a_verdict_also_where_it_leads_to_no_plan() {
    let asked = Asked::with(|settings| inquiries::Settings { on_no: [].into(), ..settings }).await;
    let decision = asked.sign_in().await;
    asked.ask(&decision).await.unwrap();
    asked.mind().await;
    asked.say(false).await;
    assert_eq!((asked.standing(&decision).await, asked.plans().await.len()), (Standing::Fraudulent, 0));
    assert_eq!(asked.view(&decision).await.unwrap().follow, Some("needless"));
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

#[tokio::test]
async fn a_no_whose_plan_can_t_be_proposed_is_tried_again_until_it_is_and_once() {
    let asked = Asked::new().await;
    let decision = asked.sign_in().await;
    asked.ask(&decision).await.unwrap();
    asked.mind().await;
    *asked.stage.fake.is_flooded.lock() = true;
    asked.say(false).await;
    let view = asked.view(&decision).await.unwrap();
    assert_eq!((view.state, view.follow), ("no", Some("pending")), "people see that something is to come");
    assert!(asked.plans().await.is_empty());
    for _ in 0..3 {
        asked.mind().await;
        asked.wait(HOUR);
    }
    *asked.stage.fake.is_flooded.lock() = false;
    // As after a restart: what is to be done is read from the question alone.
    asked.mind().await;
    let view = asked.view(&decision).await.unwrap();
    let [plan] = &asked.plans().await[..] else { panic!() };
    assert_eq!((view.follow, view.plan.as_ref()), (Some("proposed"), Some(&plan.id)));
    assert_eq!(plan.state, "proposed", "people are asked");
    asked.wait(2 * HOUR);
    asked.mind().await;
    assert_eq!(asked.plans().await.len(), 1, "once");
}

#[tokio::test]
async fn a_plan_that_can_never_be_made_is_given_up_and_people_see_it() {
    let asked = Asked::new().await;
    let decision = asked.sign_in().await;
    asked.ask(&decision).await.unwrap();
    asked.mind().await;
    *asked.stage.fake.is_flooded.lock() = true;
    asked.say(false).await;
    for _ in 0..20 {
        asked.wait(HOUR);
        asked.mind().await;
    }
    assert_eq!(asked.view(&decision).await.unwrap().follow, Some("failed"), "not for ever");
    *asked.stage.fake.is_flooded.lock() = false;
    asked.wait(HOUR);
    asked.mind().await;
    assert!(asked.plans().await.is_empty());
    let store = &asked.stage.app().ports.store;
    let leaves = store.list_leaves(asked.stage.tenant(), 0, 10_000).await.unwrap();
    let told = leaves.iter().filter(|row| String::from_utf8_lossy(&row.leaf).contains("inquiry_plan_failed"));
    assert_eq!(told.count(), 1);
    // An account that is not there any more is no reason to try again.
    let gone = asked.sign_in().await;
    asked.wait(DAY);
    asked.ask(&gone).await.unwrap();
    asked.mind().await;
    asked.stage.fake.world.lock().collections.get_mut("users").unwrap().clear();
    asked.say(false).await;
    assert_eq!(asked.view(&gone).await.unwrap().follow, Some("failed"));
}

/// Where no answer leads to a plan.
async fn heeding_silence() -> Asked {
    Asked::with(|settings| inquiries::Settings { on_no_answer: [OnNo::RevokeAccess].into(), ..settings })
        .await
}

#[tokio::test]
async fn no_answer_leads_to_a_plan_where_that_is_configured() {
    let asked = heeding_silence().await;
    let decision = asked.sign_in().await;
    asked.ask(&decision).await.unwrap();
    asked.mind().await;
    asked.wait(DAY);
    asked.mind().await;
    asked.mind().await;
    let view = asked.view(&decision).await.unwrap();
    assert_eq!((view.state, view.follow), ("no_answer", Some("proposed")));
    assert_eq!(asked.plans().await.len(), 1);
    assert_eq!(asked.standing(&decision).await, Standing::Open, "it is no verdict");
}

#[tokio::test]
async fn whom_no_mail_ever_reached_did_not_fail_to_answer() {
    let asked = heeding_silence().await;
    let decision = asked.sign_in().await;
    asked.ask(&decision).await.unwrap();
    *asked.mailer.is_down.lock() = true;
    asked.mind().await;
    assert_eq!(asked.state(&decision).await, "waiting");
    // As where the service stood still until the question's time was over.
    asked.wait(DAY);
    asked.mind().await;
    asked.mind().await;
    let view = asked.view(&decision).await.unwrap();
    assert_eq!((view.state, view.follow), ("unreachable", None));
    assert!(asked.plans().await.is_empty() && asked.mailer.wrote.lock().is_empty());
    let leaves = asked.stage.app().ports.store.list_leaves(asked.stage.tenant(), 0, 10_000).await.unwrap();
    let told = |word: &str| leaves.iter().any(|row| String::from_utf8_lossy(&row.leaf).contains(word));
    assert!(told("inquiry_unreachable") && !told("inquiry_no_answer"));
}

#[tokio::test]
async fn the_service_asks_by_itself_once_at_a_time_and_with_a_pause() {
    let asked = Asked::new().await;
    let first = asked.sign_in().await;
    assert_eq!((asked.doubt().await, asked.doubt().await), (1, 0));
    let view = asked.view(&first).await.unwrap();
    assert_eq!((view.state, view.origin.as_str()), ("waiting", "risk"));
    asked.mind().await;
    asked.sign_in().await;
    assert_eq!(asked.doubt().await, 0, "one question is open");
    asked.say(true).await;
    asked.sign_in().await;
    assert_eq!(asked.doubt().await, 0, "they were asked just now");
    asked.wait(3 * HOUR);
    assert_eq!(asked.doubt().await, 0, "what was meanwhile is not asked about later");
    let later = asked.sign_in().await;
    assert_eq!(asked.doubt().await, 1);
    assert_eq!(asked.view(&later).await.unwrap().origin, "risk");
    let leaves = asked.stage.app().ports.store.list_leaves(asked.stage.tenant(), 0, 10_000).await.unwrap();
    assert!(leaves.iter().all(|row| !String::from_utf8_lossy(&row.leaf).contains("auth0|1")));
}

#[tokio::test]
async fn whose_account_is_contained_is_asked_by_nobody_but_a_person() {
    let asked = Asked::new().await;
    let decision = asked.sign_in().await;
    assert_eq!(asked.doubt().await, 1);
    asked.stage.set_user("auth0|1", "blocked", true);
    asked.mind().await;
    assert_eq!(asked.state(&decision).await, "withheld");
    assert!(asked.mailer.wrote.lock().is_empty());
    let by_hand = asked.sign_in().await;
    asked.ask(&by_hand).await.unwrap();
    asked.mind().await;
    assert_eq!(asked.state(&by_hand).await, "sent");
}

#[tokio::test]
async fn nobody_is_asked_below_the_level_or_where_that_is_off() {
    for ask_from in [None, Some(Level::Critical)] {
        let asked = Asked::with(|settings| inquiries::Settings { ask_from, ..settings }).await;
        let decision = asked.sign_in().await;
        assert_eq!(asked.doubt().await, 0);
        assert_eq!(asked.view(&decision).await, None);
    }
}
