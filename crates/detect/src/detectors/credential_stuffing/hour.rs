//! A tenant's failures of one hour, and what is usual at that hour of the week.

use countersign_core::Timestamp;
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use crate::{
    DAY, Event, HOUR, MAX_EVIDENCE, Seq,
    state::{Distinct, Entry, Recent, Seen, Table},
};

/// One clock hour (UTC).
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hour {
    number: i64,
    failures: u32,
    successes: u32,
    unknown: u32,
    users: Distinct,
    sources: Table<Source>,
    evidence: Recent<()>,
    /// What of the failures is learnt, where the hour was flagged.
    learnt: Option<f64>,
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
    fn new(number: i64) -> Self {
        Self {
            number,
            failures: 0,
            successes: 0,
            unknown: 0,
            users: Distinct::default(),
            sources: Table::new(SOURCES),
            evidence: Recent::default(),
            learnt: None,
        }
    }

    /// Whether `at` lies in a later hour.
    pub(super) const fn is_over(&self, at: Timestamp) -> bool {
        number_of(at) > self.number
    }

    /// Counts a failure; returns whether it lies in this hour. One of an earlier hour is passed over: a replay puts it in its place.
    pub(super) fn fail(&mut self, event: &Event<'_>, rare: Option<Tag>) -> bool {
        let (at, who) = (event.at(), event.tags.identity);
        if number_of(at) != self.number {
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        self.unknown = self.unknown.saturating_add(u32::from(event.kind() == "fu"));
        self.evidence.insert(Seen { at, seq: event.seq, what: () }, HOUR, MAX_EVIDENCE);
        let Some(who) = who else { return true };
        self.users.insert(who);
        for source in [event.tags.address, rare].into_iter().flatten() {
            self.sources.entry(source).fail(who, at);
        }
        true
    }

    pub(super) const fn succeed(&mut self, at: Timestamp) {
        if number_of(at) == self.number {
            self.successes = self.successes.saturating_add(1);
        }
    }

    /// Notes that the hour is an attack's, of which no more than `threshold` is to be learnt.
    pub(super) fn flag(&mut self, threshold: f64) {
        self.learnt.get_or_insert(threshold);
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

    /// Different accounts with failures.
    pub(super) fn users(&self) -> usize {
        self.users.count()
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

const fn number_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(HOUR)
}

/// The hours of a week.
const WEEK: usize = 168;

/// How much a week counts that lies one week further back.
const DECAY: f64 = 0.9;

/// How much an hour counts for the usual share of failures that lies one hour further back: half after four days.
const HOURLY_DECAY: f64 = 0.993;

/// How many tries must be known before the usual share of failures says something.
const ENOUGH: f64 = 200.0;

/// What is usual: failures by the hour of the week, and the share of failures at any time.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Usual {
    cells: Vec<Cell>,
    failures: f64,
    tries: f64,
    evicted: u64,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Cell {
    weight: f64,
    sum: f64,
    squares: f64,
}

impl Cell {
    fn learn(&mut self, value: f64) {
        self.weight = self.weight * DECAY + 1.0;
        self.sum = self.sum * DECAY + value;
        self.squares = self.squares * DECAY + value * value;
    }

    fn limit(&self, sigmas: f64) -> f64 {
        if self.weight <= 0.0 {
            return 0.0;
        }
        let mean = self.sum / self.weight;
        let variance = (self.squares / self.weight - mean * mean).max(0.0);
        // Why at least Poisson's: after two alike weeks the deviation would be none.
        mean + sigmas * variance.max(mean).sqrt()
    }
}

impl Usual {
    /// Takes the hour in, and the empty ones up to the one of `now`, and begins that one.
    pub(super) fn learn(&mut self, hour: &mut Hour, now: Timestamp) {
        let begun = number_of(now);
        if hour.number > i64::MIN {
            let failures = f64::from(hour.failures);
            let learnt = hour.learnt.map_or(failures, |most| failures.min(most));
            self.failures = self.failures * HOURLY_DECAY + learnt;
            self.tries = self.tries * HOURLY_DECAY + learnt + f64::from(hour.successes);
            self.take(hour.number, learnt);
            let weeks = 4 * i64::try_from(WEEK).unwrap_or(0);
            for empty in (hour.number + 1).max(begun.saturating_sub(weeks))..begun {
                self.take(empty, 0.0);
            }
        }
        self.evicted = self.evicted.saturating_add(hour.sources.evicted());
        *hour = Hour::new(begun);
    }

    /// How many sources were forgotten for want of room, this hour's among them.
    pub(super) const fn evicted(&self, hour: &Hour) -> u64 {
        self.evicted.saturating_add(hour.sources.evicted())
    }

    /// The mean and `sigmas` standard deviations of that hour of the week; 0 while it is not known.
    pub(super) fn limit(&self, hour: i64, sigmas: f64) -> f64 {
        self.cells.get(place(hour)).map_or(0.0, |cell| cell.limit(sigmas))
    }

    /// By how much the hour's share of failures exceeds the usual one; `None` while that is not known.
    pub(super) fn rise(&self, hour: &Hour) -> Option<f64> {
        let tries = f64::from(hour.failures) + f64::from(hour.successes);
        let (now, usual) = (f64::from(hour.failures) / tries.max(1.0), self.failures / self.tries.max(1.0));
        // Why a floor: where nobody ever fails, one failure is no rise. Why a ceiling: where everybody fails, no share can rise.
        let usual = usual.clamp(0.02, 0.6);
        (self.tries >= ENOUGH).then(|| now / usual)
    }

    fn take(&mut self, hour: i64, failures: f64) {
        self.cells.resize(WEEK, Cell::default());
        if let Some(cell) = self.cells.get_mut(place(hour)) {
            cell.learn(failures);
        }
    }
}

fn place(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(7 * DAY / HOUR)).unwrap_or(0)
}
