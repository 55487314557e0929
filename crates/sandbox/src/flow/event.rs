//! The `event` of each trigger: what the reference documents for it, out of what is known, and nothing else.

mod parts;

use serde_json::{Map, Value, json};

use self::parts::{
    client, connection, correlation, custom_domain, default, known, locale, organization, pick, put,
    put_into, refresh_token, request, risk, security_context, session, supplemental, transaction,
};
use super::facts::Facts;
use crate::Handler;

/// Of somebody who does not exist yet.
const NEWCOMER: [&str; 10] = [
    "app_metadata",
    "email",
    "family_name",
    "given_name",
    "name",
    "nickname",
    "phone_number",
    "picture",
    "user_metadata",
    "username",
];
const CHANGED: [&str; 7] = [
    "email",
    "email_verified",
    "last_password_reset",
    "phone_number",
    "phone_verified",
    "user_id",
    "username",
];
const REGISTRATION: [&str; 10] = [
    "acr_values",
    "locale",
    "login_hint",
    "prompt",
    "protocol",
    "redirect_uri",
    "requested_scopes",
    "response_mode",
    "response_type",
    "state",
];
const LOGIN: [&str; 5] =
    ["id", "linking_id", "requested_authorization_details", "actor", "subject_token_type"];

/// The event of a trigger's function, without secrets; `None` for the providers of messages, which have no flow here.
#[must_use]
pub fn event(handler: Handler, facts: &Facts) -> Option<Value> {
    let mut event = Map::new();
    put(&mut event, "secrets", Some(json!({})));
    if handler == Handler::ExecuteEventStream {
        put(&mut event, "message", Some(facts.message.clone()));
        return Some(Value::Object(event));
    }
    put(&mut event, "tenant", Some(json!({ "id": facts.tenant })));
    put(&mut event, "request", Some(request(handler, facts)));
    match handler {
        Handler::ExecutePostLogin | Handler::ContinuePostLogin => login(&mut event, facts),
        Handler::ExecutePostChallenge | Handler::ContinuePostChallenge => reset(&mut event, facts),
        Handler::ExecutePreUserRegistration => {
            put(&mut event, "client", client(facts));
            registration(&mut event, facts, true);
        }
        Handler::ExecutePostUserRegistration => registration(&mut event, facts, false),
        Handler::ExecuteCredentialsExchange => credentials(&mut event, facts),
        Handler::ExecuteCustomTokenExchange => exchange(&mut event, facts),
        Handler::ExecutePostChangePassword => changed(&mut event, facts),
        Handler::ExecuteSendPhoneMessage => message(&mut event, facts),
        Handler::ExecuteEventStream
        | Handler::ExecuteCustomPhoneProvider
        | Handler::ExecuteCustomEmailProvider => return None,
    }
    Some(Value::Object(event))
}

fn login(event: &mut Map<String, Value>, facts: &Facts) {
    reset_and_login(event, facts);
    if let (Some(object), Some(risk)) = (event.get_mut("authentication"), risk(facts)) {
        put_into(object, "riskAssessment", risk);
    }
    put(event, "resource_server", facts.audience.as_ref().map(|audience| json!({ "identifier": audience })));
    put(event, "security_context", security_context(facts));
    put(event, "session", session(&facts.session));
    put(event, "refresh_token", refresh_token(&facts.refresh_token));
    let mut transaction = transaction(facts, &[&REGISTRATION, &LOGIN, &["ui_locales", "correlation_id"]]);
    put(&mut transaction, "actor_token_type", facts.transaction.get("actor_token_type").cloned());
    let metadata = facts.transaction.get("metadata").cloned();
    put(&mut transaction, "metadata", Some(metadata.unwrap_or_else(|| json!({}))));
    put(event, "transaction", Some(Value::Object(transaction)));
}

fn reset(event: &mut Map<String, Value>, facts: &Facts) {
    reset_and_login(event, facts);
    let mut transaction =
        transaction(facts, &[&["correlation_id", "locale", "login_hint", "state", "ui_locales"]]);
    locale(&mut transaction, facts);
    put(event, "transaction", Some(Value::Object(transaction)));
}

/// What the two triggers have in common at which somebody is there and known.
fn reset_and_login(event: &mut Map<String, Value>, facts: &Facts) {
    supplemental(event, facts);
    let mut authentication = pick(event.get("authentication").unwrap_or(&Value::Null), &["riskAssessment"]);
    put(&mut authentication, "methods", Some(json!(facts.methods)));
    put(event, "authentication", Some(Value::Object(authentication)));
    put(event, "authorization", Some(json!({ "roles": facts.roles })));
    put(event, "client", client(facts));
    put(event, "connection", connection(facts));
    put(event, "custom_domain", custom_domain(facts));
    put(event, "organization", organization(facts));
    let prompt = pick(&facts.prompt, &["id", "fields", "vars"]);
    put(event, "prompt", prompt.contains_key("id").then_some(Value::Object(prompt)));
    let logins = facts.user.get("logins_count").cloned().unwrap_or_else(|| json!(0));
    put(event, "stats", Some(json!({ "logins_count": logins })));
    let mut user = known(facts);
    put(&mut user, "enrolledFactors", facts.factors.as_ref().map(|factors| json!(factors)));
    put(event, "user", Some(Value::Object(user)));
}

fn registration(event: &mut Map<String, Value>, facts: &Facts, is_before: bool) {
    put(event, "connection", connection(facts));
    put(event, "custom_domain", custom_domain(facts));
    put(event, "security_context", security_context(facts));
    supplemental(event, facts);
    let more: &[&str] = if is_before { &["ui_locales", "correlation_id"] } else { &["ui_locales"] };
    let mut transaction = transaction(facts, &[&REGISTRATION, more]);
    default(&mut transaction, "acr_values", json!([]));
    default(&mut transaction, "requested_scopes", json!([]));
    locale(&mut transaction, facts);
    put(event, "transaction", Some(Value::Object(transaction)));
    let user = if is_before {
        pick(&facts.user, &NEWCOMER)
    } else {
        let mut user = known(facts);
        user.remove("identities");
        user
    };
    put(event, "user", Some(Value::Object(user)));
}

fn credentials(event: &mut Map<String, Value>, facts: &Facts) {
    let scopes = facts.scopes();
    put(event, "accessToken", Some(json!({ "customClaims": {}, "scope": scopes })));
    put(event, "client", client(facts));
    put(event, "custom_domain", custom_domain(facts));
    put(event, "organization", organization(facts));
    put(event, "resource_server", Some(json!({ "identifier": facts.audience.clone().unwrap_or_default() })));
    let mut transaction = transaction(facts, &[&["correlation_id", "requested_scopes", "target_scopes"]]);
    default(&mut transaction, "requested_scopes", json!(scopes));
    default(&mut transaction, "target_scopes", json!(scopes));
    put(event, "transaction", Some(Value::Object(transaction)));
}

fn exchange(event: &mut Map<String, Value>, facts: &Facts) {
    put(event, "client", client(facts));
    put(event, "organization", organization(facts));
    put(event, "resource_server", Some(json!({ "identifier": facts.audience.clone().unwrap_or_default() })));
    let names = [
        "requested_scopes",
        "requested_token_type",
        "subject_token",
        "subject_token_type",
        "actor_token",
        "actor_token_type",
        "actor_token_user",
    ];
    let mut transaction = transaction(facts, &[&names]);
    default(&mut transaction, "requested_scopes", json!([]));
    let access_token = "urn:ietf:params:oauth:token-type:access_token";
    default(&mut transaction, "requested_token_type", json!(access_token));
    for name in ["subject_token", "subject_token_type"] {
        default(&mut transaction, name, json!(""));
    }
    put(event, "transaction", Some(Value::Object(transaction)));
}

fn changed(event: &mut Map<String, Value>, facts: &Facts) {
    put(event, "connection", connection(facts));
    put(event, "custom_domain", custom_domain(facts));
    supplemental(event, facts);
    put(event, "transaction", correlation(facts));
    put(event, "user", Some(Value::Object(pick(&facts.user, &CHANGED))));
}

fn message(event: &mut Map<String, Value>, facts: &Facts) {
    put(event, "client", client(facts));
    put(event, "custom_domain", custom_domain(facts));
    put(event, "security_context", security_context(facts));
    let mut options = pick(&facts.message, &["action", "code", "message_type", "recipient", "text"]);
    for name in ["action", "code", "message_type", "recipient", "text"] {
        default(&mut options, name, json!(""));
    }
    put(event, "message_options", Some(Value::Object(options)));
    put(event, "transaction", correlation(facts));
    put(event, "user", Some(Value::Object(known(facts))));
}
