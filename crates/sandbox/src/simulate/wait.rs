//! Flows that wait for somebody's answer, kept in the state until it comes.

use countersign_core::Timestamp;
use serde_json::{Map, Value, json};

use super::{Order, Outcome, gather, login, order::Kind, password, play::Play, text};
use crate::{
    flow::{self, Ask, Came, Facts, Suspended},
    tenant::{Fault, Item, Tenant},
};

/// By the `state`; all of it is hidden.
const WAITING: &str = "waiting_flows";

/// Keeps a flow that waits.
pub(super) fn keep(
    tenant: &mut Tenant,
    kind: Kind,
    order: &Order,
    facts: &Facts,
    suspended: &Suspended,
    at: Timestamp,
) {
    let hidden = json!({
        "is_reset": kind == Kind::Reset,
        "order": order,
        "suspended": suspended,
        "session": facts.session,
        "methods": facts.methods,
        "at": at,
    });
    let item = Item {
        id: suspended.state.clone(),
        shown: Map::new(),
        hidden: hidden.as_object().cloned().unwrap_or_default(),
    };
    tenant.state_mut().objects.insert(WAITING, item);
}

fn found(tenant: &mut Tenant, state: &str) -> Option<(Value, Order, Suspended)> {
    let kept = Value::Object(tenant.state().objects.find(WAITING, state)?.hidden.clone());
    let order = serde_json::from_value(kept.get("order")?.clone()).ok()?;
    let suspended = serde_json::from_value(kept.get("suspended")?.clone()).ok()?;
    Some((kept, order, suspended))
}

/// The parameters of the request that a flow which waits began with.
pub(crate) fn asked_by(tenant: &Tenant, state: &str) -> Option<Vec<(String, String)>> {
    let kept = &tenant.state().objects.find(WAITING, state)?.hidden;
    let query = kept.get("order")?.get("visit")?.get("query")?.as_object()?;
    Some(query.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect())
}

/// Goes on with a flow that waits.
pub(super) async fn run(play: &mut Play<'_>, answer: Order) -> Result<Outcome, Fault> {
    let state = answer.state.clone().unwrap_or_default();
    let unknown = || Fault::new(400, "No flow waits with that state.");
    let (kept, mut order, suspended) = play.with(|tenant| found(tenant, &state)).ok_or_else(unknown)?;
    if !answer.visit.ip.is_empty() {
        order.visit = answer.visit.clone();
    }
    order.visit.query.extend(answer.visit.query.clone());
    order.visit.body.extend(answer.visit.body.clone());
    order.factor = None;
    order.new_password = answer.new_password;
    let at = play.at;
    let mut facts = play.with(|tenant| gather::facts(tenant, &order, at))?;
    facts.session = kept.get("session").cloned().unwrap_or_default();
    facts.methods = kept.get("methods").and_then(Value::as_array).cloned().unwrap_or_default();
    facts.prompt = login::form(&suspended.ask, &answer.profile);
    let came = match (&suspended.ask, answer.factor) {
        (Ask::Redirect(_) | Ask::Form(_), _) => Came::Back(state.clone()),
        (_, Some(factor)) if answer.passes == Some(false) => Came::NotPassed(factor),
        (_, Some(factor)) => Came::Passed(factor),
        (_, None) => return Err(Fault::new(400, "A factor is asked for.")),
    };
    let is_reset = kept.get("is_reset") == Some(&Value::Bool(true));
    let bound = play.bound(if is_reset { "password-reset-post-challenge" } else { "post-login" })?;
    let next = if is_reset {
        flow::continue_reset(&mut play.stage(), &facts, &bound, &suspended, &came).await
    } else {
        flow::continue_login(&mut play.stage(), &facts, &bound, &suspended, &came).await
    };
    let end = next.map_err(|error| Fault::new(400, format!("{error}.")))?;
    play.with(|tenant| tenant.state_mut().objects.remove(WAITING, &state));
    if let Came::Passed(factor) = &came {
        facts.methods.push(json!({"name": "mfa", "type": factor, "timestamp": crate::tenant::iso(at)}));
    }
    if is_reset {
        return password::settle(play, &order, facts, end).await;
    }
    let base_url = play.base_url;
    play.with(|tenant| {
        if let (Came::Passed(factor), Ask::Enroll(_)) = (&came, &suspended.ask) {
            login::enroll(tenant, text(&facts.user, "user_id"), factor, at);
        }
        login::written(tenant, &order, &facts, &end, at, base_url)
    })
}
