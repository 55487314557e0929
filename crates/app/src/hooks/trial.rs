//! A message by which a receiver is tried: it tells of no incident.

use countersign_core::{IdKind, TenantId, Timestamp};
use serde_json::json;

use super::{Hook, HookError, Message, Taken};
use crate::{App, Error, Tenant};

/// Sends a receiver one signed message of the type `countersign.test`, once.
///
/// # Errors
/// Why it was not taken.
pub async fn send_trial(hook: &Hook, tenant: &TenantId, id: &str, at: Timestamp) -> Result<Taken, HookError> {
    let body = json!({ "type": "countersign.test", "timestamp": at, "data": { "tenant": tenant.as_str() } });
    hook.sender.send(Message { id, about: id, at, body: body.to_string().as_bytes(), place: None }).await
}

impl App {
    /// Tries the receiver of this name; says why it did not take the message, where it did not.
    ///
    /// # Errors
    /// `NotFound` for a name that is not configured, and `Internal`.
    pub async fn try_hook(&self, tenant: &Tenant, name: &str) -> Result<Result<Taken, HookError>, Error> {
        let found = tenant.hooks.iter().find(|hook| hook.name == name);
        let hook = found.ok_or(Error::NotFound("receiver"))?;
        let id = self.make_id(IdKind::Record)?;
        Ok(send_trial(hook, &tenant.id, &id, self.ports.clock.now()).await)
    }
}
