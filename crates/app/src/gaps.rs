//! Decisions that could not be recorded: counted, and told to the ledger once it can be written again.

use countersign_core::{DecisionId, IdKind, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, Scope, StoreError, Write};

use crate::{App, Error, Tenant, leaves::Draft};

/// Decisions in doubt at the most; of those beyond, the callers are counted as refused, whatever became of the leaf.
const DOUBTS: usize = 4_096;

/// How many decisions were refused for want of a leaf since the ledger last could be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Gap {
    count: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Commits of which it is not known yet whether they were lost.
    waiting: u64,
    /// Decisions whose commit failed without a word of whether it was done, as when the database dies while it answers.
    doubts: Vec<(DecisionId, Timestamp)>,
}

impl Gap {
    fn note(&mut self, at: Timestamp) {
        self.count += 1;
        // Why: what was waited for is noted later than it was lost.
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = self.last.max(Some(at));
    }

    /// A commit took longer than its caller could wait.
    pub(crate) const fn begin_waiting(&mut self) {
        self.waiting += 1;
    }

    /// It ended.
    pub(crate) const fn end_waiting(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }

    /// A commit failed; whether its decision is lost is found out once the ledger can be read.
    pub(crate) fn end_failed(&mut self, error: &StoreError, decision: Option<DecisionId>, at: Timestamp) {
        let is_known = !matches!(error, StoreError::Unavailable(_));
        match decision {
            Some(decision) if !is_known && self.doubts.len() < DOUBTS => self.doubts.push((decision, at)),
            _ => self.note(at),
        }
    }

    /// What was lost since the last telling; what is waited for or in doubt stays.
    fn take(&mut self) -> Self {
        let (waiting, doubts) = (self.waiting, std::mem::take(&mut self.doubts));
        Self { waiting: 0, ..std::mem::replace(self, Self { waiting, doubts, ..Self::default() }) }
    }

    /// Whether nothing was lost since the last telling, and nothing may be about to be.
    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0 && self.waiting == 0 && self.doubts.is_empty()
    }

    /// Puts a gap back that could not be told.
    fn restore(&mut self, earlier: &Self) {
        self.count += earlier.count;
        self.first = earlier.first.or(self.first);
        self.last = self.last.or(earlier.last);
    }
}

impl App {
    /// Notes that a decision could not be recorded.
    pub(crate) fn note_gap(&self, tenant: &Tenant) -> Error {
        tenant.gap.lock().note(self.ports.clock.now());
        Error::LedgerUnavailable
    }

    /// Tells the ledger of the decisions that it missed, as one leaf; nothing when it missed none.
    ///
    /// # Errors
    /// `Unavailable` while it still can't be written; the gap is kept.
    pub async fn record_gap(&self, tenant: &Tenant) -> Result<(), Error> {
        let doubts = std::mem::take(&mut tenant.gap.lock().doubts);
        if !doubts.is_empty() {
            let settled = self.settle_doubts(tenant, &doubts).await;
            let mut gap = tenant.gap.lock();
            match settled {
                Ok(lost) => lost.into_iter().for_each(|at| gap.note(at)),
                Err(error) => {
                    gap.doubts.extend(doubts);
                    return Err(error);
                }
            }
        }
        let gap = tenant.gap.lock().take();
        let (Some(first), Some(last)) = (gap.first, gap.last) else { return Ok(()) };
        let told = self.tell_gap(tenant, gap.count, first, last).await;
        if told.is_err() {
            tenant.gap.lock().restore(&gap);
        }
        told
    }

    /// Finds out which of these decisions are on record: those are marked as told to nobody. When the others were lost.
    async fn settle_doubts(
        &self,
        tenant: &Tenant,
        doubts: &[(DecisionId, Timestamp)],
    ) -> Result<Vec<Timestamp>, Error> {
        let store = &self.ports.store;
        // Why: whoever writes for the tenant does so alone, so that after this nothing of before is still under way.
        store.commit(Commit::background(tenant.id.clone())).await?;
        let (mut lost, mut writes) = (Vec::new(), Vec::new());
        for (decision, at) in doubts {
            match store.find_leaf(Scope::Tenant(&tenant.id), decision.as_str()).await? {
                Some(_) => writes.push(Write::Unanswered(decision.clone())),
                None => lost.push(*at),
            }
        }
        if !writes.is_empty() {
            tracing::warn!(tenant.id = %tenant.id, count = writes.len(), "decisions were recorded after their callers were told that there are none");
            store.commit(Commit { writes, ..Commit::background(tenant.id.clone()) }).await?;
        }
        Ok(lost)
    }

    async fn tell_gap(
        &self,
        tenant: &Tenant,
        count: u64,
        first: Timestamp,
        last: Timestamp,
    ) -> Result<(), Error> {
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, self.ports.clock.now(), Kind::Gap)
            .fact("count", &count)
            .fact("first", &first)
            .fact("last", &last);
        let leaf = Self::public_leaf(tenant, draft)?;
        self.ports
            .store
            .commit(Commit { leaves: vec![leaf], ..Commit::background(tenant.id.clone()) })
            .await?;
        tracing::warn!(tenant.id = %tenant.id, count, "{count} decisions could not be recorded; the gap is in the ledger now");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_that_could_not_be_told_joins_the_next_one() {
        let at = Timestamp::from_seconds;
        let mut early = Gap::default();
        early.note(at(1));
        early.note(at(2));
        let mut late = Gap::default();
        late.note(at(9));
        late.restore(&early);
        assert_eq!(late, Gap { count: 3, first: Some(at(1)), last: Some(at(9)), ..Gap::default() });
    }

    #[test]
    fn what_is_waited_for_is_no_gap_until_it_is_lost() {
        let at = Timestamp::from_seconds;
        let mut gap = Gap::default();
        gap.begin_waiting();
        gap.begin_waiting();
        gap.note(at(5));
        assert_eq!(gap.take(), Gap { count: 1, first: Some(at(5)), last: Some(at(5)), ..Gap::default() });
        gap.end_waiting();
        assert!(!gap.is_empty());
        gap.note(at(9));
        gap.end_waiting();
        gap.end_failed(&StoreError::Expired, None, at(4));
        assert_eq!(gap.take(), Gap { count: 2, first: Some(at(4)), last: Some(at(9)), ..Gap::default() });
        assert!(gap.is_empty());
    }

    #[test]
    fn a_commit_that_failed_without_a_word_is_in_doubt_and_no_gap_yet() {
        let (at, mut gap) = (Timestamp::from_seconds(1), Gap::default());
        let decision = || Some("dec_1".parse().unwrap());
        gap.end_failed(&StoreError::Unavailable("the connection broke".to_owned()), decision(), at);
        assert!(gap.take().is_empty() && !gap.is_empty());
        gap.end_failed(&StoreError::Expired, decision(), at);
        assert_eq!(gap.take(), Gap { count: 1, first: Some(at), last: Some(at), ..Gap::default() });
        for _ in 0..DOUBTS {
            gap.end_failed(&StoreError::Unavailable(String::new()), decision(), at);
        }
        assert_eq!((gap.doubts.len(), gap.count), (DOUBTS, 1));
    }
}
