//! Who vouches for people and for applications: an OpenID provider, and a tenant that gives out tokens for our own API.

use std::{collections::BTreeSet, fmt, time::Duration};

use countersign_core::{ClientId, OrganizationId, Secret, Timestamp};

use crate::management::{Pending, Why};

/// An OpenID provider at which people sign in, by authorization code with PKCE.
pub trait IdentityProvider: Send + Sync {
    /// The provider's name, exactly as its tokens give it.
    fn issuer(&self) -> &str;

    /// The address that a browser is sent to. It holds `state` and `nonce`, and so belongs in no log.
    ///
    /// # Errors
    /// [`ProviderError`] when the provider does not say where that is, or says it in a way that is not taken.
    fn begin<'a>(&'a self, begin: &'a Begin) -> Pending<'a, Result<String, ProviderError>>;

    /// Exchanges the code that the browser came back with, and checks the ID token. That the `state` is the one
    /// that was sent is the caller's to check, before this.
    ///
    /// # Errors
    /// [`ProviderError`]; a code can be exchanged once, so that none of them is worth another try.
    fn finish<'a>(&'a self, finish: &'a Finish) -> Pending<'a, Result<Identity, ProviderError>>;
}

/// A sign-in that begins. All of its texts but the address are made for it alone, and not guessable.
pub struct Begin {
    /// Ties the answer to the browser.
    pub state: String,
    /// Ties the ID token to the request.
    pub nonce: String,
    /// PKCE's `code_verifier`: 43 to 128 letters, digits, `-`, `.`, `_` and `~`. Only its hash is sent.
    pub verifier: Secret,
    /// Where the browser comes back to.
    pub redirect_uri: String,
    /// How long ago the person may have shown who they are; zero: it is to be shown anew. Always asked for: only then a provider must
    /// say when that was (OpenID Connect Core 1.0, section 2, `auth_time`).
    pub max_age: Duration,
}

/// A sign-in as it comes back.
pub struct Finish {
    /// The code of the answer.
    pub code: Secret,
    /// As in [`Begin`].
    pub verifier: Secret,
    /// As in [`Begin`].
    pub nonce: String,
    /// As in [`Begin`].
    pub redirect_uri: String,
    /// The answer's `iss` (RFC 9207), if it has one.
    pub issuer: Option<String>,
}

/// Whom a provider vouches for.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider, as [`IdentityProvider::issuer`].
    pub issuer: String,
    /// The provider's name of the person, which no other has there: 1 to 255 bytes without control characters.
    pub subject: String,
    /// For people to read, and nothing else: 200 bytes at the most, without control characters; the subject where there is no name.
    pub name: String,
    /// The values of the claim that roles are given by; nothing where none is configured or the token has none.
    pub claimed: Vec<String>,
    /// When the person last showed who they are, where the provider says so. Whoever asked for a [`Begin::max_age`]
    /// compares it: the provider may not have done so.
    pub authenticated_at: Option<Timestamp>,
    /// By what means, as the provider names them (`amr`); nothing where it does not say.
    pub methods: Vec<String>,
}

impl Identity {
    /// The longest subject, in bytes.
    pub const MAX_SUBJECT_BYTES: usize = 255;
    /// The longest name, in bytes.
    pub const MAX_NAME_BYTES: usize = 200;
}

// Why by hand: everything but the issuer tells of a person.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What a provider is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The document that says where everything is.
    Discovery,
    /// The keys that it signs with.
    Keys,
    /// The ID token, for a code.
    Token,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "the provider's discovery document",
            Self::Keys => "the provider's keys",
            Self::Token => "the provider's ID token",
        })
    }
}

/// Why nobody signed in. No text names a person, a token or a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// There was no answer that can be used; a later sign-in may fare better.
    #[error("{0} can't be had: {1}")]
    Unavailable(Part, Why),
    /// The provider said no, by this word of OAuth's; `other` where its word is none of those.
    #[error("the provider refused the code: {0}")]
    Refused(&'static str),
    /// What the provider answered is not taken.
    #[error("what the provider answered is not taken: {0}")]
    Invalid(Invalid),
}

/// What is wrong with an answer of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The discovery document lacks what is needed, or has another shape.
    #[error("the discovery document has another shape")]
    Discovery,
    /// The discovery document is another issuer's than the one that was configured.
    #[error("the discovery document names another issuer, or writes it in another way")]
    DiscoveryIssuer,
    /// An address is neither `https`, nor `http` to a loopback address, or is on a host that nobody configured.
    #[error("{0} is no `https` address on the issuer's host or a configured one")]
    Endpoint(&'static str),
    /// The provider does not offer what a sign-in needs.
    #[error("the provider does not offer {0}")]
    Offer(&'static str),
    /// The browser came back from another issuer (RFC 9207).
    #[error("the answer came from another issuer")]
    MixedUp,
    /// The browser's answer names no issuer, and this provider always does.
    #[error("the answer names no issuer, which this provider always does")]
    NoIssuer,
    /// The answer to the code has another shape, or no ID token.
    #[error("the answer to the code holds no ID token")]
    Answer,
    /// The ID token.
    #[error("the ID token {0}")]
    Token(Flaw),
    /// What the ID token is bound to is not this sign-in.
    #[error("the ID token is for another sign-in")]
    Nonce,
    /// There is no subject, or one that is too long or holds control characters.
    #[error("the ID token has no subject that can be used")]
    Subject,
}

/// What is wrong with a signed token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is too long.
    #[error("is too long")]
    Long,
    /// It is not made of three parts: an opaque token, as a tenant gives for its own APIs.
    #[error("is no signed JWT: it may be an opaque token, which is for another API")]
    Opaque,
    /// It is encrypted.
    #[error("is encrypted, and only signed tokens are taken")]
    Encrypted,
    /// A part of it can't be read.
    #[error("can't be read")]
    Unreadable,
    /// It is signed with none of the algorithms that are taken.
    #[error("is signed with an algorithm that is not taken")]
    Algorithm,
    /// It names no key, and the issuer has several.
    #[error("does not name its key")]
    NoKey,
    /// It names a key that the issuer does not have.
    #[error("names a key that its issuer does not have")]
    UnknownKey,
    /// The signature is not that key's.
    #[error("has a signature that does not fit")]
    Signature,
    /// It is from another issuer.
    #[error("is from another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("is for another audience")]
    Audience,
    /// It was given to another client than the one that shows it.
    #[error("was given to another client")]
    Party,
    /// It has no end, or its time is over.
    #[error("has expired")]
    Expired,
    /// Its time has not come, or the clock of this machine is slow.
    #[error("is not valid yet")]
    Early,
    /// It was given to a client on behalf of a person.
    #[error("is a person's, and only an application's own is taken")]
    Person,
    /// A claim is missing that there must be, or has another shape.
    #[error("lacks the claim `{0}`, or it has another shape")]
    Claim(&'static str),
}

/// Access tokens that one tenant gives out for our own API.
pub trait AccessTokens: Send + Sync {
    /// Whether a token can be one of these that says it is from this issuer, or does not say; asked before anything is checked.
    fn are_of(&self, issuer: Option<&str>) -> bool;

    /// Checks a token, and says what it grants. Nothing is asked of the tenant for a token whose form, algorithm or
    /// issuer is not taken anyway.
    ///
    /// # Errors
    /// [`TokenError`].
    fn verify<'a>(&'a self, token: &'a str) -> Pending<'a, Result<Granted, TokenError>>;
}

/// What an access token grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The application that it was given to.
    pub client: ClientId,
    /// What it may do, as the tenant writes it.
    pub scopes: BTreeSet<String>,
    /// The organization that it is held to, if it is.
    pub organization: Option<OrganizationId>,
}

/// Why a token grants nothing. No text repeats any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The tenant's keys can't be had, so that nobody can say whether the token is good.
    #[error("the tenant's keys can't be had: {0}")]
    Unavailable(Why),
    /// The token is not taken.
    #[error("the access token {0}")]
    Invalid(Flaw),
}
