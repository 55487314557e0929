//! Reading what was decided.

use countersign_core::{DecisionId, Entropy};
use countersign_store::{DecisionFilter, DecisionRow};

use crate::{App, Error, access::Within, decide::record::Record};

impl App {
    /// Decisions in the order of the ledger, newest first; at most `limit`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn decisions(
        &self,
        within: impl Into<Within<'_>>,
        filter: DecisionFilter,
        limit: u32,
    ) -> Result<Vec<DecisionRow>, Error> {
        Ok(self.ports.store.list_decisions(within.into().scope(), filter, limit).await?)
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
        let found = self.ports.store.find_decision(within.into().scope(), id).await?;
        found.ok_or(Error::NotFound("decision"))
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
