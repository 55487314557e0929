//! Who asks, and what they may: callers, permits, sign-in, and what is kept of it. The design is docs/access.md.

mod accounts;
mod caller;
mod grants;
mod links;
mod permit;
mod platform;
pub mod provider;
mod refused;
mod sessions;
mod sign_in;
mod told;
mod view;
mod within;

use std::{collections::BTreeMap, sync::Arc};

use countersign_core::TenantId;
use countersign_rights::{Grant, PolicyFault, Rights};
use parking_lot::Mutex;

pub use self::{
    accounts::{MAX_TOKEN_DAYS, NewToken, TokenMade},
    caller::Caller,
    grants::NewGrant,
    permit::{Denied, InstallationPermit, Permit},
    sessions::{BREAK_GLASS, IDLE, LINK_SESSION, LONGEST},
    sign_in::{Began, Returned, SignInRefusal, SignedIn},
    view::{AccountView, GrantView, PersonView, SessionView, TokenView},
    within::Within,
};
use self::{
    provider::{AccessTokens, IdentityProvider},
    refused::Refused,
};

/// What the operator configured of access.
#[derive(Default)]
pub struct Settings {
    /// The operator's policies: name of the file and text.
    pub policies: Vec<(String, String)>,
    /// Where people sign in; `None`: by one-time links alone.
    pub provider: Option<Arc<dyn IdentityProvider>>,
    /// What a value of the provider's claim for roles grants.
    pub claims: Vec<(String, Grant)>,
    /// What verifies access tokens of a tenant for our own API.
    pub tokens: BTreeMap<TenantId, Arc<dyn AccessTokens>>,
}

/// What is held of access.
pub(crate) struct Access {
    pub(crate) rights: Rights,
    pub(crate) provider: Option<Arc<dyn IdentityProvider>>,
    pub(crate) claims: Vec<(String, Grant)>,
    pub(crate) tokens: BTreeMap<TenantId, Arc<dyn AccessTokens>>,
    pub(crate) refused: Mutex<Refused>,
}

impl Access {
    /// Takes what was configured.
    ///
    /// # Errors
    /// Where a policy of the operator's can't be used.
    pub(crate) fn new(settings: Settings) -> Result<Self, PolicyFault> {
        let Settings { policies, provider, claims, tokens } = settings;
        Ok(Self { rights: Rights::with(&policies)?, provider, claims, tokens, refused: Mutex::default() })
    }
}
