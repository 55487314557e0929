//! Retention: what records say about people is deleted when it is older than the operator keeps it. Leaves stay, so
//! that every proof holds, and the ledger tells what was deleted.

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, StoreError, Write};

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
}

impl Kept {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Decisions, Self::Outcomes];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Decisions => "dec_",
            Self::Outcomes => "out_",
        }
    }
}

impl App {
    /// Deletes the bodies of one batch of records that are older than `days`; returns how many leaves were gone through.
    /// Call it until it returns 0. Decisions whose silence is not counted yet are kept until it is.
    ///
    /// # Errors
    /// `Unavailable`; the batch is gone through again next time.
    pub async fn retain(&self, tenant: &Tenant, lead: &Lead, kept: Kept, days: u32) -> Result<u64, Error> {
        let (store, at) = (&self.ports.store, self.ports.clock.now());
        let prefix = kept.prefix();
        let from = store.find_retention_cursor(&tenant.id, prefix).await?.unwrap_or(0);
        let oldest_kept = at.plus(-i64::from(days) * DAY_MICROS);
        let mut until =
            store.first_leaf_since(&tenant.id, oldest_kept).await?.min(from.saturating_add(BATCH));
        if kept == Kept::Decisions {
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
        match store.commit(commit).await {
            Ok(_) => Ok(until - from),
            // Why: another process leads now, and does it.
            Err(StoreError::Fenced) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}
