//! Leaked pairs of names and passwords tried over the whole tenant.

mod hour;
#[cfg(test)]
mod tests;
mod usual;

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::{
    failure,
    measure::{number, share},
    source::{is_common, is_trusted, tool},
};
use crate::{
    About, Detector, Event, Finding, HOUR, MINUTE, Param, Params, Severity, StateError, World,
    detectors::Native,
    state::{self, Recent, Seen, Shares},
};
use hour::Hour;
use usual::Usual;

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Stuffing::new(params)) };

const USERS: Param = Param {
    name: "min_users",
    default: 50.0,
    least: 5.0,
    most: 1_000_000.0,
    text: "accounts that fail within a clock hour that the tenant must have more than, however quiet it is",
};
const SIGMAS: Param = Param {
    name: "sigmas",
    default: 4.0,
    least: 1.0,
    most: 20.0,
    text: "deviations above what is usual at the same hour of the week",
};
const RISE: Param = Param {
    name: "min_failure_rise",
    default: 1.5,
    least: 1.0,
    most: 10.0,
    text: "by how much the share of accounts that fail must exceed the usual one: a campaign brings more of both",
};
const LEAKS: Param = Param {
    name: "leaks",
    default: 5.0,
    least: 2.0,
    most: 60.0,
    text: "addresses within an hour that tried a leaked password, or that Auth0 blocked for failures",
};
const COMMON: Param = Param {
    name: "common_share",
    default: 0.01,
    least: 0.0,
    most: 1.0,
    text: "the share of logins from which on a TLS fingerprint says nothing",
};

static ABOUT: About = About {
    id: Cow::Borrowed("credential_stuffing"),
    version: 2,
    title: Cow::Borrowed("Leaked passwords tried over the whole tenant"),
    text: Cow::Borrowed(
        "Holds the accounts that fail within an hour against the same hour of the week, and asks that their share among all accounts \
         rise. How often each is tried makes no difference, nor does how often one signs in; who fails and gets in mistyped. \
         What is usual learns little from hours that were flagged, and after four weeks no hour teaches more than one deviation: who \
         stays below the threshold does not raise it. Several addresses with leaked passwords, or blocked by Auth0, within an hour are enough alone. What \
         is named is the tenant; addresses that tried three accounts or more, and rare TLS fingerprints, are marked for a day.",
    ),
    kinds: Cow::Borrowed(&["s", "sepft", "f", "fp", "fu", "fepft", "fepotpft", "pwd_leak", "limit_mu"]),
    severity: Severity::High,
    techniques: Cow::Borrowed(&["T1110.004"]),
    false_positives: Cow::Borrowed(&[
        "a release or an outage of a connection that makes everybody fail",
        "a forced change of passwords",
    ]),
    steps: Cow::Borrowed(&[
        "switch bot detection and breached-password protection to block",
        "block the marked addresses",
        "reset the passwords of accounts that were signed into from them",
    ]),
    params: &[USERS, SIGMAS, RISE, LEAKS, COMMON],
    cooldown: HOUR,
};

#[derive(Debug, Clone, Copy)]
struct Limits {
    users: f64,
    sigmas: f64,
    rise: f64,
    leaks: usize,
    common: f64,
}

struct Stuffing {
    limits: Limits,
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    hour: Hour,
    usual: Usual,
    leaks: Recent<Tag>,
    shares: Shares,
    told: Option<Timestamp>,
}

/// For how long addresses with leaked passwords are counted together.
const LEAK_SPAN: Micros = HOUR;

/// The most of them that are kept.
const LEAKS_KEPT: usize = 128;

impl Stuffing {
    fn new(params: &Params) -> Self {
        let limits = Limits {
            users: params.number(&USERS),
            sigmas: params.number(&SIGMAS),
            rise: params.number(&RISE),
            leaks: params.count(&LEAKS),
            common: params.number(&COMMON),
        };
        Self { limits, state: State::default() }
    }

    fn leak(&mut self, event: &Event<'_>) -> Option<Finding> {
        let address = event.tags.address?;
        let at = event.at();
        let leaks = &mut self.state.leaks;
        leaks.insert(Seen { at, seq: event.seq, what: address }, LEAK_SPAN, LEAKS_KEPT);
        let addresses = leaks.distinct(at, LEAK_SPAN);
        if addresses < self.limits.leaks {
            return None;
        }
        let within: Vec<_> = leaks.within(at, LEAK_SPAN).collect();
        let finding = Finding::new(ABOUT.severity, event.tenant(), at);
        let finding = finding.shown_by(within.iter().map(|seen| seen.seq));
        let finding = finding.marking(within.iter().map(|seen| seen.what));
        Some(finding.measured("leaks", number(addresses), number(self.limits.leaks)))
    }

    fn failure(&mut self, event: &Event<'_>, rare: Option<Tag>) -> Option<Finding> {
        let State { hour, usual, told, .. } = &mut self.state;
        let at = event.at();
        if !hour.fail(event, rare) || told.is_some_and(|told| (0..MINUTE).contains(&at.since(told))) {
            return None;
        }
        let users = number(hour.users());
        let threshold = self.limits.users.max(usual.limit(hour.number(), self.limits.sigmas));
        if users <= threshold {
            return None;
        }
        let rise = usual.rise(hour);
        if rise.is_some_and(|rise| rise < self.limits.rise) {
            return None;
        }
        *told = (*told).max(Some(at));
        hour.flag();
        let finding = Finding::new(ABOUT.severity, event.tenant(), at).shown_by(hour.evidence());
        let finding = finding.marking(hour.sources());
        let finding = finding.measured("min_users", users, threshold);
        let unknown = share(hour.unknown(), usize::try_from(hour.failures()).unwrap_or(usize::MAX));
        let finding = finding.measured("share_of_unknown_names", unknown, 0.0);
        Some(finding.measured("min_failure_rise", rise.unwrap_or(self.limits.rise), self.limits.rise))
    }
}

impl Detector for Stuffing {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        if is_trusted(event, world) {
            return;
        }
        let State { hour, usual, shares, .. } = &mut self.state;
        if hour.is_over(event.at()) {
            usual.learn(hour, event.at());
        }
        let finding = match event.kind() {
            "s" | "sepft" => {
                hour.succeed(event);
                shares.learn(event);
                None
            }
            "pwd_leak" | "limit_mu" => self.leak(event),
            kind if kind == "fu" || failure::is_wrong_password(&event.log) => {
                let is_common = is_common(event, world, &self.state.shares, self.limits.common);
                self.failure(event, tool(event).filter(|_| !is_common))
            }
            _ => None,
        };
        findings.extend(finding);
    }

    /// What an hour that has ended taught is small; who tried in it is not.
    fn forget(&mut self, now: Timestamp) {
        let State { hour, usual, .. } = &mut self.state;
        if hour.is_over(now) {
            usual.learn(hour, now);
        }
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.state = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.state.usual.evicted(&self.state.hour)
    }
}
