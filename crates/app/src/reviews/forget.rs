//! Reviews that are forgotten: of who is erased, and by age.

use countersign_core::{IdKind, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, ReviewFilter, ReviewWrite, Write};

use super::queue::review_draft;
use crate::{App, Error, Lead, Tenant, leaves::Draft};

/// Reviews that are read at once.
const PAGE: u32 = 100;

/// The most reviews that are forgotten in one transaction.
const MOST: u32 = 32;

impl App {
    /// Drops the reviews that are sealed under a person's keys, with what was written about them: nobody could read or close them any more.
    pub(crate) async fn drop_reviews_of(&self, tenant: &Tenant, key_ids: &[String]) -> Result<(), Error> {
        let mut filter = ReviewFilter::default();
        loop {
            let rows = self.ports.store.list_reviews(&tenant.id, filter.clone(), PAGE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            filter.before = Some(last.id.clone());
            let mut commit = Commit::background(tenant.id.clone());
            let now = self.ports.clock.now();
            for row in rows.iter().filter(|row| key_ids.contains(&row.key_id)) {
                let record = self.make_id(IdKind::Record)?;
                let draft = review_draft((&record, now), "review_erased", row).fact("status", &row.status);
                commit.leaves.push(Self::public_leaf(tenant, draft)?);
                commit.writes.push(Write::Review(ReviewWrite::Drop(row.id.clone())));
            }
            if !commit.writes.is_empty() {
                self.ports.store.commit(commit).await?;
            }
        }
    }

    /// Forgets a batch of reviews that were closed before `oldest_kept` and whose marks are cleared, with what was written about them; how
    /// many.
    pub(crate) async fn forget_reviews(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        (oldest_kept, days): (Timestamp, u32),
    ) -> Result<u64, Error> {
        let filter = ReviewFilter { closed_before: Some(oldest_kept), ..ReviewFilter::default() };
        let rows = self.ports.store.list_reviews(&tenant.id, filter, MOST).await?;
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        if count == 0 {
            return Ok(0);
        }
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, self.ports.clock.now(), Kind::Administration)
            .fact("change", &"retention")
            .fact("records", &"reviews")
            .fact("days", &days)
            .fact("count", &count);
        let commit = Commit {
            fence: lead.fence(),
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: rows.into_iter().map(|row| Write::Review(ReviewWrite::Drop(row.id))).collect(),
            ..Commit::background(tenant.id.clone())
        };
        Ok(if self.is_committed(commit).await? { count } else { 0 })
    }
}
