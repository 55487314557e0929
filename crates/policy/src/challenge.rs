//! What a required challenge becomes: a challenge, a passed one, an enrollment, a mark or a refusal.

use countersign_auth0::factor::{ChallengeFactors, EnrollFactors, Factor};
use countersign_core::{Level, Timestamp};

use crate::{
    decide::{Because, Circumstances},
    document::{FederatedChallenge, NoFactor},
    settings::Settings,
};

/// How a required challenge is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// Ask for one of these.
    Ask(ChallengeFactors),
    /// Offer to enroll one of these.
    Enroll(EnrollFactors),
    /// A young enough factor stands for it.
    Met,
    /// Only a mark.
    Mark(Because),
    /// A refusal.
    Refuse(Because),
}

/// Decides how a challenge is met on this channel, for this person.
///
/// Where nobody can be asked, a challenge is never dropped: it is met by a young factor or becomes a refusal;
/// otherwise a thief would sign in at a lax client and walk into the strict one.
pub(crate) fn meet(
    circumstances: &Circumstances,
    level: Level,
    settings: &Settings,
    enabled: &[Factor],
) -> Challenge {
    if circumstances.is_federated {
        return match settings.federated {
            FederatedChallenge::Annotate => Challenge::Mark(Because::Federated),
            FederatedChallenge::Deny => Challenge::Refuse(Because::Federated),
        };
    }
    let is_young = circumstances.newest_mfa_at.is_some_and(|at| is_young(at, circumstances.at, settings));
    if !circumstances.channel.can_ask() {
        return if is_young { Challenge::Met } else { Challenge::Refuse(Because::StepUpRequired) };
    }
    let usable =
        enabled.iter().copied().filter(|factor| circumstances.usable_factors.contains(&factor.factor_type()));
    if let Ok(factors) = ChallengeFactors::new(usable.collect()) {
        return Challenge::Ask(factors);
    }
    if is_young {
        return Challenge::Met;
    }
    let can_enroll = circumstances.enrolled_none && settings.offer_enrollment && level == Level::Low;
    let offered = enabled.iter().copied().filter(|factor| *factor != Factor::Email);
    if can_enroll && let Ok(factors) = EnrollFactors::new(offered.collect()) {
        return Challenge::Enroll(factors);
    }
    match settings.no_factor {
        NoFactor::Annotate => Challenge::Mark(Because::NoUsableFactor),
        NoFactor::Deny => Challenge::Refuse(Because::NoUsableFactor),
    }
}

/// Whether a factor passed at `passed` still stands for a challenge at `now`; one from the future does not.
fn is_young(passed: Timestamp, now: Timestamp, settings: &Settings) -> bool {
    let max_age = i64::from(settings.mfa_max_age_minutes) * 60_000_000;
    // Why: clocks of two machines differ a little; a factor passed "in the next minute" was passed just now.
    let skew = 60_000_000;
    (-skew..=max_age).contains(&now.since(passed))
}
