//! Leaked pairs of names and passwords tried over the whole tenant.

mod hour;

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
use hour::{Hour, Usual};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Stuffing::new(params)) };

const FAILURES: Param = Param {
    name: "min_failures",
    default: 50.0,
    least: 5.0,
    most: 1_000_000.0,
    text: "failures within a clock hour that the tenant must have more than, however quiet it is",
};
const SIGMAS: Param = Param {
    name: "sigmas",
    default: 4.0,
    least: 1.0,
    most: 20.0,
    text: "standard deviations above the mean of the same hour of the week",
};
const USERS: Param = Param {
    name: "min_user_ratio",
    default: 0.5,
    least: 0.05,
    most: 1.0,
    text: "different accounts to failures",
};
const RISE: Param = Param {
    name: "min_failure_rise",
    default: 1.5,
    least: 1.0,
    most: 10.0,
    text: "by how much the share of failures must exceed the usual one: a campaign brings more of both",
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
    version: 1,
    title: Cow::Borrowed("Leaked passwords tried over the whole tenant"),
    text: Cow::Borrowed(
        "Holds the failures of an hour against the same hour of the week (mean and standard deviation, the older weeks counting less; \
         hours that were flagged teach no more than the threshold), and asks that they be spread over many accounts and that the \
         share of failures rise. Several addresses with leaked passwords, or blocked by Auth0, within an hour are enough alone. What \
         is named is the tenant; addresses that tried three accounts or more, and rare TLS fingerprints, are marked for a day.",
    ),
    kinds: Cow::Borrowed(&["s", "f", "fp", "fu", "fepft", "fepotpft", "pwd_leak", "limit_mu"]),
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
    params: &[FAILURES, SIGMAS, USERS, RISE, LEAKS, COMMON],
    cooldown: HOUR,
};

#[derive(Debug, Clone, Copy)]
struct Limits {
    failures: f64,
    sigmas: f64,
    users: f64,
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
            failures: params.number(&FAILURES),
            sigmas: params.number(&SIGMAS),
            users: params.number(&USERS),
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
        let (failures, users) = (hour.failures(), hour.users());
        let expected = usual.limit(hour.number(), self.limits.sigmas);
        let threshold = self.limits.failures.max(expected);
        if f64::from(failures) <= threshold {
            return None;
        }
        let ratio = (number(users) / f64::from(failures)).min(1.0);
        let rise = usual.rise(hour);
        if ratio < self.limits.users || rise.is_some_and(|rise| rise < self.limits.rise) {
            return None;
        }
        *told = (*told).max(Some(at));
        hour.flag(threshold);
        let finding = Finding::new(ABOUT.severity, event.tenant(), at).shown_by(hour.evidence());
        let finding = finding.marking(hour.sources());
        let finding = finding.measured("min_failures", f64::from(failures), threshold);
        let finding = finding.measured("min_user_ratio", ratio, self.limits.users);
        let unknown = share(hour.unknown(), usize::try_from(failures).unwrap_or(usize::MAX));
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
            "s" => {
                hour.succeed(event.at());
                if let Some(fingerprint) = event.tags.fingerprint {
                    shares.see(fingerprint, event.at());
                }
                None
            }
            "pwd_leak" | "limit_mu" => self.leak(event),
            kind if kind == "fu" || failure::is_wrong_password(event) => {
                let is_common = is_common(event, world, &self.state.shares, self.limits.common);
                self.failure(event, tool(event).filter(|_| !is_common))
            }
            _ => None,
        };
        findings.extend(finding);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::trial::{Line, Trial, told};

    const HOUR_S: i64 = 3_600;

    /// A failure a second from the beginning of the hour, each from an address of its own, for `users` accounts.
    fn failures(count: usize, users: usize, hour: i64) -> Vec<Line> {
        let line =
            |n: usize| Line::new("fu", hour * HOUR_S + i64::try_from(n).unwrap()).with("tenant_name", "acme");
        let name = |n: usize| format!("user{}@example.com", n % users);
        let from = |n: usize| format!("203.{}.{}.1", n / 250, n % 250);
        (0..count).map(|n| line(n).with("user_name", name(n)).from(&from(n))).collect()
    }

    fn logins(count: usize, hour: i64) -> Vec<Line> {
        let line = |n: usize| Line::new("s", hour * HOUR_S + i64::try_from(n).unwrap() + 1_000).user(n);
        (0..count).map(line).collect()
    }

    fn trial() -> Trial {
        Trial::of(&[NATIVE])
    }

    #[test]
    fn more_failures_than_the_floor_over_many_accounts_are_found() {
        assert_eq!(told(&trial().run(&failures(51, 51, 0))), [("acme", Severity::High)]);
        assert!(trial().is_quiet(&failures(50, 50, 0)));
        assert!(trial().is_quiet(&failures(90, 25, 0)), "few accounts");
        assert!(trial().is_quiet(&[failures(40, 40, 0), failures(40, 40, 1)].concat()), "two hours");
    }

    #[test]
    fn what_the_hour_of_the_week_knows_is_quiet_and_more_than_that_is_not() {
        let week = 168;
        let usual: Vec<Line> = (0..6).flat_map(|n| failures(100, 100, n * week)).collect();
        let later = |count| {
            let all = [usual.clone(), failures(count, count, 6 * week)].concat();
            let since = crate::detectors::trial::START + 6 * week * HOUR_S;
            trial().run(&all).iter().any(|alert| alert.first.seconds() >= since)
        };
        assert!(!later(102) && later(400));
    }

    #[test]
    fn a_campaign_that_brings_more_of_both_is_quiet() {
        let usual: Vec<Line> = (0..8).flat_map(|n| [failures(20, 20, n), logins(60, n)].concat()).collect();
        let campaign =
            [usual.clone(), shift(logins(300, 9), 1_000), shift(failures(100, 100, 9), -400)].concat();
        assert!(trial().run(&campaign).is_empty());
        assert!(!trial().run(&[usual, failures(100, 100, 9)].concat()).is_empty());
    }

    fn shift(lines: Vec<Line>, earlier: i64) -> Vec<Line> {
        lines.into_iter().map(|line| line.earlier(earlier)).collect()
    }

    #[test]
    fn five_addresses_with_leaked_passwords_are_enough_and_one_five_times_is_not() {
        let leak = |n: i64, address: &str| Line::new("pwd_leak", n * 60).from(address);
        let many: Vec<Line> = (0..5).map(|n| leak(n, &format!("203.0.113.{n}"))).collect();
        assert_eq!(told(&trial().run(&many)), [("tenant", Severity::High)]);
        assert!(trial().is_quiet(&many[1..]));
        assert!(trial().is_quiet(&(0..9).map(|n| leak(n, "203.0.113.1")).collect::<Vec<_>>()));
        let slow: Vec<Line> = (0..9).map(|n| leak(n * 16, &format!("203.0.113.{n}"))).collect();
        assert!(trial().is_quiet(&slow));
    }
}
