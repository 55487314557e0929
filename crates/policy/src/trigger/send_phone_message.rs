//! `send-phone-message`: the customer's own Action sends the message or is told not to.

use countersign_auth0::trigger::send_phone_message::Effect;
use countersign_core::Verdict;

use super::{Answer, Case, Realize, Refusal};
use crate::decision::{Because, ProposalKind};

impl Realize for Effect {
    /// The message carries the challenge: to hold it back would be to drop it.
    fn challenge(_: &Case<'_>) -> Answer<Self> {
        Answer::Pass(Because::MessageIsChallenge)
    }

    fn refuse(case: &Case<'_>, refusal: Refusal) -> Vec<Self> {
        vec![Self::Refuse { reason: refusal.text("message", case) }]
    }

    /// Nothing is left to do: pumping comes by the thousand, and one review each would bury those who review.
    fn proposals(_: Verdict) -> &'static [ProposalKind] {
        &[]
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Trigger;

    use super::*;
    use crate::{
        decide,
        decision::Decision,
        testing::{CRITICAL, HIGH, at, enforcing},
    };

    #[test]
    fn a_message_that_is_a_challenge_is_sent_and_a_refused_one_is_not() {
        let decided =
            |score| -> Decision<Effect> { decide(&enforcing(), score, &at(Trigger::SendPhoneMessage)) };
        let high = decided(HIGH);
        assert_eq!((high.verdict, high.because), (Verdict::Annotate, vec![Because::MessageIsChallenge]));
        assert_eq!((high.effects, high.proposals), (vec![], vec![]));
        let reason = "refused: this message was refused for security; reference dec_1".into();
        assert_eq!(decided(CRITICAL).effects, [Effect::Refuse { reason }]);
    }
}
