//! Using a refresh token.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use countersign_core::Timestamp;
use serde_json::Value;

use super::{
    Grant, Order, Outcome, apply, gather,
    issue::{self, Issue},
    play::Play,
    text,
};
use crate::{
    flow::{self, Ending, Facts, FailedRefresh},
    tenant::{Fault, State, access::REFRESH_TOKENS},
};

/// Exchanges a refresh token for an access token; the Actions of a sign-in run.
pub(super) async fn run(play: &mut Play<'_>, mut order: Order) -> Result<Outcome, Fault> {
    let bound = play.bound("post-login")?;
    let (at, base_url) = (play.at, play.base_url);
    order.protocol = Some("oauth2-refresh-token".to_owned());
    let found = play.with(|tenant| find(tenant.state(), &order, at));
    let (id, mut grant) = match found {
        Ok((id, grant)) => (id, Grant { is_unsigned: order.is_unsigned, ..grant }),
        Err(why) => {
            let facts = play.with(|tenant| gather::facts(tenant, &order, at))?;
            let end = flow::failed_refresh(&mut play.stage(), &facts, why);
            play.with(|tenant| apply::end(tenant, &end, "", at));
            return Ok(Outcome::of(&end));
        }
    };
    let facts = play.with(|tenant| {
        order.user.clone_from(&grant.user_id);
        order.audience.clone_from(&grant.audience);
        order.scope.get_or_insert_with(|| grant.scopes.join(" "));
        let organization = text(&grant.organization, "id");
        order.organization = Some(organization.to_owned()).filter(|id| !id.is_empty());
        let mut facts = gather::facts(tenant, &order, at)?;
        recall(tenant.state(), &id, &grant, &mut facts, at);
        Ok::<_, Fault>(facts)
    })?;
    let end = flow::login(&mut play.stage(), &facts, &bound).await;
    let mut outcome = Outcome::of(&end);
    play.with(|tenant| {
        apply::end(tenant, &end, &grant.user_id, at);
        let lives = apply::refresh_token(tenant.state_mut(), &id, &facts, &end.refresh_token, at);
        let lives = lives && apply::session(tenant.state_mut(), &facts, &end.session, at);
        if end.ending != Ending::Done || !lives {
            return;
        }
        grant.scopes.retain(|scope| scope == "offline_access" || end.scopes.contains(scope));
        let given = end.scopes.iter().filter(|scope| !grant.has(scope)).cloned().collect::<Vec<_>>();
        grant.scopes.extend(given);
        grant.claims = end.claims.clone();
        outcome.user_id = Some(grant.user_id.clone());
        outcome.session_id.clone_from(&grant.session_id);
        let token = tenant.state().objects.find(REFRESH_TOKENS, &id);
        let rotates = token.is_some_and(|token| token.shown.get("rotating") == Some(&Value::Bool(true)));
        outcome.tokens = if rotates {
            tenant.state_mut().revoke_refresh_token(&id, at);
            let issue = Issue { grant, device: apply::device(&facts), redirect_uri: None };
            issue::tokens(tenant, &issue, base_url, at)
        } else {
            grant.issue(tenant, base_url, at)
        };
    });
    Ok(outcome)
}

/// The token of an order, if it is one of the order's client and has not ended.
fn find(state: &State, order: &Order, at: Timestamp) -> Result<(String, Grant), FailedRefresh> {
    let token = order.refresh_token.as_deref().unwrap_or_default();
    let parts = token.strip_prefix("v1.").and_then(|rest| rest.split_once('.'));
    let (id, secret) = parts.ok_or(FailedRefresh::Token)?;
    let item = state.refresh_token(id, at).ok_or(FailedRefresh::Token)?;
    let is_same = verify_slices_are_equal(secret.as_bytes(), item.hidden_text("secret").as_bytes()).is_ok();
    if !is_same || item.text("client_id") != order.client_id {
        return Err(FailedRefresh::Token);
    }
    let grant = item.hidden.get("grant").cloned().unwrap_or_default();
    let grant: Grant = serde_json::from_value(grant).map_err(|_| FailedRefresh::Token)?;
    if state.objects.find("users", &grant.user_id).is_none() {
        return Err(FailedRefresh::Grant);
    }
    Ok((id.to_owned(), grant))
}

/// Session and token as the event shows them, and what was passed when the session began.
fn recall(state: &State, id: &str, grant: &Grant, facts: &mut Facts, at: Timestamp) {
    if let Some(token) = state.objects.find(REFRESH_TOKENS, id) {
        facts.refresh_token = gather::for_event(token, "refresh_token_metadata");
    }
    let session = grant.session_id.as_ref().and_then(|id| state.session(id, at));
    if let Some(session) = session {
        facts.session = gather::for_event(session, "session_metadata");
        let methods = session.shown.get("authentication").and_then(|known| known.get("methods"));
        facts.methods = methods.and_then(Value::as_array).cloned().unwrap_or_default();
    }
}
