//! Receipts: one record's leaf, its place, and a proof under a signed checkpoint.

use std::time::Duration;

use countersign_ledger::{
    checkpoint::Checkpoint,
    leaf::Kind,
    proof::ProofError,
    receipt::{Base64, Format, Opening, Receipt},
};

use countersign_core::IdKind;
use countersign_store::{CheckpointRow, Commit};

use crate::{App, Error, Tenant, access::Within, leaves::Draft};

impl App {
    /// The receipt of a record. With `is_opened` it also carries what the leaf commits to, and so personal data: that
    /// it was shown is a leaf of its own, on disk before the receipt leaves.
    ///
    /// A record younger than the newest checkpoint is covered by one that is signed now.
    ///
    /// # Errors
    /// `NotFound`, `Erased` (opened only), `Unavailable`.
    pub async fn receipt(
        &self,
        within: impl Into<Within<'_>>,
        record_id: &str,
        is_opened: bool,
    ) -> Result<Receipt, Error> {
        let (within, store) = (within.into(), &self.ports.store);
        let tenant = within.tenant;
        let leaf = store.find_leaf(within.scope(), record_id).await?.ok_or(Error::NotFound("record"))?;
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
        let openings = if is_opened {
            let (salt, body) = self.open_body(tenant, leaf.index, record_id).await?;
            self.record_reveal(tenant, record_id).await?;
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

    /// Tells the ledger that what a record says about a person is about to be shown.
    pub(crate) async fn record_reveal(&self, tenant: &Tenant, record_id: &str) -> Result<(), Error> {
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, self.ports.clock.now(), Kind::Reveal).fact("record", &record_id);
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            ..Commit::background(tenant.id.clone())
        };
        self.ports.store.commit(commit).await?;
        Ok(())
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
