//! Who asks, and what they may: callers, permits, sign-in, and what is kept of it. The design is docs/access.md.

mod accounts;
mod caller;
mod checked;
mod denials;
mod grants;
mod jobs;
mod links;
mod permit;
mod platform;
mod policy_set;
pub mod provider;
mod refused;
mod restored;
mod scoped;
mod sessions;
mod sign_in;
mod told;
mod view;
mod within;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use countersign_core::TenantId;
use countersign_rights::{Grant, PolicyFault, Rights};
use parking_lot::Mutex;

pub use self::{
    accounts::{MAX_TOKEN_DAYS, NewToken, TokenMade},
    caller::Caller,
    denials::DeniedCommand,
    grants::{NewGrant, PEOPLE_PAGE},
    jobs::Job,
    permit::{Denied, InstallationPermit, Permit},
    refused::Refusal,
    restored::Ended,
    scoped::ScopedPermit,
    sessions::{BREAK_GLASS, IDLE, LINK_SESSION, LONGEST},
    sign_in::{Began, Returned, SignInRefusal, SignedIn},
    view::{AccountView, GrantView, PersonView, SessionView, TokenView},
    within::Within,
};
use self::{
    checked::Checked,
    denials::Denials,
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
    /// How long ago a person may have shown who they are when they change who may do what, or approve; `None`: [`FRESH`].
    pub fresh: Option<Duration>,
    /// What else is configured of who gets in, without secrets: another text is told as another configuration.
    pub described: String,
}

/// How long ago a person may have shown who they are when they change who may do what, or approve, where nothing else is configured.
pub const FRESH: Duration = Duration::from_secs(12 * 3_600);

/// What is held of access.
pub(crate) struct Access {
    pub(crate) rights: Checked,
    pub(crate) provider: Option<Arc<dyn IdentityProvider>>,
    pub(crate) claims: Vec<(String, Grant)>,
    pub(crate) tokens: BTreeMap<TenantId, Arc<dyn AccessTokens>>,
    pub(crate) refused: Mutex<Refused>,
    pub(crate) denials: Arc<Mutex<Denials>>,
    pub(crate) fresh: Duration,
    pub(crate) described: String,
}

impl Access {
    /// Takes what was configured.
    ///
    /// # Errors
    /// Where a policy of the operator's can't be used.
    pub(crate) fn new(settings: Settings) -> Result<Self, PolicyFault> {
        let Settings { policies, provider, claims, tokens, fresh, described } = settings;
        let (rights, fresh) = (Checked::new(Rights::with(&policies)?), fresh.unwrap_or(FRESH));
        Ok(Self {
            rights,
            provider,
            claims,
            tokens,
            refused: Mutex::default(),
            denials: Arc::default(),
            fresh,
            described,
        })
    }
}
