//! Reading what a plan is made from.

use std::collections::BTreeMap;

use countersign_auth0::management::{
    AnyRequest, actions, client_grants, clients, event_streams, log_streams, resource_servers,
};
use countersign_plan::install::{Capability, Goal, Observed, TRIGGERS};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Error, Port};
use crate::management::{Error as ApiError, Lane};

/// Which parts of a tenant are read: reading what nobody asked about would need scopes that nobody accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Actions and their order.
    pub actions: bool,
    /// Log streams.
    pub log_streams: bool,
    /// Event streams.
    pub event_streams: bool,
    /// APIs.
    pub apis: bool,
    /// Applications and what they may do.
    pub clients: bool,
}

impl Parts {
    /// Everything that we can leave behind.
    pub const ALL: Self =
        Self { actions: true, log_streams: true, event_streams: true, apis: true, clients: true };

    /// What the capabilities of a goal are about.
    #[must_use]
    pub fn of(goal: &Goal) -> Self {
        let has = |capability| goal.capabilities.contains_key(&capability);
        Self {
            actions: has(Capability::Decide),
            log_streams: has(Capability::Ingest),
            event_streams: has(Capability::Events),
            apis: has(Capability::Api),
            clients: goal.client.is_some(),
        }
    }
}

/// Reads a tenant for somebody who waits for it.
///
/// # Errors
/// `Api`.
pub async fn observe(
    port: &dyn Port,
    parts: Parts,
    fingerprints: BTreeMap<String, String>,
) -> Result<Observed, Error> {
    let observed = observe_by(port, parts, Lane::Interactive).await?;
    Ok(Observed { fingerprints, ..observed })
}

/// Reads a tenant by a lane.
pub(crate) async fn observe_by(port: &dyn Port, parts: Parts, lane: Lane) -> Result<Observed, Error> {
    let port = (port, lane);
    let mut observed = Observed::default();
    if parts.actions {
        observed.actions = list(port, actions::list().into_any()).await?;
        for trigger in TRIGGERS {
            let Ok(id) = trigger.as_str().parse() else { continue };
            let bound = list(port, actions::bindings(&id).into_any()).await?;
            observed.bindings.insert(trigger, bound);
        }
    }
    if parts.log_streams {
        observed.log_streams = list(port, log_streams::list().into_any()).await?;
    }
    if parts.event_streams {
        observed.event_streams = list(port, event_streams::list().into_any()).await?;
    }
    if parts.apis {
        observed.apis = list(port, resource_servers::list().into_any()).await?;
    }
    if parts.clients {
        observed.clients = list(port, clients::list().into_any()).await?;
        observed.grants = list(port, client_grants::list().into_any()).await?;
    }
    Ok(observed)
}

async fn list<T: DeserializeOwned>(
    (port, lane): (&dyn Port, Lane),
    request: AnyRequest,
) -> Result<Vec<T>, Error> {
    let told = |error| Error::Api { step: None, error };
    let items = port.list(&request, lane).await.map_err(told)?;
    let bytes = serde_json::to_vec(&Value::Array(items)).unwrap_or_default();
    countersign_auth0::decode(&bytes, "answer")
        .map_err(|shape| told(ApiError::Shape { operation: request.operation(), shape }))
}
