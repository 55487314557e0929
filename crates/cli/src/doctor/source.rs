//! The service's own client at a tenant, which only reads, and how long it may.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use countersign_adapters::management::{
    Credentials, DEFAULT_TIMEOUT, KeyAlgorithm, Management, Plan, RealSleep, Settings, Surroundings,
};
use countersign_app::{
    management::{Lane, Recorder},
    posture::{self, Posture, Source},
};
use countersign_core::{Clock, Timestamp};
use tokio::time;

use crate::{
    clock::SystemEntropy,
    commands::tenant::Nobody,
    config::{Management as Section, SecretReference, address},
};

/// How long reading a tenant may take: it is asked some thirty times, on the slowest plan twice a second.
const PATIENCE: Duration = Duration::from_secs(45);

/// Reads a tenant, as far as there is time.
pub async fn read(source: &dyn Source, lane: Lane, now: Timestamp) -> Posture {
    let mut posture = posture::unreached();
    if time::timeout(PATIENCE, posture::read(source, lane, now, &mut posture)).await.is_err() {
        tracing::warn!("the tenant was not read to the end: it took more than {} s", PATIENCE.as_secs());
    }
    posture
}

/// Builds the client; `None` where none is configured. Nothing is asked yet.
pub fn source(section: &Section, clock: &Arc<dyn Clock>) -> anyhow::Result<Option<Management>> {
    let Some(client_id) = &section.client_id else { return Ok(None) };
    let proof = credentials(section.private_key.as_ref(), section.client_secret.as_ref())?;
    let Some(credentials) = proof else { return Ok(None) };
    let settings = settings(section, client_id, credentials)?;
    // Why nobody: what can't be recorded is not sent, so that these checks can't write.
    Ok(Some(Management::new(settings, surroundings(clock, Arc::new(Nobody)))?))
}

/// How a client shows who it is; a key goes first. `None` where neither is configured.
pub fn credentials(
    private_key: Option<&SecretReference>,
    client_secret: Option<&SecretReference>,
) -> anyhow::Result<Option<Credentials>> {
    Ok(match (private_key, client_secret) {
        (Some(key), _) => {
            let pem = key.fetch().context("`private_key`")?;
            Some(Credentials::Key { pem, algorithm: KeyAlgorithm::Rs256, key_id: None })
        }
        (None, Some(secret)) => Some(Credentials::Secret(secret.fetch().context("`client_secret`")?)),
        (None, None) => None,
    })
}

/// A client at the tenant of a section.
pub fn settings(section: &Section, client_id: &str, credentials: Credentials) -> anyhow::Result<Settings> {
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).with_context(|| format!("can't read `{}`", path.display()))
    };
    Ok(Settings {
        tenant: address(&section.domain).parse().context("`domain`")?,
        client_id: client_id.parse().context("`client_id`")?,
        credentials,
        plan: section.plan.as_ref().map_or(Ok(Plan::Free), |plan| plan.parse()).context("`plan`")?,
        authorities: section.ca.as_ref().map(read).transpose()?,
        timeout: DEFAULT_TIMEOUT,
    })
}

/// What a client needs of this process.
pub fn surroundings(clock: &Arc<dyn Clock>, recorder: Arc<dyn Recorder>) -> Surroundings {
    Surroundings {
        clock: Arc::clone(clock),
        entropy: Arc::new(SystemEntropy),
        sleep: Arc::new(RealSleep),
        recorder,
    }
}
