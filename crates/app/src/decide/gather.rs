//! What deciding works with, gathered before anything is computed.

use std::sync::Arc;

use countersign_core::{IdKind, Timestamp};
use countersign_policy::Snapshot;
use countersign_privacy::Sealed;
use countersign_risk::{Context, Features, Profile, Sightings};
use countersign_store::{AddressRow, ProfileRow};

use super::{Asked, Call, addresses};
use crate::{
    App, Error, Tenant,
    enrich::{Enriched, Facts},
    leaves,
    subjects::PersonKey,
};

pub(crate) struct Gathered {
    pub(crate) at: Timestamp,
    pub(crate) id: String,
    pub(crate) key: Arc<PersonKey>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) features: Features,
    pub(crate) profile: Option<Profile>,
    /// What is known of the event's address; read only of somebody who has no profile.
    pub(crate) address: Option<AddressRow>,
    pub(crate) sightings: Sightings,
    /// What a connector told of somebody who signs up.
    pub(crate) facts: Facts,
    pub(crate) degraded: Vec<&'static str>,
}

impl App {
    pub(super) async fn gather<T: Asked>(
        &self,
        tenant: &Tenant,
        call: &Call,
        event: &T,
        enriched: Enriched,
    ) -> Result<Gathered, Error> {
        let at = self.ports.clock.now();
        let key = self.get_key_in_time(tenant, call, event).await?;
        let Enriched { facts, degraded } = enriched;
        let mut degraded = Vec::from_iter(degraded);
        let mut profile = known(tenant, self.read_profile(tenant, &key).await, &mut degraded);
        let mut address = None;
        if let (None, Some(email)) = (&profile, event.address()) {
            let found = self.ports.store.find_address(&tenant.id, &tenant.keys.address(email)).await;
            address = known(tenant, found.map_err(Error::from), &mut degraded);
        }
        if let (None, Some(subject)) = (&profile, address.as_ref().and_then(T::history_of)) {
            profile = known(tenant, self.read_profile_of(tenant, subject).await, &mut degraded);
        }
        if !call.truncated.is_empty() {
            degraded.push("truncated");
        }
        if tenant.is_stale(self.ports.clock.monotonic()) {
            degraded.push("policy_stale");
        }
        let sightings = event.sightings();
        let readings = tenant.velocity.lock().read(&sightings, at);
        let carried = address.as_ref().and_then(|row| addresses::carried(row, at));
        let current = tenant.current();
        let features = event.extract(at, &Context { reference: &current.reference, readings, carried });
        let (id, snapshot) = (self.make_id(IdKind::Decision)?, Arc::clone(&current.policy));
        Ok(Gathered { at, id, key, snapshot, features, profile, address, sightings, facts, degraded })
    }

    /// The key to seal the record with, made at first sight; a gap when it can't be had in time.
    async fn get_key_in_time<T: Asked>(
        &self,
        tenant: &Tenant,
        call: &Call,
        event: &T,
    ) -> Result<Arc<PersonKey>, Error> {
        let subject = event.who().subject(&tenant.keys);
        let getting = self.get_key(tenant, &subject, Some(call.ledger_deadline()));
        match tokio::time::timeout(self.left(call), getting).await {
            Ok(Ok(key)) => return Ok(key),
            Ok(Err(error)) => {
                tracing::error!(tenant.id = %tenant.id, detail = error.detail(), "no key to seal a decision with");
            }
            Err(_) => {
                tracing::error!(tenant.id = %tenant.id, "no key to seal a decision with within its budget");
            }
        }
        Err(self.note_gap(tenant))
    }

    /// The profile of whoever has this key; `None` when there is none.
    async fn read_profile(&self, tenant: &Tenant, key: &PersonKey) -> Result<Option<Profile>, Error> {
        let row = self.ports.store.find_profile(&tenant.id, &key.subject).await?;
        row.map(|row| Self::open_profile(tenant, key, &row)).transpose()
    }

    /// As `read_profile`, for somebody whose key is not at hand.
    async fn read_profile_of(
        &self,
        tenant: &Tenant,
        subject: &countersign_core::SubjectId,
    ) -> Result<Option<Profile>, Error> {
        match self.find_key(tenant, subject).await? {
            Some(key) => self.read_profile(tenant, &key).await,
            None => Ok(None),
        }
    }

    /// Opens a profile as stored.
    pub(crate) fn open_profile(tenant: &Tenant, key: &PersonKey, row: &ProfileRow) -> Result<Profile, Error> {
        let bytes = Sealed::open_bytes(&row.sealed, &key.key, &leaves::context(tenant, "profile"))
            .map_err(Error::internal)?;
        Profile::decode(&bytes).map_err(Error::internal)
    }
}

/// What can't be read counts as not known, and the decision says so.
fn known<T>(tenant: &Tenant, found: Result<Option<T>, Error>, degraded: &mut Vec<&'static str>) -> Option<T> {
    found.unwrap_or_else(|error| {
        tracing::warn!(tenant.id = %tenant.id, detail = error.detail(), "a history could not be read");
        if !degraded.contains(&"history_unavailable") {
            degraded.push("history_unavailable");
        }
        None
    })
}
