//! A past: the invented people, and what they and their attackers did for some days.

use std::collections::BTreeMap;

use countersign_core::{Channel, Timestamp};
use serde_json::{Map, Value};

use super::{Kind, Order, run_at, text};
use crate::{
    Population, SignIn, Traffic,
    flow::Visit,
    tenant::{Fault, http::Shell},
};

/// What a person has from the last sign-in: the session, the refresh token.
type Held = BTreeMap<usize, (Option<String>, Option<String>)>;

/// Puts the invented people into a tenant and lets them sign in for so many days before `now`; tells how often they did.
/// The same seed gives the same past.
///
/// # Errors
/// What is wrong with an order, which is a mistake of this program.
pub async fn history(
    shell: &Shell,
    base_url: &str,
    days: u16,
    seed: u64,
    now: Timestamp,
) -> Result<usize, Fault> {
    shell.tenant().lock().populate(&Population::new(seed));
    let past = Traffic::new(Population::new(seed), seed).history(days, now);
    let mut held = Held::new();
    for sign_in in &past {
        for failure in &sign_in.failures {
            let order = Order {
                user: failure.user_id.clone(),
                password: Some("a guess".to_owned()),
                ..order(sign_in, &Held::new())
            };
            run_at(shell, base_url, Kind::Login, order, failure.at).await?;
        }
        let order = order(sign_in, &held);
        let kind = if order.refresh_token.is_some() { Kind::Refresh } else { Kind::Login };
        let outcome = run_at(shell, base_url, kind, order, sign_in.at).await?;
        let (session, token) = held.entry(sign_in.person).or_default();
        if outcome.session_id.is_some() {
            *session = outcome.session_id;
        }
        if let Some(new) = outcome.tokens.and_then(|tokens| tokens.refresh_token) {
            *token = Some(new);
        }
    }
    Ok(past.len())
}

/// A sign-in as an order. Who has no session or token yet signs in as if anew.
fn order(sign_in: &SignIn, held: &Held) -> Order {
    let event = &sign_in.event;
    let part = |path: &str| event.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let (session, token) = held.get(&sign_in.person).cloned().unwrap_or_default();
    let mut order = Order {
        user: part("/user/user_id").unwrap_or_default(),
        client_id: part("/client/client_id").unwrap_or_default(),
        organization: part("/organization/id"),
        audience: part("/resource_server/identifier"),
        scope: Some("openid profile email offline_access".to_owned()),
        factor: sign_in.passes_challenge_with.map(|factor| factor.as_str().to_owned()),
        visit: visit(event),
        risk: event.pointer("/authentication/riskAssessment").cloned().unwrap_or_default(),
        ..Order::default()
    };
    match sign_in.channel {
        Channel::Silent if session.is_some() => {
            order.prompt = Some("none".to_owned());
            order.session_id = session;
        }
        Channel::Refresh => order.refresh_token = token,
        Channel::Password => order.protocol = Some("oauth2-password".to_owned()),
        Channel::Silent | Channel::Interactive | Channel::Exchange => {}
    }
    order
}

fn visit(event: &Value) -> Visit {
    let request = event.get("request").cloned().unwrap_or_default();
    let print = |name: &str| {
        let print = event.pointer(&format!("/security_context/{name}")).and_then(Value::as_str);
        print.map(str::to_owned)
    };
    let own = |name: &str| Some(text(&request, name).to_owned()).filter(|text| !text.is_empty());
    let object = |name: &str| request.get(name).and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    Visit {
        ip: text(&request, "ip").to_owned(),
        geoip: object("geoip"),
        asn: own("asn"),
        user_agent: own("user_agent"),
        ja3: print("ja3"),
        ja4: print("ja4"),
        hostname: own("hostname"),
        language: own("language"),
        method: text(&request, "method").to_owned(),
        query: object("query"),
        body: object("body"),
    }
}
