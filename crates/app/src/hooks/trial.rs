//! A message by which a receiver is tried: it tells of no incident.

use countersign_core::{IdKind, TenantId, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_store::Commit;
use serde_json::json;

use super::{Hook, HookError, Message};
use crate::{App, Error, access::Permit, leaves::Draft};

/// Sends a receiver one signed message of the type `countersign.test`, once.
///
/// # Errors
/// Why it was not taken.
pub async fn send_trial(hook: &Hook, tenant: &TenantId, id: &str, at: Timestamp) -> Result<(), HookError> {
    let body = json!({ "type": "countersign.test", "timestamp": at, "data": { "tenant": tenant.as_str() } });
    hook.sender.send(Message { id, at, body: body.to_string().as_bytes() }).await
}

impl App {
    /// Tries the receiver of this name, once the ledger was told who does; says why it did not take the message, where it did not.
    ///
    /// # Errors
    /// `NotFound` for a name that is not configured, `Unavailable`, and `Internal`.
    pub async fn try_hook(&self, permit: &Permit, name: &str) -> Result<Result<(), HookError>, Error> {
        let found = permit.hooks.iter().find(|hook| hook.name == name);
        let hook = found.ok_or(Error::NotFound("receiver"))?;
        let (record, id) = (self.make_id(IdKind::Record)?, self.make_id(IdKind::Record)?);
        let at = self.ports.clock.now();
        let draft = Draft::new(&record, at, Kind::Administration)
            .fact("change", &"hook_tried")
            .fact("hook", &hook.name)
            .fact("message", &id)
            .by(permit.caller());
        let leaves = vec![Self::public_leaf(permit, draft)?];
        self.ports.store.commit(Commit { leaves, ..Commit::background(permit.id.clone()) }).await?;
        Ok(send_trial(hook, &permit.id, &id, at).await)
    }
}
