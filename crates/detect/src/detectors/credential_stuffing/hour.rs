//! A tenant's failures of one hour.

use countersign_core::Timestamp;
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::super::account::account;
use crate::{
    Event, HOUR, MAX_EVIDENCE, Seq,
    state::{Distinct, Entry, Recent, Seen, Table},
};

/// One clock hour (UTC).
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hour {
    number: i64,
    failures: u32,
    unknown: u32,
    /// Accounts that failed and did not get in.
    users: Distinct,
    insiders: Distinct,
    sources: Table<Source>,
    evidence: Recent<()>,
    is_flagged: bool,
}

/// An address or a rare tool, with the first accounts that it tried.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Source {
    failures: u32,
    users: [u32; ACCOUNTS],
    last: Timestamp,
}

/// How many accounts a source must have tried to be marked: a person mistypes the name of one.
const ACCOUNTS: usize = 3;

/// The most sources of an hour that are watched.
const SOURCES: usize = 4_096;

/// The most sources that one finding marks.
const MARKED: usize = 50;

impl Entry for Source {
    fn weight(&self) -> usize {
        usize::try_from(self.failures).unwrap_or(usize::MAX)
    }

    fn last(&self) -> Timestamp {
        self.last
    }
}

impl Source {
    fn fail(&mut self, who: Tag, at: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        self.last = self.last.max(at);
        let who = u32::try_from(who.0 >> 32).unwrap_or_default().max(1);
        let place = self.users.iter_mut().find(|known| **known == 0 || **known == who);
        if let Some(place) = place {
            *place = who;
        }
    }

    fn is_attacker(&self) -> bool {
        self.users.iter().all(|who| *who != 0)
    }
}

impl Default for Hour {
    fn default() -> Self {
        Self::new(i64::MIN)
    }
}

impl Hour {
    /// An hour without entries.
    pub(super) fn new(number: i64) -> Self {
        Self {
            number,
            failures: 0,
            unknown: 0,
            users: Distinct::default(),
            insiders: Distinct::default(),
            sources: Table::new(SOURCES),
            evidence: Recent::default(),
            is_flagged: false,
        }
    }

    /// Whether `at` lies in a later hour.
    pub(super) const fn is_over(&self, at: Timestamp) -> bool {
        number_of(at) > self.number
    }

    /// Counts a failure; returns whether it lies in this hour. One of an earlier hour is passed over: a replay puts it in its place.
    pub(super) fn fail(&mut self, event: &Event<'_>, rare: Option<Tag>) -> bool {
        let at = event.at();
        if number_of(at) != self.number {
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        self.unknown = self.unknown.saturating_add(u32::from(event.kind() == "fu"));
        self.evidence.insert(Seen { at, seq: event.seq, what: () }, HOUR, MAX_EVIDENCE);
        let Some(who) = account(event) else { return true };
        // Why either order: entries of one second may come in any.
        if !self.insiders.contains(who) {
            self.users.insert(who);
        }
        for source in [event.tags.address, rare].into_iter().flatten() {
            self.sources.entry(source).fail(who, at);
        }
        true
    }

    /// Notes that somebody got in. Whoever does so after a failure mistyped.
    pub(super) fn succeed(&mut self, event: &Event<'_>) {
        if let Some(who) = account(event).filter(|_| number_of(event.at()) == self.number) {
            self.insiders.insert(who);
            self.users.remove(who);
        }
    }

    /// Notes that the hour is an attack's, which teaches little.
    pub(super) const fn flag(&mut self) {
        self.is_flagged = true;
    }

    pub(super) const fn is_flagged(&self) -> bool {
        self.is_flagged
    }

    pub(super) const fn number(&self) -> i64 {
        self.number
    }

    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Failures for names that are nobody's.
    pub(super) fn unknown(&self) -> usize {
        usize::try_from(self.unknown).unwrap_or(usize::MAX)
    }

    /// Different accounts that failed and did not get in within the hour.
    pub(super) fn users(&self) -> usize {
        self.users.count()
    }

    /// Different accounts that got in.
    pub(super) fn insiders(&self) -> usize {
        self.insiders.count()
    }

    /// How many sources were forgotten for want of room.
    pub(super) const fn evicted(&self) -> u64 {
        self.sources.evicted()
    }

    pub(super) fn evidence(&self) -> impl Iterator<Item = Seq> {
        self.evidence.iter().map(|seen| seen.seq)
    }

    /// The sources that tried several accounts, those of the most failures.
    pub(super) fn sources(&self) -> impl Iterator<Item = Tag> {
        let attackers = self.sources.iter().filter(|(_, source)| source.is_attacker());
        let mut ranks: Vec<(u32, Tag)> = attackers.map(|(tag, source)| (source.failures, tag)).collect();
        ranks.sort_unstable_by(|one, other| other.cmp(one));
        ranks.into_iter().take(MARKED).map(|(_, tag)| tag)
    }
}

/// The number of the clock hour.
pub(super) const fn number_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(HOUR)
}
