//! Opening what the journal holds.

use countersign_privacy::Sealed;
use countersign_store::LogEntryRow;

use crate::{App, Error, Tenant, leaves};

/// What the kind of a journaled event begins with. No type of a log entry has a colon.
pub(super) const EVENT: &str = "event:";

/// Whether a row is an entry of the log, which detectors look at, and not an event.
pub(super) fn is_log(row: &LogEntryRow) -> bool {
    !row.entry.kind.starts_with(EVENT)
}

/// What stands sealed under a key, bound to `bound_to`; `None` when its person was erased.
pub(super) async fn open(
    app: &App,
    tenant: &Tenant,
    bound_to: &str,
    (key_id, sealed): (&str, &[u8]),
) -> Result<Option<String>, Error> {
    let Some(key) = app.key_named(tenant, key_id).await? else { return Ok(None) };
    let context = leaves::context(tenant, bound_to);
    let bytes = Sealed::open_bytes(sealed, &key.key, &context).map_err(Error::internal)?;
    String::from_utf8(bytes).map(Some).map_err(Error::internal)
}
