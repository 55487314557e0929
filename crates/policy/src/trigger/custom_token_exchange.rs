//! `custom-token-exchange`: nobody can be asked, so a challenge is a refusal.

use countersign_auth0::trigger::custom_token_exchange::{DenyCode, Effect};

use super::{Answer, Case, Realize, Refusal};
use crate::decision::Because;

impl Realize for Effect {
    fn challenge(_: &Case<'_>) -> Answer<Self> {
        Answer::Refuse(vec![Because::StepUpRequired])
    }

    fn refuse(case: &Case<'_>, refusal: Refusal) -> Vec<Self> {
        let code = match refusal {
            Refusal::StepUpRequired => DenyCode::StepUpRequired,
            Refusal::Refused | Refusal::NoUsableFactor => DenyCode::InvalidRequest,
        };
        vec![Self::Deny { code, reason: refusal.text("exchange", case) }]
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Trigger;

    use super::*;
    use crate::{
        Circumstances, decide,
        decision::Decision,
        testing::{CRITICAL, HIGH, NOW, at, enforcing},
    };

    #[test]
    fn a_challenge_and_a_refusal_are_told_apart_by_their_codes() {
        // A factor that somebody passed elsewhere says nothing of who holds the subject's token.
        let circumstances = Circumstances { newest_mfa_at: Some(NOW), ..at(Trigger::CustomTokenExchange) };
        for (score, code, word) in [
            (HIGH, DenyCode::StepUpRequired, "step_up_required"),
            (CRITICAL, DenyCode::InvalidRequest, "refused"),
        ] {
            let decision: Decision<Effect> = decide(&enforcing(), score, &circumstances);
            let reason = format!("{word}: this exchange was refused for security; reference dec_1").into();
            assert_eq!(decision.effects, [Effect::Deny { code, reason }]);
        }
    }
}
