//! OpenID Connect: people sign in at a provider, and applications come with a token of their tenant.
//!
//! The code flow with PKCE alone. Only configured hosts are asked, and no token is looked at whose form, algorithm or issuer is
//! not taken; keys are kept for ten minutes, or for a day while their issuer is down, and a flood of tokens with unknown keys is
//! one request a minute.

mod claims;
mod discovery;
mod fetch;
#[cfg(test)]
mod fuzz;
mod identity;
mod jwks;
mod jws;
mod kept;
mod keys;
mod provider;
mod settings;
mod tenant;

pub use self::{
    provider::Provider,
    settings::{Authentication, BuildError, DEFAULT_TIMEOUT, Settings, TenantSettings},
    tenant::TenantTokens,
};
