//! Many wrong passwords for one account, from wherever.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::{
    failure,
    measure::number,
    source::{is_new_device, is_new_network},
};
use crate::{
    About, Detector, Event, Finding, HOUR, MINUTE, Param, Params, Severity, StateError, World,
    detectors::Native,
    state::{self, Entry, Recent, Seen, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(BruteForce::new(params)) };

const FAILURES: Param = Param {
    name: "failures",
    default: 10.0,
    least: 3.0,
    most: 60.0,
    text: "failures within the window that make an alert",
};
const WINDOW: Param =
    Param { name: "window_minutes", default: 10.0, least: 1.0, most: 240.0, text: "the window in minutes" };
const SLOW_FAILURES: Param = Param {
    name: "slow_failures",
    default: 30.0,
    least: 5.0,
    most: 60.0,
    text: "failures within a day that make an alert",
};
const SLOW_NETWORKS: Param = Param {
    name: "slow_networks",
    default: 5.0,
    least: 2.0,
    most: 60.0,
    text: "different networks that those of a day must come from",
};

static ABOUT: About = About {
    id: Cow::Borrowed("brute_force_account"),
    version: 1,
    title: Cow::Borrowed("Many wrong passwords for one account"),
    text: Cow::Borrowed(
        "Counts wrong passwords for one account from any address: fast within minutes, or slow within a day from several networks. It \
         finds what stays below Auth0's own limit, which counts per account and address. Failures that say another reason (an \
         Action's refusal, a second factor that is asked for) do not count. All from one network and device that the person signed \
         in with before speak of a saved password: low. An account that is known only by a typed name counts from its second \
         failure on, so that invented names do not fill the memory.",
    ),
    kinds: Cow::Borrowed(failure::KINDS),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1110.001"]),
    false_positives: Cow::Borrowed(&["a program with an old password saved"]),
    steps: Cow::Borrowed(&[
        "ask the person whether it was them",
        "reset the password if any attempt went through",
    ]),
    params: &[FAILURES, WINDOW, SLOW_FAILURES, SLOW_NETWORKS],
    cooldown: HOUR,
};

/// The most accounts that are watched.
const ACCOUNTS: usize = 100_000;

struct BruteForce {
    failures: usize,
    window: Micros,
    slow_failures: usize,
    slow_networks: usize,
    accounts: Table<Account>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Account(Recent<Source>);

/// Where a failure came from, and whether the person signed in from there, and with that device, before.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Source {
    network: u64,
    is_own: bool,
}

impl Entry for Account {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn last(&self) -> Timestamp {
        self.0.newest().map_or(Timestamp::default(), |seen| seen.at)
    }
}

impl BruteForce {
    fn new(params: &Params) -> Self {
        Self {
            failures: params.count(&FAILURES),
            window: params.span(&WINDOW, MINUTE),
            slow_failures: params.count(&SLOW_FAILURES),
            slow_networks: params.count(&SLOW_NETWORKS),
            accounts: Table::new(ACCOUNTS),
        }
    }

    fn judge(&self, identity: Tag, event: &Event<'_>) -> Option<Finding> {
        let recent = &self.accounts.get(identity)?.0;
        let fast: Vec<_> = recent.within(event.at(), self.window).collect();
        let slow: Vec<_> = recent.within(event.at(), 24 * HOUR).collect();
        let is_fast = fast.len() >= self.failures;
        let shown = if is_fast { &fast } else { &slow };
        let networks = distinct(shown.iter().map(|seen| seen.what.network));
        if !is_fast && (slow.len() < self.slow_failures || networks < self.slow_networks) {
            return None;
        }
        let is_saved = networks == 1 && shown.iter().all(|seen| seen.what.is_own);
        let severity = if is_saved { Severity::Low } else { Severity::Medium };
        let finding = Finding::new(severity, event.account()?, event.at());
        let finding = finding.shown_by(shown.iter().map(|seen| seen.seq));
        if is_fast {
            return Some(finding.measured("failures", number(fast.len()), number(self.failures)));
        }
        let finding = finding.measured("slow_failures", number(slow.len()), number(self.slow_failures));
        Some(finding.measured("slow_networks", number(networks), number(self.slow_networks)))
    }
}

fn distinct(networks: impl Iterator<Item = u64>) -> usize {
    let mut networks: Vec<u64> = networks.collect();
    networks.sort_unstable();
    networks.dedup();
    networks.len()
}

impl Detector for BruteForce {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(identity) = event.tags.identity else { return };
        if !world.is_admitted && self.accounts.get(identity).is_none() {
            return;
        }
        if !failure::is_wrong_password(&event.log) {
            return;
        }
        // Why: a device and a network that the person signed in from before speak of a password that was saved.
        let is_own =
            !is_new_network(event, world) && event.tags.device.is_some() && !is_new_device(event, world);
        let what = Source { network: event.tags.network.map_or(0, |tag| tag.0), is_own };
        let recent = &mut self.accounts.entry(identity).0;
        let capacity = self.failures.max(self.slow_failures);
        recent.insert(Seen { at: event.at(), seq: event.seq, what }, 24 * HOUR, capacity);
        findings.extend(self.judge(identity, event));
    }

    fn forget(&mut self, now: Timestamp) {
        self.accounts.forget(now.plus(-25 * HOUR));
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

    fn failures(count: i64, every: i64, networks: i64) -> Vec<Line> {
        let from = |n: i64| format!("203.0.{}.9", n % networks);
        (0..count).map(|n| Line::new("fp", n * every).user(1).from(&from(n))).collect()
    }

    fn trial() -> Trial {
        Trial::of(&[NATIVE])
    }

    #[test]
    fn ten_in_ten_minutes_are_found_and_nine_or_slower_are_not() {
        assert_eq!(told(&trial().run(&failures(10, 66, 3))), [("auth0|1", Severity::Medium)]);
        assert!(trial().is_quiet(&failures(9, 10, 3)) && trial().is_quiet(&failures(20, 67, 3)));
        assert!(!trial().with("failures", 9.0).is_quiet(&failures(9, 10, 3)));
    }

    #[test]
    fn thirty_in_a_day_from_five_networks_are_found() {
        assert_eq!(told(&trial().run(&failures(30, 2_900, 5))), [("auth0|1", Severity::Medium)]);
        assert!(trial().is_quiet(&failures(60, 2_900, 4)) && trial().is_quiet(&failures(60, 3_000, 5)));
    }

    #[test]
    fn a_saved_password_leaves_a_trace_and_the_same_from_elsewhere_is_found() {
        let login = Line::new("s", -86_400).user(1).from("203.0.0.9");
        let saved = [vec![login.clone()], failures(20, 20, 1)].concat();
        assert_eq!(told(&trial().run(&saved)), [("auth0|1", Severity::Low)]);
        let mixed = [vec![login.clone()], failures(20, 20, 2)].concat();
        assert!(!trial().is_quiet(&mixed));
        let phone: Vec<Line> = failures(20, 20, 1).into_iter().map(Line::on_phone).collect();
        assert!(!trial().is_quiet(&[vec![login], phone].concat()));
    }

    #[test]
    fn what_is_no_wrong_password_does_not_count() {
        let refused = |line: Line| line.with("type", "f").with("description", "refused by an Action");
        assert!(trial().is_quiet(&failures(40, 5, 9).into_iter().map(refused).collect::<Vec<_>>()));
        let masked = |line: Line| line.with("user_id", "").with("user_name", "*****@*****");
        assert!(trial().is_quiet(&failures(40, 5, 9).into_iter().map(masked).collect::<Vec<_>>()));
    }

    #[test]
    fn a_typed_name_counts_from_its_second_failure_on() {
        let typed = |line: Line| line.with("user_id", "").with("user_name", "Eve@example.com");
        let lines = |count| failures(count, 5, 2).into_iter().map(typed).collect::<Vec<_>>();
        assert!(trial().is_quiet(&lines(10)));
        assert_eq!(told(&trial().run(&lines(11))), [("Eve@example.com", Severity::Medium)]);
    }
}
