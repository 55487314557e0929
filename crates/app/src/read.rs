//! Reading what was decided.

use countersign_core::{DecisionId, Entropy};
use countersign_store::{DecisionFilter, DecisionRow};

use crate::{App, Error, access::Within, decide::record::Record};

impl App {
    /// Decisions in the order of the ledger, newest first (oldest first where the filter says after which), at most `limit`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn decisions(
        &self,
        within: impl Into<Within<'_>>,
        filter: DecisionFilter,
        limit: u32,
    ) -> Result<Vec<DecisionRow>, Error> {
        let (scopes, is_forward) = (within.into().scopes(), filter.after.is_some());
        let mut rows = Vec::new();
        for scope in &scopes {
            rows.extend(self.ports.store.list_decisions(*scope, filter.clone(), limit).await?);
        }
        if scopes.len() > 1 {
            rows.sort_by_key(|row| if is_forward { row.leaf_index } else { u64::MAX - row.leaf_index });
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        Ok(rows)
    }

    /// A decision and its opened record.
    ///
    /// # Errors
    /// `NotFound`; `Erased` when its person was; `Unavailable`.
    pub async fn decision(
        &self,
        within: impl Into<Within<'_>>,
        id: &DecisionId,
    ) -> Result<(DecisionRow, Record), Error> {
        let within = within.into();
        let row = self.find_decision(within, id).await?;
        let record = self.open_record(within.tenant, &row).await?;
        Ok((row, record))
    }

    /// A decision.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn find_decision(
        &self,
        within: impl Into<Within<'_>>,
        id: &DecisionId,
    ) -> Result<DecisionRow, Error> {
        for scope in within.into().scopes() {
            if let Some(row) = self.ports.store.find_decision(scope, id).await? {
                return Ok(row);
            }
        }
        Err(Error::NotFound("decision"))
    }

    /// Whether decisions can be recorded, as far as is known: no decision was lost since the last one that was told.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.tenants.iter().all(|tenant| tenant.gap.lock().is_empty())
    }

    /// Where randomness comes from.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        self.ports.entropy.as_ref()
    }
}
