//! One sign-in, with the truth about it that no tenant has.

use std::fmt;

use countersign_core::{Channel, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{event, people::Factor};

/// How an account is abused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttackKind {
    /// A known password, used by a program from another continent.
    StolenPassword,
    /// An ordinary browser on another continent, soon after the person's own sign-in.
    ImpossibleTravel,
    /// Many guesses at many accounts, then one that is right.
    CredentialStuffing,
    /// The person's own session or refresh token, presented from another network.
    TokenReplay,
    /// One guess at each account, too few for any limit, then one that is right.
    PasswordSpray,
}

impl AttackKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::StolenPassword,
        Self::ImpossibleTravel,
        Self::CredentialStuffing,
        Self::TokenReplay,
        Self::PasswordSpray,
    ];

    /// The kind as a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StolenPassword => "stolen_password",
            Self::ImpossibleTravel => "impossible_travel",
            Self::CredentialStuffing => "credential_stuffing",
            Self::TokenReplay => "token_replay",
            Self::PasswordSpray => "password_spray",
        }
    }

    /// Whether it goes by a password that this tenant checks.
    #[must_use]
    pub const fn needs_password(self) -> bool {
        matches!(self, Self::StolenPassword | Self::CredentialStuffing | Self::PasswordSpray)
    }

    /// Whether guesses come before the sign-in.
    pub(crate) const fn guesses(self) -> bool {
        matches!(self, Self::CredentialStuffing | Self::PasswordSpray)
    }
}

impl fmt::Display for AttackKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who it really was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// The person.
    Honest,
    /// Somebody else.
    Attack(AttackKind),
}

/// A failed try with a user's name, before the sign-in that it is told with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The Auth0 user id that was tried.
    pub user_id: String,
    /// When.
    pub at: Timestamp,
}

/// A sign-in of the tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct SignIn {
    /// When it happens.
    pub at: Timestamp,
    /// The event of the `post-login` trigger, as Auth0 would write it.
    pub event: Value,
    /// Who it really is.
    pub label: Label,
    /// Whose account it is: an index into the population.
    pub person: usize,
    /// The road it comes by.
    pub channel: Channel,
    /// The factor that whoever signs in would pass; `None` if none is enrolled, for an attacker, and for the odd
    /// person who gives up. Only meaningful where somebody can be asked.
    pub passes_challenge_with: Option<Factor>,
    /// The failed tries that led here, in order and all before `at`; empty but for credential stuffing and sprays.
    pub failures: Vec<Failure>,
}

impl SignIn {
    /// Whether a challenge, if one can be asked, is passed.
    #[must_use]
    pub const fn passes_challenge(&self) -> bool {
        self.passes_challenge_with.is_some()
    }

    /// The event of `onContinuePostLogin` after a challenge that was passed with `factor` at `at`.
    #[must_use]
    pub fn continued(&self, factor: Factor, at: Timestamp) -> Value {
        event::continued(&self.event, factor, at)
    }
}
