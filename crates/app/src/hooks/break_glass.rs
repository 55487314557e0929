//! Receivers are told when the glass is broken, whatever else they hear of: it makes an administrator.

use countersign_core::IdKind;
use countersign_store::{Commit, DeliveryRow, DeliveryState, IncidentWrite};
use serde_json::json;

use crate::{App, Error, Tenant};

impl App {
    /// Tells each receiver of a tenant that a break-glass link was `made` or `used`. It names nobody.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn tell_break_glass(&self, tenant: &Tenant, what: &str) -> Result<(), Error> {
        if tenant.hooks.is_empty() {
            return Ok(());
        }
        let at = self.ports.clock.now();
        let key = self.get_key(tenant, &tenant.keys.log_day(at.days()), None).await?;
        let body = json!({
            "type": format!("access.break_glass_{what}"),
            "timestamp": at,
            "data": { "tenant": tenant.id.as_str() },
        });
        let deliver = |hook: &super::Hook| {
            let id = self.make_id(IdKind::Record)?;
            let row = DeliveryRow {
                hook: hook.name.clone(),
                about: id.clone(),
                event: format!("access.break_glass_{what}"),
                state: DeliveryState::Waiting,
                attempts: 0,
                made: at,
                next: at,
                key_id: key.id.clone(),
                sealed: self.seal(tenant, &key, &id, &body)?,
                id,
            };
            Ok(IncidentWrite::Deliver(row).into())
        };
        let writes = tenant.hooks.iter().map(deliver).collect::<Result<Vec<_>, Error>>()?;
        self.ports.store.commit(Commit { writes, ..Commit::background(tenant.id.clone()) }).await?;
        Ok(())
    }
}
