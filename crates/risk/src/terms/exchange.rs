//! Terms of a token exchange beside those that it shares with machines.

use std::collections::BTreeSet;

use super::familiarity::Subject;
use crate::{Actor, Code, Contribution, Features, Machine, Model, Profile, Short, code, number::LIMIT_MICRO};

/// How well the kinds of token fit the client's history, which the least familiar one decides; `None` without either.
pub(super) fn kinds(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let kinds: &BTreeSet<Short> = &features.machine.as_ref()?.exchange.as_ref()?.kinds;
    let asked = profile?.scopes(&Machine { scopes: kinds.clone(), ..Machine::default() }, features.at)?;
    let noun =
        if asked.unseen > 0 { "one of these kinds of token" } else { "the rarest of these kinds of token" };
    Subject {
        constants: model.machine_client.token_kinds,
        unfamiliar: code::UNFAMILIAR_TOKEN_KIND,
        familiar: code::FAMILIAR_TOKEN_KIND,
        noun,
        share_milli: 1_000,
    }
    .contribution(asked.least, features, model)
}

/// What an actor counts whose account was made lately; `None` when not told.
pub(super) fn actor_new(features: &Features, _: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let hours = actor(features)?.hours_since_made?;
    let text = |hours| format!("The account of the user who acts was made less than {hours} h before.");
    lately(code::NEW_ACTOR, hours, model, model.machine_client.actor_new_micro, text)
}

/// What an actor counts whose password was reset lately; `None` when not told.
pub(super) fn actor_reset(features: &Features, _: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let hours = actor(features)?.hours_since_reset?;
    let text = |hours| format!("The password of the user who acts was reset less than {hours} h before.");
    lately(code::ACTOR_RESET, hours, model, model.machine_client.actor_reset_micro, text)
}

fn actor(features: &Features) -> Option<Actor> {
    features.machine.as_ref()?.exchange.as_ref()?.actor
}

fn lately(
    code: Code,
    hours: u32,
    model: &Model,
    micro: i64,
    text: impl FnOnce(u32) -> String,
) -> Option<Contribution> {
    (hours < model.machine_client.actor_hours).then_some(())?;
    Contribution::new(code, micro, (0, LIMIT_MICRO), text(hours.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use countersign_auth0::trigger::custom_token_exchange::CustomTokenExchange;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        Readings, assess,
        samples::{event, extracted},
    };

    const EXCHANGE: &str = include_str!("../../../../fixtures/events/custom-token-exchange.json");

    fn features(patch: &Value) -> Features {
        extracted(&event::<CustomTokenExchange>(EXCHANGE, patch), Readings::default())
    }

    fn known() -> Profile {
        let mut profile = Profile::default();
        for key in 0..60 {
            profile.credit(&features(&json!({})), key, 1_000);
        }
        profile
    }

    fn codes(patch: &Value) -> Vec<String> {
        let assessment = assess(&features(patch), Some(&known()), &Model::default());
        assessment.reasons.iter().map(|reason| reason.code.to_string()).collect()
    }

    #[test]
    fn a_usual_exchange_is_familiar_in_kind_and_scopes() {
        let usual = codes(&json!({}));
        for code in ["familiar_token_kind", "familiar_scopes", "familiar_audience", "familiar_network"] {
            assert!(usual.iter().any(|found| found == code), "{code}: {usual:?}");
        }
    }

    #[test]
    fn another_kind_of_token_is_noticed_apart_from_the_scopes() {
        for patch in [
            json!({"transaction": {"subject_token_type": "urn:example:other"}}),
            json!({"transaction": {"requested_token_type": "urn:example:other"}}),
            json!({"transaction": {"actor_token_type": "urn:example:agent"}}),
        ] {
            let found = codes(&patch);
            assert!(found.iter().any(|code| code == "unfamiliar_token_kind"), "{patch}: {found:?}");
            assert!(found.iter().any(|code| code == "familiar_scopes"), "{patch}: {found:?}");
        }
        let wider = codes(&json!({"transaction": {"requested_scopes": ["openid", "delete:all"]}}));
        assert!(wider.iter().any(|code| code == "unfamiliar_scopes"), "{wider:?}");
        assert!(wider.iter().any(|code| code == "familiar_token_kind"), "{wider:?}");
    }

    #[test]
    fn an_actor_who_is_new_or_just_had_the_password_reset_counts() {
        let actor = |made: &str, reset: &str| {
            let user = json!({
                "user_id": "auth0|agent", "email_verified": true, "identities": [], "updated_at": made,
                "created_at": made, "last_password_reset": reset,
            });
            let found = codes(&json!({"transaction": {"actor_token_user": user}}));
            (found.iter().any(|code| code == "new_actor"), found.iter().any(|code| code == "actor_reset"))
        };
        assert_eq!(actor("2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z"), (false, false));
        assert_eq!(actor("2026-08-20T05:00:00Z", "2025-06-01T00:00:00Z"), (true, false));
        assert_eq!(actor("2025-01-01T00:00:00Z", "2026-08-20T05:00:00Z"), (false, true));
        assert_eq!(actor("not a time", ""), (false, false));
    }

    #[test]
    fn kinds_of_token_are_kept_beside_any_number_of_scopes() {
        let scopes: Vec<String> = (0..60).map(|n| format!("read:{n}")).collect();
        let machine = features(&json!({"transaction": {"requested_scopes": scopes}})).machine.unwrap();
        let kinds = machine.exchange.as_ref().unwrap().kinds.clone();
        assert!(kinds.len() == 2 && kinds.is_subset(&machine.scopes) && machine.scopes.len() == 24);
        assert!(machine.more_scopes && machine.plain().scopes.is_disjoint(&kinds));
    }
}
