//! Facts out of the state.

use serde_json::{Map, Value, json};

use super::{
    order::{Order, words},
    text,
};
use crate::{
    flow::{Facts, Visit},
    tenant::{Fault, Item, State, Tenant, iso},
};
use countersign_core::Timestamp;

/// Where the tenant says that it is.
const ENVIRONMENT: &str = "sandbox";

/// How long a session lasts, and how long unused, in hours (Auth0's defaults).
const SESSION_HOURS: (i64, i64) = (168, 72);

const HOUR: i64 = 3_600_000_000;

/// How long a session lives unused.
pub(super) const SESSION_IDLE: i64 = SESSION_HOURS.1 * HOUR;

fn shown(item: Option<&Item>) -> Value {
    item.map_or(Value::Null, |item| Value::Object(item.shown.clone()))
}

/// A client by its id.
pub(super) fn client(state: &State, id: &str) -> Result<Value, Fault> {
    let found = state.objects.find("clients", id);
    found.map(|item| shown(Some(item))).ok_or_else(|| Fault::new(400, format!("Unknown client: {id}")))
}

fn by_id_or_name<'a>(state: &'a State, collection: &str, wanted: &str) -> Option<&'a Item> {
    let found = state.objects.find(collection, wanted);
    found.or_else(|| state.objects.all(collection).find(|item| item.text("name") == wanted))
}

/// A connection by its id or name.
pub(super) fn connection(state: &State, wanted: &str) -> Result<Value, Fault> {
    let found = by_id_or_name(state, "connections", wanted);
    found
        .map(|item| shown(Some(item)))
        .ok_or_else(|| Fault::new(400, format!("Unknown connection: {wanted}")))
}

/// An organization by its id or name.
pub(super) fn organization(state: &State, wanted: &str) -> Result<Value, Fault> {
    let found = by_id_or_name(state, "organizations", wanted);
    found
        .map(|item| shown(Some(item)))
        .ok_or_else(|| Fault::new(400, format!("Unknown organization: {wanted}")))
}

/// The user with an id, or who is called so at a connection.
pub(super) fn user<'a>(state: &'a State, typed: &str, connection: Option<&str>) -> Option<&'a Item> {
    state.objects.find("users", typed).or_else(|| {
        state.objects.all("users").find(|user| {
            let mut names = ["email", "username", "phone_number"].into_iter();
            !typed.is_empty()
                && names.any(|name| user.text(name).eq_ignore_ascii_case(typed))
                && connection.is_none_or(|connection| is_in(user, connection))
        })
    })
}

fn identities(user: &Item) -> impl Iterator<Item = &Value> {
    user.shown.get("identities").and_then(Value::as_array).into_iter().flatten()
}

/// Whether a user signs in through a connection.
pub(super) fn is_in(user: &Item, connection: &str) -> bool {
    identities(user).any(|identity| text(identity, "connection") == connection)
}

/// What is known when an order begins; without a user where there is none by that name.
pub(super) fn facts(tenant: &Tenant, order: &Order, at: Timestamp) -> Result<Facts, Fault> {
    let state = tenant.state();
    let named = order.connection.as_deref().map(|wanted| connection(state, wanted)).transpose()?;
    let user = user(state, &order.user, named.as_ref().map(|named| text(named, "name")));
    let organization = order.organization.as_deref().map(|wanted| organization(state, wanted)).transpose()?;
    let organization = organization.unwrap_or(Value::Null);
    let mut facts = Facts {
        tenant: tenant.options().name.clone(),
        environment: ENVIRONMENT.to_owned(),
        visit: visit(&order.visit, &tenant.options().base_url),
        client: client(state, &order.client_id)?,
        user: shown(user),
        roles: user.map_or_else(Vec::new, |user| roles(state, &user.id, text(&organization, "id"))),
        factors: user.map(|user| factors(state, &user.id)),
        organization,
        risk: order.risk.clone(),
        audience: order.audience.clone(),
        transaction: transaction(order),
        ..Facts::default()
    };
    let own = user.and_then(|user| identities(user).next()).map(|identity| text(identity, "connection"));
    facts.connection = match (named, own) {
        (Some(named), _) => named,
        // Why not a fault: users may be there whose connection isn't.
        (None, Some(own)) => shown(by_id_or_name(state, "connections", own)),
        (None, None) => shown(state.objects.all("connections").find(|item| item.text("strategy") == "auth0")),
    };
    if facts.connection.is_null() {
        facts.connection =
            json!({"id": "con_0000000000000000", "name": own.unwrap_or_default(), "strategy": "auth0"});
    }
    facts.methods = vec![json!({"name": first_factor(&facts), "timestamp": iso(at)})];
    Ok(facts)
}

fn first_factor(facts: &Facts) -> &'static str {
    match facts.connection.get("strategy").and_then(Value::as_str) {
        Some("auth0") => "pwd",
        Some("email") => "email",
        Some("sms") => "sms",
        _ => "federated",
    }
}

fn visit(order: &Visit, base_url: &str) -> Visit {
    let mut visit = order.clone();
    if visit.ip.is_empty() {
        visit.ip = "192.0.2.1".to_owned();
    }
    if visit.method.is_empty() {
        visit.method = "POST".to_owned();
    }
    visit.hostname.get_or_insert_with(|| {
        let host = base_url.split_once("://").map_or(base_url, |(_, host)| host);
        host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned()
    });
    visit
}

fn transaction(order: &Order) -> Map<String, Value> {
    let mut transaction = Map::new();
    let mut put = |name: &str, value: Value| transaction.insert(name.to_owned(), value);
    put("protocol", json!(order.protocol.as_deref().unwrap_or("oidc-basic-profile")));
    put("requested_scopes", json!(order.scopes()));
    put("acr_values", json!(words(order.acr_values.as_deref())));
    put("prompt", json!(words(order.prompt.as_deref())));
    put("locale", json!(order.visit.language.as_deref().unwrap_or("en")));
    put("ui_locales", json!([]));
    if let Some(uri) = &order.redirect_uri {
        put("redirect_uri", json!(uri));
        put("response_type", json!(["code"]));
    }
    for (name, value) in [
        ("subject_token", &order.subject_token),
        ("subject_token_type", &order.subject_token_type),
        ("actor_token", &order.actor_token),
        ("actor_token_type", &order.actor_token_type),
        ("requested_token_type", &order.requested_token_type),
    ] {
        if let Some(value) = value {
            put(name, json!(value));
        }
    }
    transaction
}

/// The names of a user's roles, direct and of an organization, each once.
pub(super) fn roles(state: &State, user: &str, organization: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for id in role_ids(state, user, organization) {
        if let Some(role) = state.objects.find("roles", &id)
            && !names.iter().any(|name| name == role.text("name"))
        {
            names.push(role.text("name").to_owned());
        }
    }
    names
}

/// The ids of a user's roles, direct and of an organization.
pub(super) fn role_ids(state: &State, user: &str, organization: &str) -> Vec<String> {
    let member = format!("{organization}\n{user}");
    let direct = state.links.rights("user_roles", user);
    let of_member = state.links.rights("organization_member_roles", &member);
    direct.chain(of_member).map(|(id, _)| id.to_owned()).collect()
}

/// The factors of Actions, and what the Management API calls them where that is another word.
const FACTORS: [(&str, &str); 2] = [("otp", "totp"), ("push-notification", "push")];

fn factor_of(kind: &str) -> &str {
    FACTORS.iter().find(|(_, other)| *other == kind).map_or(kind, |(factor, _)| factor)
}

/// What the Management API calls a factor.
pub(super) fn kind_of(factor: &str) -> &str {
    FACTORS.iter().find(|(own, _)| *own == factor).map_or(factor, |(_, kind)| kind)
}

/// What a user may use as a second factor.
fn factors(state: &State, user: &str) -> Vec<Value> {
    let methods = state.objects.all("authentication_methods");
    let own = methods.filter(|method| method.hidden_text("user_id") == user);
    own.filter(|method| method.shown.get("confirmed") != Some(&Value::Bool(false)))
        .filter(|method| method.text("type") != "password")
        .map(|method| json!({"type": factor_of(method.text("type"))}))
        .collect()
}

/// A session that begins.
pub(super) fn session(facts: &Facts, id: &str, at: Timestamp) -> Value {
    let now = iso(at);
    let (end, idle) = SESSION_HOURS;
    let after = |hours: i64| iso(at.plus(hours.saturating_mul(HOUR)));
    json!({
        "id": id,
        "user_id": text(&facts.user, "user_id"),
        "created_at": now,
        "updated_at": now,
        "authenticated_at": now,
        "last_interacted_at": now,
        "expires_at": after(end),
        "idle_expires_at": after(idle),
        "device": device(&facts.visit),
        "clients": [{"client_id": text(&facts.client, "client_id")}],
        "authentication": {"methods": facts.methods},
        "cookie": {"mode": "non-persistent"},
    })
}

fn device(visit: &Visit) -> Value {
    json!({
        "initial_ip": visit.ip,
        "initial_asn": visit.asn,
        "initial_user_agent": visit.user_agent,
        "last_ip": visit.ip,
        "last_asn": visit.asn,
        "last_user_agent": visit.user_agent,
    })
}

/// A session or a refresh token as an event shows it: its metadata under another name than in the Management API.
pub(super) fn for_event(item: &Item, metadata: &str) -> Value {
    let mut shown = item.shown.clone();
    if let Some(metadata) = shown.remove(metadata) {
        shown.insert("metadata".to_owned(), metadata);
    }
    Value::Object(shown)
}
