//! Who tried to sign in from one source lately, and with what outcome.

use std::collections::BTreeMap;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::measure::median;
use crate::{
    DAY, Event, HOUR, MINUTE, Seq,
    state::{Entry, Minute, Recent, Seen, Table},
};

/// The most tries that are remembered of one source, the newest. It bounds how many accounts can be told apart, and is well above
/// every threshold.
const TRIES: usize = 256;

/// The most accounts that are remembered to sign in from one source.
const REGULARS: usize = 10;

/// The tries from one source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Crowd {
    tries: Recent<Try>,
    /// So many tries can't make a difference: each adds one account at the most.
    rest: u16,
    told: Option<Timestamp>,
    regulars: Vec<(u32, Minute)>,
}

/// One try.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Try {
    /// The account.
    pub who: Tag,
    /// The organization or its group; `Tag(0)` where there is none.
    pub unit: Tag,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// It failed.
    Failed,
    /// Somebody signed in who did so from that network before.
    Known,
    /// Somebody signed in who never did so from that network.
    Stranger,
}

/// What a window of tries shows.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub failures: usize,
    pub tries: usize,
    /// Strangers that got in.
    pub strangers: usize,
    /// Accounts with failures.
    pub users: usize,
    /// Organizations with failures, related ones as one.
    pub units: usize,
    /// The median of an account's failures.
    pub median: u32,
    /// The entries, oldest first.
    pub evidence: Vec<Seq>,
}

/// The crowd of a source. A failure makes one; a success counts for one that is there.
///
/// Why: nearly all sources only ever succeed, and what they would take is memory and time. Successes before a source's first failure
/// are not known then; those that follow are, and twenty accounts must fail before a source is judged.
pub(super) fn crowd_of(crowds: &mut Table<Crowd>, source: Tag, outcome: Outcome) -> Option<&mut Crowd> {
    if outcome == Outcome::Failed { Some(crowds.entry(source)) } else { crowds.get_mut(source) }
}

impl Entry for Crowd {
    fn weight(&self) -> usize {
        self.tries.iter().filter(|seen| seen.what.outcome == Outcome::Failed).count()
    }

    fn last(&self) -> Timestamp {
        self.tries.newest().map_or(Timestamp::default(), |seen| seen.at)
    }
}

impl Crowd {
    /// Takes a try; returns whether the source is to be judged.
    pub(super) fn take(&mut self, event: &Event<'_>, what: Try, window: Micros) -> bool {
        let at = event.at();
        self.tries.insert(Seen { at, seq: event.seq, what }, window, TRIES);
        match what.outcome {
            Outcome::Failed if self.rest > 0 => {
                self.rest -= 1;
                false
            }
            // Why: what was told is not counted anew at every try of a running attack.
            Outcome::Failed => !self.explains(at, MINUTE),
            Outcome::Known | Outcome::Stranger => {
                // Why not while it attacks: who gets in then is no regular.
                if !self.explains(at, DAY) {
                    self.remember(what.who, at);
                }
                what.outcome == Outcome::Stranger && self.explains(at, window)
            }
        }
    }

    /// What the `window` up to `at` shows.
    pub(super) fn count(&self, at: Timestamp, window: Micros) -> Counted {
        let mut counted = Counted::default();
        let mut units = Vec::new();
        let mut users: BTreeMap<Tag, u32> = BTreeMap::new();
        for seen in self.tries.within(at, window) {
            counted.tries += 1;
            match seen.what.outcome {
                Outcome::Failed => {
                    counted.failures += 1;
                    *users.entry(seen.what.who).or_default() += 1;
                    units.extend(Some(seen.what.unit).filter(|unit| *unit != Tag(0)));
                }
                Outcome::Stranger => counted.strangers += 1,
                Outcome::Known => continue,
            }
            counted.evidence.push(seen.seq);
        }
        units.sort_unstable();
        units.dedup();
        (counted.users, counted.units) = (users.len(), units.len());
        counted.median = median(&mut users.into_values().collect::<Vec<_>>());
        counted
    }

    /// Notes that `missing` accounts or units are missing for a finding.
    pub(super) fn lacks(&mut self, missing: usize) {
        self.rest = u16::try_from(missing.saturating_sub(1)).unwrap_or(u16::MAX);
    }

    /// Notes that a finding was told.
    pub(super) fn tell(&mut self, at: Timestamp) {
        self.told = self.told.max(Some(at));
    }

    /// Whether a finding was told within `span` before `at`: what a narrower source explains is not told of a wider one.
    pub(super) fn explains(&self, at: Timestamp, span: Micros) -> bool {
        self.told.is_some_and(|told| (0..span).contains(&at.since(told)))
    }

    /// Forgets tries that no window reaches any more; returns whether anything is left to know.
    pub(super) fn forget(&mut self, now: Timestamp, window: Micros) -> bool {
        self.tries.forget(now.plus(-window.saturating_add(HOUR)));
        let is_told = self.told.is_some_and(|told| now.since(told) <= DAY + HOUR);
        is_told || !self.tries.is_empty() || !self.regulars.is_empty()
    }

    /// How many accounts signed in from there before `at`, ten at the most.
    pub(super) fn regulars(&self, at: Timestamp) -> usize {
        self.regulars.iter().filter(|(_, since)| since.start() < at).count()
    }

    fn remember(&mut self, who: Tag, at: Timestamp) {
        let who = u32::try_from(who.0 >> 32).unwrap_or_default();
        if self.regulars.len() < REGULARS && !self.regulars.iter().any(|(known, _)| *known == who) {
            self.regulars.push((who, Minute::of(at)));
        }
    }
}
