//! Jobs: verification mails, and exports of users; imports have a file of their own. What a job does is done at once; that it is done is seen a little later.

use countersign_core::{Micros, Timestamp};
use serde_json::{Value, json};

use super::{connections::CONNECTIONS, roles::USERS, tickets::IDENTITY, user_identities, users};
use crate::tenant::{
    Context, Fault, Item, Operation, Record, Reply,
    check::{self, Rule, TEXT, may, need, text},
    id,
    operations::{get, post},
    state::{Object, State},
};

const READ: &[&str] = &["create:users", "read:users"];

/// The collection: ids are `job_` and 16 characters; `done`, `errors`, `failed` and `content` are hidden.
pub const JOBS: &str = "jobs";

/// How long a job takes.
pub const TAKES: Micros = 2_000_000;

/// How long the link to an export is good (Auth0: "Bulk user exports").
const LINK: Micros = 60_000_000;

pub(crate) const OPERATIONS: &[Operation] = &[
    post("/jobs/verification-email", "Send an email address verification email", &["update:users"], verify)
        .body(&VERIFY),
    post("/jobs/users-exports", "Create export users job", &["read:users"], export).body(&EXPORT),
    get("/jobs/{id}", "Get a job", READ, read),
    get("/jobs/{id}/errors", "Get job error details", READ, errors),
];

static VERIFY: Rule = Rule::Object(&[
    need("user_id", text(1, 512)),
    may("client_id", TEXT),
    may("identity", IDENTITY),
    may("organization_id", TEXT),
]);
static FIELD: Rule = Rule::Object(&[need("name", text(1, 512)), may("export_as", text(1, 512))]);
static EXPORT: Rule = Rule::Object(&[
    may("connection_id", text(1, 128)),
    may("format", Rule::OneOf(&["json", "csv"])),
    may("limit", Rule::Integer { min: 1, max: i64::MAX }),
    may("fields", check::list(&FIELD, 100)),
]);

/// Fields that an export has when nobody says.
const USUAL: &[&str] = &["user_id", "email", "name", "nickname", "created_at", "updated_at"];

/// Keeps a job of a type, and tells how it is shown.
pub fn begin(context: &mut Context<'_>, kind: &str, details: Object, mut hidden: Object) -> Object {
    let id = id::prefixed("job", &mut context.state.dice);
    let mut shown = details;
    for (name, value) in
        [("type", kind.into()), ("created_at", context.iso().into()), ("id", Value::from(id.as_str()))]
    {
        shown.insert(name.to_owned(), value);
    }
    hidden.insert("done".to_owned(), context.now.plus(TAKES).micros().into());
    let job = Item { id, shown, hidden };
    let answer = shown_at(&job, context.now);
    context.state.objects.insert(JOBS, job);
    answer
}

/// Whether a job is still running.
pub fn is_running(job: &Item, now: Timestamp) -> bool {
    job.hidden.get("done").and_then(Value::as_i64).is_some_and(|done| done > now.micros())
}

fn shown_at(job: &Item, now: Timestamp) -> Object {
    let mut shown = job.shown.clone();
    let summary = shown.remove("summary");
    let is_running = is_running(job, now);
    let details = shown.remove("status_details");
    let status = match (is_running, job.hidden.contains_key("failed")) {
        (true, _) => "pending",
        (false, true) => "failed",
        (false, false) => "completed",
    };
    shown.insert("status".to_owned(), status.into());
    for (name, value) in [("summary", summary), ("status_details", details)] {
        if let Some(value) = value.filter(|_| !is_running) {
            shown.insert(name.to_owned(), value);
        }
    }
    shown
}

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let job = context.state.objects.find(JOBS, context.parameter("id"));
    job.ok_or_else(|| Fault::not_found("The job does not exist.").code("inexistent_job"))
}

fn verify(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.body();
    let user_id = body.get("user_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let user = context.state.objects.find(USERS, &user_id).ok_or_else(users::missing)?;
    let (email, name) = (user.text("email").to_owned(), user.text("name").to_owned());
    if email.is_empty() {
        return Err(Fault::invalid_body("The user does not have an email address."));
    }
    let ticket = context.state.dice.alphanumeric(32);
    let ends = context.now.plus(432_000_000_000);
    context.state.keep_ticket(&ticket, "email-verification", &user_id, &body, Some(ends));
    let record =
        Record::new("svr", "Verification email sent").with("user_id", user_id).with("user_name", name);
    context.log(record);
    Ok(Reply::created(begin(context, "verification_email", Object::new(), Object::new())))
}

fn export(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut details = context.body();
    let connection = match details.get("connection_id").and_then(Value::as_str) {
        None => None,
        Some(id) => {
            let missing = || Fault::not_found("The connection does not exist.").code("inexistent_connection");
            let found = context.state.objects.find(CONNECTIONS, id).ok_or_else(missing)?;
            Some(found.text("name").to_owned())
        }
    };
    let limit = details.get("limit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
    let is_of = |user: &&Item| {
        let mut identities = user_identities::of(user).iter();
        connection.as_ref().is_none_or(|name| identities.any(|identity| identity["connection"] == **name))
    };
    let users: Vec<&Item> =
        context.state.objects.all(USERS).filter(is_of).take(limit.unwrap_or(usize::MAX)).collect();
    let format = details.entry("format").or_insert_with(|| "json".into()).clone();
    let content = written(&users, &columns(&details), format == "csv");
    details.extend(connection.map(|name| ("connection".to_owned(), name.into())));
    let hidden = [("content".to_owned(), content.into())].into_iter().collect();
    Ok(Reply::ok(begin(context, "users_export", details, hidden)))
}

/// The fields of an export: where each is found, and what it is called.
fn columns(details: &Object) -> Vec<(String, String)> {
    let fields = details.get("fields").and_then(Value::as_array).into_iter().flatten();
    let named = fields.filter_map(|field| {
        let name = field.get("name")?.as_str()?;
        let shown = field.get("export_as").and_then(Value::as_str).unwrap_or(name);
        Some((name.to_owned(), shown.to_owned()))
    });
    let named: Vec<(String, String)> = named.collect();
    if named.is_empty() {
        return USUAL.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect();
    }
    named
}

/// The value of a field such as `identities[0].connection`.
fn value<'a>(user: &'a Object, path: &str) -> Option<&'a Value> {
    let pointer: String =
        path.split(['.', '[']).map(|part| format!("/{}", part.trim_end_matches(']'))).collect();
    let (first, rest) = pointer
        .trim_start_matches('/')
        .split_once('/')
        .map_or((pointer.trim_start_matches('/'), String::new()), |(first, rest)| {
            (first, format!("/{rest}"))
        });
    user.get(first)?.pointer(&rest)
}

fn written(users: &[&Item], columns: &[(String, String)], is_csv: bool) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut lines: Vec<String> = Vec::new();
    if is_csv {
        lines.push(columns.iter().map(|(_, shown)| quoted(shown)).collect::<Vec<_>>().join(","));
    }
    for user in users {
        let cells = columns.iter().map(|(name, shown)| (shown, value(&user.shown, name)));
        if is_csv {
            let texts = cells.map(|(_, value)| match value {
                None | Some(Value::Null) => quoted(""),
                Some(Value::String(text)) => quoted(text),
                Some(other) => quoted(&other.to_string()),
            });
            lines.push(texts.collect::<Vec<_>>().join(","));
        } else {
            let object: Object =
                cells.filter_map(|(shown, value)| Some((shown.clone(), value?.clone()))).collect();
            lines.push(Value::from(object).to_string());
        }
    }
    lines.join("\n")
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let job = found(context)?;
    let mut shown = shown_at(job, context.now);
    if job.hidden.contains_key("content") && !is_running(job, context.now) {
        let job = job.id.clone();
        let ticket = context.state.dice.alphanumeric(32);
        let ends = context.now.plus(LINK);
        context.state.keep_ticket(&ticket, "export", &job, &Object::new(), Some(ends));
        let base = &context.call.base_url;
        shown.insert("location".to_owned(), format!("{base}/sandbox/exports/{ticket}").into());
    }
    Ok(Reply::ok(shown))
}

fn errors(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let errors = found(context)?.hidden.get("errors").cloned();
    Ok(Reply::ok(errors.unwrap_or_else(|| json!([]))))
}

/// The content of an export by the last part of its link; the link is good once.
pub fn content(state: &mut State, ticket: &str, now: Timestamp) -> Option<String> {
    let ticket = state.take_ticket(ticket, "export", now)?;
    let job = state.objects.find(JOBS, ticket.hidden_text("user_id"))?;
    Some(job.hidden_text("content").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::{Api, DATABASE};

    fn with_users() -> Api {
        let mut api = Api::new();
        for name in ["pat", "kim"] {
            api.post("/users", json!({"connection": DATABASE, "email": format!("{name}@example.com")}), 201);
        }
        api
    }

    #[test]
    fn a_verification_mail_is_a_job_that_completes() {
        let mut api = with_users();
        let user = api.get("/users", 200)[0]["user_id"].clone();
        let job = api.post("/jobs/verification-email", json!({"user_id": user}), 201);
        assert_eq!((&job["type"], &job["status"]), (&json!("verification_email"), &json!("pending")));
        let path = format!("/jobs/{}", job["id"].as_str().unwrap());
        assert_eq!(api.get(&path, 200)["status"], "pending");
        api.pass(TAKES);
        assert_eq!(api.get(&path, 200)["status"], "completed");
        assert_eq!(api.get(&format!("{path}/errors"), 200), json!([]));
        assert!(api.tenant.state().records.all().any(|record| record["type"] == "svr"));
        api.post("/jobs/verification-email", json!({"user_id": "none"}), 404);
        api.get("/jobs/none", 404);
    }

    #[test]
    fn an_export_is_read_by_a_link_that_ends() {
        let mut api = with_users();
        let fields = json!([{"name": "email"}, {"name": "identities[0].connection", "export_as": "from"}]);
        let job =
            api.post("/jobs/users-exports", json!({"format": "csv", "fields": fields, "limit": 1}), 200);
        let path = format!("/jobs/{}", job["id"].as_str().unwrap());
        assert!(api.get(&path, 200).get("location").is_none());
        api.pass(TAKES);
        let link = |api: &mut Api| {
            let location = api.get(&path, 200)["location"].as_str().unwrap().to_owned();
            location.rsplit_once('/').unwrap().1.to_owned()
        };
        let (first, second) = (link(&mut api), link(&mut api));
        let now = api.now;
        let csv = content(api.tenant.state_mut(), &first, now).unwrap();
        assert_eq!(csv, format!("\"email\",\"from\"\n\"pat@example.com\",\"{DATABASE}\""));
        assert_eq!(content(api.tenant.state_mut(), &second, now.plus(LINK)), None);
        api.post("/jobs/users-exports", json!({"connection_id": "con_none"}), 404);
    }

    #[test]
    fn an_export_in_json_has_an_object_a_line() {
        let mut api = with_users();
        let connection = api.get("/connections?strategy=auth0", 200)[0]["id"].clone();
        let job = api.post("/jobs/users-exports", json!({"connection_id": connection}), 200);
        assert_eq!((&job["connection"], &job["format"]), (&json!(DATABASE), &json!("json")));
        let kept = api.tenant.state().objects.find(JOBS, job["id"].as_str().unwrap()).unwrap();
        let lines: Vec<Value> =
            kept.hidden_text("content").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((lines.len(), &lines[1]["email"]), (2, &json!("kim@example.com")));
    }
}
