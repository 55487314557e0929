//! Signing the heads of the ledgers.

use std::{io::Write as _, path::Path, sync::Arc};

use countersign_ledger::checkpoint::Checkpoint;
use countersign_store::{CheckpointRow, Commit, Conflict, Fence, StoreError, Write};

use crate::{App, Error, Lead, Tenant};

impl App {
    /// Signs a checkpoint over the committed head, unless one of that size exists. Any process may, since what is committed is the
    /// same for all.
    ///
    /// # Errors
    /// `Unavailable` when the store is; the next call tries again.
    pub async fn sign_checkpoint(&self, tenant: &Tenant) -> Result<(), Error> {
        self.sign(tenant, None).await
    }

    /// As `sign_checkpoint`, as the job of each second: nothing is signed once another process has the lead.
    ///
    /// # Errors
    /// As `sign_checkpoint`.
    pub async fn sign_next_checkpoint(&self, tenant: &Tenant, lead: &Lead) -> Result<(), Error> {
        self.sign(tenant, lead.fence()).await
    }

    async fn sign(&self, tenant: &Tenant, fence: Option<Fence>) -> Result<(), Error> {
        // Why: of two at once the older one could be written last, or find its draft taken away.
        let turn = Arc::clone(&tenant.signing).lock_owned().await;
        let store = &self.ports.store;
        let head = store.get_ledger_head(&tenant.id).await?;
        let size = head.frontier.size();
        let newest = store.find_newest_checkpoint(&tenant.id).await?;
        if size == 0 || newest.is_some_and(|newest| newest.size >= size) {
            return Ok(());
        }
        let checkpoint = Checkpoint { origin: tenant.origin.clone(), size, root: head.frontier.root() };
        let note = checkpoint.sign_by_all(&tenant.signers).map_err(Error::internal)?;
        let row = CheckpointRow { size, note: note.clone(), at: self.ports.clock.now() };
        let commit =
            Commit { fence, writes: vec![Write::Checkpoint(row)], ..Commit::background(tenant.id.clone()) };
        match store.commit(commit).await {
            // Why: a checkpoint of this size means that another call, or a crash right after the commit, was first.
            Ok(_) | Err(StoreError::Conflict(Conflict::Checkpoint)) => {}
            // Why: another process leads by now, and signs.
            Err(StoreError::Fenced) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let Some(folder) = self.ports.checkpoint_folder.clone() else { return Ok(()) };
        let name = file_name(tenant.id.as_str());
        let written = tokio::task::spawn_blocking(move || {
            // INVARIANT: the turn ends with the writing, also when nobody waits for it any more.
            let _turn = turn;
            write_file(&folder, &name, &note)
        });
        let unavailable = |error: &dyn std::fmt::Display| Error::Unavailable {
            detail: format!("the checkpoint file: {error}"),
        };
        written.await.map_err(|error| unavailable(&error))?.map_err(|error| unavailable(&error))
    }
}

/// The file name of a tenant's newest checkpoint: letters, digits, `-` and `_` of its id, the rest as hexadecimal.
#[must_use]
pub fn file_name(tenant: &str) -> String {
    let safe = tenant.bytes().map(|byte| {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02x}")
        }
    });
    format!("{}.checkpoint", safe.collect::<String>())
}

/// Writes the newest checkpoint beside the database, whole or not at all: a database that is rolled back alone is noticed.
fn write_file(folder: &Path, name: &str, note: &str) -> std::io::Result<()> {
    let draft = folder.join(format!("{name}.new"));
    let mut file = std::fs::File::create(&draft)?;
    file.write_all(note.as_bytes())?;
    // Why: renamed before it is on disk, it could be empty after a power loss.
    file.sync_data()?;
    std::fs::rename(&draft, folder.join(name))
}
