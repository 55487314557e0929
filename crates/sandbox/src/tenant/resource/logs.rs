//! The tenant's log as the API answers it: by checkpoint with a link, by search, by id, and of one user.

use serde_json::Value;

use crate::tenant::{Context, Fault, Operation, Reply, limit::Group, operations::get, page, state::Object};

const SCOPES: &[&str] = &["read:logs", "read:logs_users"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/logs", "Search log events", SCOPES, list).group(Group::LogsRead),
    get("/logs/{id}", "Get a log event by id", SCOPES, read).group(Group::LogsRead),
    get("/users/{id}/logs", "Get user's log events", SCOPES, of_user).group(Group::LogsRead),
];

/// The fields that a search knows (Auth0: "Log search query syntax").
const SEARCHABLE: &[&str] = &[
    "client_id",
    "client_name",
    "connection",
    "connection_id",
    "description",
    "hostname",
    "ip",
    "log_id",
    "organization_id",
    "user_id",
    "user_name",
    "user_agent",
    "strategy",
    "strategy_type",
    "type",
];

fn text<'a>(record: &'a Object, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let call = context.call;
    if call.query("from").is_some() || call.query("take").is_some() {
        return by_checkpoint(context);
    }
    let terms = terms(call.query("q").unwrap_or_default())?;
    search(context, |record| terms.iter().all(|term| term.matches(record)))
}

fn of_user(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user = context.parameter("id").to_owned();
    search(context, |record| text(record, "user_id") == user)
}

/// A page of the records that `wanted` picks, newest first unless `sort` says otherwise.
fn search(context: &Context<'_>, wanted: impl Fn(&Object) -> bool) -> Result<Reply, Fault> {
    let mut records: Vec<&Object> = context.state.records.all().filter(|record| wanted(record)).collect();
    if context.call.query("sort") != Some("date:1") {
        records.reverse();
    }
    page::offset(context.call, "logs", &records)
}

fn by_checkpoint(context: &Context<'_>) -> Result<Reply, Fault> {
    let call = context.call;
    let take = call.query("take").unwrap_or("50").parse().ok().filter(|take| (1..=100).contains(take));
    let take: usize = take.ok_or_else(|| Fault::query("'Value is out of bounds' on property take"))?;
    let from = call.query("from");
    let records: Vec<&Object> = context.state.records.after(from, take).collect();
    let last = records.last().map_or(from.unwrap_or_default(), |record| text(record, "log_id"));
    let link = format!("<{}/api/v2/logs?from={last}&take={take}>; rel=\"next\"", call.base_url);
    let shown: Vec<Value> = records.into_iter().cloned().map(Value::from).collect();
    Ok(Reply::ok(shown).with_header("link", link))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let found = context.state.records.find(context.parameter("id"));
    let record = found.ok_or_else(|| Fault::not_found("The log does not exist."))?;
    Ok(Reply::ok(record.clone()))
}

/// `field:value` of a search; a value may end with `*`.
struct Term<'a> {
    field: &'a str,
    value: &'a str,
    is_prefix: bool,
}

impl Term<'_> {
    fn matches(&self, record: &Object) -> bool {
        let text = text(record, self.field);
        if self.is_prefix { text.starts_with(self.value) } else { text == self.value }
    }
}

/// The terms of a search, which all must hold. Of the documented language this is what stands between `AND`s.
fn terms(query: &str) -> Result<Vec<Term<'_>>, Fault> {
    let parts = query.split(" AND ").map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let refused = || Fault::new(400, format!("Invalid query: {part}")).code("invalid_query");
            let (field, value) = part.split_once(':').ok_or_else(refused)?;
            let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let (value, is_prefix) = match (quoted, value.strip_suffix('*')) {
                (Some(value), _) => (value, false),
                (None, Some(start)) if start.len() >= 3 => (start, true),
                (None, Some(_)) => return Err(refused()),
                (None, None) => (value, false),
            };
            let known = SEARCHABLE.contains(&field) && quoted.is_some() | !value.contains(' ');
            known.then_some(Term { field, value, is_prefix }).ok_or_else(refused)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tenant::{
        Method, Record,
        testing::{Api, NOW},
    };

    fn with_records() -> Api {
        let mut api = Api::new();
        for (n, kind) in ["s", "fp", "s"].into_iter().enumerate() {
            let record = Record::new(kind, "").with("user_id", format!("auth0|{n}"));
            api.tenant.state_mut().log(record, "tenant", NOW);
        }
        api
    }

    #[test]
    fn the_link_leads_through_the_whole_log() {
        let mut api = with_records();
        let mut path = "/logs?take=2".to_owned();
        let mut counts = Vec::new();
        for _ in 0..3 {
            let reply = api.send(Method::Get, &path, None);
            counts.push(reply.json().as_array().unwrap().len());
            let link = &reply.headers.iter().find(|(name, _)| name == "link").unwrap().1;
            let url = link.split_once('<').unwrap().1.split_once('>').unwrap().0;
            path = url.split_once("/api/v2").unwrap().1.to_owned();
        }
        assert_eq!(counts, [2, 1, 0]);
    }

    #[test]
    fn a_search_takes_terms_that_all_hold_newest_first() {
        let mut api = with_records();
        let found = api.get("/logs?q=type:s", 200);
        let users: Vec<&str> =
            found.as_array().unwrap().iter().map(|r| r["user_id"].as_str().unwrap()).collect();
        assert_eq!(users, ["auth0|2", "auth0|0"]);
        let found = api.get("/logs?include_totals=true&q=type:%22s%22%20AND%20user_id:auth0%7C2", 200);
        assert_eq!((&found["total"], &found["logs"][0]["user_id"]), (&json!(1), &json!("auth0|2")));
        assert_eq!(api.get("/logs?q=user_id:auth*", 200).as_array().unwrap().len(), 3);
        api.get("/logs?q=password:x", 400);
        api.get("/logs?q=type:a*", 400);
    }

    #[test]
    fn a_record_is_found_by_its_id_and_by_its_user() {
        let mut api = with_records();
        let found = api.get("/users/auth0%7C1/logs", 200);
        assert_eq!(found[0]["type"], "fp");
        let id = found[0]["log_id"].as_str().unwrap().to_owned();
        assert_eq!(api.get(&format!("/logs/{id}"), 200), found[0]);
        api.get("/logs/900", 404);
    }
}
