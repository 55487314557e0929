//! The search of users. It lags behind what is so (`State::set_lag`).

use serde_json::{Value, json};

use super::{organization_members::ORGANIZATION_MEMBERS, users::with_tokens};
use crate::tenant::{
    Context, Fault, Item, Operation, Reply, limit::Group, operations::get, page, search, state::Object,
};

pub(crate) const OPERATIONS: &[Operation] =
    &[get("/users", "List or Search Users", &["read:users", "read:user_idp_tokens"], list)
        .group(Group::UsersRead)];

/// A user with what can be searched for and is not shown.
fn searched(context: &Context<'_>, user: &Item) -> Object {
    let organizations: Vec<&str> = context.state.links.lefts(ORGANIZATION_MEMBERS, &user.id).collect();
    let mut searched = user.shown.clone();
    searched.insert("organization_id".to_owned(), json!(organizations));
    searched
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let call = context.call;
    if call.query("search_engine").is_some_and(|engine| engine != "v3") {
        return Err(Fault::query("'No enum match' on property search_engine"));
    }
    let query = call.query("q").filter(|query| !query.trim().is_empty()).map(search::parse).transpose();
    let query =
        query.map_err(|what| Fault::new(400, format!("Invalid query: {what}")).code("invalid_query"))?;
    let users = context.state.searched_users(context.now);
    let wanted = users
        .into_iter()
        .filter(|user| query.as_ref().is_none_or(|query| query.matches(&searched(context, user))));
    let mut found: Vec<Object> = wanted.map(|user| with_tokens(context, user)).collect();
    if let Some(sort) = call.query("sort") {
        let (field, is_descending) = order(sort)?;
        found.sort_by_key(|user| key(user, field));
        if is_descending {
            found.reverse();
        }
    }
    let mut reply = page::offset(call, "users", &found)?;
    if let Some(body) = reply.body.as_mut().and_then(Value::as_object_mut) {
        let length = body.get("users").and_then(Value::as_array).map_or(0, Vec::len);
        body.insert("length".to_owned(), length.into());
    }
    Ok(reply)
}

/// `field:1` or `field:-1`.
fn order(sort: &str) -> Result<(&str, bool), Fault> {
    let refused = || Fault::query(&format!("'String does not match pattern: {sort}' on property sort"));
    match sort.rsplit_once(':') {
        Some((field, "1")) if !field.is_empty() => Ok((field, false)),
        Some((field, "-1")) if !field.is_empty() => Ok((field, true)),
        _ => Err(refused()),
    }
}

/// What a user is sorted by: a number, else a text, and none before both.
fn key(user: &Object, field: &str) -> (Option<i64>, Option<String>) {
    let mut fields = field.split('.');
    let first = fields.next().and_then(|name| user.get(name));
    let value = fields.fold(first, |value, name| value.and_then(|value| value.get(name)));
    (value.and_then(Value::as_i64), value.and_then(Value::as_str).map(str::to_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::{Api, DATABASE};

    fn names(found: &Value) -> Vec<&str> {
        found.as_array().unwrap().iter().map(|user| user["nickname"].as_str().unwrap()).collect()
    }

    fn with_users(names: &[&str]) -> Api {
        let mut api = Api::new();
        for name in names {
            api.post("/users", json!({"connection": DATABASE, "email": format!("{name}@example.com")}), 201);
        }
        api
    }

    #[test]
    fn users_are_searched_sorted_and_counted() {
        let mut api = with_users(&["pat", "kim", "lee"]);
        assert_eq!(
            names(&api.get("/users?q=email:*example.com&sort=nickname:1", 200)),
            ["kim", "lee", "pat"]
        );
        assert_eq!(names(&api.get("/users?sort=nickname:-1&per_page=1", 200)), ["pat"]);
        let found = api.get("/users?q=nickname:%22lee%22&search_engine=v3&include_totals=true", 200);
        assert_eq!((&found["total"], &found["length"], &found["start"]), (&json!(1), &json!(1), &json!(0)));
        assert_eq!(api.get("/users?q=((", 400)["errorCode"], "invalid_query");
        api.get("/users?sort=email", 400);
        api.get("/users?search_engine=v2", 400);
        assert_eq!(api.get("/users?page=20", 400)["errorCode"], "invalid_paging");
    }

    #[test]
    fn members_are_found_by_their_organization() {
        let mut api = with_users(&["pat", "kim"]);
        let organization = api.post("/organizations", json!({"name": "acme"}), 201)["id"].clone();
        let organization = organization.as_str().unwrap();
        let kim = api.get("/users-by-email?email=kim@example.com", 200)[0]["user_id"].clone();
        api.post(&format!("/organizations/{organization}/members"), json!({"members": [kim]}), 204);
        assert_eq!(names(&api.get(&format!("/users?q=organization_id:{organization}"), 200)), ["kim"]);
    }

    #[test]
    fn a_search_lags_behind_and_a_read_does_not() {
        let mut api = with_users(&["pat"]);
        let id = api.get("/users", 200)[0]["user_id"].as_str().unwrap().replace('|', "%7C");
        api.tenant.state_mut().set_lag(2_000_000);
        let path = format!("/users/{id}");
        api.patch(&path, json!({"nickname": "new"}), 200);
        api.post("/users", json!({"connection": DATABASE, "email": "kim@example.com"}), 201);
        assert_eq!(names(&api.get("/users", 200)), ["pat"]);
        assert_eq!(api.get(&path, 200)["nickname"], "new");
        api.pass(2_000_000);
        assert_eq!(names(&api.get("/users", 200)), ["new", "kim"]);
        api.delete(&path, None, 204);
        assert_eq!(names(&api.get("/users?sort=nickname:1", 200)), ["kim", "new"]);
        api.pass(2_000_000);
        assert_eq!(names(&api.get("/users", 200)), ["kim"]);
    }
}
