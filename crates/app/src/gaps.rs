//! Decisions that could not be recorded: counted, and told to the ledger once it can be written again.

use countersign_core::{IdKind, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_store::Commit;

use crate::{App, Error, Tenant, leaves::Draft};

/// How many decisions were refused for want of a leaf since the ledger last could be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Gap {
    count: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Commits of which it is not known yet whether they were lost.
    waiting: u64,
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

    /// It ended; `lost` says when a decision was lost, if it was.
    pub(crate) fn end_waiting(&mut self, lost: Option<Timestamp>) {
        self.waiting = self.waiting.saturating_sub(1);
        if let Some(at) = lost {
            self.note(at);
        }
    }

    /// What was lost since the last telling; what is waited for stays.
    fn take(&mut self) -> Self {
        let waiting = self.waiting;
        Self { waiting: 0, ..std::mem::replace(self, Self { waiting, ..Self::default() }) }
    }

    /// Whether nothing was lost since the last telling, and nothing may be about to be.
    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0 && self.waiting == 0
    }

    /// Puts a gap back that could not be told.
    fn restore(&mut self, earlier: Self) {
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
        let gap = tenant.gap.lock().take();
        let (Some(first), Some(last)) = (gap.first, gap.last) else { return Ok(()) };
        let told = self.tell_gap(tenant, gap.count, first, last).await;
        if told.is_err() {
            tenant.gap.lock().restore(gap);
        }
        told
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
        late.restore(early);
        assert_eq!(late, Gap { count: 3, first: Some(at(1)), last: Some(at(9)), waiting: 0 });
    }

    #[test]
    fn what_is_waited_for_is_no_gap_until_it_is_lost() {
        let at = Timestamp::from_seconds;
        let mut gap = Gap::default();
        gap.begin_waiting();
        gap.begin_waiting();
        gap.note(at(5));
        assert_eq!(gap.take(), Gap { count: 1, first: Some(at(5)), last: Some(at(5)), waiting: 0 });
        gap.end_waiting(None);
        assert!(!gap.is_empty());
        gap.note(at(9));
        gap.end_waiting(Some(at(4)));
        assert_eq!(gap.take(), Gap { count: 2, first: Some(at(4)), last: Some(at(9)), waiting: 0 });
        assert!(gap.is_empty());
    }
}
