//! Tickets that are handed to people: to verify an address, and to set a new password. Nothing is mailed.

use serde_json::{Value, json};

use super::{connections::CONNECTIONS, roles::USERS, user_identities, users};
use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    check::{Rule, TEXT, may, need, text},
    operations::post,
    state::Object,
};

const SCOPES: &[&str] = &["create:user_tickets"];

pub(crate) const OPERATIONS: &[Operation] = &[
    post("/tickets/email-verification", "Create an email verification ticket", SCOPES, verify).body(&VERIFY),
    post("/tickets/password-change", "Create a password change ticket", SCOPES, change).body(&CHANGE),
];

/// How long a ticket is good where nobody says: five days, in seconds.
const LASTS: i64 = 432_000;

const TTL: Rule = Rule::Integer { min: 0, max: 31_536_000 };
pub static IDENTITY: Rule = Rule::Object(&[
    need("user_id", text(1, 512)),
    need("provider", text(1, 128)),
    may("connection_id", TEXT),
]);
static URL: Rule = Rule::Format("uri", |url| url.starts_with("https://") || url.starts_with("http://"));
static VERIFY: Rule = Rule::Object(&[
    need("user_id", text(1, 512)),
    may("result_url", URL),
    may("client_id", TEXT),
    may("organization_id", TEXT),
    may("ttl_sec", TTL),
    may("includeEmailInRedirect", Rule::Bool),
    may("identity", IDENTITY),
]);
static CHANGE: Rule = Rule::Object(&[
    may("user_id", text(1, 512)),
    may("connection_id", TEXT),
    may("email", text(1, 320)),
    may("result_url", URL),
    may("client_id", TEXT),
    may("organization_id", TEXT),
    may("ttl_sec", TTL),
    may("mark_email_as_verified", Rule::Bool),
    may("includeEmailInRedirect", Rule::Bool),
    may("identity", IDENTITY),
]);

fn issue(context: &mut Context<'_>, kind: &str, path: &str, user_id: &str) -> Result<Reply, Fault> {
    let body = context.body();
    if body.contains_key("result_url") && body.contains_key("client_id") {
        return Err(Fault::invalid_body("Either result_url or client_id can be given, not both"));
    }
    let seconds = body.get("ttl_sec").and_then(Value::as_i64).filter(|seconds| *seconds > 0).unwrap_or(LASTS);
    let ends = context.now.plus(seconds.saturating_mul(1_000_000));
    let id = context.state.dice.alphanumeric(32);
    context.state.keep_ticket(&id, kind, user_id, &body, Some(ends));
    let base = &context.call.base_url;
    Ok(Reply::created(json!({"ticket": format!("{base}{path}?ticket={id}#")})))
}

fn text_of(body: &Object, name: &str) -> String {
    body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn verify(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user_id = text_of(&context.body(), "user_id");
    let user = context.state.objects.find(USERS, &user_id).ok_or_else(users::missing)?;
    if user.text("email").is_empty() {
        return Err(Fault::invalid_body("The user does not have an email address."));
    }
    issue(context, "email-verification", "/u/email-verification", &user_id)
}

/// The user of a password change: by id, or by connection and address.
fn person<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let body = context.body();
    let (user_id, connection, email) =
        (text_of(&body, "user_id"), text_of(&body, "connection_id"), text_of(&body, "email"));
    let by_address = !connection.is_empty() && !email.is_empty();
    let by_id = !user_id.is_empty() && connection.is_empty() && email.is_empty();
    if by_id == (user_id.is_empty() && by_address) {
        return Err(Fault::invalid_body("Either user_id, or connection_id and email must be given"));
    }
    if !by_address {
        return context.state.objects.find(USERS, &user_id).ok_or_else(users::missing);
    }
    let missing = || Fault::not_found("The connection does not exist.").code("inexistent_connection");
    let connection = context.state.objects.find(CONNECTIONS, &connection).ok_or_else(missing)?.text("name");
    let mut users = context.state.objects.all(USERS);
    let is_meant = |user: &&Item| {
        let mut identities = user_identities::of(user).iter();
        user.text("email").eq_ignore_ascii_case(&email)
            && identities.any(|identity| identity["connection"] == connection)
    };
    users.find(is_meant).ok_or_else(users::missing)
}

fn change(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user = person(context)?;
    if !user_identities::of(user).iter().any(|identity| identity["provider"] == "auth0") {
        return Err(Fault::invalid_body("The user does not have a password in a database connection."));
    }
    let user_id = user.id.clone();
    issue(context, "password-change", "/u/reset-verify", &user_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::{Api, DATABASE};

    fn user(api: &mut Api) -> String {
        let user = api.post("/users", json!({"connection": DATABASE, "email": "pat@example.com"}), 201);
        user["user_id"].as_str().unwrap().to_owned()
    }

    fn id(made: &Value) -> String {
        made["ticket"].as_str().unwrap().split_once("ticket=").unwrap().1.trim_end_matches('#').to_owned()
    }

    #[test]
    fn a_ticket_ends_when_it_says_or_after_five_days() {
        let mut api = Api::new();
        let user_id = user(&mut api);
        for (ttl, seconds) in [(json!(60), 60), (json!(0), LASTS)] {
            let body = json!({"user_id": user_id, "ttl_sec": ttl, "result_url": "https://app.example.com/"});
            let made = id(&api.post("/tickets/email-verification", body, 201));
            let (late, early) = (api.now.plus(seconds * 1_000_000), api.now.plus(seconds * 1_000_000 - 1));
            let state = api.tenant.state_mut();
            assert!(state.take_ticket(&made, "email-verification", late).is_none());
            let taken = state.take_ticket(&made, "email-verification", early).unwrap();
            assert_eq!(taken.hidden_text("user_id"), user_id);
        }
        api.post("/tickets/email-verification", json!({"user_id": "none"}), 404);
        api.post("/tickets/email-verification", json!({"user_id": user_id, "ttl_sec": -1}), 400);
    }

    #[test]
    fn a_password_is_changed_for_a_user_by_id_or_by_address() {
        let mut api = Api::new();
        let user_id = user(&mut api);
        let path = "/tickets/password-change";
        let connection = api.get("/connections?strategy=auth0", 200)[0]["id"].clone();
        let bodies =
            [json!({"user_id": user_id}), json!({"connection_id": connection, "email": "PAT@example.com"})];
        for body in bodies {
            let made = id(&api.post(path, body, 201));
            let now = api.now;
            let taken = api.tenant.state_mut().take_ticket(&made, "password-change", now).unwrap();
            assert_eq!(taken.hidden_text("user_id"), user_id);
        }
        for wrong in [
            json!({}),
            json!({"email": "pat@example.com"}),
            json!({"user_id": user_id, "email": "pat@example.com"}),
            json!({"user_id": user_id, "result_url": "https://a.example.com", "client_id": "x"}),
        ] {
            assert_eq!(api.post(path, wrong, 400)["errorCode"], "invalid_body");
        }
        api.post(path, json!({"connection_id": connection, "email": "none@example.com"}), 404);
    }

    #[test]
    fn users_without_a_password_here_get_no_ticket_and_no_ticket_is_logged() {
        let mut api = Api::new();
        api.post("/connections", json!({"name": "corp", "strategy": "samlp"}), 201);
        let made = api.post("/users", json!({"connection": "corp", "email": "kim@corp.example.com"}), 201);
        api.post("/tickets/password-change", json!({"user_id": made["user_id"]}), 400);
        let user_id = user(&mut api);
        let made = id(&api.post("/tickets/password-change", json!({"user_id": user_id}), 201));
        assert!(!format!("{:?}", api.tenant.state().records.all().collect::<Vec<_>>()).contains(&made));
    }
}
