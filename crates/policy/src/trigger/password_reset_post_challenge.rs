//! `password-reset-post-challenge`: the person may be asked for another factor before the new password.

use countersign_auth0::trigger::password_reset_post_challenge::Effect;

use super::{Answer, Case, Realize, Refusal};
use crate::challenge::{self, Asking};

impl Realize for Effect {
    fn challenge(case: &Case<'_>) -> Answer<Self> {
        let asking = Asking {
            ask: |factors| Self::ChallengeWithAny { factors },
            enroll: None,
            send: |url| Self::SendUserTo { url },
        };
        challenge::meet(case, &asking)
    }

    fn refuse(case: &Case<'_>, refusal: Refusal) -> Vec<Self> {
        vec![Self::Deny { reason: refusal.text("reset", case) }]
    }
}

#[cfg(test)]
mod tests {
    use countersign_auth0::factor::{ChallengeFactors, Factor};
    use countersign_core::{Trigger, Verdict};

    use super::*;
    use crate::{
        Circumstances, decide,
        decision::{Because, Decision},
        document::{Document, NoFactor},
        testing::{CRITICAL, HIGH, LOW, at, enforcing},
    };

    fn reset() -> Circumstances {
        at(Trigger::PasswordResetPostChallenge)
    }

    fn decision(document: &Document, circumstances: &Circumstances) -> Decision<Effect> {
        decide(document, HIGH, circumstances)
    }

    #[test]
    fn a_challenge_names_the_factors_that_are_independent_of_the_reset() {
        let factors =
            ChallengeFactors::new(vec![Factor::Otp, Factor::Phone { preferred_method: None }]).unwrap();
        assert_eq!(decision(&enforcing(), &reset()).effects, [Effect::ChallengeWithAny { factors }]);
    }

    #[test]
    fn without_such_a_factor_policy_says_mark_redirect_or_refuse() {
        let factorless = Circumstances { usable_factors: vec![], can_redirect: true, ..reset() };
        let mut document = enforcing();
        let calls = |document: &Document| -> Vec<&str> {
            decision(document, &factorless).effects.iter().map(Effect::call).collect()
        };
        assert_eq!(calls(&document), ["access.deny"]);
        document.tenant.no_factor = Some(NoFactor::Redirect);
        document.tenant.redirect_url = Some("https://verify.example.com/reset".parse().unwrap());
        assert_eq!(calls(&document), ["redirect.sendUserTo"]);
        document.tenant.no_factor = Some(NoFactor::Annotate);
        assert!(calls(&document).is_empty());
    }

    #[test]
    fn a_reset_never_offers_to_enroll() {
        let mut document = enforcing();
        document.tenant.offer_enrollment = Some(true);
        let at_least = Verdict::Challenge;
        document.floors.push(crate::Floor { when: crate::Subject::default(), at_least });
        let factorless = Circumstances { usable_factors: vec![], enrolled_none: true, ..reset() };
        let decision: Decision<Effect> = decide(&document, LOW, &factorless);
        assert_eq!(decision.because, [Because::Floor, Because::NoUsableFactor]);
        assert_eq!(decision.effects.iter().map(Effect::call).collect::<Vec<_>>(), ["access.deny"]);
    }

    #[test]
    fn a_refusal_names_a_reference_and_proposes_a_review() {
        let decision: Decision<Effect> = decide(&enforcing(), CRITICAL, &reset());
        let reason = "refused: this reset was refused for security; reference dec_1".into();
        assert_eq!(decision.effects, [Effect::Deny { reason }]);
        assert_eq!(decision.proposals.len(), 1);
    }
}
