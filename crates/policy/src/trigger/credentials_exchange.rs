//! `credentials-exchange`: a machine can't be asked; it is given less, or refused.

use std::collections::BTreeSet;

use countersign_auth0::{
    claim::{ClaimName, ClaimValue},
    scope::Scope,
    trigger::credentials_exchange::{DenyCode, Effect},
};

use super::{Answer, Case, Realize, Refusal};
use crate::{decision::Because, document::Claims};

/// The most scopes that are taken away one by one; a machine that asks for more new ones at once is refused. A bound
/// of our own on the size of an answer: Auth0 bounds the scopes of an API, not those of a request.
const MAX_REDUCED: usize = 100;

impl Realize for Effect {
    fn challenge(case: &Case<'_>) -> Answer<Self> {
        // Why all or none: what can't be taken away would stay.
        let scopes: Result<BTreeSet<Scope>, _> =
            case.circumstances.new_scopes.iter().map(|scope| scope.parse()).collect();
        match scopes {
            Ok(scopes) if case.settings.reduce_scopes && (1..=MAX_REDUCED).contains(&scopes.len()) => {
                let effects = scopes.into_iter().map(|scope| Self::RemoveTargetScope { scope });
                Answer::Ask(effects.collect(), Some(Because::ScopesReduced))
            }
            _ => Answer::Refuse(vec![Because::StepUpRequired]),
        }
    }

    fn refuse(case: &Case<'_>, refusal: Refusal) -> Vec<Self> {
        vec![Self::Deny { code: DenyCode::InvalidRequest, reason: refusal.text("request", case) }]
    }

    fn claim(claims: Claims, name: &ClaimName, value: &ClaimValue) -> Vec<Self> {
        if !claims.access_token {
            return Vec::new();
        }
        vec![Self::SetAccessTokenClaim { name: name.clone(), value: value.clone() }]
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{Trigger, Verdict};
    use serde_json::json;

    use super::*;
    use crate::{
        Circumstances, decide,
        decision::Decision,
        document::Document,
        testing::{CRITICAL, HIGH, LOW, at, enforcing},
    };

    fn machine(new_scopes: &[&str]) -> Circumstances {
        let new_scopes = new_scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Circumstances { new_scopes, ..at(Trigger::CredentialsExchange) }
    }

    fn reducing() -> Document {
        let mut document = enforcing();
        document.tenant.reduce_scopes = Some(true);
        document
    }

    fn effects(decision: &Decision<Effect>) -> serde_json::Value {
        serde_json::to_value(&decision.effects).unwrap()
    }

    #[test]
    fn a_challenge_takes_away_the_scopes_that_are_new_each_once() {
        let decision = decide(&reducing(), HIGH, &machine(&["write:b", "write:a", "write:b"]));
        assert_eq!(
            effects(&decision),
            json!([{"call": "transaction.removeTargetScope", "args": ["write:a"]}, {"call": "transaction.removeTargetScope", "args": ["write:b"]}])
        );
        assert_eq!((decision.verdict, decision.because), (Verdict::Challenge, vec![Because::ScopesReduced]));
    }

    #[test]
    fn a_challenge_refuses_where_no_scope_can_be_taken_away() {
        let many: Vec<String> = (0..=MAX_REDUCED).map(|index| format!("read:{index}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (document, new_scopes) in [
            (enforcing(), vec!["write:a"]),
            (reducing(), vec![]),
            (reducing(), vec!["write:a", "not a scope"]),
            (reducing(), many),
        ] {
            let decision = decide(&document, HIGH, &machine(&new_scopes));
            assert_eq!(
                (decision.verdict, &decision.because[..]),
                (Verdict::Deny, &[Because::StepUpRequired][..])
            );
            let reason = "step_up_required: this request was refused for security; reference dec_1";
            assert_eq!(
                effects(&decision),
                json!([{"call": "access.deny", "args": ["invalid_request", reason]}])
            );
        }
    }

    #[test]
    fn a_refusal_is_an_invalid_request() {
        let decision = decide(&reducing(), CRITICAL, &machine(&["write:a"]));
        let reason = "refused: this request was refused for security; reference dec_1";
        assert_eq!(effects(&decision), json!([{"call": "access.deny", "args": ["invalid_request", reason]}]));
    }

    #[test]
    fn claims_go_into_the_access_token_alone_and_only_where_it_was_opted_in() {
        let mut document = enforcing();
        document.tenant.claims = Some(Claims { risk_level: true, ..Claims::default() });
        assert_eq!(effects(&decide(&document, LOW, &machine(&[]))), json!([]));
        document.tenant.claims = Some(Claims { risk_level: true, access_token: true, ..Claims::default() });
        assert_eq!(
            effects(&decide(&document, LOW, &machine(&[]))),
            json!([{"call": "accessToken.setCustomClaim", "args": ["https://countersign.example/risk_level", "low"]}])
        );
    }
}
