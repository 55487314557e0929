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
