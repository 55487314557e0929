//! Erasure: a person's key is destroyed, and the ledger says so without naming them.

use std::sync::Arc;

use countersign_core::{IdKind, SubjectId, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_privacy::{Alias, Epoch};
use countersign_store::{Commit, SubjectKeyRow, Write};

use crate::{
    App, Error, Tenant,
    access::{Caller, Permit},
    learn::Turn,
    leaves::Draft,
};

impl App {
    /// The pseudonym of a person by Auth0's user id.
    #[must_use]
    pub fn subject(tenant: &Tenant, user_id: &str) -> SubjectId {
        tenant.keys.subject(user_id)
    }

    /// What stands for somebody outside in the period of `at`, 30 days long: whoever is told of two decisions of one period knows
    /// that they are about one person, and nobody joins two periods or two tenants without the tenant's keys.
    #[must_use]
    pub fn alias(tenant: &Tenant, subject: &SubjectId, at: Timestamp) -> Alias {
        tenant.keys.alias_of(subject, Epoch::of(at, Epoch::DAYS))
    }

    /// Erases a person: their name is taken out of incidents and plans that are about others, too, the erasure is recorded, then the key
    /// destroyed, and so are the keys of their addresses. Every
    /// proof still verifies; nothing sealed about them opens again. The tenant's crowd is emptied, to be built again by whoever
    /// waits for [`App::crowd_emptied`]. Returns whether there was a key to destroy.
    ///
    /// # Errors
    /// `Unavailable` when either step could not be done; call it again. Once recorded it is also done at the next start.
    pub async fn erase(&self, permit: &Permit, subject: &SubjectId) -> Result<bool, Error> {
        self.erase_as(permit, permit.caller(), subject).await
    }

    async fn erase_as(&self, tenant: &Tenant, by: &Caller, subject: &SubjectId) -> Result<bool, Error> {
        let (whole, _turns) = self.whole_person(tenant, subject).await?;
        let mut found = Vec::new();
        for name in &whole {
            found.extend(self.ports.store.find_subject_key(&tenant.id, name).await?.map(|key| (name, key)));
        }
        // Why: what is just being found would name the person again.
        let _at_rest = tenant.watch.at_rest().await;
        let key_ids: Vec<String> = found.iter().map(|(_, key)| key.key_id.clone()).collect();
        // Why first: once it is recorded, an erasure that was interrupted destroys keys and nothing else.
        self.unname(tenant, subject, &key_ids).await?;
        self.unname_plans(tenant, &whole, &key_ids).await?;
        self.drop_reviews_of(tenant, &key_ids).await?;
        // Why at the end: before it, the crowd would be built from what the keys still open.
        let _emptied = (!found.is_empty()).then(|| tenant.crowd.emptied_at_the_end());
        self.record_erasure(tenant, by, &whole, &found).await?;
        self.links.forget();
        for (name, key) in &found {
            self.destroy_key(tenant, name, &key.key_id).await?;
        }
        if found.is_empty() {
            // Why: an earlier call may have deleted it and not cleared its traces; no key has an empty name.
            self.destroy_key(tenant, subject, "").await?;
        }
        Ok(!found.is_empty())
    }

    /// A person and the addresses that are theirs alone, with the turns of all: nothing is told of them meanwhile, which
    /// would be learned into a profile under a dead key.
    async fn whole_person(
        &self,
        tenant: &Tenant,
        subject: &SubjectId,
    ) -> Result<(Vec<SubjectId>, Turn<'_>), Error> {
        let mut whole = vec![subject.clone()];
        loop {
            let turns = self.turns.wait_for_all(&whole).await;
            let addresses = self.own_addresses(tenant, subject).await?;
            if addresses.iter().all(|address| whole.contains(address)) {
                return Ok((whole, turns));
            }
            whole.extend(addresses);
            whole.dedup();
        }
    }

    /// The addresses of a person that nobody else has, as far as anybody proved it: who merely claims another's address
    /// must neither have what is known of it erased, nor keep it from being.
    async fn own_addresses(&self, tenant: &Tenant, subject: &SubjectId) -> Result<Vec<SubjectId>, Error> {
        let mut own = Vec::new();
        for row in self.ports.store.list_addresses(&tenant.id, subject).await? {
            let holders = self.ports.store.list_address_holders(&tenant.id, &row.address).await?;
            let mut others = holders.iter().filter(|other| other.subject != *subject).peekable();
            let is_alone = others.peek().is_none();
            if is_alone || row.is_verified && !others.any(|other| other.is_verified) {
                own.push(row.address);
            }
        }
        Ok(own)
    }

    /// Records that these keys are to be destroyed, and forgets what is learned of the person, their addresses and sign-ups.
    pub(crate) async fn record_erasure(
        &self,
        tenant: &Tenant,
        by: &Caller,
        whole: &[SubjectId],
        keys: &[(&SubjectId, SubjectKeyRow)],
    ) -> Result<(), Error> {
        let at = self.ports.clock.now();
        let mut commit = Commit::background(tenant.id.clone());
        for (_, key) in keys {
            let id = self.make_id(IdKind::Record)?;
            let draft = Draft::new(&id, at, Kind::Erasure).fact("key", &key.key_id).by(by);
            commit.leaves.push(Self::public_leaf(tenant, draft)?);
            commit.writes.push(Write::Erasure { key_id: key.key_id.clone(), at });
        }
        // Why: also without a key, since an older copy of the records may have brought these back.
        for name in whole {
            commit.writes.push(Write::DeleteProfile(name.clone()));
            commit.writes.push(Write::ForgetAddresses(name.clone()));
        }
        self.ports.store.commit(commit).await?;
        if !keys.is_empty() {
            tracing::info!(tenant.id = %tenant.id, keys = keys.len(), "what is sealed about a person, or a day of the log, is being erased");
        }
        Ok(())
    }

    /// Erases again who was erased elsewhere, as in the data that a backup replaces: each of these keys that is not on
    /// record as destroyed is recorded so, and destroyed where it is there. Returns how many were recorded.
    ///
    /// # Errors
    /// As `erase`; call it again.
    pub async fn repeat_erasures(
        &self,
        tenant: &Tenant,
        by: &Caller,
        key_ids: &[String],
    ) -> Result<u64, Error> {
        let store = &self.ports.store;
        let mut known = store.list_erasures(&tenant.id, None).await?;
        let mut count = 0;
        for key_id in key_ids {
            if known.binary_search(key_id).is_ok() {
                continue;
            }
            match store.find_subject_of_key(&tenant.id, key_id).await? {
                Some(subject) => {
                    self.erase_as(tenant, by, &subject).await?;
                    // Why: the keys of the person's addresses went with it.
                    known = store.list_erasures(&tenant.id, None).await?;
                }
                // Why: the key may yet come back, by an older copy of the keys.
                None => self.record_lost_key(tenant, by, key_id).await?,
            }
            count += 1;
        }
        Ok(count)
    }

    /// Records that a key is to be destroyed that is not there.
    async fn record_lost_key(&self, tenant: &Tenant, by: &Caller, key_id: &str) -> Result<(), Error> {
        let (id, at) = (self.make_id(IdKind::Record)?, self.ports.clock.now());
        let draft = Draft::new(&id, at, Kind::Erasure).fact("key", &key_id).by(by);
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
                if let Err(error) = self.destroy_key(tenant, &subject, &key_id).await {
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

    /// Destroys this very key: one that was made for the person since is another's to destroy.
    pub(crate) async fn destroy_key(
        &self,
        tenant: &Tenant,
        subject: &SubjectId,
        key_id: &str,
    ) -> Result<(), Error> {
        let (store, keys) = (self.ports.store.clone(), Arc::clone(&self.subjects));
        let (tenant, subject, key_id) = (tenant.id.clone(), subject.clone(), key_id.to_owned());
        let work = async move {
            keys.forget(&tenant, &subject);
            let deleted = store.delete_subject_key(&tenant, &subject, &key_id).await;
            // Why: also when it failed, since the key may be deleted all the same.
            keys.forget(&tenant, &subject);
            deleted
        };
        // Why: a caller that goes away must not leave a key in memory that is no longer on disk.
        self.late.finish(work).await??;
        Ok(())
    }
}
