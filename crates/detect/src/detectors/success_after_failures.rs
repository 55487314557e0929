//! A login that follows many wrong passwords.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::{
    failure,
    source::{is_new_device, is_new_network, is_own},
};
use crate::{
    About, Detector, Event, Finding, HOUR, MINUTE, Param, Params, Severity, StateError, World,
    detectors::{Native, measure::number},
    state::{self, Entry, Recent, Seen, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Guessed::new(params)) };

const FAILURES: Param = Param {
    name: "success_after",
    default: 5.0,
    least: 2.0,
    most: 60.0,
    text: "failures within the window before the login",
};
const WINDOW: Param =
    Param { name: "window_minutes", default: 10.0, least: 1.0, most: 240.0, text: "the window in minutes" };

static ABOUT: About = About {
    id: Cow::Borrowed("success_after_failures"),
    version: 1,
    title: Cow::Borrowed("A login after many wrong passwords"),
    text: Cow::Borrowed(
        "Finds a login within minutes after several wrong passwords for the same account, from any address: somebody guessed it. \
         High if the person never signed in from that network or with that device; low if they did on three days and all the \
         failures came from there too, as when somebody changed their password and forgot it.",
    ),
    kinds: Cow::Borrowed(&["s", "f", "fp", "fepft", "fepotpft"]),
    severity: Severity::High,
    techniques: Cow::Borrowed(&["T1110.001", "T1078"]),
    false_positives: Cow::Borrowed(&[
        "a person who forgot a new password",
        "a program with an old password saved",
    ]),
    steps: Cow::Borrowed(&[
        "ask the person whether it was them",
        "end the session and reset the password if it was not",
        "look at what the account did since",
    ]),
    params: &[FAILURES, WINDOW],
    cooldown: HOUR,
};

/// The most accounts that are watched.
const ACCOUNTS: usize = 100_000;

struct Guessed {
    failures: usize,
    window: Micros,
    accounts: Table<Account>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Account(Recent<Option<Tag>>);

impl Entry for Account {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn last(&self) -> Timestamp {
        self.0.newest().map_or(Timestamp::default(), |seen| seen.at)
    }
}

impl Guessed {
    fn new(params: &Params) -> Self {
        Self {
            failures: params.count(&FAILURES),
            window: params.span(&WINDOW, MINUTE),
            accounts: Table::new(ACCOUNTS),
        }
    }

    fn judge(&self, identity: Tag, event: &Event<'_>, world: &World<'_>) -> Option<Finding> {
        let recent = &self.accounts.get(identity)?.0;
        let failures: Vec<_> = recent.within(event.at(), self.window).collect();
        if failures.len() < self.failures {
            return None;
        }
        let is_from_there = failures.iter().all(|seen| seen.what == event.tags.network);
        let severity = if is_new_network(event, world) || is_new_device(event, world) {
            Severity::High
        } else if is_own(event, world) && is_from_there {
            Severity::Low
        } else {
            Severity::Medium
        };
        let evidence = failures.iter().map(|seen| seen.seq).chain([event.seq]);
        let finding = Finding::new(severity, event.account()?, event.at()).shown_by(evidence);
        Some(finding.measured("success_after", number(failures.len()), number(self.failures)))
    }
}

impl Detector for Guessed {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(identity) = event.tags.identity else { return };
        if event.kind() == "s" {
            findings.extend(self.judge(identity, event, world));
            return;
        }
        let may_be_kept = world.is_admitted || self.accounts.get(identity).is_some();
        if may_be_kept && failure::is_wrong_password(event) {
            let seen = Seen { at: event.at(), seq: event.seq, what: event.tags.network };
            // Why twice: so many as were worth a finding each, should they come out of order.
            self.accounts.entry(identity).0.insert(seen, self.window, 2 * self.failures);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        self.accounts.forget(now.plus(-self.window.saturating_add(HOUR)));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.accounts)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.accounts = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.accounts.evicted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::trial::{Line, Trial, told};

    fn guesses(count: i64, every: i64) -> Vec<Line> {
        (0..count).map(|n| Line::new("fp", n * every).user(1).from("203.0.113.9")).collect()
    }

    fn login(second: i64) -> Line {
        Line::new("s", second).user(1).from("203.0.113.9")
    }

    #[test]
    fn a_stranger_who_gets_in_after_five_failures_is_found_and_after_four_not() {
        let trial = Trial::of(&[NATIVE]);
        let alerts = trial.run(&[guesses(5, 30), vec![login(200)]].concat());
        assert_eq!(told(&alerts), [("auth0|1", Severity::High)]);
        assert_eq!(alerts[0].evidence, [0, 1, 2, 3, 4, 5]);
        assert!(trial.is_quiet(&[guesses(4, 30), vec![login(200)]].concat()));
        assert!(trial.is_quiet(&guesses(20, 5)), "nobody got in");
    }

    #[test]
    fn failures_that_are_too_old_or_another_s_do_not_count() {
        let trial = Trial::of(&[NATIVE]);
        assert!(!trial.is_quiet(&[guesses(5, 30), vec![login(600)]].concat()));
        assert!(trial.is_quiet(&[guesses(5, 30), vec![login(601)]].concat()));
        assert!(trial.is_quiet(&[guesses(5, 30), vec![login(200).user(2)]].concat()));
        let refused = Line::new("f", 0).user(1).with("description", "blocked by an Action");
        assert!(trial.is_quiet(&[vec![refused; 9], vec![login(9)]].concat()));
    }

    #[test]
    fn a_person_at_home_who_mistypes_leaves_a_trace_only() {
        let before: Vec<Line> = (1..=3).map(|day| login(-day * 86_400)).collect();
        let home = [before.clone(), guesses(6, 20), vec![login(200)]].concat();
        assert_eq!(told(&Trial::of(&[NATIVE]).run(&home)), [("auth0|1", Severity::Low)]);
        let abroad: Vec<Line> = guesses(6, 20).into_iter().map(|line| line.from("198.51.100.7")).collect();
        let alerts = Trial::of(&[NATIVE]).run(&[before, abroad, vec![login(200)]].concat());
        assert_eq!(told(&alerts), [("auth0|1", Severity::Medium)]);
    }
}
