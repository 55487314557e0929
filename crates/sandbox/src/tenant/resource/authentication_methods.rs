//! Authentication methods of users, the enrollments that Guardian sees in them, and what resets them.

use serde_json::{Value, json};

use super::users;
use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    access::{METHODS, NewMethod},
    check::{self, Rule, TEXT, may, need, text},
    limit::Group,
    operations::{delete, get, patch, post, put},
    page,
    state::Object,
};

const READ: &[&str] = &["read:authentication_methods"];
const UPDATE: &[&str] = &["update:authentication_methods"];
const DELETE: &[&str] = &["delete:authentication_methods"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/users/{id}/authentication-methods", "Get a list of authentication methods", READ, list)
        .group(Group::UsersRead),
    post(
        "/users/{id}/authentication-methods",
        "Creates an authentication method for a given user",
        &["create:authentication_methods"],
        create,
    )
    .body(&NEW)
    .group(Group::UsersWrite),
    put(
        "/users/{id}/authentication-methods",
        "Update all authentication methods by replacing them with the given ones",
        UPDATE,
        replace,
    )
    .body(&ALL)
    .group(Group::UsersWrite),
    delete(
        "/users/{id}/authentication-methods",
        "Delete all authentication methods for the given user",
        DELETE,
        remove_all,
    )
    .group(Group::UsersWrite),
    get(
        "/users/{id}/authentication-methods/{authentication_method_id}",
        "Get an authentication method by ID",
        READ,
        read,
    )
    .group(Group::UsersRead),
    patch(
        "/users/{id}/authentication-methods/{authentication_method_id}",
        "Update an authentication method",
        UPDATE,
        update,
    )
    .body(&CHANGE)
    .group(Group::UsersWrite),
    delete(
        "/users/{id}/authentication-methods/{authentication_method_id}",
        "Delete an authentication method by ID",
        DELETE,
        remove,
    )
    .group(Group::UsersWrite),
];

const PREFERRED: Rule = Rule::OneOf(&["voice", "sms"]);
static NEW: Rule = Rule::Object(&[
    need(
        "type",
        Rule::OneOf(&["phone", "email", "totp", "webauthn-roaming", "webauthn-platform", "passkey"]),
    ),
    may("name", text(1, 20)),
    may("totp_secret", text(1, 128)),
    may("phone_number", text(1, 30)),
    may("email", text(1, 320)),
    may("preferred_authentication_method", PREFERRED),
    may("key_id", TEXT),
    may("public_key", TEXT),
    may("relying_party_identifier", TEXT),
    may("credential_device_type", Rule::OneOf(&["single_device", "multi_device"])),
    may("credential_backed_up", Rule::Bool),
    may("identity_user_id", TEXT),
    may("user_agent", TEXT),
    may("user_handle", TEXT),
    may("aaguid", TEXT),
    may("transports", check::list(&TEXT, 16)),
]);
static ALL: Rule = check::list(&NEW, 100);
static CHANGE: Rule =
    Rule::Object(&[may("name", text(1, 20)), may("preferred_authentication_method", PREFERRED)]);

/// What is shown of a key as it was sent.
const OF_KEYS: &[&str] = &[
    "key_id",
    "public_key",
    "relying_party_identifier",
    "credential_device_type",
    "credential_backed_up",
    "identity_user_id",
    "user_agent",
    "user_handle",
    "aaguid",
    "transports",
];

/// What a method of each type must say.
const NEEDED: &[(&str, &[&str])] = &[
    ("phone", &["phone_number", "preferred_authentication_method"]),
    ("email", &["email"]),
    ("totp", &["totp_secret"]),
    ("webauthn-roaming", &["key_id", "public_key", "relying_party_identifier"]),
    ("webauthn-platform", &["key_id", "public_key", "relying_party_identifier"]),
    ("passkey", &["key_id", "public_key"]),
];

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user = users::found(context)?;
    let shown: Vec<&Object> = context.state.methods_of(&user.id).map(|method| &method.shown).collect();
    page::offset(context.call, "authenticators", &shown)
}

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let user = users::found(context)?;
    let id = context.parameter("authentication_method_id");
    let mut methods = context.state.methods_of(&user.id);
    let missing = || Fault::not_found("The authentication method does not exist.");
    methods.find(|method| method.id == id).ok_or_else(missing)
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(found(context)?.shown.clone()))
}

/// A method as writes answer it: without saying that it is confirmed.
fn written(method: &Item) -> Object {
    let mut shown = method.shown.clone();
    shown.remove("confirmed");
    shown
}

fn check(wanted: &Object) -> Result<(), Fault> {
    let kind = wanted.get("type").and_then(Value::as_str).unwrap_or_default();
    let needed = NEEDED.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, needed)| needed);
    let missing = needed.iter().find(|name| !wanted.contains_key(**name));
    missing.map_or(Ok(()), |name| Err(Fault::payload(&format!("'Missing required property: {name}'"))))
}

fn enroll(context: &mut Context<'_>, user_id: &str, wanted: &Object) -> Result<String, Fault> {
    let text = |name: &str| wanted.get(name).and_then(Value::as_str).unwrap_or_default();
    let kind = text("type");
    let target = if kind == "email" { text("email") } else { text("phone_number") };
    let is_same = |other: &Item| {
        let same_target = !target.is_empty() && other.hidden_text("target") == target;
        let same_key = !text("key_id").is_empty() && other.text("key_id") == text("key_id");
        other.text("type") == kind && (same_target || same_key)
    };
    if context.state.methods_of(user_id).any(is_same) {
        return Err(Fault::conflict("The authentication method already exists."));
    }
    let new = NewMethod {
        user_id,
        kind,
        name: text("name"),
        target,
        preferred: text("preferred_authentication_method"),
        secret: text("totp_secret"),
    };
    let id = context.state.enroll(&new, context.now);
    if let Some(method) = context.state.objects.find_mut(METHODS, &id) {
        let kept = OF_KEYS.iter().filter_map(|name| Some(((*name).to_owned(), wanted.get(*name)?.clone())));
        method.shown.extend(kept);
    }
    Ok(id)
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user_id = users::found(context)?.id.clone();
    let wanted = context.body();
    check(&wanted)?;
    let id = enroll(context, &user_id, &wanted)?;
    Ok(Reply::created(context.state.objects.find(METHODS, &id).map(written).unwrap_or_default()))
}

fn replace(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user_id = users::found(context)?.id.clone();
    let wanted = context.call.json().and_then(Value::as_array).cloned().unwrap_or_default();
    let wanted: Vec<Object> = wanted.into_iter().filter_map(|one| one.as_object().cloned()).collect();
    wanted.iter().try_for_each(check)?;
    context.state.withdraw_all(&user_id, |_| true);
    let mut shown = Vec::new();
    for one in &wanted {
        let id = enroll(context, &user_id, one)?;
        let mut method = context.state.objects.find(METHODS, &id).map(written).unwrap_or_default();
        // Why: the answer to this call alone shows addresses as they were sent.
        method.extend(one.get("email").map(|email| ("email".to_owned(), email.clone())));
        shown.push(method);
    }
    Ok(Reply::ok(json!(shown)))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let changes = context.body();
    let Some(method) = context.state.objects.find_mut(METHODS, &id) else { return Ok(Reply::no_content()) };
    if changes.contains_key("preferred_authentication_method") && method.text("type") != "phone" {
        let message = "Only phones have a preferred authentication method";
        return Err(Fault::invalid_body(message));
    }
    method.shown.extend(changes);
    Ok(Reply::ok(written(method)))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    context.state.objects.remove(METHODS, &id);
    Ok(Reply::no_content())
}

fn remove_all(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user_id = context.parameter("id").to_owned();
    context.state.withdraw_all(&user_id, |_| true);
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::{Api, DATABASE};

    /// The path of the methods of a new user.
    fn methods(api: &mut Api) -> String {
        let user = api.post("/users", json!({"connection": DATABASE, "email": "pat@example.com"}), 201);
        format!("/users/{}/authentication-methods", user["user_id"].as_str().unwrap().replace('|', "%7C"))
    }

    fn phone() -> Value {
        json!({"type": "phone", "phone_number": "+15550100", "preferred_authentication_method": "sms"})
    }

    #[test]
    fn a_method_is_made_read_renamed_and_removed() {
        let mut api = Api::new();
        let path = methods(&mut api);
        let made =
            api.post(&path, json!({"type": "email", "name": "Test", "email": "chuck334@example.com"}), 201);
        assert_eq!((&made["email"], made.get("confirmed")), (&json!("chuc****@exam*******"), None));
        let one = format!("{path}/{}", made["id"].as_str().unwrap().replace('|', "%7C"));
        assert_eq!(api.get(&one, 200)["confirmed"], true);
        assert_eq!(api.patch(&one, json!({"name": "Other"}), 200)["name"], "Other");
        api.patch(&one, json!({"preferred_authentication_method": "sms"}), 400);
        let listed = api.get(&format!("{path}?include_totals=true"), 200);
        assert_eq!((&listed["total"], &listed["authenticators"][0]["name"]), (&json!(1), &json!("Other")));
        api.delete(&one, None, 204);
        api.get(&one, 404);
    }

    #[test]
    fn all_methods_are_replaced_or_removed_at_once() {
        let mut api = Api::new();
        let path = methods(&mut api);
        let totp = json!({"type": "totp", "totp_secret": "AAAA"});
        api.post(&path, totp.clone(), 201);
        let email = json!({"type": "email", "email": "foo@example.com"});
        let all = api.put(&path, json!([email, phone(), totp]), 200);
        assert_eq!(all[0]["email"], "foo@example.com");
        assert_eq!(all[1]["authentication_methods"][0]["type"], "sms");
        assert!(!all.to_string().contains("AAAA"));
        assert_eq!(api.get(&path, 200).as_array().unwrap().len(), 3);
        api.delete(&path, None, 204);
        assert_eq!(api.get(&path, 200), json!([]));
    }

    #[test]
    fn what_a_method_needs_it_must_have_and_twice_it_cannot_be() {
        let mut api = Api::new();
        let path = methods(&mut api);
        for wrong in
            [json!({"type": "totp"}), json!({"type": "phone", "phone_number": "+1"}), json!({"type": "x"})]
        {
            assert_eq!(api.post(&path, wrong, 400)["errorCode"], "invalid_body");
        }
        api.post(&path, phone(), 201);
        api.post(&path, phone(), 409);
        api.post("/users/auth0%7Cnone/authentication-methods", phone(), 404);
    }
}
