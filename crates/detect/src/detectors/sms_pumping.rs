//! Text messages and calls that nobody answers, for the money of whoever carries them, or to bother one person.

use std::{borrow::Cow, collections::BTreeSet};

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::guardian::{Told, typed_phone};
use crate::{
    About, Detector, Entity, EntityKind, Event, Finding, HOUR, MINUTE, Param, Params, Severity, StateError,
    World,
    detectors::Native,
    state::{self, Entry, Recent, Seen, Table, Traffic},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Pumping::new(params)) };

const MESSAGES: Param = Param {
    name: "messages",
    default: 10.0,
    least: 3.0,
    most: 60.0,
    text: "messages to one account within the window",
};
const WINDOW: Param = Param {
    name: "window_minutes",
    default: 60.0,
    least: 5.0,
    most: 240.0,
    text: "the window of one account",
};
const PREFIX_MESSAGES: Param = Param {
    name: "prefix_messages",
    default: 30.0,
    least: 5.0,
    most: 150.0,
    text: "messages to numbers with one prefix within an hour that had five minutes to be answered; three times as many in the \
           first two days",
};
const RATIO: Param = Param {
    name: "prefix_ratio",
    default: 5.0,
    least: 1.5,
    most: 100.0,
    text: "how many times what is usual for the prefix at this hour of the week",
};
const SUCCESS: Param = Param {
    name: "max_success",
    default: 0.2,
    least: 0.0,
    most: 1.0,
    text: "the share of people who used what they were sent, below which it is no business",
};

static ABOUT: About = About {
    id: Cow::Borrowed("sms_pumping"),
    version: 2,
    title: Cow::Borrowed("Text messages that nobody answers"),
    text: Cow::Borrowed(
        "Counts messages and calls with codes, for a second factor or a login without a password: to one account within an hour, and to numbers that begin alike (country and carrier, \
         five digits) against what is usual for them, where few of the people who were sent one used it. Where the log masks numbers \
         all messages count as one prefix.",
    ),
    kinds: Cow::Borrowed(&[
        "gd_send_sms",
        "gd_send_voice",
        "cs",
        "gd_auth_succeed",
        "gd_enrollment_complete",
        "s",
    ]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1499.002", "T1496"]),
    false_positives: Cow::Borrowed(&[
        "a carrier that delays messages: people ask again and again",
        "a launch in a new country, which a suppression covers",
    ]),
    steps: Cow::Borrowed(&[
        "look at what the messages cost, and limit the provider's countries to those with customers",
        "turn on bot detection and phone-provider protection for sign-up",
        "offer another factor than the phone",
    ]),
    params: &[MESSAGES, WINDOW, PREFIX_MESSAGES, RATIO, SUCCESS],
    cooldown: HOUR,
};

const ACCOUNTS: usize = 100_000;

/// The most prefixes that are watched, at up to 26 KB each when busy.
const PREFIXES: usize = 500;

/// How many messages and answers of one prefix are kept.
const KEPT: usize = 512;

/// How long an answer may take.
const SETTLED: Micros = 5 * MINUTE;

/// The hours after which what is usual for a prefix is taken to be known.
const KNOWN_HOURS: i64 = 48;

#[derive(Serialize, Deserialize)]
struct State {
    accounts: Table<Account>,
    prefixes: Table<Prefix>,
}

struct Pumping {
    messages: usize,
    window: Micros,
    prefix_messages: usize,
    ratio: f64,
    success: f64,
    state: State,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Account {
    messages: Recent,
    prefix: Option<Tag>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Prefix {
    traffic: Traffic,
    sent: Recent<u64>,
    answered: Recent<u64>,
    told: Option<Timestamp>,
}

impl Entry for Account {
    fn weight(&self) -> usize {
        self.messages.len()
    }

    fn last(&self) -> Timestamp {
        self.messages.newest().map_or(Timestamp::default(), |seen| seen.at)
    }
}

impl Entry for Prefix {
    fn weight(&self) -> usize {
        self.sent.len()
    }

    fn last(&self) -> Timestamp {
        self.sent.newest().map_or(Timestamp::default(), |seen| seen.at)
    }
}

/// How many digits tell country and carrier.
const PREFIX: usize = 5;

impl Pumping {
    fn new(params: &Params) -> Self {
        Self {
            messages: params.count(&MESSAGES),
            window: params.span(&WINDOW, MINUTE),
            prefix_messages: params.count(&PREFIX_MESSAGES),
            ratio: params.number(&RATIO),
            success: params.number(&SUCCESS),
            state: State { accounts: Table::new(ACCOUNTS), prefixes: Table::new(PREFIXES) },
        }
    }

    fn answered(&mut self, event: &Event<'_>, who: Tag) {
        let prefix = self.state.accounts.get(who).and_then(|account| account.prefix);
        let Some(prefix) = prefix.and_then(|prefix| self.state.prefixes.get_mut(prefix)) else { return };
        let seen = Seen { at: event.at(), seq: event.seq, what: who.0 };
        prefix.answered.insert(seen, 2 * HOUR, KEPT);
    }

    /// A login answers the code that was sent for it. Those who sign in otherwise have no phone number for a name.
    fn signed_in(&mut self, event: &Event<'_>) {
        if self.state.accounts.is_empty() {
            return;
        }
        if let Some(code) = code(event) {
            self.answered(event, code);
        }
    }

    fn account(&mut self, event: &Event<'_>, identity: Tag, prefix: Tag) -> Option<Finding> {
        let account = self.state.accounts.entry(identity);
        account.prefix = Some(prefix);
        account.messages.insert(
            Seen { at: event.at(), seq: event.seq, what: () },
            self.window,
            self.messages,
        );
        let evidence: Vec<_> =
            account.messages.within(event.at(), self.window).map(|seen| seen.seq).collect();
        let entity = event.account().filter(|_| evidence.len() >= self.messages)?;
        let finding = Finding::new(Severity::Medium, entity, event.at());
        Some(finding.counted(MESSAGES.name, evidence.len(), self.messages).shown_by(evidence))
    }

    fn carrier(&mut self, event: &Event<'_>, identity: Tag, tag: Tag, name: &str) -> Option<Finding> {
        let at = event.at();
        let prefix = self.state.prefixes.entry(tag);
        prefix.traffic.count(at);
        prefix.sent.insert(Seen { at, seq: event.seq, what: identity.0 }, 2 * HOUR, KEPT);
        let (is_known, rate) = (prefix.traffic.age(at) >= KNOWN_HOURS, f64::from(prefix.traffic.rate(at)));
        let usual = prefix.traffic.most(at).filter(|_| is_known).map_or(1.0, |norm| norm.middle.max(1.0));
        let needed = if is_known { self.prefix_messages } else { 3 * self.prefix_messages };
        let is_told = prefix.told.is_some_and(|told| (0..SETTLED).contains(&at.since(told)));
        if is_told || rate < usual * self.ratio || prefix.sent.len() < needed {
            return None;
        }
        let settled = prefix.sent.within(at.plus(-SETTLED), HOUR - SETTLED);
        let settled: Vec<Seen<u64>> = settled.copied().collect();
        let people: BTreeSet<u64> = settled.iter().map(|seen| seen.what).collect();
        let answered: BTreeSet<u64> = prefix.answered.within(at, HOUR).map(|seen| seen.what).collect();
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let success = number(people.intersection(&answered).count()) / number(people.len().max(1));
        if settled.len() < needed || success >= self.success {
            return None;
        }
        prefix.told = Some(at);
        prefix.traffic.flag(at);
        let finding = Finding::new(Severity::High, Entity::new(EntityKind::Other, name), at);
        let finding = finding.shown_by(settled.iter().map(|seen| seen.seq));
        let finding = finding.counted(PREFIX_MESSAGES.name, settled.len(), needed);
        let finding = finding.measured(RATIO.name, rate / usual, self.ratio);
        Some(finding.measured(SUCCESS.name, success, self.success))
    }
}

/// Whom a code for a login is sent to: the number, which a login tells as the account's name.
fn code(event: &Event<'_>) -> Option<Tag> {
    let phone = if event.kind() == "cs" { Told::of(event).phone } else { typed_phone(event) };
    phone.map(|phone| event.tag("code", phone.as_bytes()))
}

/// The prefix of the number as a name.
fn prefix(event: &Event<'_>) -> String {
    let phone = Told::of(event).phone.unwrap_or_default();
    let digits: String = phone.chars().take(PREFIX).collect();
    if digits.is_empty() { "numbers that are not told".to_owned() } else { format!("+{digits}…") }
}

impl Detector for Pumping {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, _: &World<'_>, findings: &mut Vec<Finding>) {
        let who = match event.kind() {
            "s" => return self.signed_in(event),
            "cs" => code(event).or(event.tags.identity),
            _ => event.tags.identity,
        };
        let Some(who) = who else { return };
        if !matches!(event.kind(), "gd_send_sms" | "gd_send_voice" | "cs") {
            self.answered(event, who);
            return;
        }
        let name = prefix(event);
        let tag = event.tag("prefix", name.as_bytes());
        findings.extend(self.account(event, who, tag));
        findings.extend(self.carrier(event, who, tag, &name));
    }

    fn forget(&mut self, now: Timestamp) {
        let kept = self.window.max(2 * HOUR).saturating_add(HOUR);
        self.state.accounts.forget(now.plus(-kept));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.state = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.state.accounts.evicted().saturating_add(self.state.prefixes.evicted())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::detectors::trial::{Line, Trial, told};

    fn send(second: i64, n: usize) -> Line {
        let number = format!("+88213{n:06}");
        let details = json!({"authenticator": {"type": "sms", "phone_number": number}});
        Line::new("gd_send_sms", second).user(n).with("details", details)
    }

    fn sends(from: i64, count: i64) -> Vec<Line> {
        (0..count).map(|n| send(from + n * 10, usize::try_from(n).unwrap())).collect()
    }

    fn answers(from: i64, count: i64, every: usize) -> Vec<Line> {
        let of = |n: i64| Line::new("gd_auth_succeed", from + n * 10 + 20).user(usize::try_from(n).unwrap());
        (0..count).step_by(every).map(of).collect()
    }

    #[test]
    fn ten_messages_to_one_account_within_an_hour_are_found() {
        let trial = Trial::of(&[NATIVE]);
        let messages = |count: i64, apart: i64| (0..count).map(|n| send(n * apart, 7)).collect::<Vec<_>>();
        assert_eq!(told(&trial.run(&messages(10, 400))), [("auth0|7", Severity::Medium)]);
        assert_eq!(trial.run(&messages(9, 60)), []);
        assert_eq!(trial.run(&messages(10, 401)), []);
    }

    #[test]
    fn numbers_that_begin_alike_and_are_not_answered_are_found() {
        let trial = Trial::of(&[NATIVE]);
        assert_eq!(told(&trial.run(&sends(0, 150))), [("+88213…", Severity::High)]);
        let few = [sends(0, 150), answers(0, 150, 6)].concat();
        assert_eq!(trial.run(&few).len(), 1);
        let business = [sends(0, 150), answers(0, 150, 4)].concat();
        assert_eq!(trial.run(&business), []);
        assert_eq!(trial.run(&sends(0, 80)), []);
    }

    #[test]
    fn what_is_usual_for_a_prefix_is_silent_however_few_answer() {
        let hours: Vec<Line> = (0..72).flat_map(|hour| sends(hour * 3_600, 40)).collect();
        let trial = Trial::of(&[NATIVE]).with("messages", 60.0);
        assert_eq!(trial.run(&hours), []);
        let more = [hours, sends(72 * 3_600, 300)].concat();
        assert_eq!(told(&trial.run(&more)), [("+88213…", Severity::High)]);
    }

    fn code(second: i64, n: usize) -> Line {
        let body = json!({"connection": "sms", "phone_number": format!("+88213{n:06}"), "send": "code"});
        Line::new("cs", second)
            .with("user_name", format!("+88213{n:06}"))
            .with("details", json!({ "body": body }))
    }

    fn codes(from: i64, count: i64) -> Vec<Line> {
        (0..count).map(|n| code(from + n * 10, usize::try_from(n).unwrap())).collect()
    }

    #[test]
    fn codes_of_a_passwordless_login_count_as_messages() {
        let trial = Trial::of(&[NATIVE]);
        assert_eq!(told(&trial.run(&codes(0, 150))), [("+88213…", Severity::High)]);
        let one: Vec<Line> = (0..10).map(|n| code(n * 300, 7)).collect();
        assert_eq!(told(&trial.run(&one)), [("+88213000007", Severity::Medium)]);
        let mail = |n: i64| Line::new("cls", n * 10).with("user_name", format!("u{n}@example.com"));
        assert_eq!(trial.run(&(0..150).map(mail).collect::<Vec<_>>()), [], "a letter is no text message");
    }

    #[test]
    fn a_passwordless_login_answers_the_code_by_its_number() {
        let login = |n: i64| {
            let line = Line::new("s", n * 10 + 20).user(usize::try_from(n).unwrap());
            line.with("user_name", format!("+88213{n:06}"))
        };
        let business = [codes(0, 150), (0..150).step_by(4).map(login).collect()].concat();
        assert_eq!(Trial::of(&[NATIVE]).run(&business), []);
    }
}
