//! Rotation of the master key and of the key that signs checkpoints, and putting an older copy in force.

use countersign_core::{IdKind, SubjectId};
use countersign_ledger::{checkpoint::Checkpoint, leaf::Kind};
use countersign_privacy::WrappedKey;
use countersign_store::Commit;

use crate::{App, Error, Tenant, leaves::Draft, tenants};

/// Keys wrapped anew between two looks at the list.
const PAGE: u32 = 256;

impl App {
    /// Wraps the keys of a tenant's people under the newest master key, and keeps what pseudonyms are made from under it
    /// too; returns how many keys were wrapped anew. When it has returned, earlier master keys open nothing of this tenant.
    ///
    /// # Errors
    /// `Unavailable`; call it again, which goes on where it ended.
    pub async fn rewrap_keys(&self, tenant: &Tenant) -> Result<u64, Error> {
        let (store, entropy) = (&self.ports.store, self.ports.entropy.as_ref());
        // Why kept first: a process that starts meanwhile with the earlier keys alone must not keep another.
        let root = tenants::keep_pseudonym_root(&self.ports, &tenant.id).await?;
        let wrapped = self.ports.master.wrap_root(&tenant.id, &root, entropy).map_err(Error::internal)?;
        store.put_pseudonym_root(&tenant.id, wrapped).await?;
        let mut count = 0;
        let mut after: Option<SubjectId> = None;
        loop {
            let page = store.list_subject_keys(&tenant.id, after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (subject, row) in &page {
                let known = WrappedKey::from_bytes(row.wrapped.clone());
                let rewrapped = tenant.keys.rewrap(subject, &known, entropy).map_err(Error::internal)?;
                if let Some(key) = rewrapped {
                    let bytes = key.as_bytes().to_vec();
                    // Why: one that is not there any more was erased meanwhile, which is as good.
                    count += u64::from(store.rewrap_subject_key(&tenant.id, subject, row, bytes).await?);
                }
            }
        }
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, self.ports.clock.now(), Kind::Administration)
            .fact("change", &"master_key_rotated")
            .fact("keys", &count);
        self.tell(tenant, draft).await?;
        Ok(count)
    }

    /// Tells the ledger that another key signs its checkpoints from now on, where that is so.
    pub(crate) async fn record_signing_key(&self, tenant: &Tenant) -> Result<(), Error> {
        let Some(newest) = self.ports.store.find_newest_checkpoint(&tenant.id).await? else { return Ok(()) };
        if Checkpoint::open(&newest.note, &tenant.verifier()).is_ok() {
            return Ok(());
        }
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, self.ports.clock.now(), Kind::Administration)
            .fact("change", &"checkpoint_key_rotated")
            .fact("verifier", &tenant.verifier());
        self.tell(tenant, draft).await
    }

    /// Tells the ledger that an operator put an older copy of it in force knowingly: it had `from` leaves and has `to`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn record_rollback(&self, tenant: &Tenant, from: u64, to: u64) -> Result<(), Error> {
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, self.ports.clock.now(), Kind::Administration)
            .fact("change", &"rolled_back")
            .fact("from", &from)
            .fact("to", &to);
        self.tell(tenant, draft).await
    }

    /// Adds one leaf that says nothing about a person.
    pub(crate) async fn tell(&self, tenant: &Tenant, draft: Draft<'_>) -> Result<(), Error> {
        let leaves = vec![Self::public_leaf(tenant, draft)?];
        self.ports.store.commit(Commit { leaves, ..Commit::background(tenant.id.clone()) }).await?;
        Ok(())
    }
}
