//! What is to be told, put into the outbox for each receiver that hears of it.

use countersign_core::{IdKind, Timestamp};
use countersign_store::{Commit, DeliveryRow, DeliveryState, IncidentWrite, Write};
use serde_json::{Value, json};

use super::{Hook, Topic};
use crate::{App, Error, Tenant, subjects::PersonKey};

/// Something that happened, as receivers are told it. It names nobody.
pub(crate) struct Notice {
    /// The type of the event, one of [`super::KINDS`].
    pub(crate) kind: &'static str,
    /// What it is about, by id.
    pub(crate) about: String,
    /// By what the outbox knows it from others about the same: told once.
    pub(crate) event: String,
    /// Of which sort it is, and whose; `None`: it concerns every receiver.
    pub(crate) topic: Option<(Topic, String)>,
    /// What is told; the tenant is added.
    pub(crate) data: Value,
}

impl App {
    /// The writes that put a notice into the outbox, to be committed with the change that it tells of.
    pub(crate) fn notices(
        &self,
        tenant: &Tenant,
        notice: Notice,
        (key, at): (&PersonKey, Timestamp),
    ) -> Result<Vec<Write>, Error> {
        let Notice { kind, about, event, topic, mut data } = notice;
        if let Some(data) = data.as_object_mut() {
            data.insert("tenant".to_owned(), json!(tenant.id.as_str()));
        }
        let body = json!({ "type": kind, "timestamp": at, "data": data });
        let hears =
            |hook: &&Hook| topic.as_ref().is_none_or(|(topic, audience)| hook.hears.of(*topic, audience));
        let hooks = tenant.hooks.iter().filter(hears);
        hooks.map(|hook| self.outgoing(tenant, hook, (&about, &event), (&body, key, at))).collect()
    }

    /// The write that puts a body into the outbox for one receiver.
    pub(super) fn outgoing(
        &self,
        tenant: &Tenant,
        hook: &Hook,
        (about, event): (&str, &str),
        (body, key, at): (&Value, &PersonKey, Timestamp),
    ) -> Result<Write, Error> {
        let id = self.make_id(IdKind::Record)?;
        let row = DeliveryRow {
            hook: hook.name.clone(),
            about: about.to_owned(),
            event: event.to_owned(),
            state: DeliveryState::Waiting,
            attempts: 0,
            made: at,
            next: at,
            key_id: key.id.clone(),
            sealed: self.seal(tenant, key, &id, body)?,
            place: None,
            id,
        };
        Ok(IncidentWrite::Deliver(row).into())
    }

    /// Puts a notice into the outbox by itself, where it tells of nothing that is committed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn tell_all(&self, tenant: &Tenant, notice: Notice) -> Result<(), Error> {
        if tenant.hooks.is_empty() {
            return Ok(());
        }
        let at = self.ports.clock.now();
        let key = self.get_key(tenant, &tenant.keys.log_day(at.days()), None).await?;
        let writes = self.notices(tenant, notice, (&key, at))?;
        self.ports.store.commit(Commit { writes, ..Commit::background(tenant.id.clone()) }).await?;
        Ok(())
    }
}
