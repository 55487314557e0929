//! Erasure: a person's key is destroyed, and the ledger says so without naming them.

use std::sync::Arc;

use countersign_core::{IdKind, SubjectId};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, SubjectKeyRow, Write};

use crate::{App, Error, Tenant, leaves::Draft};

impl App {
    /// The pseudonym of a person by Auth0's user id.
    #[must_use]
    pub fn subject(tenant: &Tenant, user_id: &str) -> SubjectId {
        tenant.keys.subject(user_id)
    }

    /// Erases a person: the erasure is recorded, then the key destroyed, and so are the keys of their addresses. Every
    /// proof still verifies; nothing sealed about them opens again. Returns whether there was a key to destroy.
    ///
    /// # Errors
    /// `Unavailable` when either step could not be done; call it again. Once recorded it is also done at the next start.
    pub async fn erase(&self, tenant: &Tenant, subject: &SubjectId) -> Result<bool, Error> {
        let addresses = self.ports.store.list_addresses(&tenant.id, subject).await?;
        let others = addresses.into_iter().map(|row| row.address).filter(|address| address != subject);
        let whole: Vec<SubjectId> = std::iter::once(subject.clone()).chain(others).collect();
        // Why: what is told of the person meanwhile would be learned into a profile under the dead key.
        let _turns = self.turns.wait_for_all(&whole).await;
        let mut found = Vec::new();
        for name in &whole {
            found.extend(self.ports.store.find_subject_key(&tenant.id, name).await?.map(|key| (name, key)));
        }
        self.record_erasure(tenant, subject, &found).await?;
        // Why: the person's also without a key, since an earlier call may have deleted it and not cleared its traces.
        for name in whole.iter().filter(|name| *name == subject || found.iter().any(|(key, _)| key == name)) {
            self.destroy_key(tenant, name).await?;
        }
        Ok(!found.is_empty())
    }

    /// Records that these keys are to be destroyed, and forgets what is learned and which address leads to the person.
    async fn record_erasure(
        &self,
        tenant: &Tenant,
        subject: &SubjectId,
        keys: &[(&SubjectId, SubjectKeyRow)],
    ) -> Result<(), Error> {
        let at = self.ports.clock.now();
        let mut commit = Commit::background(tenant.id.clone());
        for (name, key) in keys {
            let id = self.make_id(IdKind::Record)?;
            let draft = Draft::new(&id, at, Kind::Erasure).fact("key", &key.key_id);
            commit.leaves.push(Self::public_leaf(tenant, draft)?);
            commit.writes.push(Write::DeleteProfile((*name).clone()));
            commit.writes.push(Write::Erasure { key_id: key.key_id.clone(), at });
        }
        if keys.is_empty() {
            return Ok(());
        }
        commit.writes.push(Write::ForgetAddresses(subject.clone()));
        self.ports.store.commit(commit).await?;
        tracing::info!(tenant.id = %tenant.id, keys = keys.len(), "a person is being erased");
        Ok(())
    }

    /// Erases again who was erased elsewhere, as in the data that a backup replaces: each of these keys that is not on
    /// record as destroyed is recorded so, and destroyed where it is there. Returns how many were recorded.
    ///
    /// # Errors
    /// As `erase`; call it again.
    pub async fn repeat_erasures(&self, tenant: &Tenant, key_ids: &[String]) -> Result<u64, Error> {
        let store = &self.ports.store;
        let mut known = store.list_erasures(&tenant.id, None).await?;
        let mut count = 0;
        for key_id in key_ids {
            if known.binary_search(key_id).is_ok() {
                continue;
            }
            match store.find_subject_of_key(&tenant.id, key_id).await? {
                Some(subject) => {
                    self.erase(tenant, &subject).await?;
                    // Why: the keys of the person's addresses went with it.
                    known = store.list_erasures(&tenant.id, None).await?;
                }
                // Why: the key may yet come back, by an older copy of the keys.
                None => self.record_lost_key(tenant, key_id).await?,
            }
            count += 1;
        }
        Ok(count)
    }

    /// Records that a key is to be destroyed that is not there.
    async fn record_lost_key(&self, tenant: &Tenant, key_id: &str) -> Result<(), Error> {
        let (id, at) = (self.make_id(IdKind::Record)?, self.ports.clock.now());
        let draft = Draft::new(&id, at, Kind::Erasure).fact("key", &key_id);
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![Write::Erasure { key_id: key_id.to_owned(), at }],
            ..Commit::background(tenant.id.clone())
        };
        self.ports.store.commit(commit).await?;
        Ok(())
    }

    /// Destroys each key whose erasure is on record: one that a crash left over, or that an old copy of the keys
    /// brought back.
    ///
    /// # Errors
    /// `Unavailable` while such a key can't be destroyed.
    pub async fn finish_erasures(&self) -> Result<(), Error> {
        let store = &self.ports.store;
        for tenant in self.tenants.iter() {
            for key_id in store.list_erasures(&tenant.id, None).await? {
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
