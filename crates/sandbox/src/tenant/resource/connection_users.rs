//! The users of a connection, as far as they go with it or by it.

use serde_json::Value;

use super::{connections::found, roles::USERS, users};
use crate::tenant::{Context, Fault, Group, Operation, Reply, operations::delete, state::State};

pub(crate) const OPERATIONS: &[Operation] =
    &[delete("/connections/{id}/users", "Delete a connection user", &["delete:users"], remove_user)
        .group(Group::Connections)];

/// Removes the users whose first identity is of a connection: all, or those with an e-mail address.
pub fn forget(state: &mut State, connection: &str, email: Option<&str>) {
    let of_connection = state.objects.all(USERS).filter(|user| {
        let first = user.shown.get("identities").and_then(|identities| identities.get(0));
        first.and_then(|first| first.get("connection")).and_then(Value::as_str) == Some(connection)
    });
    let wanted =
        of_connection.filter(|user| email.is_none_or(|email| user.text("email").eq_ignore_ascii_case(email)));
    for user in wanted.map(|user| user.id.clone()).collect::<Vec<_>>() {
        users::forget(state, &user);
    }
}

fn remove_user(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let name = found(context)?.text("name").to_owned();
    let email = context.call.query("email").filter(|email| !email.is_empty());
    let email = email.ok_or_else(|| Fault::query("'Missing required property: email'"))?;
    forget(context.state, &name, Some(email));
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tenant::testing::Api;

    #[test]
    fn users_go_by_address_and_with_their_database() {
        let mut api = Api::new();
        let made = api.post("/connections", json!({"name": "db", "strategy": "auth0"}), 201);
        let path = format!("/connections/{}", made["id"].as_str().unwrap());
        for email in ["pat@example.com", "kim@example.com"] {
            api.post(
                "/users",
                json!({"connection": "db", "email": email, "password": "Correct-horse-1"}),
                201,
            );
        }
        api.delete(&format!("{path}/users"), None, 400);
        api.delete(&format!("{path}/users?email=pat@example.com"), None, 204);
        assert_eq!(api.tenant.state().objects.count(USERS), 1);
        api.delete(&path, None, 202);
        assert_eq!(api.tenant.state().objects.count(USERS), 0);
    }
}
