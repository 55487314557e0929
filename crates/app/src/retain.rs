//! Retention: what records say about people is deleted when it is older than the operator keeps it. Leaves stay, so
//! that every proof holds, and the ledger tells what was deleted.

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, StoreError, Write};

use crate::{App, Error, Tenant, leaves::Draft};

/// Microseconds of a day.
const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// Leaves gone through in one transaction.
const BATCH: u64 = 4_096;

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
    /// Call it until it returns 0.
    ///
    /// # Errors
    /// `Unavailable`; the batch is gone through again next time.
    pub async fn retain(&self, tenant: &Tenant, kept: Kept, days: u32) -> Result<u64, Error> {
        let (store, at) = (&self.ports.store, self.ports.clock.now());
        let prefix = kept.prefix();
        let from = store.find_retention_cursor(&tenant.id, prefix).await?.unwrap_or(0);
        let oldest_kept = at.plus(-i64::from(days) * DAY_MICROS);
        let until = store.first_leaf_since(&tenant.id, oldest_kept).await?.min(from.saturating_add(BATCH));
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
            fence: tenant.lease.lock().clone(),
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
