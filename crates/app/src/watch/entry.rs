//! Opening what the journal holds.

use std::{collections::BTreeMap, sync::Arc};

use countersign_privacy::Sealed;
use countersign_store::LogEntryRow;

use super::desk::readable;
use crate::{App, Error, Tenant, leaves, subjects::PersonKey};

/// The keys of entries that are opened together.
pub(super) struct Keys(BTreeMap<String, Arc<PersonKey>>);

impl Keys {
    /// Looks up the keys of these entries at once.
    pub(super) async fn of(app: &App, tenant: &Tenant, rows: &[LogEntryRow]) -> Result<Self, Error> {
        let names = rows.iter().map(|row| row.entry.key_id.as_str()).collect();
        Ok(Self(app.keys_named(tenant, names).await?))
    }

    /// What an entry says; `None` when its person was erased.
    pub(super) fn open(&self, tenant: &Tenant, row: &LogEntryRow) -> Result<Option<String>, Error> {
        let Some(key) = self.0.get(&row.entry.key_id) else { return Ok(None) };
        text(tenant, &row.entry.log_id, &row.entry.sealed, key).map(Some)
    }
}

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
    text(tenant, bound_to, sealed, &key).map(Some)
}

fn text(tenant: &Tenant, bound_to: &str, sealed: &[u8], key: &PersonKey) -> Result<String, Error> {
    let bytes = unseal(sealed, key, &leaves::context(tenant, bound_to))?;
    String::from_utf8(bytes).map_err(Error::internal)
}

/// Opens what is sealed under a key and bound to a context.
pub(super) fn unseal(sealed: &[u8], key: &PersonKey, context: &[u8]) -> Result<Vec<u8>, Error> {
    Sealed::open_bytes(sealed, &key.key, context).map_err(Error::internal)
}

impl App {
    /// What an entry says; `None` when its person was erased, or it is damaged.
    pub(crate) async fn open_entry(
        &self,
        tenant: &Tenant,
        row: &LogEntryRow,
    ) -> Result<Option<String>, Error> {
        let opened = open(self, tenant, &row.entry.log_id, (&row.entry.key_id, &row.entry.sealed)).await;
        readable(tenant, "log entry", opened)
    }
}
