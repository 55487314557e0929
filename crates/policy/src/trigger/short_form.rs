//! The short form: whoever asked reads the score and acts for himself.

use countersign_core::Verdict;
use serde::{Deserialize, Serialize};

use super::{Answer, Case, Realize, Refusal};
use crate::decision::{Because, ProposalKind};

/// The effects of the short form: there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoEffect {}

impl Realize for NoEffect {
    fn challenge(_: &Case<'_>) -> Answer<Self> {
        Answer::Ask(Vec::new(), Some(Because::NoEffects))
    }

    fn refuse(_: &Case<'_>, _: Refusal) -> Vec<Self> {
        Vec::new()
    }

    /// Nothing: who asked may be anyone with the link, and the address that he asked about anyone's.
    fn proposals(_: Verdict) -> &'static [ProposalKind] {
        &[]
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
    fn the_short_form_is_told_the_verdict_and_nothing_is_done() {
        let decided = |score: Score| -> (Verdict, Vec<Because>) {
            let decision: Decision<NoEffect> = decide(&enforcing(), score, &at(Trigger::ShortForm));
            assert_eq!(decision.proposals, []);
            (decision.verdict, decision.because)
        };
        assert_eq!(decided(LOW), (Verdict::Allow, vec![]));
        assert_eq!(decided(HIGH), (Verdict::Challenge, vec![Because::NoEffects]));
        assert_eq!(decided(CRITICAL), (Verdict::Deny, vec![Because::NoEffects]));
    }
}
