//! Many wrong passwords for one account, from wherever.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

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
        "Counts failures for one account from any address: fast within minutes, or slow within a day from several networks. It \
         finds what stays below Auth0's own limit, which counts per account and address.",
    ),
    kinds: Cow::Borrowed(&["f", "fp", "fepft", "fepotpft"]),
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
struct Account(Recent<u64>);

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
}

impl Detector for BruteForce {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let (Some(identity), Some(account)) = (event.tags.identity, event.account()) else { return };
        let network = event.tags.network.map_or(0, |tag| tag.0);
        let recent = &mut self.accounts.entry(identity).0;
        let capacity = self.failures.max(self.slow_failures);
        recent.insert(Seen { at: event.at(), seq: event.seq, what: network }, 24 * HOUR, capacity);
        let fast: Vec<_> = recent.within(event.at(), self.window).map(|seen| seen.seq).collect();
        let is_fast = fast.len() >= self.failures;
        let slow = recent.within(event.at(), 24 * HOUR).count();
        let networks = recent.distinct(event.at(), 24 * HOUR);
        if !is_fast && (slow < self.slow_failures || networks < self.slow_networks) {
            return;
        }
        // Why: a device and a network that the person signed in from before speak of a password that was saved.
        let is_own = world.person.is_some_and(|person| {
            person.devices.is_familiar(event.tags.device, 1, event.at())
                && person.networks.is_familiar(event.tags.network, 1, event.at())
        });
        let severity = if is_own && networks == 1 { Severity::Low } else { Severity::Medium };
        let finding = Finding::new(severity, account, event.at());
        findings.push(if is_fast {
            finding.shown_by(fast.iter().copied()).measured(
                "failures",
                number(fast.len()),
                number(self.failures),
            )
        } else {
            let finding = finding.shown_by(recent.iter().map(|seen| seen.seq));
            let finding = finding.measured("slow_failures", number(slow), number(self.slow_failures));
            finding.measured("slow_networks", number(networks), number(self.slow_networks))
        });
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

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
