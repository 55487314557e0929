//! Who tried to sign in from one source lately, and with what outcome.

use std::collections::BTreeMap;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::measure::{median, share};
use crate::{
    DAY, Event, HOUR, MINUTE, Seq,
    state::{Entry, Minute, Recent, Seen, Table},
};

/// The most that is remembered of one source, the newest: an account's failures in one organization, and its logins, are one each.
/// It bounds how many accounts can be told apart, and is above every threshold.
const REMEMBERED: usize = 256;

/// In how many organizations an account's failures are told apart, so that one name that is tried everywhere fills no memory.
const ORGANIZATIONS: usize = 4;

/// The most accounts that are remembered to sign in from one source.
const REGULARS: usize = 10;

/// For how long a regular must have come, so that accounts that were made for an attack are none.
const SETTLED: Micros = 7 * DAY;

/// After what silence a regular is none anymore.
const GONE: Micros = 30 * DAY;

/// The tries from one source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Crowd {
    tries: Recent<Tries>,
    /// So many tries can't make a difference: each adds one account at the most.
    rest: u16,
    told: Option<Timestamp>,
    regulars: Vec<Regular>,
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

/// The newest of an account's tries that are alike, and how many there were.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Tries {
    newest: Try,
    times: u16,
}

/// Somebody who signs in from the source.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Regular {
    who: u32,
    first: Minute,
    last: Minute,
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
    /// Accounts with failures.
    pub users: usize,
    /// Accounts that got in.
    pub insiders: usize,
    /// Those of them that are strangers.
    pub strangers: usize,
    /// Organizations with failures, related ones as one.
    pub units: usize,
    /// The median of an account's failures.
    pub median: u32,
    /// The newest entry of each account, oldest first.
    pub evidence: Vec<Seq>,
}

impl Counted {
    /// The accounts that failed as a share of those and the ones that got in: how often one account tried makes no difference.
    pub(super) fn ratio(&self) -> f64 {
        share(self.users, self.users.saturating_add(self.insiders))
    }
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
        self.tries.iter().filter(|seen| seen.what.newest.outcome == Outcome::Failed).count()
    }

    fn last(&self) -> Timestamp {
        self.tries.newest().map_or(Timestamp::default(), |seen| seen.at)
    }
}

impl Crowd {
    /// Takes a try; returns whether the source is to be judged.
    pub(super) fn take(&mut self, event: &Event<'_>, what: Try, window: Micros) -> bool {
        let at = event.at();
        let seen = self.merge(Seen { at, seq: event.seq, what }, window);
        self.tries.insert(seen, window, REMEMBERED);
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
                    self.remember(what.who, Minute::of(at));
                }
                what.outcome == Outcome::Stranger && self.explains(at, window)
            }
        }
    }

    /// Takes out what is there of the same account and joins the try with it, so that no account pushes out others.
    fn merge(&mut self, seen: Seen<Try>, window: Micros) -> Seen<Tries> {
        let Try { who, unit, outcome } = seen.what;
        let is_failure = outcome == Outcome::Failed;
        let is_alike = |tries: &Tries| {
            tries.newest.who == who && (tries.newest.outcome == Outcome::Failed) == is_failure
        };
        let before = self.tries.take(|tries| is_alike(tries) && (!is_failure || tries.newest.unit == unit));
        let mut joined = Seen { at: seen.at, seq: seen.seq, what: Tries { newest: seen.what, times: 1 } };
        if let Some(before) = before {
            let Seen { at, seq, what: Tries { newest, times } } = before;
            if joined.at.since(at).abs() <= window {
                joined.what.times = times.saturating_add(1);
                // Why: a stranger is known at the second login.
                if newest.outcome == Outcome::Stranger {
                    joined.what.newest.outcome = Outcome::Stranger;
                }
            }
            if at > joined.at {
                (joined.at, joined.seq) = (at, seq);
            }
        } else if self.tries.iter().filter(|seen| is_alike(&seen.what)).count() >= ORGANIZATIONS {
            self.tries.take(is_alike);
        }
        joined
    }

    /// What the `window` up to `at` shows.
    pub(super) fn count(&self, at: Timestamp, window: Micros) -> Counted {
        let mut counted = Counted::default();
        let mut units = Vec::new();
        let mut users: BTreeMap<Tag, u32> = BTreeMap::new();
        for seen in self.tries.within(at, window) {
            let Tries { newest, times } = seen.what;
            match newest.outcome {
                Outcome::Failed => {
                    *users.entry(newest.who).or_default() += u32::from(times);
                    units.extend(Some(newest.unit).filter(|unit| *unit != Tag(0)));
                }
                Outcome::Stranger => {
                    counted.insiders += 1;
                    counted.strangers += 1;
                }
                Outcome::Known => {
                    counted.insiders += 1;
                    continue;
                }
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

    /// How many accounts had signed in from there for a week by `at`, and did within a month; ten at the most.
    pub(super) fn regulars(&self, at: Timestamp) -> usize {
        let (settled, gone) = (at.plus(-SETTLED), at.plus(-GONE));
        let regulars = self.regulars.iter();
        regulars.filter(|known| known.first.start() <= settled && known.last.start() >= gone).count()
    }

    fn remember(&mut self, who: Tag, at: Minute) {
        let who = u32::try_from(who.0 >> 32).unwrap_or_default();
        let now = Regular { who, first: at, last: at };
        if let Some(known) = self.regulars.iter_mut().find(|known| known.who == who) {
            (known.first, known.last) = (known.first.min(at), known.last.max(at));
        } else if self.regulars.len() < REGULARS {
            self.regulars.push(now);
        } else if let Some(gone) =
            self.regulars.iter_mut().find(|known| at.start().since(known.last.start()) > GONE)
        {
            *gone = now;
        }
    }
}
