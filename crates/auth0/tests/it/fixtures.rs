//! The published examples.

use std::sync::LazyLock;

use countersign_auth0::{factor::FactorType, trigger::Event};
use countersign_core::{Channel, Trigger};
use serde_json::Value;

use crate::json::{Step, get, get_mut, parse, remove};

/// Every example of an event as an Action gets it, and of the guards' events as they are sent.
const EXAMPLES: [(Trigger, &str); 14] = [
    (Trigger::PostLogin, include_str!("../../../../fixtures/events/post-login.json")),
    (Trigger::PostLogin, include_str!("../../../../fixtures/events/post-login.high-risk.json")),
    (Trigger::PostLogin, include_str!("../../../../fixtures/events/post-login.refresh-token.json")),
    (Trigger::PreUserRegistration, include_str!("../../../../fixtures/events/pre-user-registration.json")),
    (Trigger::PostUserRegistration, include_str!("../../../../fixtures/events/post-user-registration.json")),
    (
        Trigger::PostUserRegistration,
        include_str!("../../../../fixtures/events/post-user-registration.management-api.json"),
    ),
    (Trigger::CredentialsExchange, include_str!("../../../../fixtures/events/credentials-exchange.json")),
    (
        Trigger::PasswordResetPostChallenge,
        include_str!("../../../../fixtures/events/password-reset-post-challenge.json"),
    ),
    (Trigger::PostChangePassword, include_str!("../../../../fixtures/events/post-change-password.json")),
    (Trigger::EventStream, include_str!("../../../../fixtures/events/event-stream.json")),
    (Trigger::SendPhoneMessage, include_str!("../../../../fixtures/events/send-phone-message.json")),
    (Trigger::SendPhoneMessage, include_str!("../../../../fixtures/events/send-phone-message.sent.json")),
    (Trigger::CustomTokenExchange, include_str!("../../../../fixtures/events/custom-token-exchange.json")),
    (
        Trigger::CustomTokenExchange,
        include_str!("../../../../fixtures/events/custom-token-exchange.sent.json"),
    ),
];

/// What must stay in the Action: an event that carries one of them is refused at its place.
pub const KEPT_BACK: [(Trigger, &str); 5] = [
    (Trigger::SendPhoneMessage, "event.message_options.code"),
    (Trigger::SendPhoneMessage, "event.message_options.recipient"),
    (Trigger::SendPhoneMessage, "event.message_options.text"),
    (Trigger::CustomTokenExchange, "event.transaction.actor_token"),
    (Trigger::CustomTokenExchange, "event.transaction.subject_token"),
];

/// Every trigger that has an event.
pub fn triggers() -> impl Iterator<Item = Trigger> {
    Trigger::ALL.iter().copied().filter(|trigger| *trigger != Trigger::ShortForm)
}

/// Every example as it may be sent.
pub fn sent() -> &'static [(Trigger, Value)] {
    static SENT: LazyLock<Vec<(Trigger, Value)>> = LazyLock::new(|| {
        EXAMPLES
            .map(|(trigger, text)| {
                let mut event: Value = serde_json::from_str(text).unwrap();
                for (_, path) in KEPT_BACK.iter().filter(|(kept_by, _)| *kept_by == trigger) {
                    let path = parse(path);
                    if get(&event, &path).is_some() {
                        remove(&mut event, &path);
                    }
                }
                (trigger, event)
            })
            .to_vec()
    });
    &SENT
}

/// Reads an event whose bytes are written without white space.
pub fn read(trigger: Trigger, event: &Value) -> Result<Event, countersign_auth0::ShapeError> {
    Event::decode(trigger, &serde_json::to_vec(event).unwrap(), "event")
}

#[test]
fn every_trigger_has_an_example() {
    for trigger in triggers() {
        assert!(EXAMPLES.iter().any(|(known, _)| *known == trigger), "{trigger}");
    }
}

#[test]
fn examples_come_back_as_they_went() {
    for (trigger, event) in sent() {
        let parsed = read(*trigger, event).unwrap_or_else(|error| panic!("{trigger}: {error}"));
        assert_eq!(parsed.trigger(), *trigger);
        assert_eq!(parsed.tenant_id().unwrap().as_str(), "example-tenant");
        let again = serde_json::to_value(&parsed).unwrap();
        assert_eq!(&again, event, "{trigger}");
        assert_eq!(read(*trigger, &again).unwrap(), parsed);
    }
}

#[test]
fn an_example_with_what_must_stay_in_the_action_is_refused_without_repeating_it() {
    for (trigger, mut event) in sent().iter().cloned() {
        for (_, place) in KEPT_BACK.iter().filter(|(kept_by, _)| *kept_by == trigger) {
            let path = parse(place);
            let (last, parent) = path.split_last().unwrap();
            let Step::Key(last) = last else { panic!("{place} ends in an index") };
            for value in
                [Value::Null, "canary-7f31".into(), 731_731.into(), serde_json::json!({"a": "canary-7f31"})]
            {
                get_mut(&mut event, parent).unwrap()[last] = value;
                let error = read(trigger, &event).unwrap_err();
                assert_eq!(
                    (error.path.as_str(), error.message.as_str()),
                    (*place, "must stay in the Action, but was sent")
                );
                assert!(!error.to_string().contains("canary") && !error.to_string().contains("731"));
            }
            remove(&mut event, &path);
        }
    }
    let raw =
        EXAMPLES.iter().filter(|(trigger, text)| Event::decode(*trigger, text.as_bytes(), "event").is_err());
    let raw: Vec<Trigger> = raw.map(|(trigger, _)| *trigger).collect();
    assert_eq!(raw, [Trigger::SendPhoneMessage, Trigger::CustomTokenExchange]);
}

#[test]
fn a_body_with_a_secret_is_refused_by_every_trigger() {
    for (trigger, mut event) in sent().iter().cloned() {
        if event.get("request").is_none() {
            continue;
        }
        event["request"]["body"] = serde_json::json!({"client_id": "q3f", "password": "canary-7f31"});
        let error = read(trigger, &event).unwrap_err();
        assert_eq!(error.path, "event.request.body", "{trigger}");
        assert!(!error.to_string().contains("canary"));
    }
}

#[test]
fn examples_mean_what_they_show() {
    let parsed: Vec<Event> = sent().iter().map(|(trigger, event)| read(*trigger, event).unwrap()).collect();
    let [Event::PostLogin(ordinary), Event::PostLogin(risky), Event::PostLogin(refresh), ..] = &parsed[..]
    else {
        panic!("the first three are sign-ins")
    };
    assert_eq!(ordinary.enrolled_factors(), [FactorType::Otp, FactorType::Phone]);
    assert!(risky.enrolled_factors().is_empty());
    assert_eq!(refresh.newest_mfa_at(), None);
    for event in &parsed {
        let channel = match event {
            Event::PostLogin(event) if event == refresh => Channel::Refresh,
            Event::CredentialsExchange(_) | Event::EventStream(_) | Event::CustomTokenExchange(_) => {
                Channel::Exchange
            }
            _ => Channel::Interactive,
        };
        assert_eq!(event.channel(), channel, "{}", event.trigger());
        if let Event::PasswordResetPostChallenge(reset) = event {
            assert_eq!(reset.enrolled_factors(), [FactorType::Otp]);
            assert_eq!(reset.passed_factors(), [FactorType::Email]);
            assert!(!reset.independent_of_first_factor(&FactorType::Email));
        }
    }
}

#[test]
fn the_short_form_has_no_event() {
    let error = Event::decode(Trigger::ShortForm, b"{}", "event").unwrap_err();
    assert_eq!(error.path, "event");
    assert_eq!(error.message, "expected the event of a trigger; `risk` is the short form, which has none");
}
