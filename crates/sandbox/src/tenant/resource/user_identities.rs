//! Identities: the accounts that a user signs in with. A user is made with one; more are linked from other users.

use serde_json::{Value, json};

use super::{
    connections::CONNECTIONS,
    roles::USERS,
    users::{self, PASSWORD},
};
use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    check::{Rule, TEXT, may, need, text},
    limit::Group,
    operations::{delete, post},
    state::{Object, State},
};

const SCOPES: &[&str] = &["update:users", "update:current_user_identities"];

pub(crate) const OPERATIONS: &[Operation] = &[
    post("/users/{id}/identities", "Link a User Account", SCOPES, link).body(&LINK).group(Group::UsersWrite),
    delete("/users/{id}/identities/{provider}/{user_id}", "Unlink a User Identity", SCOPES, unlink)
        .group(Group::UsersWrite),
];

static USER_ID: Rule = Rule::Either(&[text(1, 512), Rule::Integer { min: 0, max: i64::MAX }]);
static LINK: Rule =
    Rule::Object(&[need("provider", text(1, 128)), need("user_id", USER_ID), may("connection_id", TEXT)]);

/// Strategies whose users come from a directory of a company.
const ENTERPRISE: &[&str] =
    &["ad", "adfs", "google-apps", "office365", "oidc", "okta", "pingfederate", "samlp", "waad"];

/// Those of them whose user ids name the connection.
const NAMED: &[&str] = &["ad", "adfs", "oidc", "okta", "pingfederate", "samlp"];

/// Strategies whose users the tenant keeps itself.
pub const OWN: &[&str] = &["auth0", "email", "sms"];

/// Fields of a user that go into a linked identity's `profileData`.
const PROFILE: &[&str] = &[
    "email",
    "email_verified",
    "username",
    "phone_number",
    "phone_verified",
    "given_name",
    "family_name",
    "nickname",
    "picture",
];

/// The hidden property that keeps what a linked user hid, by identity.
const LINKED: &str = "linked";

/// The strategy of a connection by its name; `None` when there is none of that name.
pub fn strategy<'a>(state: &'a State, connection: &str) -> Option<&'a str> {
    let found = state.objects.all(CONNECTIONS).find(|found| found.text("name") == connection);
    found.map(|found| found.text("strategy"))
}

/// The identity of a new user whose id in a connection is `own`.
pub fn identity(strategy: &str, connection: &str, own: &str) -> Value {
    let user_id = if NAMED.contains(&strategy) { format!("{connection}|{own}") } else { own.to_owned() };
    let is_social = !OWN.contains(&strategy) && !ENTERPRISE.contains(&strategy);
    json!({"connection": connection, "user_id": user_id, "provider": strategy, "isSocial": is_social})
}

/// The `user_id` of a user by an identity.
pub fn user_id(identity: &Value) -> String {
    format!("{}|{}", named(identity, "provider"), named(identity, "user_id"))
}

fn named<'a>(identity: &'a Value, name: &str) -> &'a str {
    identity.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The identities of a user.
pub fn of(user: &Item) -> &[Value] {
    user.shown.get("identities").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The user who has an identity.
fn holder<'a>(state: &'a State, provider: &str, own: &str) -> Option<&'a Item> {
    let has = |user: &&Item| {
        let mut all = of(user).iter();
        all.any(|identity| named(identity, "provider") == provider && named(identity, "user_id") == own)
    };
    state.objects.find(USERS, &format!("{provider}|{own}")).or_else(|| state.objects.all(USERS).find(has))
}

fn profile(user: &Item) -> Object {
    let known = PROFILE.iter();
    known.filter_map(|name| Some(((*name).to_owned(), user.shown.get(*name)?.clone()))).collect()
}

/// The identities as linking and unlinking answer them: the first with its profile too.
fn answered(user: &Item) -> Value {
    let mut all = of(user).to_vec();
    if let Some(first) = all.first_mut().and_then(Value::as_object_mut) {
        first.insert("profileData".to_owned(), profile(user).into());
    }
    all.into()
}

fn link(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let primary = users::found(context)?;
    let body = context.body();
    let provider = body.get("provider").and_then(Value::as_str).unwrap_or_default();
    let own = body.get("user_id").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
    let own = own.unwrap_or_default();
    let own = own.strip_prefix(&format!("{provider}|")).unwrap_or(&own);
    let secondary = holder(context.state, provider, own)
        .ok_or_else(|| Fault::not_found("The user does not exist.").code("inexistent_user"))?;
    if secondary.id == primary.id {
        let message = "Main account and linked account are the same or already linked";
        return Err(Fault::conflict(message).code("identity_conflict"));
    }
    if of(secondary).len() > 1 {
        let message = "The account to link has identities of its own. Unlink them first.";
        return Err(Fault::conflict(message).code("identity_conflict"));
    }
    let (primary, secondary) = (primary.id.clone(), secondary.clone());
    let mut identity = of(&secondary).first().cloned().unwrap_or_default();
    let key = user_id(&identity);
    if let Some(fields) = identity.as_object_mut() {
        fields.insert("profileData".to_owned(), profile(&secondary).into());
    }
    users::forget(context.state, &secondary.id);
    let now = context.iso();
    let Some(user) = context.state.objects.find_mut(USERS, &primary) else { return Ok(Reply::no_content()) };
    if let Some(all) = user.shown.get_mut("identities").and_then(Value::as_array_mut) {
        all.push(identity);
    }
    user.shown.insert("updated_at".to_owned(), now.into());
    let linked = user.hidden.entry(LINKED).or_insert_with(|| json!({}));
    if let Some(linked) = linked.as_object_mut() {
        linked.insert(key, secondary.hidden.into());
    }
    Ok(Reply::created(answered(user)))
}

fn unlink(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let primary = users::found(context)?.id.clone();
    let key = format!("{}|{}", context.parameter("provider"), context.parameter("user_id"));
    let now = context.iso();
    let Some(user) = context.state.objects.find_mut(USERS, &primary) else { return Ok(Reply::no_content()) };
    let place = of(user).iter().position(|identity| user_id(identity) == key).filter(|place| *place > 0);
    let place = place.ok_or_else(|| {
        let message = "The identity is not linked, or is the main identity of the user.";
        Fault::invalid_body(message)
    })?;
    let all = user.shown.get_mut("identities").and_then(Value::as_array_mut);
    let mut identity = all.map(|all| all.remove(place)).unwrap_or_default();
    user.shown.insert("updated_at".to_owned(), now.clone().into());
    let linked = user.hidden.get_mut(LINKED).and_then(Value::as_object_mut);
    let hidden = linked.and_then(|linked| linked.remove(&key));
    let reply = Reply::ok(answered(user));
    let profile = identity.as_object_mut().and_then(|fields| fields.remove("profileData"));
    let mut shown = profile.and_then(|profile| profile.as_object().cloned()).unwrap_or_default();
    let name = shown.get("email").or(shown.get("username")).or(shown.get("phone_number")).cloned();
    shown.insert("name".to_owned(), name.unwrap_or_default());
    shown.insert("user_id".to_owned(), key.clone().into());
    shown.insert("identities".to_owned(), json!([identity]));
    for name in ["created_at", "updated_at"] {
        shown.insert(name.to_owned(), now.clone().into());
    }
    let hidden = hidden.and_then(|hidden| hidden.as_object().cloned()).unwrap_or_default();
    context.state.objects.insert(USERS, Item { id: key, shown, hidden });
    Ok(reply)
}

/// Takes out of the changes of a user what belongs to the profile of a linked identity.
pub fn take_profile(changes: &mut Object) -> Object {
    let all = std::mem::take(changes);
    let (profile, rest) = all.into_iter().partition(|(name, _)| PROFILE.contains(&name.as_str()));
    *changes = rest;
    profile
}

/// Changes the profile of a linked identity, and the password of any.
pub fn change(user: &mut Item, place: usize, profile: Object, hash: Option<String>) {
    let identity = of(user).get(place).map(user_id).unwrap_or_default();
    if let Some(hash) = hash {
        if place == 0 {
            user.hidden.insert(PASSWORD.to_owned(), hash.into());
        } else {
            let linked = user.hidden.entry(LINKED).or_insert_with(|| json!({}));
            let hidden =
                linked.as_object_mut().map(|linked| linked.entry(identity).or_insert_with(|| json!({})));
            if let Some(hidden) = hidden.and_then(Value::as_object_mut) {
                hidden.insert(PASSWORD.to_owned(), hash.into());
            }
        }
    }
    let identities = user.shown.get_mut("identities").and_then(Value::as_array_mut);
    let identity = identities.and_then(|all| all.get_mut(place)?.as_object_mut());
    if let Some(kept) = identity.filter(|_| !profile.is_empty()) {
        let kept = kept.entry("profileData").or_insert_with(|| json!({}));
        if let Some(kept) = kept.as_object_mut() {
            kept.extend(profile);
            kept.retain(|_, value| !value.is_null());
        }
    }
}

/// The hash of the password of an identity, which may be linked to another user; empty when there is none.
pub fn password<'a>(state: &'a State, identity: &str) -> &'a str {
    let user = identity.split_once('|').and_then(|(provider, own)| holder(state, provider, own));
    let Some(user) = user else { return "" };
    if user.id == identity {
        return user.hidden_text(PASSWORD);
    }
    let linked = user.hidden.get(LINKED).and_then(|linked| linked.get(identity)?.get(PASSWORD));
    linked.and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::{Api, DATABASE};

    fn user(api: &mut Api, name: &str) -> String {
        let body = json!({"connection": DATABASE, "email": format!("{name}@example.com"), "password": "Sesame-Open-1!"});
        api.post("/users", body, 201)["user_id"].as_str().unwrap().to_owned()
    }

    #[test]
    fn an_account_is_linked_and_unlinked_again() {
        let mut api = Api::new();
        let (pat, kim) = (user(&mut api, "pat"), user(&mut api, "kim"));
        let path = format!("/users/{}", pat.replace('|', "%7C"));
        let own = kim.strip_prefix("auth0|").unwrap();
        let body = json!({"provider": "auth0", "user_id": kim});
        let linked = api.post(&format!("{path}/identities"), body.clone(), 201);
        assert_eq!(
            (&linked[1]["user_id"], &linked[1]["profileData"]["email"]),
            (&json!(own), &json!("kim@example.com"))
        );
        assert_eq!(linked[0]["profileData"]["email"], "pat@example.com");
        assert_eq!(api.get(&path, 200)["identities"].as_array().unwrap().len(), 2);
        api.get(&format!("/users/{}", kim.replace('|', "%7C")), 404);
        assert_eq!(api.post(&format!("{path}/identities"), body, 409)["errorCode"], "identity_conflict");
        let state = api.tenant.state();
        assert_ne!(password(state, &kim), password(state, &pat));
        assert!(api.tenant.has_password(&kim, "Sesame-Open-1!"));
        let left = api.delete(&format!("{path}/identities/auth0/{own}"), None, 200);
        assert_eq!(left.as_array().unwrap().len(), 1);
        assert_eq!(api.get(&format!("/users/{}", kim.replace('|', "%7C")), 200)["email"], "kim@example.com");
        assert!(api.tenant.has_password(&kim, "Sesame-Open-1!"));
        api.delete(&format!("{path}/identities/auth0/{own}"), None, 400);
    }

    #[test]
    fn only_accounts_that_are_there_and_have_nothing_linked_are_linked() {
        let mut api = Api::new();
        let (pat, kim, lee) = (user(&mut api, "pat"), user(&mut api, "kim"), user(&mut api, "lee"));
        let path = |id: &str| format!("/users/{}/identities", id.replace('|', "%7C"));
        api.post(&path(&pat), json!({"provider": "auth0", "user_id": "none"}), 404);
        api.post(&path("auth0|none"), json!({"provider": "auth0", "user_id": pat}), 404);
        api.post(&path(&pat), json!({"provider": "auth0", "user_id": kim}), 201);
        api.post(&path(&lee), json!({"provider": "auth0", "user_id": pat}), 409);
        api.post(&path(&lee), json!({"link_with": "token"}), 400);
    }

    #[test]
    fn ids_name_the_strategy_and_some_the_connection() {
        let cases = [
            ("auth0", "auth0|1", false),
            ("sms", "sms|1", false),
            ("google-oauth2", "google-oauth2|1", true),
            ("samlp", "samlp|c|1", false),
            ("waad", "waad|1", false),
        ];
        for (strategy, id, is_social) in cases {
            let identity = identity(strategy, "c", "1");
            assert_eq!((user_id(&identity).as_str(), &identity["isSocial"]), (id, &json!(is_social)));
        }
    }
}
