//! `post-change-password`: the password is changed already; what should be done about it is proposed.

use countersign_auth0::trigger::post_change_password::Effect;
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
        use ProposalKind::{Notify, RequireMfa, Review, RevokeSessions};
        match verdict {
            Verdict::SkipMfa | Verdict::Allow | Verdict::Annotate => &[],
            Verdict::Challenge => &[Notify, RevokeSessions],
            Verdict::Deny => &[Notify, RevokeSessions, RequireMfa, Review],
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{Mode, Score, Trigger};

    use super::*;
    use crate::{
        decide,
        decision::Decision,
        testing::{CRITICAL, HIGH, LOW, at, enforcing},
    };

    #[test]
    fn what_can_no_longer_be_asked_or_refused_is_proposed() {
        use ProposalKind::{Notify, RequireMfa, Review, RevokeSessions};
        let decided = |score: Score| -> (Verdict, Vec<Because>, Vec<ProposalKind>) {
            let decision: Decision<Effect> = decide(&enforcing(), score, &at(Trigger::PostChangePassword));
            let kinds = decision.proposals.iter().map(|proposal| proposal.kind).collect();
            (decision.verdict, decision.because, kinds)
        };
        assert_eq!(decided(LOW), (Verdict::Allow, vec![], vec![]));
        assert_eq!(
            decided(HIGH),
            (Verdict::Challenge, vec![Because::NoEffects], vec![Notify, RevokeSessions])
        );
        assert_eq!(
            decided(CRITICAL),
            (Verdict::Deny, vec![Because::NoEffects], vec![Notify, RevokeSessions, RequireMfa, Review])
        );
    }
    #[test]
    fn a_mode_that_keeps_effects_back_marks_the_proposals() {
        let mut document = enforcing();
        document.tenant.mode = Some(Mode::Advisory);
        let decision: Decision<Effect> = decide(&document, HIGH, &at(Trigger::PostChangePassword));
        assert!(decision.proposals.iter().all(|proposal| proposal.withheld == Some(Because::ModeAdvisory)));
        assert_eq!(decision.proposals.len(), 2);
    }
}
