//! What deciding works with, gathered before anything is computed.

use std::sync::Arc;

use countersign_core::{IdKind, Timestamp, Trigger};
use countersign_policy::Snapshot;
use countersign_privacy::Sealed;
use countersign_risk::{Context, Features, Profile, Sightings};
use countersign_store::{ProfileRow, SignUpRow};

use super::{Asked, Call, asked::Who};
use crate::{
    App, Error, Tenant, crowd,
    enrich::{Enriched, Facts},
    leaves,
    subjects::PersonKey,
};

pub(crate) struct Gathered {
    pub(crate) at: Timestamp,
    pub(crate) id: String,
    pub(crate) key: Arc<PersonKey>,
    pub(crate) snapshot: Arc<Snapshot>,
    /// Which of the operator's reference data the features were read with.
    pub(crate) reference: Vec<Arc<str>>,
    pub(crate) features: Features,
    pub(crate) profile: Option<Profile>,
    pub(crate) sightings: Sightings,
    /// What was decided before an account was made that is decided about now.
    pub(crate) asked: Option<SignUpRow>,
    /// What a connector told of somebody who signs up.
    pub(crate) facts: Facts,
    pub(crate) is_console_client: bool,
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
        let mut profile =
            known(tenant, self.in_time(call, self.read_profile(tenant, &key)).await, &mut degraded);
        if let (true, Some(email)) = (T::ASKS_BY_ADDRESS, event.address()) {
            let reading = self.in_time(call, self.read_profile_by_address(tenant, email));
            profile = known(tenant, reading.await, &mut degraded);
        }
        if let Some(profile) = &mut profile {
            profile.settle(at);
        }
        // Why the last confirmed one and no row: a failed attempt makes a row, and would undo what is carried.
        let is_new = profile.as_ref().is_none_or(|profile| profile.last_seen().is_none());
        let carried = if is_new && T::TRIGGER == Trigger::PostLogin {
            let of = (&*key, profile.as_ref());
            let reading = self.in_time(call, self.carried(tenant, event, of, at));
            known(tenant, reading.await, &mut degraded)
        } else {
            None
        };
        let asked = if event.is_sign_up() && matches!(event.who(), Who::User(_)) {
            let reading = self.in_time(call, self.asked_before(tenant, event, at));
            known(tenant, reading.await, &mut degraded)
        } else {
            None
        };
        if !call.truncated.is_empty() {
            degraded.push("truncated");
        }
        if tenant.is_stale(self.ports.clock.monotonic()) {
            degraded.push("policy_stale");
        }
        let sightings = event.sightings();
        let readings = tenant.velocity.lock().read(&sightings, at);
        let current = tenant.current();
        let context = Context {
            reference: &current.reference,
            readings,
            is_new,
            carried: carried.as_ref().map(|sign_up| sign_up.score),
            owes_challenge: carried.is_some_and(|sign_up| sign_up.owes_challenge),
            locate: &|address| self.located(address),
            kind_of: &|system| self.kind_of(system),
        };
        let (mut features, places) = self.by_places(|| event.extract(at, &context));
        if features.is_login {
            let member = crowd::member(event.organization(), &key.subject);
            features.shares = Some(tenant.crowd.read(&features, member));
        }
        let reference = [current.lists.clone(), places].into_iter().flatten().collect();
        let (id, snapshot) = (self.make_id(IdKind::Decision)?, Arc::clone(&current.policy));
        let is_console_client =
            event.client().is_some_and(|client| tenant.console_client.as_ref() == Some(client));
        Ok(Gathered {
            at,
            id,
            key,
            snapshot,
            reference,
            features,
            profile,
            sightings,
            asked,
            facts,
            is_console_client,
            degraded,
        })
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

    /// Reads history for half of the time that is left at the most: the other half is the ledger's.
    async fn in_time<T>(
        &self,
        call: &Call,
        reading: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let late = || Error::Unavailable { detail: "the database did not answer in time".to_owned() };
        let read = tokio::time::timeout(self.left(call) / 2, reading).await;
        read.unwrap_or_else(|_| Err(late()))
    }

    /// The profile of whoever has this key; `None` when there is none.
    async fn read_profile(&self, tenant: &Tenant, key: &PersonKey) -> Result<Option<Profile>, Error> {
        let row = self.ports.store.find_profile(&tenant.id, &key.subject).await?;
        row.map(|row| Self::open_profile(tenant, key, &row)).transpose()
    }

    /// The profile of the one account that is known to have an address.
    async fn read_profile_by_address(&self, tenant: &Tenant, email: &str) -> Result<Option<Profile>, Error> {
        let Some(holder) = self.holder(tenant, email).await? else { return Ok(None) };
        match self.find_key(tenant, &holder).await? {
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
