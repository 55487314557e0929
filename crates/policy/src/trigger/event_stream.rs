//! `event-stream`: what the message tells of has happened; what should be done about it is proposed.

use countersign_auth0::trigger::{event_stream::Effect, post_user_registration};
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
        // Why: what is screened here are new accounts that no registration trigger saw.
        post_user_registration::Effect::proposals(verdict)
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Trigger;

    use super::*;
    use crate::{
        decide,
        decision::Decision,
        testing::{CRITICAL, at, enforcing},
    };

    #[test]
    fn a_new_account_that_should_not_be_is_proposed_for_review() {
        let decision: Decision<Effect> = decide(&enforcing(), CRITICAL, &at(Trigger::EventStream));
        let kinds: Vec<ProposalKind> = decision.proposals.iter().map(|proposal| proposal.kind).collect();
        assert_eq!((decision.verdict, kinds.contains(&ProposalKind::Review)), (Verdict::Deny, true));
    }
}
