//! Noticing at the start that the database is an older copy: the checkpoint beside it covers more leaves than there are.

use countersign_ledger::checkpoint::Checkpoint;

use crate::{Error, Ports, Tenant, audit::retired_verifiers, checkpoint_file_name};

/// Compares the checkpoint file beside the database, if there is one, with the ledger's head.
///
/// # Errors
/// `RolledBack` when it covers more leaves; `Unavailable`.
pub(crate) async fn check(ports: &Ports, tenant: &Tenant) -> Result<(), Error> {
    let Some(folder) = &ports.checkpoint_folder else { return Ok(()) };
    let path = folder.join(checkpoint_file_name(tenant.id.as_str()));
    // Why: without one, or with one that a crash left unfinished, there is nothing to compare with.
    let Ok(note) = std::fs::read_to_string(path) else { return Ok(()) };
    let retired = retired_verifiers(folder, &tenant.origin)
        .map_err(|error| Error::Unavailable { detail: format!("the list of retired keys: {error}") })?;
    let signed = tenant.verifiers().chain(retired).find_map(|key| Checkpoint::open(&note, &key).ok());
    let Some(Checkpoint { size: signed, .. }) = signed else { return Ok(()) };
    let size = ports.store.get_ledger_head(&tenant.id).await?.frontier.size();
    if signed > size {
        return Err(Error::RolledBack { tenant: tenant.id.clone(), signed, size });
    }
    Ok(())
}
