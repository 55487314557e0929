//! Who may be sent next.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use countersign_app::management::Lane;
use countersign_auth0::management::LimitGroup;

use super::{
    Plan,
    bucket::{Bucket, Limit},
};

/// Something that waits to be sent, or is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::management) struct Ticket(u64);

/// What an answer told about its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::management) struct Observed {
    /// How many the server's bucket holds when full.
    pub(in crate::management) limit: Option<u32>,
    /// How many it had left.
    pub(in crate::management) remaining: Option<u32>,
    /// Nothing more before then, on the monotonic clock.
    pub(in crate::management) shut_until: Option<Duration>,
}

/// A request on its way.
struct Sent {
    group: LimitGroup,
    /// How many were sent before it, and whether it was alone when it was.
    serial: u64,
    is_alone: bool,
}

/// A limiter of one tenant. Whoever waits asks, is granted in its turn, and says when it is done.
pub(in crate::management) struct Limiter {
    buckets: Vec<Bucket>,
    of_group: BTreeMap<LimitGroup, Vec<usize>>,
    waiting: BTreeMap<(Lane, LimitGroup), VecDeque<Ticket>>,
    sent: BTreeMap<Ticket, Sent>,
    tickets: u64,
    grants: u64,
}

impl Limiter {
    /// A limiter whose buckets are full.
    pub(in crate::management) fn new(plan: Plan, now: Duration) -> Self {
        let mut limits: Vec<Limit> = vec![plan.shared()];
        let mut of_group = BTreeMap::new();
        for group in LimitGroup::ALL {
            let own = plan.own(group);
            let mut buckets = if own.is_none() || plan.counts_twice() { vec![0] } else { vec![] };
            if let Some(limit) = own {
                buckets.push(limits.len());
                limits.push(limit);
            }
            of_group.insert(group, buckets);
        }
        let buckets = limits.into_iter().map(|limit| Bucket::full(limit, now)).collect();
        Self { buckets, of_group, waiting: BTreeMap::new(), sent: BTreeMap::new(), tickets: 0, grants: 0 }
    }

    /// Takes a place in a lane.
    pub(in crate::management) fn ask(&mut self, group: LimitGroup, lane: Lane) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.entry((lane, group)).or_default().push_back(ticket);
        ticket
    }

    /// How many wait.
    pub(in crate::management) fn waiting(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }

    /// Gives a place up: of one that waits, or of one that was granted and not sent.
    pub(in crate::management) fn cancel(&mut self, ticket: Ticket, now: Duration) {
        if let Some(sent) = self.sent.remove(&ticket) {
            for index in self.of_group.get(&sent.group).into_iter().flatten() {
                if let Some(bucket) = self.buckets.get_mut(*index) {
                    bucket.fill(now);
                    bucket.give_back();
                }
            }
        }
        for queue in self.waiting.values_mut() {
            queue.retain(|other| *other != ticket);
        }
    }

    /// Grants what can be granted now, in lane order; says when to ask again, if time alone grants more.
    pub(in crate::management) fn grant(&mut self, now: Duration) -> (Vec<Ticket>, Option<Duration>) {
        for bucket in &mut self.buckets {
            bucket.fill(now);
        }
        let mut granted = Vec::new();
        let mut soonest: Option<Duration> = None;
        let mut claims = vec![0_u32; self.buckets.len()];
        for lane in Lane::ALL {
            let mut groups: Vec<LimitGroup> = self.groups_waiting(lane);
            while let Some(group) = self.eldest(lane, &groups) {
                match self.wait(group, lane, &claims, now) {
                    Some(Duration::ZERO) => granted.extend(self.send(group, lane)),
                    wait => {
                        // Why a claim: what comes after must leave the token that this one lacks another for.
                        for index in self.of_group.get(&group).into_iter().flatten() {
                            if let Some(claim) = claims.get_mut(*index) {
                                *claim = claim.saturating_add(1);
                            }
                        }
                        soonest = match (soonest, wait) {
                            (Some(soonest), Some(wait)) => Some(soonest.min(wait)),
                            (soonest, wait) => soonest.or(wait),
                        };
                        groups.retain(|other| *other != group);
                    }
                }
            }
        }
        (granted, soonest.map(|wait| now.saturating_add(wait)))
    }

    /// One on its way was answered, or given up.
    pub(in crate::management) fn done(&mut self, ticket: Ticket, observed: Observed, now: Duration) {
        let Some(sent) = self.sent.remove(&ticket) else { return };
        let indices = self.of_group.get(&sent.group).cloned().unwrap_or_default();
        let holds = |index: &usize, limit: u32| {
            self.buckets.get(*index).is_some_and(|bucket| bucket.burst() == limit)
        };
        // The headers tell of one bucket: the one of that size, else the narrowest.
        let exact =
            observed.limit.and_then(|limit| indices.iter().rev().find(|index| holds(index, limit))).copied();
        let Some(bucket) =
            exact.or_else(|| indices.last().copied()).and_then(|index| self.buckets.get_mut(index))
        else {
            return;
        };
        bucket.fill(now);
        if let Some(limit) = observed.limit {
            bucket.shrink(limit);
        }
        if let Some(remaining) = observed.remaining {
            bucket.lower(remaining);
            // Why alone: what else was on its way may not have been counted when this was answered.
            if exact.is_some() && sent.is_alone && sent.serial == self.grants {
                bucket.raise(remaining);
            }
        }
        if let Some(until) = observed.shut_until {
            bucket.shut(until);
        }
    }

    fn groups_waiting(&self, lane: Lane) -> Vec<LimitGroup> {
        let queues = self.waiting.iter().filter(|((other, _), queue)| *other == lane && !queue.is_empty());
        queues.map(|((_, group), _)| *group).collect()
    }

    /// The group whose first waits longest.
    fn eldest(&self, lane: Lane, groups: &[LimitGroup]) -> Option<LimitGroup> {
        let first = |group: &LimitGroup| self.waiting.get(&(lane, *group)).and_then(VecDeque::front).copied();
        groups.iter().copied().filter_map(|group| Some((first(&group)?, group))).min().map(|(_, group)| group)
    }

    /// How long the first of a lane's group has to wait; `None`: for another one, not for time.
    fn wait(&self, group: LimitGroup, lane: Lane, claims: &[u32], now: Duration) -> Option<Duration> {
        let indices = self.of_group.get(&group).map(Vec::as_slice).unwrap_or_default();
        indices.iter().try_fold(Duration::ZERO, |longest, index| {
            let (bucket, claims) = (self.buckets.get(*index)?, claims.get(*index).copied().unwrap_or(0));
            let kept = reserve(lane, bucket.burst()).saturating_add(claims);
            Some(longest.max(bucket.wait(kept, now)?))
        })
    }

    fn send(&mut self, group: LimitGroup, lane: Lane) -> Option<Ticket> {
        let ticket = self.waiting.get_mut(&(lane, group))?.pop_front()?;
        for index in self.of_group.get(&group).into_iter().flatten() {
            if let Some(bucket) = self.buckets.get_mut(*index) {
                bucket.take();
            }
        }
        self.grants += 1;
        let is_alone = self.sent.is_empty();
        self.sent.insert(ticket, Sent { group, serial: self.grants, is_alone });
        Some(ticket)
    }
}

/// How many of a bucket's tokens a lane leaves to those above it: a tenth above, and below it a fifth, where bulk stops
/// because Actions' own writes share the bucket. One token of a small bucket can always be had.
fn reserve(lane: Lane, burst: u32) -> u32 {
    let kept = match lane {
        Lane::Containment => 0,
        Lane::Interactive => burst / 10,
        Lane::Bulk => burst.div_ceil(5),
    };
    kept.min(burst.saturating_sub(1))
}

#[cfg(test)]
mod tests;
