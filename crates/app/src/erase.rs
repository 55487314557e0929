//! Erasure: a person's key is destroyed, and the ledger says so without naming them.

use std::sync::Arc;

use countersign_core::{IdKind, SubjectId};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, Write};

use crate::{App, Error, Tenant, leaves::Draft};

impl App {
    /// The pseudonym of a person by Auth0's user id.
    #[must_use]
    pub fn subject(tenant: &Tenant, user_id: &str) -> SubjectId {
        tenant.keys.subject(user_id)
    }

    /// Erases a person: the erasure is recorded, then the key destroyed. Every proof still verifies; nothing sealed
    /// about them opens again. Returns whether there was a key to destroy.
    ///
    /// # Errors
    /// `Unavailable` when either step could not be done; call it again. Once recorded it is also done at the next start.
    pub async fn erase(&self, tenant: &Tenant, subject: &SubjectId) -> Result<bool, Error> {
        // Why: what is told of the person meanwhile would be learned into a profile under the dead key.
        let _turn = self.turns.wait(subject).await;
        let found = self.ports.store.find_subject_key(&tenant.id, subject).await?;
        if let Some(key) = &found {
            let (id, at) = (self.make_id(IdKind::Record)?, self.ports.clock.now());
            let draft = Draft::new(&id, at, Kind::Erasure).fact("key", &key.key_id);
            let commit = Commit {
                leaves: vec![Self::public_leaf(tenant, draft)?],
                writes: vec![
                    Write::DeleteProfile(subject.clone()),
                    Write::Erasure { key_id: key.key_id.clone(), at },
                ],
                ..Commit::background(tenant.id.clone())
            };
            self.ports.store.commit(commit).await?;
            tracing::info!(tenant.id = %tenant.id, record.id = %id, "a person is being erased");
        }
        // Why: also without a key, since an earlier call may have deleted it and not cleared its traces.
        self.destroy_key(tenant, subject).await?;
        Ok(found.is_some())
    }

    /// Destroys each key whose erasure is on record: one that a crash left over, or that an old copy of the keys
    /// brought back.
    ///
    /// # Errors
    /// `Unavailable` while such a key can't be destroyed.
    pub(crate) async fn finish_erasures(&self) -> Result<(), Error> {
        let store = &self.ports.store;
        for tenant in self.tenants.iter() {
            for key_id in store.list_erasures(&tenant.id).await? {
                let Some(subject) = store.find_subject_of_key(&tenant.id, &key_id).await? else { continue };
                if let Err(error) = self.destroy_key(tenant, &subject).await {
                    // Why: a reader beside us may hold the log with the key's traces, which is no reason not to start.
                    if store.find_subject_of_key(&tenant.id, &key_id).await?.is_some() {
                        return Err(error);
                    }
                }
                tracing::warn!(tenant.id = %tenant.id, "a key of an erased person was still there and is destroyed");
            }
        }
        Ok(())
    }

    async fn destroy_key(&self, tenant: &Tenant, subject: &SubjectId) -> Result<(), Error> {
        let (store, keys) = (self.ports.store.clone(), Arc::clone(&self.subjects));
        let (tenant, subject) = (tenant.id.clone(), subject.clone());
        let work = async move {
            keys.forget(&tenant, &subject);
            let deleted = store.delete_subject_key(&tenant, &subject).await;
            // Why: also when it failed, since the key may be deleted all the same.
            keys.forget(&tenant, &subject);
            deleted
        };
        // Why: a caller that goes away must not leave a key in memory that is no longer on disk.
        self.late.finish(work).await??;
        Ok(())
    }
}
