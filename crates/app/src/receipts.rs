//! Receipts: one record's leaf, its place, and a proof under a signed checkpoint.

use std::time::Duration;

use countersign_ledger::{
    checkpoint::Checkpoint,
    proof,
    receipt::{Base64, Format, Opening, Receipt},
};

use crate::{App, Error, Tenant};

impl App {
    /// The receipt of a record. With `is_opened` it also carries what the leaf commits to, and so personal data.
    ///
    /// A record younger than the newest checkpoint is covered by one that is signed now.
    ///
    /// # Errors
    /// `NotFound`, `Erased` (opened only), `Unavailable`.
    pub async fn receipt(&self, tenant: &Tenant, record_id: &str, is_opened: bool) -> Result<Receipt, Error> {
        let store = &self.ports.store;
        let leaf = store.find_leaf(&tenant.id, record_id).await?.ok_or(Error::NotFound("record"))?;
        let needed = leaf.index.saturating_add(1);
        if store.list_checkpoints(&tenant.id, needed, 1).await?.is_empty() {
            self.sign_checkpoint(tenant).await?;
        }
        let checkpoint = store.list_checkpoints(&tenant.id, needed, 1).await?.into_iter().next();
        let checkpoint = checkpoint
            .ok_or_else(|| Error::Unavailable { detail: "no checkpoint covers the record yet".to_owned() })?;
        let proof = proof::inclusion_proof(&store.proofs(&tenant.id), leaf.index, checkpoint.size)
            .map_err(Error::internal)?;
        let openings = if is_opened {
            let (salt, body) = self.open_body(tenant, leaf.index, record_id).await?;
            vec![Opening { salt: Base64(salt), body: Base64(body) }]
        } else {
            Vec::new()
        };
        Ok(Receipt {
            format: Format::V1,
            index: leaf.index,
            leaf: Base64(leaf.leaf),
            proof,
            checkpoint: checkpoint.note,
            verifier: tenant.verifier().to_string(),
            openings,
        })
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
        let checkpoint = Checkpoint::open(&newest.note, &tenant.verifier()).map_err(Error::internal)?;
        let age = u64::try_from(self.ports.clock.now().since(newest.at)).unwrap_or(0);
        Ok((Duration::from_micros(age), head.frontier.size().saturating_sub(checkpoint.size)))
    }
}
