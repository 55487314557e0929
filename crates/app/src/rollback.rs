//! Noticing at the start that the database is an older copy or another one: the checkpoint beside it covers more leaves than
//! there are, or others.

use std::io::ErrorKind;

use countersign_ledger::{
    checkpoint::Checkpoint,
    proof::{ProofError, verify_consistency},
};

use crate::{Error, Ports, Tenant, audit::retired_verifiers, checkpoint_file_name};

/// Compares the checkpoint file beside the database, if there is one, with the ledger's head.
///
/// # Errors
/// `RolledBack` when it covers more leaves, `Diverged` when it covers others; `ForeignKey` when none of the ledger's keys, old or
/// new, signed it and no other process shares the database; `Unavailable` when it can't be read.
pub(crate) async fn check(ports: &Ports, tenant: &Tenant) -> Result<(), Error> {
    let Some(folder) = &ports.checkpoint_folder else { return Ok(()) };
    let path = folder.join(checkpoint_file_name(tenant.id.as_str()));
    let note = match std::fs::read_to_string(path) {
        Ok(note) if !note.is_empty() => note,
        // Why: without one, or with one that lost its content with the power, there is nothing to compare with.
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::Unavailable { detail: format!("the checkpoint file: {error}") }),
    };
    let retired = retired_verifiers(folder, &tenant.origin)
        .map_err(|error| Error::Unavailable { detail: format!("the list of retired keys: {error}") })?;
    let signed = tenant.verifiers().chain(retired).find_map(|key| Checkpoint::open(&note, &key).ok());
    let Some(Checkpoint { size: signed, root, .. }) = signed else {
        if ports.store.is_shared() {
            // Why: keys are retired in one replica's folder, and another's file may be older.
            tracing::warn!(tenant.id = %tenant.id, "the checkpoint file is by none of the keys known here and is not compared");
            return Ok(());
        }
        return Err(Error::ForeignKey { tenant: tenant.id.clone() });
    };
    let head = ports.store.get_ledger_head(&tenant.id).await?.frontier;
    let size = head.size();
    if signed > size {
        return Err(Error::RolledBack { tenant: tenant.id.clone(), signed, size });
    }
    let proof = ports.store.consistency_proof(&tenant.id, signed, size).await;
    let proof = proof.map_err(|error| match error {
        ProofError::Source(error) => Error::from(error),
        error => Error::internal(error),
    })?;
    if verify_consistency(signed, &root, size, &head.root(), &proof) {
        Ok(())
    } else {
        Err(Error::Diverged { tenant: tenant.id.clone(), signed })
    }
}
