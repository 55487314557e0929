//! `pre-user-registration`: nobody can be asked yet, so a challenge is owed by the first sign-in.

use countersign_auth0::trigger::pre_user_registration::Effect;
use countersign_core::Verdict;

use super::{Answer, Case, Realize, Refusal};
use crate::decision::{Because, ProposalKind};

impl Realize for Effect {
    fn challenge(case: &Case<'_>) -> Answer<Self> {
        Answer::Ask(Self::mark(case), Some(Because::Deferred))
    }

    fn refuse(case: &Case<'_>, refusal: Refusal) -> Vec<Self> {
        // Why: whoever sees it may be the attacker; it says nothing of what was noticed.
        let user_message = format!(
            "We could not create your account. Please contact support and mention {}.",
            case.circumstances.reference
        );
        vec![Self::Deny { reason: refusal.text("registration", case), user_message: user_message.into() }]
    }

    fn allow(case: &Case<'_>) -> Vec<Self> {
        // Why: what a connector told is there for the application, whatever the risk.
        if case.tells_facts() { Self::mark(case) } else { Vec::new() }
    }

    fn mark(case: &Case<'_>) -> Vec<Self> {
        case.mark().map(|value| Self::SetAppMetadata { value }).into_iter().collect()
    }

    fn proposals(verdict: Verdict) -> &'static [ProposalKind] {
        // Why nothing after a refusal: there is no account to do anything about.
        if verdict == Verdict::Challenge { &[ProposalKind::RequireMfa] } else { &[] }
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Trigger;
    use serde_json::json;

    use super::*;
    use crate::{
        circumstances::Circumstances,
        decide,
        decision::Decision,
        document::Fallback,
        settings::Verdicts,
        testing::{CRITICAL, HIGH, LOW, at, enforcing},
    };

    fn decision(score: countersign_core::Score) -> Decision<Effect> {
        decide(&enforcing(), score, &at(Trigger::PreUserRegistration))
    }

    #[test]
    fn a_challenge_is_deferred_with_a_mark_and_a_proposal() {
        let decision = decision(HIGH);
        assert_eq!((decision.verdict, decision.because), (Verdict::Challenge, vec![Because::Deferred]));
        assert_eq!(
            serde_json::to_value(&decision.effects).unwrap(),
            json!([{"call": "user.setAppMetadata", "args": ["countersign", {"level": "high", "decision": "dec_1"}]}])
        );
        assert_eq!(
            serde_json::to_value(&decision.proposals).unwrap(),
            json!([{"kind": "require_mfa", "reason_codes": ["new_country", "impossible_travel", "new_device"]}])
        );
    }

    #[test]
    fn a_refusal_tells_the_person_nothing_of_what_was_noticed() {
        let decision = decision(CRITICAL);
        let [Effect::Deny { reason, user_message }] = &decision.effects[..] else {
            panic!("{:?}", decision.effects)
        };
        assert_eq!(reason.as_str(), "refused: this registration was refused for security; reference dec_1");
        assert_eq!(
            user_message.as_str(),
            "We could not create your account. Please contact support and mention dec_1."
        );
        assert_eq!(decision.proposals, []);
    }

    fn told(facts: serde_json::Value, score: countersign_core::Score) -> Decision<Effect> {
        let facts = serde_json::from_value(facts).unwrap();
        decide(&enforcing(), score, &Circumstances { facts, ..at(Trigger::PreUserRegistration) })
    }

    #[test]
    fn what_a_connector_told_stands_in_the_mark_of_every_sign_up_that_goes_on() {
        for (score, level) in [(LOW, "low"), (HIGH, "high")] {
            let decision = told(json!({ "company": "Acme", "size": 250 }), score);
            let value = json!({ "level": level, "decision": "dec_1", "enrichment": { "company": "Acme", "size": 250 } });
            assert_eq!(
                serde_json::to_value(&decision.effects).unwrap(),
                json!([{"call": "user.setAppMetadata", "args": ["countersign", value]}])
            );
        }
        assert_eq!(told(json!({}), LOW).effects, []);
        assert!(matches!(told(json!({ "company": "Acme" }), CRITICAL).effects[..], [Effect::Deny { .. }]));
    }

    #[test]
    fn facts_that_do_not_fit_are_left_out_and_the_mark_is_not() {
        let many: serde_json::Map<_, _> =
            (0..16).map(|n| (format!("n{n:02}"), json!("x".repeat(128)))).collect();
        assert_eq!(told(many.clone().into(), LOW).effects, []);
        assert_eq!(told(many.into(), HIGH).effects, decision(HIGH).effects);
    }

    #[test]
    fn the_largest_facts_that_fit_fit_beside_the_longest_reference() {
        let size = |facts: &serde_json::Map<_, _>| serde_json::to_vec(facts).unwrap().len();
        let mut facts: serde_json::Map<_, _> = (0..5)
            .map(|n| (format!("n{n}"), json!("x".repeat(128))))
            .chain([("n5".to_owned(), json!(""))])
            .collect();
        facts.insert("n5".to_owned(), json!("x".repeat(768 - size(&facts))));
        assert_eq!(size(&facts), 768);
        let circumstances = Circumstances {
            facts: serde_json::from_value(facts.clone().into()).unwrap(),
            reference: "\u{1F600}".repeat(128),
            ..at(Trigger::PreUserRegistration)
        };
        let decision: Decision<Effect> = decide(&enforcing(), HIGH, &circumstances);
        let [Effect::SetAppMetadata { value }] = &decision.effects[..] else {
            panic!("{:?}", decision.effects)
        };
        assert_eq!(value.as_map()["enrichment"], serde_json::Value::Object(facts));
    }

    #[test]
    fn there_is_no_mfa_to_skip() {
        let mut document = enforcing();
        document.fallback = Fallback::Challenge;
        document.tenant.verdicts = Some(Verdicts { low: Verdict::SkipMfa, ..Verdicts::default() });
        let decision: Decision<Effect> = decide(&document, LOW, &at(Trigger::PreUserRegistration));
        assert_eq!((decision.verdict, decision.because), (Verdict::Allow, vec![Because::NothingToSkip]));
        assert_eq!(decision.effects, []);
    }
}
