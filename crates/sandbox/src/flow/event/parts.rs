//! The objects that events are made of.

use serde_json::{Map, Value, json};

use crate::{Handler, flow::facts::Facts};

const GEOIP: [&str; 10] = [
    "cityName",
    "continentCode",
    "countryCode",
    "countryCode3",
    "countryName",
    "latitude",
    "longitude",
    "subdivisionCode",
    "subdivisionName",
    "timeZone",
];
const USER: [&str; 17] = [
    "app_metadata",
    "created_at",
    "email",
    "email_verified",
    "family_name",
    "given_name",
    "last_password_reset",
    "name",
    "nickname",
    "phone_number",
    "phone_verified",
    "picture",
    "updated_at",
    "user_id",
    "user_metadata",
    "username",
    "identities",
];
const SESSION: [&str; 11] = [
    "id",
    "user_id",
    "created_at",
    "authenticated_at",
    "updated_at",
    "expires_at",
    "idle_expires_at",
    "last_interacted_at",
    "clients",
    "metadata",
    "actor",
];
const REFRESH_TOKEN: [&str; 11] = [
    "id",
    "user_id",
    "client_id",
    "created_at",
    "expires_at",
    "idle_expires_at",
    "last_exchanged_at",
    "rotating",
    "session_id",
    "resource_servers",
    "metadata",
];
const DEVICE: [&str; 6] =
    ["initial_asn", "initial_ip", "initial_user_agent", "last_asn", "last_ip", "last_user_agent"];

/// The fields of an object that are named and not null.
pub(super) fn pick(object: &Value, names: &[&str]) -> Map<String, Value> {
    let found =
        |name: &&str| Some(((*name).to_owned(), object.get(*name).filter(|it| !it.is_null())?.clone()));
    names.iter().filter_map(found).collect()
}

pub(super) fn default(object: &mut Map<String, Value>, name: &str, value: Value) {
    object.entry(name).or_insert(value);
}

/// Where a field is put under its name, if it is there.
pub(super) fn put(event: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        event.insert(name.to_owned(), value);
    }
}

pub(super) fn request(handler: Handler, facts: &Facts) -> Value {
    let visit = &facts.visit;
    let mut request = Map::new();
    let geoip = pick(&Value::Object(visit.geoip.clone()), &GEOIP);
    put(&mut request, "geoip", Some(Value::Object(geoip)));
    put(&mut request, "ip", Some(json!(visit.ip)));
    put(&mut request, "method", Some(json!(visit.method)));
    for (name, value) in
        [("hostname", &visit.hostname), ("language", &visit.language), ("user_agent", &visit.user_agent)]
    {
        put(&mut request, name, value.as_ref().map(|value| json!(value)));
    }
    let is_login = matches!(handler, Handler::ExecutePostLogin | Handler::ContinuePostLogin);
    let is_reset = matches!(handler, Handler::ExecutePostChallenge | Handler::ContinuePostChallenge);
    if is_login {
        put(&mut request, "asn", visit.asn.as_ref().map(|asn| json!(asn)));
    }
    if is_login || is_reset {
        put(&mut request, "query", Some(Value::Object(visit.query.clone())));
    }
    let has_body = matches!(
        handler,
        Handler::ExecutePreUserRegistration
            | Handler::ExecuteCredentialsExchange
            | Handler::ExecuteCustomTokenExchange
    );
    if is_login || is_reset || has_body {
        put(&mut request, "body", Some(Value::Object(visit.body.clone())));
    }
    Value::Object(request)
}

pub(super) fn client(facts: &Facts) -> Option<Value> {
    let mut client = pick(&facts.client, &["client_id", "name"]);
    client.contains_key("client_id").then(|| {
        default(&mut client, "name", json!(""));
        let metadata = facts.client.get("client_metadata").filter(|it| it.is_object());
        put(&mut client, "metadata", Some(metadata.cloned().unwrap_or_else(|| json!({}))));
        Value::Object(client)
    })
}

pub(super) fn connection(facts: &Facts) -> Option<Value> {
    let mut connection = pick(&facts.connection, &["id", "name", "strategy", "metadata"]);
    connection.contains_key("id").then(|| {
        default(&mut connection, "name", json!(""));
        default(&mut connection, "strategy", json!("auth0"));
        Value::Object(connection)
    })
}

pub(super) fn organization(facts: &Facts) -> Option<Value> {
    let mut organization = pick(&facts.organization, &["id", "name", "display_name", "metadata"]);
    organization.contains_key("id").then(|| {
        let name = organization.get("name").cloned().unwrap_or_else(|| json!(""));
        default(&mut organization, "name", json!(""));
        default(&mut organization, "display_name", name);
        default(&mut organization, "metadata", json!({}));
        Value::Object(organization)
    })
}

pub(super) fn custom_domain(facts: &Facts) -> Option<Value> {
    let mut domain = pick(&facts.custom_domain, &["domain", "domain_metadata"]);
    domain.contains_key("domain").then(|| {
        default(&mut domain, "domain_metadata", json!({}));
        Value::Object(domain)
    })
}

pub(super) fn security_context(facts: &Facts) -> Option<Value> {
    let mut context = Map::new();
    put(&mut context, "ja3", facts.visit.ja3.as_ref().map(|print| json!(print)));
    put(&mut context, "ja4", facts.visit.ja4.as_ref().map(|print| json!(print)));
    (!context.is_empty()).then_some(Value::Object(context))
}

/// Auth0's assessment, with the assessors that the reference names.
pub(super) fn risk(facts: &Facts) -> Option<Value> {
    let mut risk = pick(&facts.risk, &["confidence", "version", "supplemental"]);
    let assessors = ["AgentDetection", "ImpossibleTravel", "NewDevice", "UntrustedIP"];
    let assessments = pick(facts.risk.get("assessments")?, &assessors);
    put(&mut risk, "assessments", Some(Value::Object(assessments)));
    Some(Value::Object(risk))
}

pub(super) fn put_into(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

/// Of Auth0's assessment, what reaches triggers other than a sign-in.
pub(super) fn supplemental(event: &mut Map<String, Value>, facts: &Facts) {
    let supplemental = facts.risk.get("supplemental").cloned();
    let wrap = |it| json!({ "riskAssessment": { "supplemental": it } });
    put(event, "authentication", supplemental.map(wrap));
}

/// Somebody who exists.
pub(super) fn known(facts: &Facts) -> Map<String, Value> {
    let mut user = pick(&facts.user, &USER);
    for name in ["app_metadata", "user_metadata"] {
        default(&mut user, name, json!({}));
    }
    for name in ["user_id", "created_at", "updated_at"] {
        default(&mut user, name, json!(""));
    }
    default(&mut user, "email_verified", json!(false));
    default(&mut user, "identities", json!([]));
    user
}

pub(super) fn transaction(facts: &Facts, names: &[&[&str]]) -> Map<String, Value> {
    let object = Value::Object(facts.transaction.clone());
    names.iter().flat_map(|names| pick(&object, names)).collect()
}

pub(super) fn correlation(facts: &Facts) -> Option<Value> {
    let found = transaction(facts, &[&["correlation_id"]]);
    (!found.is_empty()).then_some(Value::Object(found))
}

pub(super) fn locale(transaction: &mut Map<String, Value>, facts: &Facts) {
    default(transaction, "locale", json!(facts.visit.language.as_deref().unwrap_or("en")));
    default(transaction, "ui_locales", json!([]));
}

pub(super) fn session(session: &Value) -> Option<Value> {
    let mut picked = pick(session, &SESSION);
    let cookie = pick(session.get("cookie").unwrap_or(&Value::Null), &["mode"]);
    put(&mut picked, "cookie", (!cookie.is_empty()).then_some(Value::Object(cookie)));
    put(&mut picked, "device", device(session));
    picked.contains_key("id").then_some(Value::Object(picked))
}

pub(super) fn refresh_token(token: &Value) -> Option<Value> {
    let mut picked = pick(token, &REFRESH_TOKEN);
    default(&mut picked, "created_at", json!(""));
    put(&mut picked, "device", device(token));
    picked.contains_key("id").then_some(Value::Object(picked))
}

fn device(of: &Value) -> Option<Value> {
    let device = pick(of.get("device").unwrap_or(&Value::Null), &DEVICE);
    (!device.is_empty()).then_some(Value::Object(device))
}
