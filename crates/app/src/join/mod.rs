//! Entries of the log and the decisions that they belong to (docs/watch.md, "Joining"): what became of a decision is told by
//! the log, and a sign-in that nobody decided about is noticed.

mod bypass;
mod candidates;
mod entry;
mod matching;
mod outcome;
mod state;
mod work;

use std::collections::BTreeMap;

use countersign_core::{DecisionId, Level};
use countersign_store::{DecisionRow, JoinRow, Scope};

pub(crate) use self::state::Joining;
pub use self::{bypass::ABOUT as LOGIN_WITHOUT_DECISION, state::JoinCounts, work::Joined};
use crate::{App, Error, Tenant, access::Within};

impl App {
    /// Auth0's ids of the log entries that belong to a decision that was found within that, in the order of the ids.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn log_ids(
        &self,
        within: impl Into<Within<'_>>,
        decision: &DecisionRow,
    ) -> Result<Vec<String>, Error> {
        let (tenant, ids) = (within.into().tenant, vec![decision.decision.id.clone()]);
        let rows = self.ports.store.list_joins_of(&tenant.id, ids).await?;
        Ok(rows.into_iter().map(|row| row.log_id).collect())
    }

    /// The decisions that entries of the log belong to, by their places in the journal, each with its level.
    pub(crate) async fn decisions_of(
        &self,
        tenant: &Tenant,
        log_ids: Vec<String>,
    ) -> Result<BTreeMap<u64, (DecisionId, Level)>, Error> {
        let mut found = BTreeMap::new();
        for JoinRow { seq, decision, .. } in self.ports.store.list_joins_at(&tenant.id, log_ids).await? {
            let Some(id) = decision else { continue };
            if let Some(row) = self.ports.store.find_decision(Scope::Tenant(&tenant.id), &id).await? {
                found.insert(seq, (id, row.decision.level));
            }
        }
        Ok(found)
    }
}
