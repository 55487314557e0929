//! What a correlation keeps of one group, in event time and bounded.

use std::collections::{BTreeMap, VecDeque};

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use crate::{
    MAX_EVIDENCE, Seq,
    state::{Entry, Recent, Seen},
};

/// The largest count that is exact; beyond it, a window has [`BUCKETS`] parts.
const EXACT: u64 = 65;

/// The parts of a window that is counted coarsely: at the edge, a sixteenth of it is uncertain.
const BUCKETS: i64 = 16;

/// The most parts that are kept, for entries that come late.
const MAX_BUCKETS: usize = 64;

/// The most different values that are told apart.
pub(super) const MAX_VALUES: usize = 128;

/// How long a window is, and how much longer it is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) window: Micros,
    pub(super) lateness: Micros,
}

impl Span {
    pub(super) const fn kept(self) -> Micros {
        self.window.saturating_add(self.lateness)
    }
}

/// What a correlation found: a count that its bounds hold for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counted {
    pub(super) at: Timestamp,
    pub(super) count: u64,
    pub(super) evidence: Vec<Seq>,
}

/// Entries by parts of a window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Buckets(BTreeMap<i64, u32>);

impl Buckets {
    pub(super) fn add(&mut self, at: Timestamp, window: Micros) {
        let count = self.0.entry(bucket(at, window)).or_default();
        *count = count.saturating_add(1);
        while self.0.len() > MAX_BUCKETS {
            self.0.pop_first();
        }
    }

    /// How many there were within the window up to `at`.
    pub(super) fn count(&self, at: Timestamp, window: Micros) -> u64 {
        let last = bucket(at, window);
        let first = last.saturating_sub(BUCKETS - 1);
        self.0.range(first..=last).map(|(_, count)| u64::from(*count)).sum()
    }
}

fn bucket(at: Timestamp, window: Micros) -> i64 {
    at.micros().div_euclid((window / BUCKETS).max(1))
}

/// One step of a sequence, and the chain of earlier ones that led to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Step {
    first: Timestamp,
    last: Timestamp,
    evidence: Vec<Seq>,
}

/// What is kept of a group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    exact: Recent,
    coarse: Buckets,
    values: VecDeque<Seen<u64>>,
    steps: Vec<Option<Step>>,
    /// What the counted are held against.
    pub(super) others: Buckets,
    /// The newest time that was seen.
    newest: Timestamp,
    seen: u32,
}

impl Entry for Group {
    fn weight(&self) -> usize {
        usize::try_from(self.seen).unwrap_or(usize::MAX)
    }

    fn last(&self) -> Timestamp {
        self.newest
    }
}

impl Group {
    /// Notes that something was seen of the group; says whether it is not too old to count.
    pub(super) fn see(&mut self, at: Timestamp, span: Span) -> bool {
        let is_timely = self.seen == 0 || self.newest.since(at) <= span.kept();
        self.newest = if self.seen == 0 { at } else { self.newest.max(at) };
        self.seen = self.seen.saturating_add(1);
        is_timely
    }

    /// Counts an entry.
    pub(super) fn count(&mut self, at: Timestamp, seq: Seq, span: Span, bounds: &Bounds) -> Option<Counted> {
        let reach = bounds.reach();
        let seen = Seen { at, seq, what: () };
        if reach > EXACT {
            self.coarse.add(at, span.window);
            self.exact.insert(seen, span.kept(), MAX_EVIDENCE);
            let count = self.coarse.count(at, span.window);
            let evidence = self.exact.within(at, span.window).map(|seen| seen.seq).collect();
            return bounds.hold(count).then_some(Counted { at, count, evidence });
        }
        // Why twice: an entry that comes late stands in windows that end after it.
        let capacity = usize::try_from(reach * 2 - 1).unwrap_or(usize::MAX);
        self.exact.insert(seen, span.kept(), capacity);
        let is_kept = self.exact.iter().any(|kept| kept.at == at && kept.seq == seq);
        let ends = self.exact.iter().map(|end| end.at);
        let mut ends = ends.filter(|end| is_kept && (0..=span.window).contains(&end.since(at)));
        ends.find_map(|end| {
            let evidence: Vec<Seq> = self.exact.within(end, span.window).map(|seen| seen.seq).collect();
            let count = evidence.len() as u64;
            bounds.hold(count).then_some(Counted { at: end, count, evidence })
        })
    }

    /// Counts different values; of each, the newest time is kept.
    pub(super) fn distinct(&mut self, seen: Seen<u64>, span: Span, bounds: &Bounds) -> Option<Counted> {
        let known = self.values.iter().position(|other| other.what == seen.what);
        let older = known.and_then(|index| self.values.get(index)).is_some_and(|other| other.at <= seen.at);
        if let Some(index) = known.filter(|_| older) {
            self.values.remove(index);
        }
        if known.is_none() || older {
            let key = (seen.at, seen.seq);
            let after = self.values.iter().rposition(|other| (other.at, other.seq) <= key);
            self.values.insert(after.map_or(0, |index| index + 1), seen);
        }
        let newest = self.values.back().map_or(seen.at, |last| last.at);
        let is_old = |first: &Seen<u64>| newest.since(first.at) > span.kept();
        while self.values.len() > MAX_VALUES || self.values.front().is_some_and(is_old) {
            self.values.pop_front();
        }
        let within = self.values.iter().filter(|other| (0..=span.window).contains(&seen.at.since(other.at)));
        let evidence: Vec<Seq> = within.map(|other| other.seq).collect();
        let count = evidence.len() as u64;
        bounds.hold(count).then_some(Counted { at: seen.at, count, evidence })
    }

    /// Notes that rule `index` of `rules` spoke, in any order.
    pub(super) fn together(
        &mut self,
        (index, rules): (usize, usize),
        (at, evidence): (Timestamp, Vec<Seq>),
        span: Span,
        bounds: &Bounds,
    ) -> Option<Counted> {
        self.steps.resize(rules, None);
        let step = self.steps.get_mut(index)?;
        if step.as_ref().is_none_or(|old| old.last <= at) {
            *step = Some(Step { first: at, last: at, evidence });
        }
        let end =
            self.steps.iter().flatten().map(|step| step.last).filter(|last| last.since(at) <= span.window);
        let end = end.max().unwrap_or(at);
        let near = |step: &&Step| (0..=span.window).contains(&end.since(step.last));
        let mut found: Vec<&Step> = self.steps.iter().flatten().filter(near).collect();
        found.sort_by_key(|step| step.last);
        let count = found.len() as u64;
        let evidence = found.iter().flat_map(|step| step.evidence.iter().copied()).collect();
        bounds.hold(count).then_some(Counted { at: end, count, evidence })
    }

    /// Notes that rule `index` of `rules` spoke, in the order of the rules.
    ///
    /// Of each length of chain the one that began last is kept: if any chain ends in time, that one does.
    pub(super) fn in_order(
        &mut self,
        (index, rules): (usize, usize),
        (at, evidence): (Timestamp, Vec<Seq>),
        span: Span,
        bounds: &Bounds,
    ) -> Option<Counted> {
        self.steps.resize(rules, None);
        let before = match index.checked_sub(1) {
            None => None,
            Some(before) => {
                let step = self.steps.get(before)?.as_ref()?;
                let is_near = step.last <= at && at.since(step.first) <= span.window;
                Some(if is_near { step } else { return None })
            }
        };
        let first = before.map_or(at, |step| step.first);
        let mut chain = before.map(|step| step.evidence.clone()).unwrap_or_default();
        chain.extend(evidence);
        chain.drain(..chain.len().saturating_sub(MAX_EVIDENCE));
        let step = self.steps.get_mut(index)?;
        if step.as_ref().is_none_or(|old| old.first <= first) {
            *step = Some(Step { first, last: at, evidence: chain.clone() });
        }
        let count = index as u64 + 1;
        bounds.hold(count).then_some(Counted { at, count, evidence: chain })
    }
}
