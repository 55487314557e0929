//! What the two are built from.

use std::time::Duration;

use countersign_core::Secret;

use crate::{Endpoint, http::ClientError};

/// How long an answer may take where nothing else is configured: somebody waits for it.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// How we show a provider that we are the client.
#[derive(Clone)]
pub enum Authentication {
    /// Not at all: a public client, which PKCE alone protects.
    None,
    /// By a secret in the `Authorization` header (`client_secret_basic`).
    Basic(Secret),
    /// By a secret in the form (`client_secret_post`).
    Post(Secret),
}

/// An OpenID provider as configured.
pub struct Settings {
    /// The provider's name exactly as its tokens give it, such as `https://acme.eu.auth0.com/`: with the slash at the end, or
    /// without, as it writes it. `https`, or `http` at a loopback address; no query.
    pub issuer: String,
    /// The client that we are there.
    pub client_id: String,
    /// How we show it.
    pub authentication: Authentication,
    /// What is asked for besides `openid`, such as `profile`.
    pub scopes: Vec<String>,
    /// The claim that roles are given by, such as `https://example.com/groups`; `None`: no claim gives any.
    pub roles_claim: Option<String>,
    /// Hosts besides the issuer's where its endpoints may be, such as `oauth2.googleapis.com`; with `:port` where it is not the
    /// usual one.
    pub hosts: Vec<String>,
    /// Certificates of authorities in PEM, in place of the system's.
    pub authorities: Option<Vec<u8>>,
    /// How long an answer may take; [`DEFAULT_TIMEOUT`] where nothing else is known.
    pub timeout: Duration,
}

/// A tenant whose access tokens are taken.
pub struct TenantSettings {
    /// The tenant's address, without a path, such as `https://acme.eu.auth0.com/`: it publishes its keys there, and its tokens
    /// name it as their issuer.
    pub tenant: Endpoint,
    /// Its custom domains, without a path: other names of the same issuer.
    pub custom_domains: Vec<Endpoint>,
    /// What our API is called there.
    pub audience: String,
    /// Certificates of authorities in PEM, in place of the system's.
    pub authorities: Option<Vec<u8>>,
    /// How long an answer may take; [`DEFAULT_TIMEOUT`] where nothing else is known.
    pub timeout: Duration,
}

/// Settings that nothing can be built from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The issuer is no address that is taken.
    #[error("an issuer is an `https` address without a query, or an `http` one at a loopback address")]
    Issuer,
    /// A tenant's address has a path or a query.
    #[error("a tenant's address has no path and no query, such as `https://acme.eu.auth0.com/`")]
    Tenant,
    /// A host is none.
    #[error("a host is a name such as `oauth2.googleapis.com`, with `:port` where needed")]
    Host,
    /// The client has no id, or the API no name.
    #[error("the client's id and the API's name have at least one character")]
    Empty,
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
