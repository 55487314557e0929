//! A person who signs in with a factor that can't be phished signs in without.

use std::borrow::Cow;

use countersign_auth0::log::text;
use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    About, Detector, Event, Finding, HOUR, Param, Params, Person, Severity, StateError, World,
    detectors::{Native, measure::number},
    state::{self, Entry, Minute, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Weaker::new(params)) };

const LOGINS: Param = Param {
    name: "min_logins",
    default: 10.0,
    least: 3.0,
    most: 16.0,
    text: "the newest logins that must be known",
};
const SHARE: Param = Param {
    name: "min_strong_share",
    default: 0.8,
    least: 0.1,
    most: 1.0,
    text: "the share of them with a factor that can't be phished",
};

static ABOUT: About = About {
    id: Cow::Borrowed("weaker_factor_login"),
    version: 2,
    title: Cow::Borrowed("A login without the usual strong factor"),
    text: Cow::Borrowed(
        "Looks at the methods that a login was made with (`performed_amr`). Finds one without a factor that can't be phished (passkey, \
         security key, platform authenticator) by a person who nearly always used one. High from a network that is not the \
         person's own, medium with a device that is not, low from their own: seen on the account's first day, on three days, or two \
         weeks ago. Logins that do not tell their methods, such as \
         those through an enterprise connection, are passed over.",
    ),
    kinds: Cow::Borrowed(&["s"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1556.006"]),
    false_positives: Cow::Borrowed(&["a new device without the passkey yet", "a security key left at home"]),
    steps: Cow::Borrowed(&[
        "ask the person whether it was them",
        "see whether the strong factor was taken away, and by whom",
        "demand the strong factor for this account",
    ]),
    params: &[LOGINS, SHARE],
    cooldown: HOUR,
};

/// The most people that are watched; 16 bytes each.
const PEOPLE: usize = 200_000;

struct Weaker {
    logins: u32,
    share: f64,
    people: Table<Habit>,
}

/// The newest 16 logins that told their methods: a bit each, set where one could not be phished.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Habit {
    strong: u16,
    known: u8,
    last: Minute,
}

impl Entry for Habit {
    fn weight(&self) -> usize {
        usize::from(self.known)
    }

    fn last(&self) -> Timestamp {
        self.last.start()
    }
}

/// Methods that can't be phished, as `amr` names them (RFC 8176 and what Auth0 sends beside it).
const STRONG: &[&str] =
    &["hwk", "swk", "phr", "phrh", "passkey", "webauthn", "webauthn-roaming", "webauthn-platform", "fido"];

#[derive(Deserialize)]
struct Details<'a> {
    #[serde(borrow, default)]
    prompts: Vec<Prompt<'a>>,
}

#[derive(Deserialize)]
struct Prompt<'a> {
    #[serde(borrow, default)]
    performed_amr: Option<Vec<Method<'a>>>,
}

#[derive(Deserialize)]
struct Method<'a>(#[serde(borrow, deserialize_with = "text")] Option<Cow<'a, str>>);

/// Whether one of the login's methods can't be phished; `None` where it tells none.
fn is_strong(event: &Event<'_>) -> Option<bool> {
    // Why looked for first: most logins have long details without it.
    event.log.fields.details.filter(|details| details.get().contains("\"performed_amr\""))?;
    let details: Details<'_> = event.log.details()?;
    let methods = details.prompts.into_iter().filter_map(|prompt| prompt.performed_amr).flatten();
    let methods: Vec<_> = methods.filter_map(|Method(name)| name).collect();
    let is_strong = |name: &Cow<'_, str>| STRONG.iter().any(|strong| name.eq_ignore_ascii_case(strong));
    (!methods.is_empty()).then(|| methods.iter().any(is_strong))
}

impl Weaker {
    fn new(params: &Params) -> Self {
        Self {
            logins: u32::try_from(params.count(&LOGINS)).unwrap_or(u32::MAX),
            share: params.number(&SHARE),
            people: Table::new(PEOPLE),
        }
    }

    fn judge(&self, habit: Habit, event: &Event<'_>, world: &World<'_>) -> Option<Finding> {
        if u32::from(habit.known) < self.logins {
            return None;
        }
        let newest = u16::MAX.checked_shr(16 - self.logins.min(16)).unwrap_or(u16::MAX);
        let strong = (habit.strong & newest).count_ones();
        let share = f64::from(strong) / f64::from(self.logins);
        if share < self.share {
            return None;
        }
        let (at, device, network) = (event.at(), event.tags.device, event.tags.network);
        let has_device = |person: &Person<'_>| person.devices.is_settled(device, person.first, at);
        let has_network = |person: &Person<'_>| person.networks.is_settled(network, person.first, at);
        let is_own_device = device.is_none() || world.person.is_some_and(has_device);
        let is_own_network = world.person.is_some_and(has_network);
        let severity = match (is_own_network, is_own_device) {
            (false, _) => Severity::High,
            (true, false) => Severity::Medium,
            (true, true) => Severity::Low,
        };
        let finding = Finding::new(severity, event.account()?, event.at()).shown_by([event.seq]);
        let finding = finding.measured("min_strong_share", share, self.share);
        Some(finding.measured("min_logins", number(usize::from(habit.known)), f64::from(self.logins)))
    }
}

impl Detector for Weaker {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(identity) = event.tags.identity else { return };
        let Some(is_strong) = is_strong(event) else { return };
        let habit = self.people.get(identity).copied().unwrap_or_default();
        if !is_strong {
            findings.extend(self.judge(habit, event, world));
        }
        *self.people.entry(identity) = Habit {
            strong: (habit.strong << 1) | u16::from(is_strong),
            known: habit.known.saturating_add(1).min(16),
            last: habit.last.max(Minute::of(event.at())),
        };
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.people)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.people = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.people.evicted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::trial::{Line, Trial, told};

    fn login(day: i64, methods: &serde_json::Value) -> Line {
        let details = serde_json::json!({"prompts": [{"name": "prompt"}, {"performed_amr": methods}]});
        Line::new("s", day * 86_400).user(1).with("details", details)
    }

    fn strong(days: std::ops::Range<i64>) -> Vec<Line> {
        days.map(|day| login(day, &serde_json::json!(["pwd", "HWK"]))).collect()
    }

    fn weak(day: i64) -> Line {
        login(day, &serde_json::json!(["pwd", "otp"]))
    }

    fn found(lines: &[Line]) -> Vec<Severity> {
        told(&Trial::of(&[NATIVE]).run(lines)).iter().map(|(_, severity)| *severity).collect()
    }

    #[test]
    fn a_login_without_the_usual_factor_is_found_by_where_it_comes_from() {
        let after = |line: Line| found(&[strong(0..10), vec![line]].concat());
        assert_eq!(after(weak(10).from("203.0.113.9")), [Severity::High]);
        assert_eq!(after(weak(10).on_phone()), [Severity::Medium]);
        assert_eq!(after(weak(10)), [Severity::Low]);
    }

    #[test]
    fn a_second_login_from_where_a_thief_came_once_is_no_less_severe() {
        let thief = |day| weak(day).from("203.0.113.9");
        assert_eq!(found(&[strong(0..10), vec![thief(10), thief(11)]].concat()), [Severity::High; 2]);
        // Who works from there for days is at home.
        let there = (10..13).map(|day| login(day, &serde_json::json!(["hwk"])).from("203.0.113.9"));
        assert_eq!(found(&[strong(0..10), there.collect(), vec![thief(13)]].concat()), [Severity::Low]);
    }

    #[test]
    fn too_little_known_and_a_mixed_habit_are_quiet() {
        let far = |day| weak(day).from("203.0.113.9");
        assert!(found(&[strong(0..9), vec![far(10)]].concat()).is_empty());
        let mixed = [strong(0..7), vec![weak(7), weak(8), weak(9)]].concat();
        assert!(found(&[mixed, vec![far(10)]].concat()).is_empty());
        assert!(!found(&[strong(0..8), vec![weak(8), weak(9), far(10)]].concat()).is_empty());
    }

    #[test]
    fn what_tells_no_methods_is_passed_over() {
        let silent = [
            serde_json::Value::Null,
            serde_json::json!([]),
            serde_json::json!([7]),
            serde_json::json!("pwd"),
        ];
        let silent = silent.into_iter().map(|methods| login(11, &methods).from("203.0.113.9")).collect();
        assert!(found(&[strong(0..10), silent, vec![Line::new("s", 0).user(1)]].concat()).is_empty());
    }
}
