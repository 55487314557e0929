//! A token in exchange for another.

use countersign_core::Timestamp;
use serde_json::{Map, Value};

use super::{Order, Outcome, apply, gather, limits::Limit, login, play::Play, text};
use crate::{
    Exchange,
    flow::{self, Facts},
    tenant::{Fault, State, TOKEN_EXCHANGE_PROFILES as PROFILES, Tenant},
};

/// Runs the Action of the profile that the type of the token names, then those of a sign-in.
pub(super) async fn run(play: &mut Play<'_>, mut order: Order) -> Result<Outcome, Fault> {
    order.protocol = Some("oauth2-token-exchange".to_owned());
    let (at, base_url, shared) = (play.at, play.base_url, play.tenant());
    let (facts, action) = play.with(|tenant| {
        let mut facts = gather::facts(tenant, &order, at)?;
        // Why: whose token it is, the Action says.
        facts.user = Value::Null;
        let action = action(tenant.state(), &order, &facts, at);
        Ok::<_, Fault>((facts, action))
    })?;
    let profile = match action {
        Ok(action) => play.named(&action)?.ok_or(NO_PROFILE),
        Err(refused) => Err(refused),
    };
    let profile = match profile {
        Ok(profile) => profile,
        Err((error, why)) => {
            let end = flow::failed_exchange(&mut play.stage(), &facts, error, why);
            play.with(|tenant| apply::end(tenant, &end, "", at));
            return Ok(Outcome::of(&end));
        }
    };
    let after = play.bound("post-login")?;
    let mut found = None;
    let find = |exchange: &Exchange| {
        let facts = owner(&mut shared.lock(), &order, exchange, at)?;
        found = Some(facts.clone());
        Ok(facts)
    };
    let end = flow::token_exchange(&mut play.stage(), &facts, &profile, &after, find).await;
    let facts = found.unwrap_or(facts);
    play.with(|tenant| {
        if end.exchange.is_rejected {
            Limit::Exchanges.count(tenant.state_mut(), &facts.visit.ip, at);
        }
        login::written(tenant, &order, &facts, &end, at, base_url)
    })
}

/// An OAuth error with what is wrong.
type Refused = (&'static str, &'static str);

const NO_PROFILE: Refused =
    ("invalid_request", "No profile of token exchange with an Action that is deployed has this type");

/// The Action that looks at a token, where its client may exchange any.
fn action(state: &State, order: &Order, facts: &Facts, at: Timestamp) -> Result<String, Refused> {
    let kinds = facts.client.pointer("/token_exchange/allow_any_profile_of_type").and_then(Value::as_array);
    let may = kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "custom_authentication"));
    let is_foreign = facts.client.get("is_first_party") == Some(&Value::Bool(false));
    if !may || is_foreign {
        return Err(("unauthorized_client", "Token exchange is not allowed for the client"));
    }
    if Limit::Exchanges.is_reached(state, &facts.visit.ip, at) {
        let why = "We have detected suspicious login behavior and further attempts will be blocked. Please contact the administrator.";
        return Err(("too_many_attempts", why));
    }
    let mut profiles = state.objects.all(PROFILES);
    let profile = profiles
        .find(|profile| Some(profile.text("subject_token_type")) == order.subject_token_type.as_deref());
    profile.map(|profile| profile.text("action_id").to_owned()).ok_or(NO_PROFILE)
}

/// The facts of the user whom an Action named, who may be made or changed by that.
fn owner(tenant: &mut Tenant, order: &Order, exchange: &Exchange, at: Timestamp) -> Result<Facts, String> {
    let named = exchange.user.as_ref().ok_or("no user was set")?;
    let mut order = order.clone();
    order.user = match text(named, "user_id") {
        "" => {
            order.connection = Some(text(named, "connection").to_owned());
            by_connection(tenant.state_mut(), named, at)?
        }
        id => id.to_owned(),
    };
    if tenant.state().objects.find("users", &order.user).is_none() {
        return Err("The user does not exist.".to_owned());
    }
    if let Some(organization) = &exchange.organization {
        order.organization = Some(organization.clone());
    }
    let mut facts = gather::facts(tenant, &order, at).map_err(|fault| fault.to_string())?;
    // Why: nobody passed a factor here.
    facts.methods.clear();
    if facts.user.get("blocked") == Some(&Value::Bool(true)) {
        return Err("user is blocked".to_owned());
    }
    if !login::is_member(tenant, &facts, &order.user) {
        return Err("user is not part of the organization".to_owned());
    }
    Ok(facts)
}

/// The user with an id of a connection's own, made or changed as the Action says.
fn by_connection(state: &mut State, named: &Value, at: Timestamp) -> Result<String, String> {
    let (none, connection) = (Map::new(), text(named, "connection"));
    let attributes = named.get("attributes").and_then(Value::as_object).unwrap_or(&none);
    let own = attributes.get("user_id").and_then(Value::as_str).unwrap_or_default();
    let known = state.user_of(connection, own).map(|user| user.id.clone());
    let done = match known {
        Some(id) if text(named, "update") == "replace" => {
            state.replace_attributes(&id, connection, attributes, at).map(|()| id)
        }
        Some(id) => Ok(id),
        None if text(named, "creation") == "create_if_not_exists" => {
            state.add_user(connection, own, attributes, at)
        }
        None => return Err("The user does not exist.".to_owned()),
    };
    done.map_err(|fault| fault.to_string())
}
