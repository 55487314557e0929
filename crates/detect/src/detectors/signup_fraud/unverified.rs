//! Which of an hour's new accounts had no verified address a day later.

use std::collections::{BTreeSet, VecDeque};

use countersign_core::Timestamp;
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use crate::{DAY, Entity, Event, HOUR, MAX_EVIDENCE, Seq, detectors::measure::share};

/// The hours whose day is not over, and what is usual.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Unverified {
    hours: VecDeque<Batch>,
    closed: Option<i64>,
    usual_open: f64,
    usual_accounts: f64,
}

/// The accounts that were made within one clock hour (UTC).
#[derive(Debug, Serialize, Deserialize)]
struct Batch {
    hour: i64,
    tenant: Entity,
    accounts: BTreeSet<Tag>,
    open: BTreeSet<Tag>,
    evidence: Vec<Seq>,
}

/// The most accounts of an hour that are followed; they stand for the others.
const FOLLOWED: usize = 1_024;

/// How many accounts must be known before a share is usual.
const ENOUGH: f64 = 50.0;

/// How much an hour with accounts counts that lies one such hour further back.
const DECAY: f64 = 0.98;

/// By how much the share must exceed the usual one: where nobody verifies an address, it says nothing.
const RISE: f64 = 1.5;

/// An hour whose day is over.
pub(super) struct Due {
    /// When it was over.
    pub at: Timestamp,
    pub tenant: Entity,
    pub accounts: usize,
    /// The share without a verified address.
    pub share: f64,
    pub evidence: Vec<Seq>,
    usual: Option<f64>,
}

impl Due {
    pub(super) fn is_unusual(&self, least: f64) -> bool {
        self.share >= least && self.usual.is_some_and(|usual| self.share >= RISE * usual)
    }
}

impl Unverified {
    /// Takes a new account; one of an hour whose day is over is passed over.
    pub(super) fn sign_up(&mut self, event: &Event<'_>) {
        let Some(who) = event.tags.identity else { return };
        let hour = event.at().micros().div_euclid(HOUR);
        if self.closed.is_some_and(|closed| hour <= closed) {
            return;
        }
        let after = self.hours.iter().rposition(|batch| batch.hour <= hour).map_or(0, |index| index + 1);
        let is_there =
            after.checked_sub(1).and_then(|index| self.hours.get(index)).is_some_and(|b| b.hour == hour);
        if !is_there {
            let (accounts, open, evidence) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
            self.hours.insert(after, Batch { hour, tenant: event.tenant(), accounts, open, evidence });
        }
        let batch = self.hours.iter_mut().find(|batch| batch.hour == hour);
        if let Some(batch) = batch.filter(|batch| batch.accounts.len() < FOLLOWED)
            && batch.accounts.insert(who)
        {
            batch.open.insert(who);
            batch.evidence.push(event.seq);
            batch.evidence.drain(..batch.evidence.len().saturating_sub(MAX_EVIDENCE));
        }
    }

    /// Takes a verified address.
    pub(super) fn verify(&mut self, event: &Event<'_>) {
        let Some(who) = event.tags.identity else { return };
        for batch in &mut self.hours {
            batch.open.remove(&who);
        }
    }

    /// The hours whose day is over at `now`, oldest first.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Due> {
        let end = |hour: i64| Timestamp::from_micros(hour.saturating_add(1).saturating_mul(HOUR)).plus(DAY);
        let mut over = Vec::new();
        while self.hours.front().is_some_and(|batch| end(batch.hour) <= now) {
            let Some(batch) = self.hours.pop_front() else { break };
            let share = share(batch.open.len(), batch.accounts.len());
            let usual = (self.usual_accounts >= ENOUGH).then(|| self.usual_open / self.usual_accounts);
            let accounts = f64::from(u32::try_from(batch.accounts.len()).unwrap_or(u32::MAX));
            self.usual_open = self.usual_open * DECAY + share * accounts;
            self.usual_accounts = self.usual_accounts * DECAY + accounts;
            self.closed = self.closed.max(Some(batch.hour));
            let Batch { hour, tenant, accounts, evidence, .. } = batch;
            over.push(Due { at: end(hour), tenant, accounts: accounts.len(), share, evidence, usual });
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Alert, Severity,
        detectors::{
            signup_fraud::NATIVE,
            trial::{Line, Trial},
        },
    };

    const HOUR_S: i64 = 3_600;

    /// Accounts that are made in one hour, of which so many are verified within the next.
    fn hour(hour: i64, accounts: i64, verified: i64) -> Vec<Line> {
        let user = |n: i64| usize::try_from(hour * 1_000 + n).unwrap();
        let made =
            |n: i64| Line::new("ss", hour * HOUR_S + n * 60).user(user(n)).from(&format!("203.0.{n}.9"));
        let seen = |n: i64| Line::new("sv", (hour + 1) * HOUR_S + n * 60).user(user(n)).from("198.51.100.1");
        (0..accounts).map(made).chain((0..verified).map(seen)).collect()
    }

    fn found(lines: &[Line], until: i64) -> Vec<Alert> {
        let end = Line::new("sv", until * HOUR_S).user(0);
        Trial::of(&[NATIVE]).run(&[lines, &[end]].concat())
    }

    fn usual(verified: i64) -> Vec<Line> {
        (0..6).flat_map(|n| hour(n, 20, verified)).collect()
    }

    #[test]
    fn an_hour_of_accounts_that_nobody_verifies_is_a_trace_a_day_later() {
        let lines = [usual(15), hour(30, 25, 1)].concat();
        assert!(found(&lines, 54).is_empty(), "the day is not over");
        let alerts = found(&lines, 55);
        let start = crate::detectors::trial::START;
        assert_eq!(alerts.len(), 1);
        assert_eq!((alerts[0].severity, alerts[0].first.seconds()), (Severity::Low, start + 55 * HOUR_S));
        assert_eq!(alerts[0].evidence.len(), 25);
    }

    #[test]
    fn what_is_usual_verified_or_little_is_quiet() {
        assert!(found(&[usual(15), hour(30, 25, 6)].concat(), 60).is_empty(), "some are verified");
        assert!(found(&[usual(15), hour(30, 19, 0)].concat(), 60).is_empty(), "19 accounts");
        assert!(found(&[usual(1), hour(30, 25, 0)].concat(), 60).is_empty(), "nobody ever verifies");
        assert!(found(&hour(0, 25, 0), 60).is_empty(), "nothing is usual yet");
    }
}
