//! The records of a tenant's log, as Auth0 writes them.

use countersign_core::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    agent,
    facts::{Facts, text},
};
use crate::dice::Dice;

/// Names of a place: of an event, and of a record.
const PLACE: [(&str, &str); 10] = [
    ("countryCode", "country_code"),
    ("countryCode3", "country_code3"),
    ("countryName", "country_name"),
    ("cityName", "city_name"),
    ("latitude", "latitude"),
    ("longitude", "longitude"),
    ("timeZone", "time_zone"),
    ("continentCode", "continent_code"),
    ("subdivisionCode", "subdivision_code"),
    ("subdivisionName", "subdivision_name"),
];
/// Digits of a record's id, as long as Auth0's.
const ID_DIGITS: usize = 59;

/// Which parts a record has besides those that all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A client, a connection, a user, an organization.
    Person,
    /// A client, a connection and the name that was typed: nobody is known.
    Nobody,
    /// A user alone, of the second factor.
    Factor,
    /// A client and its token.
    Machine,
    /// A user's token at a client.
    Token,
}

/// What is written.
pub(super) struct Entry<'a> {
    pub(super) kind: &'a str,
    pub(super) shape: Shape,
    pub(super) description: &'a str,
    pub(super) scopes: &'a [String],
    pub(super) details: Value,
}

impl<'a> Entry<'a> {
    pub(super) const fn new(kind: &'a str, shape: Shape, description: &'a str) -> Self {
        Self { kind, shape, description, scopes: &[], details: Value::Null }
    }

    pub(super) fn with(self, details: Value) -> Self {
        Self { details, ..self }
    }

    pub(super) fn scoped(self, scopes: &'a [String]) -> Self {
        Self { scopes, ..self }
    }
}

/// The record of an entry.
pub(super) fn record(entry: &Entry<'_>, facts: &Facts, at: Timestamp, dice: &mut Dice) -> Value {
    let mut record = Map::new();
    let mut put = |name: &str, value: Value| record.insert(name.to_owned(), value);
    put("date", json!(crate::event::iso(at)));
    put("type", json!(entry.kind));
    put("description", json!(entry.description));
    for (name, value) in parts(entry, facts) {
        put(name, value);
    }
    if !entry.details.is_null() {
        put("details", entry.details.clone());
    }
    for (name, value) in visit(facts) {
        put(name, value);
    }
    put("$event_schema", json!({ "version": "1.0.0" }));
    put("environment_name", json!(facts.environment));
    put("tenant_name", json!(facts.tenant));
    put("log_id", json!(log_id(at, dice)));
    Value::Object(record)
}

/// Digits that sort by time: a mark, the instant to the millisecond, chance.
fn log_id(at: Timestamp, dice: &mut Dice) -> String {
    let digits: String = crate::event::iso(at).chars().filter(char::is_ascii_digit).collect();
    let rest = ID_DIGITS.saturating_sub(digits.len() + 3);
    format!("900{digits}{}", dice.text(b"0123456789", rest))
}

fn parts(entry: &Entry<'_>, facts: &Facts) -> Vec<(&'static str, Value)> {
    let client = || {
        let id = facts.client.get("client_id").cloned().unwrap_or(Value::Null);
        vec![("client_id", id), ("client_name", json!(text(&facts.client, "name")))]
    };
    let token = || {
        let audience = facts.audience.clone().unwrap_or_default();
        vec![
            ("client_ip", json!(facts.visit.ip)),
            ("audience", json!(audience)),
            ("scope", json!(entry.scopes.join(" "))),
        ]
    };
    match entry.shape {
        Shape::Person => [client(), connection(facts), user(facts), organization(facts)].concat(),
        Shape::Nobody => [client(), connection(facts), nobody(facts)].concat(),
        Shape::Factor => user(facts),
        Shape::Machine => [client(), nobody_at_all(), organization(facts), token()].concat(),
        Shape::Token => [client(), connection(facts), user(facts), organization(facts), token()].concat(),
    }
}

fn connection(facts: &Facts) -> Vec<(&'static str, Value)> {
    let strategy = text(&facts.connection, "strategy");
    vec![
        ("connection", json!(text(&facts.connection, "name"))),
        ("connection_id", json!(text(&facts.connection, "id"))),
        ("strategy", json!(strategy)),
        ("strategy_type", json!(facts.strategy_type())),
    ]
}

/// What the person is called: the address, else the name or the number.
fn name(user: &Value) -> &str {
    let names = ["email", "username", "phone_number", "name"];
    names.into_iter().map(|field| text(user, field)).find(|found| !found.is_empty()).unwrap_or_default()
}

fn user(facts: &Facts) -> Vec<(&'static str, Value)> {
    let id = text(&facts.user, "user_id");
    let own = id.split_once('|').map_or(id, |(_, own)| own);
    vec![("user_id", json!(id)), ("user_name", json!(name(&facts.user))), ("identity_user_id", json!(own))]
}

fn nobody(facts: &Facts) -> Vec<(&'static str, Value)> {
    vec![("user_id", json!("")), ("user_name", json!(name(&facts.user)))]
}

/// A client acts for nobody.
fn nobody_at_all() -> Vec<(&'static str, Value)> {
    ["user_id", "user_name", "connection_id"].map(|name| (name, json!(""))).to_vec()
}

fn organization(facts: &Facts) -> Vec<(&'static str, Value)> {
    let id = text(&facts.organization, "id");
    if id.is_empty() {
        return Vec::new();
    }
    vec![("organization_id", json!(id)), ("organization_name", json!(text(&facts.organization, "name")))]
}

fn visit(facts: &Facts) -> Vec<(&'static str, Value)> {
    let visit = &facts.visit;
    let header = visit.user_agent.as_deref();
    let mut found = vec![
        ("ip", json!(visit.ip)),
        ("user_agent", json!(agent::parsed(header))),
        ("is_mobile", json!(agent::is_mobile(header))),
        ("hostname", json!(visit.hostname.as_deref().unwrap_or_default())),
    ];
    if visit.ja3.is_some() || visit.ja4.is_some() {
        let prints = [("ja3", &visit.ja3), ("ja4", &visit.ja4)];
        let prints =
            prints.into_iter().filter_map(|(name, print)| Some((name.to_owned(), json!(print.as_ref()?))));
        found.push(("security_context", Value::Object(prints.collect())));
    }
    let place =
        PLACE.into_iter().filter_map(|(from, to)| Some((to.to_owned(), visit.geoip.get(from)?.clone())));
    let place: Map<String, Value> = place.collect();
    if !place.is_empty() {
        found.push(("location_info", Value::Object(place)));
    }
    if let Some(correlation) = facts.transaction.get("correlation_id") {
        found.push(("references", json!({ "correlation_id": correlation })));
    }
    found
}
