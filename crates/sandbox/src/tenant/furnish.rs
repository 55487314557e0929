//! What each tenant has from its start, and what a tenant from a snapshot gets where it begins otherwise now.

use serde_json::{Map, Value, json};

use super::{
    Options, id,
    operations::scopes,
    resource,
    state::{Item, Object, State},
    token::{self, CLIENTS, GRANTS},
};

const APIS: &str = "resource_servers";

/// What is there from the start: the Management API, and a client that may use all of it.
pub fn furnish(state: &mut State, options: &Options) {
    put_api(state, options);
    put_client(state, options);
    put_grant(state, options);
    resource::clients::furnish(state, options);
    resource::furnish_database(state);
}

/// Makes a tenant that was written down one that begins as `options` say: its Management API has the scopes of today under
/// the address of today, and the first client is there with its secret.
pub fn settle(state: &mut State, options: &Options) {
    settle_api(state, options);
    match state.objects.find_mut(CLIENTS, &options.client_id) {
        Some(client) => {
            client.hidden.insert("client_secret".to_owned(), options.client_secret.clone().into());
        }
        None => put_client(state, options),
    }
    let audience = options.audience();
    let own =
        |grant: &&Item| grant.text("client_id") == options.client_id && grant.text("audience") == audience;
    let id = state.objects.all(GRANTS).find(own).map(|grant| grant.id.clone());
    match id.and_then(|id| state.objects.find_mut(GRANTS, &id)) {
        Some(grant) => {
            grant.shown.insert("scope".to_owned(), scopes().into());
        }
        None => put_grant(state, options),
    }
}

fn settle_api(state: &mut State, options: &Options) {
    let is_system = |api: &&Item| api.shown.get("is_system") == Some(&Value::Bool(true));
    let Some(id) = state.objects.all(APIS).find(is_system).map(|api| api.id.clone()) else {
        return put_api(state, options);
    };
    let audience = options.audience();
    let Some(api) = state.objects.find_mut(APIS, &id) else { return };
    api.shown.insert("scopes".to_owned(), described_scopes());
    let known = api.shown.insert("identifier".to_owned(), audience.clone().into());
    if let Some(Value::String(known)) = known {
        move_grants(state, &known, &audience);
    }
}

fn move_grants(state: &mut State, from: &str, to: &str) {
    let grants = state.objects.all(GRANTS).filter(|grant| grant.text("audience") == from);
    let ids: Vec<String> = grants.map(|grant| grant.id.clone()).collect();
    for id in ids {
        if let Some(grant) = state.objects.find_mut(GRANTS, &id) {
            grant.shown.insert("audience".to_owned(), to.into());
        }
    }
}

fn described_scopes() -> Value {
    scopes().into_iter().map(|scope| json!({"value": scope, "description": scope})).collect()
}

fn put_api(state: &mut State, options: &Options) {
    let api = json!({
        "id": id::object(&mut state.dice),
        "name": "Auth0 Management API",
        "identifier": options.audience(),
        "is_system": true,
        "allow_offline_access": false,
        "skip_consent_for_verifiable_first_party_clients": false,
        "subject_type_authorization": {"client": {"policy": "require_client_grant"}, "user": {"policy": "allow_all"}},
        "token_lifetime": token::LIFETIME_SECONDS,
        "token_lifetime_for_web": 7_200,
        "signing_alg": "RS256",
        "scopes": described_scopes(),
    });
    put(state, APIS, "id", api, Map::new());
}

fn put_client(state: &mut State, options: &Options) {
    let client = json!({
        "client_id": options.client_id,
        "name": "Sandbox",
        "tenant": options.name,
        "global": false,
        "app_type": "non_interactive",
        "is_first_party": true,
        "oidc_conformant": true,
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_post",
    });
    let mut hidden = Map::new();
    hidden.insert("client_secret".to_owned(), options.client_secret.clone().into());
    put(state, CLIENTS, "client_id", client, hidden);
}

fn put_grant(state: &mut State, options: &Options) {
    let grant = json!({
        "id": id::prefixed("cgr", &mut state.dice),
        "client_id": options.client_id,
        "audience": options.audience(),
        "scope": scopes(),
    });
    put(state, GRANTS, "id", grant, Map::new());
}

fn put(state: &mut State, collection: &str, id: &str, shown: Value, hidden: Object) {
    if let Value::Object(shown) = shown {
        let id = shown.get(id).and_then(Value::as_str).unwrap_or_default().to_owned();
        state.objects.insert(collection, Item { id, shown, hidden });
    }
}
