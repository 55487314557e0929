//! Opening what the journal holds.

use countersign_privacy::Sealed;

use crate::{App, Error, Tenant, leaves, subjects::PersonKey};

/// What stands sealed under a key, bound to `bound_to`; `None` when its person was erased.
pub(super) async fn open(
    app: &App,
    tenant: &Tenant,
    bound_to: &str,
    (key_id, sealed): (&str, &[u8]),
) -> Result<Option<String>, Error> {
    let Some(key) = app.key_named(tenant, key_id).await? else { return Ok(None) };
    let bytes = unseal(sealed, &key, &leaves::context(tenant, bound_to))?;
    String::from_utf8(bytes).map(Some).map_err(Error::internal)
}

/// Opens what is sealed under a key and bound to a context.
pub(super) fn unseal(sealed: &[u8], key: &PersonKey, context: &[u8]) -> Result<Vec<u8>, Error> {
    Sealed::open_bytes(sealed, &key.key, context).map_err(Error::internal)
}
