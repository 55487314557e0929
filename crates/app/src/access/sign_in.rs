//! Sign-in at the configured provider: what is begun stands sealed in a cookie of the browser that began it, so that no other
//! browser can end it and nothing is kept here for those who never come back.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use countersign_core::{IdKind, Secret, Timestamp};
use countersign_privacy::{Sealed, Token};
use countersign_rights::{Grant, How};
use countersign_store::{AccessWrite, PersonRow};
use serde::{Deserialize, Serialize};

use super::{
    IDLE, LONGEST,
    provider::{Begin, Finish, Identity, IdentityProvider, ProviderError},
    refused::Refusal,
    sessions::Opening,
    told::Fact,
};
use crate::{App, Error};

/// How long signing in may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// How far the provider's clock may be behind ours, in microseconds: as for every time in a token.
const LEEWAY_MICROS: i64 = 60_000_000;

/// What the sealed state is bound to.
const CONTEXT: &[u8] = b"sign-in";

/// The longest sealed state that is looked at, in characters.
const MAX_STATE: usize = 4_096;

/// A sign-in that began.
#[derive(Debug)]
pub struct Began {
    /// Where the browser goes.
    pub url: String,
    /// What it keeps until it comes back, in a cookie.
    pub state: String,
}

/// What a browser brings back.
#[derive(Debug, Default)]
pub struct Returned {
    /// The `state` that the provider handed on.
    pub state: String,
    /// The code, where there is one.
    pub code: Option<Secret>,
    /// The provider's `iss`, where it says it.
    pub issuer: Option<String>,
}

/// A sign-in that went through.
#[derive(Debug)]
pub struct SignedIn {
    /// The session's token, for its cookie.
    pub token: Token,
    /// Where on our side the browser wanted to go.
    pub return_to: String,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefusal {
    /// Nobody can sign in by a provider here.
    #[error("no identity provider is configured")]
    NoProvider,
    /// This browser began no sign-in, or too long ago.
    #[error("this browser began no sign-in in the last ten minutes; begin again")]
    NotBegun,
    /// The provider said no, or what it said proves nothing.
    #[error(
        "the identity provider's answer does not prove who you are; begin again, and tell an administrator if it stays so"
    )]
    Unproved,
    /// The provider did not ask the person who they are, though it was told to.
    #[error(
        "the identity provider did not ask anew who you are, as this takes; sign out there, and sign in again"
    )]
    NotAnew,
    /// The provider can't be reached.
    #[error("the identity provider can't be reached now")]
    Unreachable,
    /// Who signed in has no role here.
    #[error("you are known to the identity provider, and have no role here")]
    NoRole {
        /// The provider's own id of who it is, for an administrator to grant a role to.
        subject: String,
    },
    /// It failed here.
    #[error(transparent)]
    Failed(#[from] Error),
}

#[derive(Serialize, Deserialize)]
struct State {
    state: String,
    nonce: String,
    verifier: String,
    return_to: String,
    at: Timestamp,
    /// Whether the person is to show anew who they are.
    #[serde(default)]
    is_again: bool,
}

impl From<ProviderError> for SignInRefusal {
    fn from(error: ProviderError) -> Self {
        tracing::warn!(detail = %error, "nobody was signed in");
        match error {
            ProviderError::Unavailable(..) => Self::Unreachable,
            ProviderError::Refused(_) | ProviderError::Invalid(_) => Self::Unproved,
        }
    }
}

impl App {
    /// Whether people can sign in by a provider.
    #[must_use]
    pub fn has_provider(&self) -> bool {
        self.access.provider.is_some()
    }

    fn provider(&self) -> Result<&dyn IdentityProvider, SignInRefusal> {
        self.access.provider.as_deref().ok_or(SignInRefusal::NoProvider)
    }

    /// Begins a sign-in that comes back to `redirect_uri`, and then goes on to `return_to`, a path of ours. With `is_again` the person
    /// is to show anew who they are, whatever the provider remembers.
    ///
    /// # Errors
    /// `NoProvider`, `Unreachable`, `Failed`.
    pub async fn begin_sign_in(
        &self,
        redirect_uri: String,
        return_to: String,
        is_again: bool,
    ) -> Result<Began, SignInRefusal> {
        let provider = self.provider()?;
        let random = || {
            let token = Token::generate("", self.ports.entropy.as_ref()).map_err(Error::internal)?;
            Ok::<_, Error>(token.expose().to_owned())
        };
        let at = self.ports.clock.now();
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let state = State { state, nonce, verifier, return_to, at, is_again };
        let verifier = Secret::new(state.verifier.clone().into_bytes());
        let max_age = if is_again { Duration::ZERO } else { self.access.fresh };
        let nonce = state.nonce.clone();
        let begin = Begin { state: state.state.clone(), nonce, verifier, redirect_uri, max_age };
        let url = provider.begin(&begin).await?;
        let body = serde_json::to_vec(&state).map_err(Error::internal)?;
        let key = self.ports.master.sign_in_key();
        let sealed =
            Sealed::seal(&key, CONTEXT, &body, self.ports.entropy.as_ref()).map_err(Error::internal)?;
        Ok(Began { url, state: BASE64_URL_SAFE_NO_PAD.encode(sealed.as_bytes()) })
    }

    fn opened(&self, kept: &str) -> Option<State> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(Some(kept).filter(|kept| kept.len() <= MAX_STATE)?).ok()?;
        let masters = std::iter::once(&self.ports.master).chain(&self.ports.earlier_masters);
        let body = masters
            .filter_map(|master| Sealed::open_bytes(&bytes, &master.sign_in_key(), CONTEXT).ok())
            .next()?;
        let state: State = serde_json::from_slice(&body).ok()?;
        let age = self.ports.clock.now().micros().saturating_sub(state.at.micros());
        let is_young = u64::try_from(age).is_ok_and(|age| u128::from(age) <= PATIENCE.as_micros());
        is_young.then_some(state)
    }

    /// Ends a sign-in: proves who it is, and opens a session where they have a role.
    ///
    /// # Errors
    /// [`SignInRefusal`]; a refusal of somebody whom the provider knows is a leaf, what proves nobody is counted.
    pub async fn finish_sign_in(
        &self,
        kept: &str,
        returned: Returned,
        redirect_uri: String,
    ) -> Result<SignedIn, SignInRefusal> {
        let provider = self.provider()?;
        let state = self.opened(kept).filter(|state| is_same(&state.state, &returned.state));
        let unproved = |refusal: SignInRefusal| {
            self.count_refused(Refusal::SignIn);
            refusal
        };
        let state = state.ok_or_else(|| unproved(SignInRefusal::NotBegun))?;
        let State { nonce, verifier, return_to, at, is_again, .. } = state;
        let code = returned.code.ok_or_else(|| unproved(SignInRefusal::Unproved))?;
        let verifier = Secret::new(verifier.into_bytes());
        let finish = Finish { code, verifier, nonce, redirect_uri, issuer: returned.issuer };
        let identity = provider.finish(&finish).await.map_err(|error| match SignInRefusal::from(error) {
            refusal @ SignInRefusal::Unproved => unproved(refusal),
            refusal => refusal,
        })?;
        let is_anew = identity.authenticated_at.is_some_and(|shown| at.since(shown) <= LEEWAY_MICROS);
        if is_again && !is_anew {
            self.tell_refusal(None, "not_anew").await;
            return Err(SignInRefusal::NotAnew);
        }
        let token = match self.open_for(&identity).await {
            // Why once more: meanwhile they became known by another sign-in, or were disabled.
            Err(SignInRefusal::Failed(Error::Stale)) => self.open_for(&identity).await?,
            opened => opened?,
        };
        Ok(SignedIn { token, return_to })
    }

    async fn open_for(&self, identity: &Identity) -> Result<Token, SignInRefusal> {
        let Identity { issuer, subject, name, claimed, .. } = identity;
        let store = &self.ports.store;
        let at = self.ports.clock.now();
        let known = store.find_person(issuer, subject).await.map_err(Error::from)?;
        let id = match &known {
            Some(person) => person.id.clone(),
            None => self.make_id(IdKind::Person)?,
        };
        let grants = self.grants_of(&id, claimed).await?;
        let is_disabled = known.as_ref().is_some_and(|person| person.disabled_at.is_some());
        // Why here: of a tenant that was taken out of the configuration a role may be left.
        let is_here = |grant: &Grant| grant.at.tenant().is_none_or(|tenant| self.tenant(tenant).is_ok());
        if is_disabled || !grants.iter().any(is_here) {
            let why = if is_disabled { "disabled" } else { "no_role" };
            self.tell_refusal(known.as_ref().map(|person| &*person.id), why).await;
            return Err(SignInRefusal::NoRole { subject: subject.clone() });
        }
        let opening = Opening {
            principal: &id,
            how: How::Oidc,
            claimed,
            authenticated_at: identity.authenticated_at,
            idle: IDLE,
            longest: LONGEST,
        };
        let (token, session) = self.make_session(&opening)?;
        let created_at = known.map_or(at, |person| person.created_at);
        let (issuer, subject, name) = (issuer.clone(), subject.clone(), name.clone());
        let person =
            PersonRow { id: id.clone(), issuer, subject, name, created_at, seen_at: at, disabled_at: None };
        let session_id = session.id.clone();
        let facts = [Fact("by", &id), Fact("how", "oidc"), Fact("session", &session_id)];
        let writes = vec![AccessWrite::PutPerson(person), AccessWrite::AddSession(session)];
        self.change_access(&self.concerned(&grants), "signed_in", &facts, writes).await?;
        Ok(token)
    }
}

/// In constant time.
fn is_same(ours: &str, returned: &str) -> bool {
    let digest = Token::received(ours).map(|ours| ours.digest());
    Token::received(returned).zip(digest).is_some_and(|(returned, digest)| returned.is(&digest))
}
