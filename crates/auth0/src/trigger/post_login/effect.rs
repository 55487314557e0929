//! What a post-login Action can be told to do.

use crate::{
    claim::{ClaimName, ClaimValue},
    factor::{ChallengeFactors, EnrollFactors},
    metadata::Mark,
    redirect::RedirectUrl,
    text::Reason,
};

/// One documented `api` call of `post-login` that Countersign uses; nothing else can be written down.
///
/// On the wire `{"call": "authentication.challengeWithAny", "args": [[{"type": "otp"}]]}`, with the arguments as the
/// documentation orders them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// `access.deny`: the sign-in ends.
    Deny {
        /// What the application is told; the user may see it.
        reason: Reason,
    },
    /// `authentication.challengeWith`: the first factor is asked for, the others are offered as alternatives.
    ChallengeWith {
        /// The factor to ask for, then its alternatives.
        factors: ChallengeFactors,
    },
    /// `authentication.challengeWithAny`: the user chooses among the factors.
    ChallengeWithAny {
        /// The factors to choose from.
        factors: ChallengeFactors,
    },
    /// `authentication.enrollWithAny`: the user chooses a factor to enroll.
    EnrollWithAny {
        /// The factors to choose from.
        factors: EnrollFactors,
    },
    /// `multifactor.enable("none")`: the second factor that the tenant's policy would ask for is not.
    SkipMultifactor,
    /// `redirect.sendUserTo`: the user goes on elsewhere and comes back. The Action adds a signed session token.
    SendUserTo {
        /// Where the user goes.
        url: RedirectUrl,
    },
    /// `idToken.setCustomClaim`.
    SetIdTokenClaim {
        /// The claim's name.
        name: ClaimName,
        /// The claim's value.
        value: ClaimValue,
    },
    /// `accessToken.setCustomClaim`.
    SetAccessTokenClaim {
        /// The claim's name.
        name: ClaimName,
        /// The claim's value.
        value: ClaimValue,
    },
    /// `user.setAppMetadata` under the key `countersign`, the only one that Countersign writes.
    SetAppMetadata {
        /// The value; it counts against Auth0's 10 KB for a profile.
        value: Mark,
    },
}

impl Effect {
    /// The call's name below `api`, such as `access.deny`.
    #[must_use]
    pub const fn call(&self) -> &'static str {
        match self {
            Self::Deny { .. } => "access.deny",
            Self::ChallengeWith { .. } => "authentication.challengeWith",
            Self::ChallengeWithAny { .. } => "authentication.challengeWithAny",
            Self::EnrollWithAny { .. } => "authentication.enrollWithAny",
            Self::SkipMultifactor => "multifactor.enable",
            Self::SendUserTo { .. } => "redirect.sendUserTo",
            Self::SetIdTokenClaim { .. } => "idToken.setCustomClaim",
            Self::SetAccessTokenClaim { .. } => "accessToken.setCustomClaim",
            Self::SetAppMetadata { .. } => "user.setAppMetadata",
        }
    }

    /// Whether the effect changes how the sign-in goes on, rather than what is told or written about it.
    #[must_use]
    pub const fn changes_transaction(&self) -> bool {
        match self {
            Self::Deny { .. }
            | Self::ChallengeWith { .. }
            | Self::ChallengeWithAny { .. }
            | Self::EnrollWithAny { .. }
            | Self::SkipMultifactor
            | Self::SendUserTo { .. } => true,
            Self::SetIdTokenClaim { .. } | Self::SetAccessTokenClaim { .. } | Self::SetAppMetadata { .. } => {
                false
            }
        }
    }
}
