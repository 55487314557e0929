//! A person does far more in a day than ever before.

use std::borrow::Cow;

use countersign_core::Timestamp;
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::measure::{median, number};
use crate::{
    About, DAY, Detector, Event, Finding, HOUR, Param, Params, Severity, StateError, World,
    detectors::Native,
    state::{self, Entry, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Active::new(params)) };

const EVENTS: Param = Param {
    name: "min_events",
    default: 50.0,
    least: 10.0,
    most: 10_000.0,
    text: "logins and exchanges of a day (UTC)",
};
const TIMES: Param = Param {
    name: "times_median",
    default: 5.0,
    least: 2.0,
    most: 100.0,
    text: "times the median of the person's earlier days",
};
const HISTORY: Param = Param {
    name: "history_days",
    default: 60.0,
    least: 14.0,
    most: 90.0,
    text: "how many days on which the person did something are remembered",
};
const LEARNING: Param = Param {
    name: "learning_days",
    default: 14.0,
    least: 5.0,
    most: 60.0,
    text: "how many such days must be known",
};

static ABOUT: About = About {
    id: Cow::Borrowed("anomalously_active_member"),
    version: 1,
    title: Cow::Borrowed("A person does far more than ever before"),
    text: Cow::Borrowed(
        "Holds a person's logins and token exchanges of a day against the days before on which they did something: more than on any of \
         the last sixty (which of sixty is the 99th percentile), and a multiple of the median. Medium if the person also used more \
         clients, more organizations or more hours of the day than on any of them; low if there is only more of the same, as when an \
         application exchanges tokens in a loop.",
    ),
    kinds: Cow::Borrowed(&["s", "ssa", "seacft", "sertft", "sepft", "sede", "secte"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1078"]),
    false_positives: Cow::Borrowed(&[
        "another role: the log does not tell the person's tasks",
        "a release of an application that exchanges tokens more often",
    ]),
    steps: Cow::Borrowed(&[
        "look at which clients and organizations are new",
        "ask the person, then end the sessions if it was not them",
    ]),
    params: &[EVENTS, TIMES, HISTORY, LEARNING],
    cooldown: DAY,
};

/// The most people that are watched; some 300 bytes each.
const PEOPLE: usize = 200_000;

/// The most clients, and organizations, that are told apart on one day.
const KINDS: usize = 12;

struct Active {
    events: u16,
    times: u32,
    history: usize,
    learning: usize,
    people: Table<Habit>,
}

/// A person's days: how many entries on each, and the most of each sort on any.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Habit {
    today: i32,
    count: u16,
    hours: u32,
    clients: Vec<u32>,
    organizations: Vec<u32>,
    is_told: bool,
    days: Vec<u16>,
    most: Breadth,
}

/// How broad a day was.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Breadth {
    hours: u8,
    clients: u8,
    organizations: u8,
}

impl Entry for Habit {
    fn weight(&self) -> usize {
        self.days.len()
    }

    fn last(&self) -> Timestamp {
        Timestamp::from_seconds(i64::from(self.today) * 86_400)
    }
}

impl Breadth {
    fn exceeds(self, other: Self) -> bool {
        self.hours > other.hours || self.clients > other.clients || self.organizations > other.organizations
    }

    fn max(self, other: Self) -> Self {
        Self {
            hours: self.hours.max(other.hours),
            clients: self.clients.max(other.clients),
            organizations: self.organizations.max(other.organizations),
        }
    }
}

impl Habit {
    fn breadth(&self) -> Breadth {
        let small = |count| u8::try_from(count).unwrap_or(u8::MAX);
        Breadth {
            hours: small(usize::try_from(self.hours.count_ones()).unwrap_or(0)),
            clients: small(self.clients.len()),
            organizations: small(self.organizations.len()),
        }
    }

    /// Takes the day in, and begins the one of number `day`.
    fn turn(&mut self, day: i32, history: usize) {
        if self.count > 0 {
            // Why not more than it was told at: who is active from now on is not an alarm for ever, but one day teaches little.
            self.days.push(self.count);
            self.days.drain(..self.days.len().saturating_sub(history));
            self.most = self.most.max(self.breadth());
        }
        (self.today, self.count, self.hours, self.is_told) = (day, 0, 0, false);
        self.clients.clear();
        self.organizations.clear();
    }

    fn take(&mut self, event: &Event<'_>) {
        self.count = self.count.saturating_add(1);
        let hour = event.at().micros().rem_euclid(DAY) / HOUR;
        self.hours |= 1_u32.checked_shl(u32::try_from(hour).unwrap_or(0)).unwrap_or(0);
        note(&mut self.clients, event.tags.client);
        note(&mut self.organizations, event.tags.organization);
    }
}

fn note(known: &mut Vec<u32>, tag: Option<Tag>) {
    let Some(value) = tag.and_then(|tag| u32::try_from(tag.0 >> 32).ok()) else { return };
    if known.len() < KINDS && !known.contains(&value) {
        known.push(value);
    }
}

impl Active {
    fn new(params: &Params) -> Self {
        Self {
            events: u16::try_from(params.count(&EVENTS)).unwrap_or(u16::MAX),
            times: u32::try_from(params.count(&TIMES)).unwrap_or(u32::MAX),
            history: params.count(&HISTORY),
            learning: params.count(&LEARNING),
            people: Table::new(PEOPLE),
        }
    }
}

impl Detector for Active {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(identity) = event.tags.identity else { return };
        if !world.is_admitted && self.people.get(identity).is_none() {
            return;
        }
        let habit = self.people.entry(identity);
        let day = i32::try_from(event.at().days()).unwrap_or(0);
        if day > habit.today {
            habit.turn(day, self.history);
        } else if day < habit.today {
            return;
        }
        habit.take(event);
        let most = habit.days.iter().max().copied().unwrap_or(0);
        if habit.is_told
            || habit.days.len() < self.learning
            || habit.count < self.events.max(most.saturating_add(1))
        {
            return;
        }
        let mut days: Vec<u32> = habit.days.iter().map(|count| u32::from(*count)).collect();
        let usual = median(&mut days);
        let Some(account) = event.account() else { return };
        if u32::from(habit.count) <= usual.saturating_mul(self.times) {
            return;
        }
        habit.is_told = true;
        let breadth = habit.breadth();
        let severity = if breadth.exceeds(habit.most) { Severity::Medium } else { Severity::Low };
        let finding = Finding::new(severity, account, event.at()).shown_by([event.seq]);
        let finding = finding.measured("min_events", f64::from(habit.count), f64::from(self.events));
        let finding = finding.measured("times_median", f64::from(habit.count), f64::from(usual * self.times));
        let finding = finding.measured("most_before", f64::from(habit.count), f64::from(most));
        findings.push(finding.measured(
            "clients",
            number(habit.clients.len()),
            f64::from(habit.most.clients),
        ));
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

    fn day(day: i64, count: i64, clients: i64) -> Vec<Line> {
        let client = |n: i64| format!("client{}", n % clients);
        let line = |n: i64| Line::new("sertft", day * 86_400 + n * 20).user(1).with("client_id", client(n));
        (0..count).map(line).collect()
    }

    fn usual(days: i64, count: i64) -> Vec<Line> {
        (0..days).flat_map(|n| day(n, count, 1)).collect()
    }

    fn found(lines: &[Line]) -> Vec<Severity> {
        told(&Trial::of(&[NATIVE]).run(lines)).iter().map(|(_, severity)| *severity).collect()
    }

    #[test]
    fn far_more_than_ever_is_found_and_is_worse_when_broader() {
        assert_eq!(found(&[usual(14, 8), day(14, 60, 4)].concat()), [Severity::Medium]);
        assert_eq!(found(&[usual(14, 8), day(14, 60, 1)].concat()), [Severity::Low]);
    }

    #[test]
    fn each_threshold_holds_alone() {
        assert!(found(&[usual(13, 8), day(13, 60, 4)].concat()).is_empty(), "too little is known");
        assert!(found(&[usual(14, 8), day(14, 49, 4)].concat()).is_empty(), "49 entries");
        assert!(found(&[usual(14, 12), day(14, 60, 4)].concat()).is_empty(), "five times the median");
        let busy = [usual(13, 8), day(13, 61, 4)].concat();
        assert!(found(&[busy.clone(), day(14, 61, 4)].concat()).is_empty(), "as much as once before");
        assert_eq!(found(&[busy, day(14, 62, 5)].concat()), [Severity::Medium]);
    }

    #[test]
    fn a_day_beyond_what_can_be_counted_does_no_harm_on_later_days() {
        let mut detector = Active::new(&Params::default());
        let tagger = countersign_privacy::Tagger::new(&[1; 32]);
        let habit = detector.people.entry(tagger.tag("user", b"auth0|1"));
        (habit.today, habit.days) = (1, vec![u16::MAX; 14]);
        let saved = detector.save();
        let mut restored = Active::new(&Params::default());
        restored.restore(&saved).unwrap();
        let raw = r#"{"log_id":"1","type":"s","date":"2026-08-20T08:00:00.000Z","user_id":"auth0|1"}"#;
        let log = countersign_auth0::log::LogEvent::parse(raw, None).unwrap();
        let event = Event::new(1, log, &tagger, |_| None);
        let (marks, context, mut findings) = (crate::Marks::default(), crate::Context::default(), Vec::new());
        let world = World { person: None, is_admitted: true, marks: &marks, context: &context };
        assert!(
            restored.people.get(event.tags.identity.unwrap()).is_some_and(|habit| habit.days.len() == 14)
        );
        restored.observe(&event, &world, &mut findings);
        assert!(findings.is_empty(), "one entry is not more than 65,535");
    }
}
