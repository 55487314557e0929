//! Receipts: one record's leaf, its place, and a proof under a signed checkpoint.

use std::time::Duration;

use countersign_ledger::{
    checkpoint::Checkpoint,
    proof::ProofError,
    receipt::{Base64, Format, Opening, Receipt},
};

use countersign_store::{CheckpointRow, LeafRow};

use crate::{
    App, Error, Tenant,
    access::{Permit, Within},
    reveal::{Reason, check_reason},
};

impl App {
    /// The receipt of a record: it says nothing about a person.
    ///
    /// A record younger than the newest checkpoint is covered by one that is signed now.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn receipt(&self, within: impl Into<Within<'_>>, record_id: &str) -> Result<Receipt, Error> {
        let (within, store) = (within.into(), &self.ports.store);
        let tenant = within.tenant;
        let leaf = self.find_leaf(within, record_id).await?;
        let needed = leaf.index.saturating_add(1);
        if store.list_checkpoints(&tenant.id, needed, 1).await?.is_empty() {
            self.sign_checkpoint(tenant).await?;
        }
        let checkpoint = self.covering(tenant, needed).await?;
        let checkpoint = checkpoint
            .ok_or_else(|| Error::Unavailable { detail: "no checkpoint covers the record yet".to_owned() })?;
        let proof = store.inclusion_proof(&tenant.id, leaf.index, checkpoint.size).await;
        let proof = proof.map_err(|error| match error {
            ProofError::Source(error) => Error::from(error),
            error => Error::internal(error),
        })?;
        Ok(Receipt {
            format: Format::V1,
            index: leaf.index,
            leaf: Base64(leaf.leaf),
            proof,
            checkpoint: checkpoint.note,
            verifier: tenant.verifier().to_string(),
            openings: Vec::new(),
        })
    }

    /// The receipt of a decision with all that its leaf commits to, and so with personal data: who opens it and why is a leaf of its
    /// own, on disk before the receipt leaves.
    ///
    /// # Errors
    /// As `receipt`; `Reason`, `Erased`, `NotKept`.
    pub async fn opened_receipt(
        &self,
        permit: &Permit,
        record_id: &str,
        reason: Reason<'_>,
    ) -> Result<Receipt, Error> {
        check_reason(permit, reason)?;
        let receipt = self.receipt(permit, record_id).await?;
        let (salt, body, key) = self.open_body(permit, receipt.index, record_id).await?;
        self.record_opening(permit, &key, ("decision", record_id), reason).await?;
        Ok(Receipt { openings: vec![Opening { salt: Base64(salt), body: Base64(body) }], ..receipt })
    }

    async fn find_leaf(&self, within: Within<'_>, record_id: &str) -> Result<LeafRow, Error> {
        for scope in within.scopes() {
            if let Some(leaf) = self.ports.store.find_leaf(scope, record_id).await? {
                return Ok(leaf);
            }
        }
        Err(Error::NotFound("record"))
    }

    /// The smallest checkpoint over `needed` leaves, or the newest one where only an earlier key signed that: a receipt is
    /// checked against the key in use.
    async fn covering(&self, tenant: &Tenant, needed: u64) -> Result<Option<CheckpointRow>, Error> {
        let store = &self.ports.store;
        let smallest = store.list_checkpoints(&tenant.id, needed, 1).await?.into_iter().next();
        let verifier = tenant.verifier();
        match smallest {
            Some(row) if Checkpoint::open(&row.note, &verifier).is_err() => {
                Ok(store.find_newest_checkpoint(&tenant.id).await?)
            }
            smallest => Ok(smallest),
        }
    }

    /// The newest signed checkpoint, as a note.
    ///
    /// # Errors
    /// `NotFound` while nothing was recorded.
    pub async fn newest_checkpoint(&self, tenant: &Tenant) -> Result<String, Error> {
        let newest = self.ports.store.find_newest_checkpoint(&tenant.id).await?;
        Ok(newest.ok_or(Error::NotFound("checkpoint"))?.note)
    }

    /// How old the newest checkpoint is, and how many leaves it does not cover yet.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn checkpoint_lag(&self, tenant: &Tenant) -> Result<(Duration, u64), Error> {
        let head = self.ports.store.get_ledger_head(&tenant.id).await?;
        let Some(newest) = self.ports.store.find_newest_checkpoint(&tenant.id).await? else {
            return Ok((Duration::ZERO, head.frontier.size()));
        };
        let age = u64::try_from(self.ports.clock.now().since(newest.at)).unwrap_or(0);
        Ok((Duration::from_micros(age), head.frontier.size().saturating_sub(newest.size)))
    }
}
