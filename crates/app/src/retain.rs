//! Retention: what is known about people is deleted when it is older than the operator keeps it. Leaves stay, so that every
//! proof holds, and the ledger tells what was deleted.

use countersign_core::{IdKind, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, Old, StoreError, Write};

use crate::{App, Error, Lead, Tenant, leaves::Draft};

/// Microseconds of a day.
const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// Leaves gone through in one transaction: 4,096 hold up the sign-ins behind them for 300 ms (measured 2026-11-22), so many for
/// 10 ms.
const BATCH: u64 = 128;

/// A kind of record whose bodies can be deleted by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Decisions with the events that they were about.
    Decisions,
    /// Outcomes.
    Outcomes,
    /// The journal of the log, with what of it could not be read.
    Log,
    /// Alerts, but for those of incidents that are not closed.
    Alerts,
    /// Incidents that were closed, with their notes, and suppressions that ended.
    Incidents,
    /// Plans that came to their end, with what was said and written about them and how far their steps came; and closed reviews.
    Plans,
}

impl Kept {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Decisions, Self::Outcomes, Self::Log, Self::Alerts, Self::Incidents, Self::Plans];
}

impl App {
    /// Deletes one batch of what is older than `days`; returns how much was gone through. Call it until it returns 0. What is still
    /// needed is kept until it is not: decisions whose silence is not counted, entries that a replay may look at.
    ///
    /// # Errors
    /// `Unavailable`; the batch is gone through again next time.
    pub async fn retain(&self, tenant: &Tenant, lead: &Lead, kept: Kept, days: u32) -> Result<u64, Error> {
        let oldest_kept = self.ports.clock.now().plus(-i64::from(days) * DAY_MICROS);
        match kept {
            Kept::Decisions => self.drop_bodies(tenant, lead, ("dec_", true), (oldest_kept, days)).await,
            Kept::Outcomes => self.drop_bodies(tenant, lead, ("out_", false), (oldest_kept, days)).await,
            Kept::Log => self.forget_log(tenant, lead, (oldest_kept, days)).await,
            Kept::Alerts => {
                let old = Old::Alerts(oldest_kept);
                self.forget_old(tenant, lead, (old, "alerts"), days).await
            }
            Kept::Incidents => self.forget_incidents(tenant, lead, (oldest_kept, days)).await,
            Kept::Plans => self.forget_plans(tenant, lead, (oldest_kept, days)).await,
        }
    }

    /// Deletes the bodies of a batch of records; with `is_taught` only of those whose silence is counted.
    async fn drop_bodies(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        (prefix, is_taught): (&'static str, bool),
        (oldest_kept, days): (Timestamp, u32),
    ) -> Result<u64, Error> {
        let (store, at) = (&self.ports.store, self.ports.clock.now());
        let from = store.find_retention_cursor(&tenant.id, prefix).await?.unwrap_or(0);
        let mut until =
            store.first_leaf_since(&tenant.id, oldest_kept).await?.min(from.saturating_add(BATCH));
        if is_taught {
            // Why: without its body a decision teaches nothing.
            let counted = store.find_silence_cursor(&tenant.id).await?;
            until = until.min(counted.map_or(0, |leaf| leaf.saturating_add(1)));
        }
        if until <= from {
            return Ok(0);
        }
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, at, Kind::Administration)
            .fact("change", &"retention")
            .fact("records", &prefix)
            .fact("days", &days)
            .fact("from_leaf", &from)
            .fact("until_leaf", &until);
        let commit = Commit {
            fence: lead.fence(),
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![
                Write::DropBodies { prefix, from, until },
                Write::RetentionCursor { prefix, leaf: until },
            ],
            ..Commit::background(tenant.id.clone())
        };
        Ok(if self.is_committed(commit).await? { until - from } else { 0 })
    }

    /// Deletes a batch of what is old, and tells the ledger how much.
    pub(crate) async fn forget_old(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        (old, records): (Old, &'static str),
        days: u32,
    ) -> Result<u64, Error> {
        let most = u32::try_from(BATCH).unwrap_or(u32::MAX);
        let count = self.ports.store.count_old(&tenant.id, old, most).await?;
        if count == 0 {
            return Ok(0);
        }
        let (id, at) = (self.make_id(IdKind::Record)?, self.ports.clock.now());
        let draft = Draft::new(&id, at, Kind::Administration)
            .fact("change", &"retention")
            .fact("records", &records)
            .fact("days", &days)
            .fact("count", &count);
        let commit = Commit {
            fence: lead.fence(),
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![Write::Forget { old, most: u32::try_from(count).unwrap_or(most) }],
            ..Commit::background(tenant.id.clone())
        };
        Ok(if self.is_committed(commit).await? { count } else { 0 })
    }

    /// Commits what only the leading process does; `false` when another one leads now, and does it.
    pub(crate) async fn is_committed(&self, commit: Commit) -> Result<bool, Error> {
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(true),
            Err(StoreError::Fenced) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
