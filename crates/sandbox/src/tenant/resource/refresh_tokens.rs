//! Refresh tokens, and what revokes them.

use serde_json::Value;

use super::{
    sessions::{METADATA, merge_metadata},
    users,
};
use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    access::{REFRESH_TOKENS, is_for},
    check::{Rule, may, need, text},
    limit::Group,
    operations::{delete, get, patch, post},
    page,
    state::Object,
};

const READ: &[&str] = &["read:refresh_tokens"];
const DELETE: &[&str] = &["delete:refresh_tokens"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/refresh-tokens", "Get refresh tokens", READ, list),
    post("/refresh-tokens/revoke", "Revoke refresh tokens", DELETE, revoke).body(&REVOKE),
    get("/refresh-tokens/{id}", "Get a refresh token", READ, read),
    patch("/refresh-tokens/{id}", "Update a refresh token", &["update:refresh_tokens"], update).body(&UPDATE),
    delete("/refresh-tokens/{id}", "Delete a refresh token", DELETE, remove),
    get("/users/{user_id}/refresh-tokens", "Get refresh tokens for a user", READ, list_of_user)
        .group(Group::UsersRead),
    delete("/users/{user_id}/refresh-tokens", "Delete refresh tokens for a user", DELETE, remove_all)
        .group(Group::UsersWrite),
];

static UPDATE: Rule = Rule::Object(&[need("refresh_token_metadata", METADATA)]);
static REVOKE: Rule = Rule::Object(&[
    may("ids", Rule::List { each: &text(1, 512), min: 1, max: 100, unique: true }),
    may("user_id", text(1, 512)),
    may("client_id", text(1, 512)),
    may("audience", text(1, 600)),
]);

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let token = context.state.refresh_token(context.parameter("id"), context.now);
    token.ok_or_else(|| Fault::not_found("The refresh token does not exist."))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let missing = || Fault::query("'Missing required property: user_id'");
    let user = context.call.query("user_id").ok_or_else(missing)?;
    let client = context.call.query("client_id");
    let tokens = context.state.refresh_tokens(context.now).filter(|token| {
        token.text("user_id") == user && client.is_none_or(|client| token.text("client_id") == client)
    });
    let shown: Vec<&Object> = tokens.map(|token| &token.shown).collect();
    page::checkpoint(context.call, "refresh_tokens", "id", &shown)
}

fn list_of_user(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user = &users::found(context)?.id;
    let tokens = context.state.refresh_tokens(context.now).filter(|token| token.text("user_id") == user);
    let shown: Vec<&Object> = tokens.map(|token| &token.shown).collect();
    let total = shown.len();
    let mut reply = page::checkpoint(context.call, "tokens", "id", &shown)?;
    if context.call.query("include_totals") == Some("true")
        && let Some(body) = reply.body.as_mut().and_then(Value::as_object_mut)
    {
        body.insert("total".to_owned(), total.into());
    }
    Ok(reply)
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(found(context)?.shown.clone()))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let body = context.body();
    let token = context.state.objects.find_mut(REFRESH_TOKENS, &id);
    let Some(token) = token else { return Ok(Reply::no_content()) };
    merge_metadata(&mut token.shown, "refresh_token_metadata", &body);
    Ok(Reply::ok(token.shown.clone()))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = context.parameter("id").to_owned();
    context.state.revoke_refresh_token(&id, context.now);
    Ok(Reply::no_content())
}

fn remove_all(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user = users::found(context)?.id.clone();
    context.state.revoke_tokens(context.now, |token| token.text("user_id") == user);
    Ok(Reply::empty_object(202))
}

/// By ids, or by user and what narrows it down.
fn revoke(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (body, ids) = (context.body(), context.texts("ids"));
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let (user, client, audience) = (text("user_id"), text("client_id"), text("audience"));
    let is_narrowed = client.is_some() || audience.is_some();
    let fits = match (ids.is_empty(), user) {
        (false, None) => !is_narrowed,
        (true, Some(_)) => audience.is_none() || client.is_some(),
        _ => false,
    };
    if !fits {
        let message = "Either ids, user_id, or user_id with client_id and audience must be given";
        return Err(Fault::invalid_body(message));
    }
    context.state.revoke_tokens(context.now, |token| match user {
        None => ids.contains(&token.id),
        Some(user) => {
            token.text("user_id") == user
                && client.is_none_or(|client| token.text("client_id") == client)
                && audience.is_none_or(|audience| is_for(token, audience))
        }
    });
    Ok(Reply::empty_object(202))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tenant::{
        access::{Device, NewRefreshToken},
        testing::{Api, DATABASE},
    };

    /// A user with a token for each client and API, the path of the user, and the ids of the tokens.
    fn with_tokens(of: &[(&str, &str)]) -> (Api, String, Vec<String>) {
        let mut api = Api::new();
        let user = api.post("/users", json!({"connection": DATABASE, "email": "pat@example.com"}), 201);
        let user_id = user["user_id"].as_str().unwrap();
        let (now, device) = (api.now, Device::default());
        let ids = of.iter().map(|(client_id, audience)| {
            let new = NewRefreshToken {
                user_id,
                client_id,
                session_id: None,
                device: &device,
                is_rotating: true,
                audience: Some((audience, "read:x")),
                idle: None,
                lifetime: None,
            };
            api.tenant.state_mut().issue_refresh_token(&new, now)
        });
        let ids = ids.collect();
        (api, format!("/users/{}", user_id.replace('|', "%7C")), ids)
    }

    fn left(api: &mut Api, path: &str) -> usize {
        api.get(&format!("{path}/refresh-tokens"), 200)["tokens"].as_array().unwrap().len()
    }

    #[test]
    fn a_token_is_listed_read_marked_and_deleted() {
        let (mut api, path, ids) = with_tokens(&[("a", "x"), ("b", "x")]);
        let listed = api.get(&format!("{path}/refresh-tokens?include_totals=true&take=1"), 200);
        assert_eq!((&listed["total"], listed["next"].is_string()), (&json!(2), true));
        let user = path.strip_prefix("/users/").unwrap();
        let found = api.get(&format!("/refresh-tokens?user_id={user}&client_id=b"), 200);
        assert_eq!(found["refresh_tokens"][0]["id"], json!(ids[1]));
        api.get("/refresh-tokens", 400);
        let one = format!("/refresh-tokens/{}", ids[0]);
        let marked = api.patch(&one, json!({"refresh_token_metadata": {"case": "7"}}), 200);
        assert_eq!(marked, api.get(&one, 200));
        api.delete(&one, None, 204);
        api.get(&one, 404);
        api.delete(&format!("{path}/refresh-tokens"), None, 202);
        assert_eq!(left(&mut api, &path), 0);
    }

    #[test]
    fn tokens_are_revoked_by_ids_or_by_what_they_are_for() {
        let (mut api, path, ids) = with_tokens(&[("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]);
        let user = path.strip_prefix("/users/").unwrap().replace("%7C", "|");
        for wrong in [json!({}), json!({"client_id": "a"}), json!({"ids": [ids[0]], "user_id": user})] {
            api.post("/refresh-tokens/revoke", wrong, 400);
        }
        api.post("/refresh-tokens/revoke", json!({"user_id": user, "client_id": "a", "audience": "y"}), 202);
        assert_eq!(left(&mut api, &path), 3);
        api.post("/refresh-tokens/revoke", json!({"ids": [ids[0]]}), 202);
        assert_eq!(left(&mut api, &path), 2);
        api.post("/refresh-tokens/revoke", json!({"user_id": user}), 202);
        assert_eq!(left(&mut api, &path), 0);
    }
}
