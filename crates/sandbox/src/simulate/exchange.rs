//! A token in exchange for another.

use serde_json::Value;

use super::{Order, Outcome, gather, login, play::Play, text};
use crate::{
    Exchange,
    flow::{self, Facts},
    tenant::{Fault, Tenant},
};

/// Runs the Action of the profile that the type of the token names, then those of a sign-in.
pub(super) async fn run(play: &mut Play<'_>, mut order: Order) -> Result<Outcome, Fault> {
    let kind = order.subject_token_type.clone().unwrap_or_default();
    let action = play.with(|tenant| {
        let mut profiles = tenant.state().objects.all("token_exchange_profiles");
        let profile = profiles.find(|profile| profile.text("subject_token_type") == kind);
        profile.map(|profile| profile.text("action_id").to_owned())
    });
    let missing =
        || Fault::new(400, "No profile of token exchange has this type, with an Action that is deployed.");
    let profile = play.named(&action.ok_or_else(missing)?)?.ok_or_else(missing)?;
    let after = play.bound("post-login")?;
    order.protocol = Some("oauth2-token-exchange".to_owned());
    let (at, base_url, shared) = (play.at, play.base_url, play.tenant());
    let facts = play.with(|tenant| gather::facts(tenant, &order, at))?;
    let mut found = None;
    let find = |exchange: &Exchange| {
        let facts = owner(&shared.lock(), &order, exchange, at);
        found.clone_from(&facts);
        facts
    };
    let end = flow::token_exchange(&mut play.stage(), &facts, &profile, &after, find).await;
    let facts = found.unwrap_or(facts);
    play.with(|tenant| login::written(tenant, &order, &facts, &end, at, base_url))
}

/// The facts of the user whom an Action named.
fn owner(
    tenant: &Tenant,
    order: &Order,
    exchange: &Exchange,
    at: countersign_core::Timestamp,
) -> Option<Facts> {
    let user = exchange.user.as_ref()?;
    let mut order = order.clone();
    let attributes = user.get("attributes").unwrap_or(&Value::Null);
    let names = [text(user, "user_id"), text(attributes, "email"), text(attributes, "username")];
    order.user = names.into_iter().find(|name| !name.is_empty())?.to_owned();
    if let Some(organization) = &exchange.organization {
        order.organization = Some(organization.clone());
    }
    let facts = gather::facts(tenant, &order, at).ok()?;
    (!facts.user.is_null()).then_some(facts)
}
