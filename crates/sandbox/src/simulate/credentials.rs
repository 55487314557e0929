//! A client asks for a token of its own.

use serde_json::Value;

use super::{Grant, Order, Outcome, apply, gather, play::Play, text};
use crate::{
    flow::{self, Ending},
    tenant::{Fault, Reply},
};

/// Runs the Actions of `credentials-exchange`; that the client is who it says is settled before.
pub(super) async fn run(play: &mut Play<'_>, mut order: Order) -> Result<Outcome, Fault> {
    let bound = play.bound("credentials-exchange")?;
    let (at, base_url) = (play.at, play.base_url);
    order.protocol = Some("oauth2-access-token".to_owned());
    let (mut facts, granted) = play.with(|tenant| {
        let facts = gather::facts(tenant, &order, at)?;
        let audience = order.audience.as_deref().unwrap_or_default();
        let granted = tenant.client_scopes(&order.client_id, audience, order.scope.as_deref());
        Ok::<_, Fault>((facts, granted))
    })?;
    facts.user = Value::Null;
    let scopes = match granted {
        Ok(scopes) => scopes.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
        Err(Reply { body, .. }) => {
            let body = body.unwrap_or_default();
            let (error, why) = (text(&body, "error"), text(&body, "error_description"));
            let end = flow::failed_credentials(&mut play.stage(), &facts, error, why);
            play.with(|tenant| apply::end(tenant, &end, "", at));
            return Ok(Outcome::of(&end));
        }
    };
    facts.transaction.insert("requested_scopes".to_owned(), scopes.clone().into());
    let end = flow::credentials(&mut play.stage(), &facts, &bound, &scopes).await;
    let mut outcome = Outcome::of(&end);
    play.with(|tenant| {
        apply::end(tenant, &end, "", at);
        if end.ending == Ending::Done {
            let grant = Grant {
                user_id: format!("{}@clients", order.client_id),
                client_id: order.client_id.clone(),
                audience: order.audience.clone(),
                scopes: end.scopes.clone(),
                organization: facts.organization.clone(),
                claims: end.claims.clone(),
                gty: Some("client-credentials".to_owned()),
                ..Grant::default()
            };
            outcome.tokens = grant.issue(tenant, base_url, at);
        }
    });
    Ok(outcome)
}
