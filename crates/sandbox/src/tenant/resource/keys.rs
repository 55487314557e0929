//! Signing keys: one that signs, one that will next, and those that did before, whose tokens are good until they are revoked.

use serde_json::{Value, json};

use crate::tenant::{
    Context, Fault, Operation, Reply, certificate,
    limit::Group,
    operations::{get, post, put},
    state::Object,
    token::{self, KEYS},
};

const READ: &[&str] = &["read:signing_keys"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/keys/signing", "Get all Application Signing Keys", READ, list),
    post(
        "/keys/signing/rotate",
        "Rotate the Application Signing Key",
        &["create:signing_keys", "update:signing_keys"],
        rotate,
    )
    .group(Group::KeyRotation),
    get("/keys/signing/{kid}", "Get an Application Signing Key by its key id", READ, read),
    put(
        "/keys/signing/{kid}/revoke",
        "Revoke an Application Signing Key by its key id",
        &["update:signing_keys"],
        revoke,
    ),
];

/// A key with its certificate.
fn shown(context: &mut Context<'_>, kid: &str) -> Option<Object> {
    let base = &context.options().base_url;
    let host = base.split_once("://").map_or(base.as_str(), |(_, host)| host).to_owned();
    let own = certificate::own(context.state, kid, &host, context.now)?;
    let mut shown = context.state.objects.find(KEYS, kid)?.shown.clone();
    let pairs: Vec<&str> =
        own.digest.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok()).collect();
    for (name, value) in [
        ("cert", own.cert),
        ("pkcs7", own.pkcs7),
        ("fingerprint", pairs.join(":")),
        ("thumbprint", own.digest.clone()),
    ] {
        shown.insert(name.to_owned(), value.into());
    }
    Some(shown)
}

/// What rotating and revoking answer.
fn brief(context: &mut Context<'_>, kid: &str) -> Object {
    let mut shown = shown(context, kid).unwrap_or_default();
    shown.retain(|name, _| matches!(name.as_str(), "kid" | "cert"));
    shown
}

/// Sees to it that there is a key to go on with.
fn ensure_next(context: &mut Context<'_>) -> Result<String, Fault> {
    let next = |context: &Context<'_>| {
        let mut keys = context.state.objects.all(KEYS);
        keys.find(|key| token::is(key, "next")).map(|key| key.id.clone())
    };
    if next(context).is_none() {
        token::add_key(context.state, false);
    }
    next(context).ok_or_else(|| Fault::new(500, "No key could be made"))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    ensure_next(context)?;
    let kids: Vec<String> = context.state.objects.all(KEYS).map(|key| key.id.clone()).collect();
    let all: Vec<Value> = kids.iter().filter_map(|kid| shown(context, kid)).map(Value::from).collect();
    Ok(Reply::ok(all))
}

fn found(context: &Context<'_>) -> Result<String, Fault> {
    let key = context.state.objects.find(KEYS, context.parameter("kid"));
    key.map(|key| key.id.clone()).ok_or_else(|| Fault::not_found("The signing key does not exist."))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let kid = found(context)?;
    Ok(Reply::ok(shown(context, &kid).unwrap_or_default()))
}

fn set(context: &mut Context<'_>, kid: &str, changes: Value) {
    if let (Some(key), Value::Object(changes)) = (context.state.objects.find_mut(KEYS, kid), changes) {
        key.shown.extend(changes);
    }
}

fn rotate(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let next = ensure_next(context)?;
    let now = context.iso();
    if let Some(current) = token::current(context.state).map(|key| key.id.clone()) {
        set(context, &current, json!({"current": false, "previous": true, "current_until": now}));
    }
    set(context, &next, json!({"next": false, "current": true, "current_since": now}));
    ensure_next(context)?;
    Ok(Reply::created(brief(context, &next)))
}

fn revoke(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let kid = found(context)?;
    let is_previous = context.state.objects.find(KEYS, &kid).is_some_and(|key| token::is(key, "previous"));
    if !is_previous {
        return Err(Fault::invalid_body(
            "Only a key that was used before can be revoked. Rotate the keys first.",
        ));
    }
    let now = context.iso();
    set(context, &kid, json!({"revoked": true, "revoked_at": now}));
    Ok(Reply::ok(brief(context, &kid)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    fn kids(api: &Api) -> Vec<String> {
        let jwks = api.tenant.jwks();
        jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_rotated_key_is_good_until_it_is_revoked() {
        let mut api = Api::new();
        let listed = api.get("/keys/signing", 200);
        let (old, next) = (listed[0]["kid"].as_str().unwrap(), listed[1]["kid"].as_str().unwrap());
        assert_eq!((&listed[0]["current"], &listed[1]["next"]), (&json!(true), &json!(true)));
        assert!(!listed.to_string().contains("PRIVATE"));
        assert_eq!(
            api.put(&format!("/keys/signing/{old}/revoke"), json!({}), 400)["errorCode"],
            "invalid_body"
        );
        assert_eq!(api.post("/keys/signing/rotate", json!({}), 201)["kid"], next);
        assert_eq!(api.get(&format!("/keys/signing/{old}"), 200)["previous"], true);
        assert_eq!(kids(&api).len(), 3);
        assert_eq!(api.put(&format!("/keys/signing/{old}/revoke"), json!({}), 200)["kid"], old);
        assert!(!kids(&api).contains(&old.to_owned()));
        api.get("/roles", 401);
        api.pass(0);
        api.get("/roles", 200);
        api.get("/keys/signing/none", 404);
    }

    #[test]
    fn new_tokens_are_signed_with_the_new_key_and_a_snapshot_keeps_it() {
        let mut api = Api::new();
        api.post("/keys/signing/rotate", json!({}), 201);
        api.pass(0);
        let snapshot = api.tenant.snapshot().unwrap();
        let before = kids(&api);
        api.tenant = crate::tenant::Tenant::restore(api.tenant.options().clone(), snapshot).unwrap();
        assert_eq!(kids(&api), before);
        api.get("/roles", 200);
    }
}
