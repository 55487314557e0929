//! `post-user-registration`: the account exists already; what should be done about it is proposed.

use countersign_auth0::trigger::post_user_registration::Effect;
use countersign_core::Verdict;

use super::{Answer, Case, Realize, Refusal};
use crate::decision::{Because, ProposalKind};

impl Realize for Effect {
    fn challenge(_: &Case<'_>) -> Answer<Self> {
        Answer::Ask(Vec::new(), Some(Because::NoEffects))
    }

    fn refuse(_: &Case<'_>, _: Refusal) -> Vec<Self> {
        Vec::new()
    }

    fn proposals(verdict: Verdict) -> &'static [ProposalKind] {
        match verdict {
            Verdict::SkipMfa | Verdict::Allow | Verdict::Annotate => &[],
            Verdict::Challenge => &[ProposalKind::RequireMfa],
            Verdict::Deny => &[ProposalKind::RequireMfa, ProposalKind::Review],
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{Score, Trigger};

    use super::*;
    use crate::{
        decide,
        decision::Decision,
        testing::{CRITICAL, HIGH, LOW, at, enforcing},
    };

    #[test]
    fn what_can_no_longer_be_asked_or_refused_is_proposed() {
        use ProposalKind::{RequireMfa, Review};
        let decided = |score: Score| -> (Verdict, Vec<Because>, Vec<ProposalKind>) {
            let decision: Decision<Effect> = decide(&enforcing(), score, &at(Trigger::PostUserRegistration));
            let kinds = decision.proposals.iter().map(|proposal| proposal.kind).collect();
            (decision.verdict, decision.because, kinds)
        };
        assert_eq!(decided(LOW), (Verdict::Allow, vec![], vec![]));
        assert_eq!(decided(HIGH), (Verdict::Challenge, vec![Because::NoEffects], vec![RequireMfa]));
        assert_eq!(decided(CRITICAL), (Verdict::Deny, vec![Because::NoEffects], vec![RequireMfa, Review]));
    }
}
