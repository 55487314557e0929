//! Erasure: a person's key is destroyed, and the ledger says so without naming them.

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
    /// `Unavailable` when either step could not be done; call it again.
    pub async fn erase(&self, tenant: &Tenant, subject: &SubjectId) -> Result<bool, Error> {
        let found = self.ports.store.find_subject_key(&tenant.id, subject).await?;
        if let Some(key) = &found {
            let id = self.make_id(IdKind::Record)?;
            let draft = Draft::new(&id, self.ports.clock.now(), Kind::Erasure).fact("key", &key.key_id);
            let commit = Commit {
                leaves: vec![Self::public_leaf(tenant, draft)?],
                writes: vec![Write::DeleteProfile(subject.clone())],
                ..Commit::background(tenant.id.clone())
            };
            self.ports.store.commit(commit).await?;
            tracing::info!(tenant.id = %tenant.id, record.id = %id, "a person is being erased");
        }
        // Why: also without a key, since an earlier call may have deleted it and not cleared its traces.
        self.ports.store.delete_subject_key(&tenant.id, subject).await?;
        self.forget_key(tenant, subject);
        Ok(found.is_some())
    }
}
