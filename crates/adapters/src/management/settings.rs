//! What a client is built from.

use std::{sync::Arc, time::Duration};

use countersign_app::management::Recorder;
use countersign_core::{ClientId, Clock, Entropy, Secret};

use super::{KeyAlgorithm, Plan, Sleep};
use crate::{Endpoint, http::ClientError};

/// How long an answer may take where nothing else is configured; searches and long lists are slow at times.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How a client shows that it is itself.
pub enum Credentials {
    /// By a secret that the tenant knows too.
    Secret(Secret),
    /// By a private key whose public half the tenant knows.
    Key {
        /// The key, RSA in PEM.
        pem: Secret,
        /// What it signs with.
        algorithm: KeyAlgorithm,
        /// The tenant's id of the credential, where there are several.
        key_id: Option<String>,
    },
}

/// A tenant's Management API as configured.
pub struct Settings {
    /// The tenant's address, without a path, such as `https://acme.eu.auth0.com/`.
    pub tenant: Endpoint,
    /// The client that we are there.
    pub client_id: ClientId,
    /// How it shows so.
    pub credentials: Credentials,
    /// What the tenant's plan allows.
    pub plan: Plan,
    /// Certificates of authorities in PEM, in place of the system's.
    pub authorities: Option<Vec<u8>>,
    /// How long an answer may take; [`DEFAULT_TIMEOUT`] where nothing else is known.
    pub timeout: Duration,
}

/// What the client needs of its surroundings.
#[derive(Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for waits and assertions.
    pub entropy: Arc<dyn Entropy>,
    /// What waits.
    pub sleep: Arc<dyn Sleep>,
    /// Who is told of writes.
    pub recorder: Arc<dyn Recorder>,
}

/// A client that can't be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The tenant's address has a path or a query.
    #[error("a tenant's address has no path and no query, such as `https://acme.eu.auth0.com/`")]
    Tenant,
    /// The private key can't be used.
    #[error("the client's private key is no RSA key in PEM")]
    Key,
    /// The authorities can't be read.
    #[error("the authorities are no certificates in PEM")]
    Authorities,
    /// TLS can't be used on this system, such as for want of root certificates.
    #[error("no client for HTTPS could be built: the system may have no root certificates")]
    Client,
}

impl From<ClientError> for BuildError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Authorities => Self::Authorities,
            ClientError::Client => Self::Client,
        }
    }
}
