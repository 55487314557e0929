//! Imports of users: a job that makes them at once, and says of each that it could not why.

use countersign_core::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    connections::CONNECTIONS,
    jobs::{JOBS, begin, is_running},
    roles::USERS,
    user_creation::make,
    user_profile::text_of,
};
use crate::tenant::{
    Context, Fault, Item, Operation, Payload, Record, Reply,
    access::NewMethod,
    id, multipart,
    operations::post,
    state::{Object, State},
};

pub(crate) const OPERATIONS: &[Operation] =
    &[post("/jobs/users-imports", "Create import users job", &["create:users"], import)];

/// The largest file (Auth0: "Bulk user imports").
const LARGEST: usize = 500 * 1_024;

/// The most imports at a time (the same page).
const MOST: usize = 2;

/// What a user of a file may have, and the type of each.
const FIELDS: &[(&str, &str, usize)] = &[
    ("email", "string", 254),
    ("email_verified", "boolean", 0),
    ("phone_number", "string", 30),
    ("phone_verified", "boolean", 0),
    ("user_id", "string", 255),
    ("username", "string", 128),
    ("given_name", "string", 150),
    ("family_name", "string", 150),
    ("name", "string", 300),
    ("nickname", "string", 300),
    ("picture", "string", 2_048),
    ("blocked", "boolean", 0),
    ("password_hash", "string", 1_024),
    ("custom_password_hash", "object", 0),
    ("app_metadata", "object", 0),
    ("user_metadata", "object", 0),
    ("mfa_factors", "array", 0),
];

/// What an import changes of a user who is there already.
const UPSERTABLE: &[&str] = &[
    "email_verified",
    "app_metadata",
    "user_metadata",
    "given_name",
    "family_name",
    "name",
    "nickname",
    "picture",
];

/// What no profile shows. Why hashes aren't kept: the tenant can't check a password by them.
const UNSHOWN: &[&str] = &["password_hash", "custom_password_hash", "mfa_factors"];

fn import(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let Payload::Bytes(body) = &context.call.payload else { return Err(no_form()) };
    let parts = multipart::parts(context.call.content_type.as_deref().unwrap_or_default(), body);
    let parts = parts.ok_or_else(no_form)?;
    let part = |name: &str| parts.iter().find(|(own, _)| own == name).map(|(_, content)| *content);
    let text = |name: &str| part(name).and_then(|content| std::str::from_utf8(content).ok());
    let file = part("users").ok_or_else(|| Fault::payload("'Missing required property: users'"))?;
    if file.len() > LARGEST {
        return Err(Fault::new(413, "Payload content length greater than maximum allowed"));
    }
    let id =
        text("connection_id").ok_or_else(|| Fault::payload("'Missing required property: connection_id'"))?;
    let missing = || Fault::new(400, "The connection does not exist.").code("inexistent_connection");
    let connection = context.state.objects.find(CONNECTIONS, id).ok_or_else(missing)?;
    if connection.text("strategy") != "auth0" {
        return Err(Fault::invalid_body("The connection must be a database."));
    }
    let name = connection.text("name").to_owned();
    let jobs = context.state.objects.all(JOBS);
    let running =
        jobs.filter(|job| job.text("type") == "users_import" && is_running(job, context.now)).count();
    if running >= MOST {
        return Err(Fault::new(
            429,
            format!("There are {running} imports of users already, the most at a time."),
        ));
    }
    let mut details = Object::new();
    details.insert("connection_id".to_owned(), id.into());
    details.insert("connection".to_owned(), name.as_str().into());
    if let Some(external) = text("external_id") {
        details.insert("external_id".to_owned(), external.into());
    }
    let upserts = text("upsert") == Some("true");
    let file = serde_json::from_slice::<Vec<Value>>(file);
    let (kind, words) = match &file {
        Ok(_) => ("sui", "Successfully imported users"),
        Err(_) => ("fui", "Failed to import users"),
    };
    let mut hidden = Object::new();
    match file {
        Ok(users) => {
            let mut done = Done::default();
            for user in &users {
                done.take(context.state, user, &name, upserts, context.now);
            }
            details.insert("summary".to_owned(), done.summary());
            hidden.insert("errors".to_owned(), done.errors.into());
        }
        Err(_) => {
            hidden.insert("failed".to_owned(), true.into());
            details.insert("status_details".to_owned(), "The file of users is no array of JSON.".into());
        }
    }
    context.log(Record::new(kind, words).with("connection", name).with("connection_id", id));
    Ok(Reply::new(202, begin(context, "users_import", details, hidden)))
}

fn no_form() -> Fault {
    Fault::payload("'The body must be multipart/form-data'")
}

/// What an import came to.
#[derive(Default)]
struct Done {
    inserted: usize,
    updated: usize,
    errors: Vec<Value>,
}

/// Why a user was not imported: code, message, path.
type Wrong = (&'static str, String, &'static str);

impl Done {
    fn take(&mut self, state: &mut State, user: &Value, connection: &str, upserts: bool, now: Timestamp) {
        let wrong = match user {
            Value::Object(user) => match taken(state, user, connection, upserts, now) {
                Ok(true) => {
                    self.inserted = self.inserted.saturating_add(1);
                    return;
                }
                Ok(false) => {
                    self.updated = self.updated.saturating_add(1);
                    return;
                }
                Err(wrong) => wrong,
            },
            _ => ("INVALID_TYPE", "Expected type object".to_owned(), ""),
        };
        let (code, message, path) = wrong;
        let mut error = json!({"code": code, "message": message});
        if let (false, Some(error)) = (path.is_empty(), error.as_object_mut()) {
            error.insert("path".to_owned(), path.into());
        }
        self.errors.push(json!({"user": user, "errors": [error]}));
    }

    fn summary(&self) -> Value {
        let failed = self.errors.len();
        let total = failed.saturating_add(self.inserted).saturating_add(self.updated);
        json!({"failed": failed, "updated": self.updated, "inserted": self.inserted, "total": total})
    }
}

/// Makes a user, or changes the one with the same address; true for one that is new.
fn taken(
    state: &mut State,
    user: &Object,
    connection: &str,
    upserts: bool,
    now: Timestamp,
) -> Result<bool, Wrong> {
    form(user)?;
    if let Some(id) = same(state, user, connection) {
        if !upserts {
            return Err(("DUPLICATED_USER", "The user already exists.".to_owned(), "email"));
        }
        let own = text_of(user, "user_id");
        if own.is_some_and(|own| format!("auth0|{own}") != id) {
            return Err(("CONFLICT", "The address belongs to another user_id.".to_owned(), "user_id"));
        }
        if let Some(known) = state.objects.find_mut(USERS, &id) {
            let changes = user.iter().filter(|(name, _)| UPSERTABLE.contains(&name.as_str()));
            known.shown.extend(changes.map(|(name, value)| (name.clone(), value.clone())));
            known.shown.insert("updated_at".to_owned(), id::iso(now).into());
        }
        return Ok(false);
    }
    let mut shown = user.clone();
    shown.retain(|name, _| !UNSHOWN.contains(&name.as_str()));
    shown.insert("connection".to_owned(), connection.into());
    let made = make(state, shown, "auth0", now);
    let made = made.map_err(|fault| ("DUPLICATED_USER", fault.to_string(), ""))?;
    let factors = user.get("mfa_factors").and_then(Value::as_array).into_iter().flatten();
    for factor in factors.filter_map(Value::as_object) {
        enroll(state, &made.id, factor, now);
    }
    Ok(true)
}

/// The user of the connection with the address of one of the file.
fn same(state: &State, user: &Object, connection: &str) -> Option<String> {
    let email = text_of(user, "email")?;
    let mut known = state.objects.all(USERS).filter(|known| is_of(known, connection));
    known.find(|known| known.text("email").eq_ignore_ascii_case(email)).map(|same| same.id.clone())
}

fn is_of(user: &Item, connection: &str) -> bool {
    let first = user.shown.get("identities").and_then(|identities| identities.get(0));
    first.and_then(|first| first.get("connection")).and_then(Value::as_str) == Some(connection)
}

/// Refuses a user of a form that none has.
fn form(user: &Object) -> Result<(), Wrong> {
    for (name, kind, longest) in FIELDS {
        let Some(value) = user.get(*name) else { continue };
        let is_right = match *kind {
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "object" => value.is_object(),
            _ => value.is_array(),
        };
        if !is_right {
            return Err(("INVALID_TYPE", format!("Expected type {kind}"), *name));
        }
        let length = value.as_str().map_or(0, |text| text.chars().count());
        if length > *longest && *kind == "string" {
            return Err((
                "MAX_LENGTH",
                format!("String is too long ({length} chars), maximum {longest}"),
                *name,
            ));
        }
    }
    if let Some(factors) = user.get("mfa_factors").and_then(Value::as_array)
        && !factors.iter().all(is_factor)
    {
        return Err((
            "MFA_FACTORS_FAILED",
            "A factor is none of totp, phone and email.".to_owned(),
            "mfa_factors",
        ));
    }
    match text_of(user, "email") {
        Some(email)
            if email.split_once('@').is_none_or(|(name, host)| name.is_empty() || host.is_empty()) =>
        {
            Err(("FORMAT", "Object didn't pass validation for format email".to_owned(), "email"))
        }
        Some(_) => Ok(()),
        None if text_of(user, "username").or(text_of(user, "phone_number")).is_some() => Ok(()),
        None => Err(("INVALID_TYPE", "Expected type string".to_owned(), "email")),
    }
}

/// The factors of a file: name, what it is for the Management API, and what it holds.
const FACTORS: [(&str, &str); 3] = [("totp", "secret"), ("phone", "value"), ("email", "value")];

fn is_factor(factor: &Value) -> bool {
    FACTORS
        .iter()
        .any(|(kind, what)| factor.get(kind).and_then(|held| held.get(what)).is_some_and(Value::is_string))
}

fn enroll(state: &mut State, user_id: &str, factor: &Map<String, Value>, now: Timestamp) {
    for (kind, what) in FACTORS {
        let held = factor.get(kind).and_then(|held| held.get(what)).and_then(Value::as_str);
        let Some(held) = held else { continue };
        let (target, secret) = if kind == "totp" { ("", held) } else { (held, "") };
        let preferred = if kind == "phone" { "sms" } else { "" };
        state.enroll(&NewMethod { user_id, kind, target, secret, preferred, ..NewMethod::default() }, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{
        resource::jobs::TAKES,
        testing::{Api, DATABASE},
    };

    fn send(api: &mut Api, users: &str, more: &[(&str, &str)]) -> Reply {
        let connection = api.get("/connections?strategy=auth0", 200)[0]["id"].as_str().unwrap().to_owned();
        let mut parts = vec![("users", users), ("connection_id", &connection)];
        parts.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        parts.extend(more);
        let parts = parts.iter().map(|(name, content)| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
        });
        let body = format!("{}--b--\r\n", parts.collect::<String>());
        api.send_bytes("/jobs/users-imports", "multipart/form-data; boundary=b", body.into_bytes())
    }

    /// The job and its errors once it is done.
    fn done(api: &mut Api, reply: &Reply) -> (Value, Value) {
        assert_eq!((reply.status, &reply.json()["status"]), (202, &json!("pending")), "{}", reply.json());
        assert!(reply.json().get("summary").is_none());
        let path = format!("/jobs/{}", reply.json()["id"].as_str().unwrap());
        api.pass(TAKES);
        (api.get(&path, 200), api.get(&format!("{path}/errors"), 200))
    }

    #[test]
    fn an_import_makes_users_and_tells_of_each_that_it_could_not_why() {
        let mut api = Api::new();
        api.post("/users", json!({"connection": DATABASE, "email": "old@example.com"}), 201);
        let users = json!([
            {"email": "Pat@example.com", "user_id": "7", "app_metadata": {"tier": "gold"}, "blocked": true,
             "mfa_factors": [{"totp": {"secret": "JBSWY3DP"}}, {"phone": {"value": "+12025550143"}}]},
            {"email": "OLD@example.com"}, {"email": "pat@example.com"}, {"email": "nowhere"}, {"email": 7}, {},
            {"email": "a@example.com", "given_name": "x".repeat(151)}, "nobody",
            {"email": "b@example.com", "mfa_factors": [{"smoke": {}}]},
        ]);
        let reply = send(&mut api, &users.to_string(), &[("external_id", "batch 1")]);
        let (job, errors) = done(&mut api, &reply);
        assert_eq!((&job["status"], &job["type"]), (&json!("completed"), &json!("users_import")));
        assert_eq!(job["external_id"], "batch 1");
        assert_eq!(job["summary"], json!({"failed": 8, "updated": 0, "inserted": 1, "total": 9}));
        let codes: Vec<&str> = errors
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["errors"][0]["code"].as_str().unwrap())
            .collect();
        let wanted = [
            "DUPLICATED_USER",
            "DUPLICATED_USER",
            "FORMAT",
            "INVALID_TYPE",
            "INVALID_TYPE",
            "MAX_LENGTH",
            "INVALID_TYPE",
            "MFA_FACTORS_FAILED",
        ];
        assert_eq!(codes, wanted);
        assert_eq!(
            (&errors[5]["user"]["email"], &errors[5]["errors"][0]["path"]),
            (&json!("a@example.com"), &json!("given_name"))
        );
        let made = api.get("/users/auth0%7C7", 200);
        assert_eq!(
            (&made["email"], &made["app_metadata"]["tier"]),
            (&json!("pat@example.com"), &json!("gold"))
        );
        assert_eq!((&made["blocked"], made.get("mfa_factors")), (&json!(true), None));
        let methods = api.get("/users/auth0%7C7/authentication-methods", 200);
        assert_eq!(methods.as_array().unwrap().len(), 2, "{methods}");
        assert!(api.tenant.state().records.all().any(|record| record["type"] == "sui"));
    }

    #[test]
    fn an_upsert_replaces_what_may_be_replaced_of_users_with_the_same_address() {
        let mut api = Api::new();
        let metadata = json!({"a": 1, "b": 2});
        let old = json!({"connection": DATABASE, "email": "pat@example.com", "user_id": "1", "app_metadata": metadata});
        api.post("/users", old, 201);
        let users = json!([{"email": "pat@example.com", "app_metadata": {"b": 3}, "name": "Pat", "blocked": true},
            {"email": "pat@example.com", "user_id": "2"}]);
        let reply = send(&mut api, &users.to_string(), &[("upsert", "true")]);
        let (job, errors) = done(&mut api, &reply);
        assert_eq!(job["summary"], json!({"failed": 1, "updated": 1, "inserted": 0, "total": 2}));
        assert_eq!(errors[0]["errors"][0]["code"], "CONFLICT");
        let user = api.get("/users/auth0%7C1", 200);
        assert_eq!((&user["app_metadata"], &user["name"]), (&json!({"b": 3}), &json!("Pat")));
        assert!(user.get("blocked").is_none(), "that is not upsertable");
    }

    #[test]
    fn what_is_no_import_is_refused_and_a_broken_file_fails_its_job() {
        let mut api = Api::new();
        assert_eq!(api.send_bytes("/jobs/users-imports", "text/csv", b"a,b".to_vec()).status, 400);
        api.post("/jobs/users-imports", json!({}), 400);
        assert_eq!(send(&mut api, "[]", &[("connection_id", "con_none")]).status, 400);
        assert_eq!(send(&mut api, &" ".repeat(LARGEST + 1), &[]).status, 413);
        let broken = send(&mut api, "email\npat@example.com", &[]);
        assert_eq!(send(&mut api, "[]", &[]).status, 202);
        assert_eq!(send(&mut api, "[]", &[]).status, 429, "two at a time");
        let (job, _) = done(&mut api, &broken);
        assert_eq!(job["status"], "failed");
        assert!(job["status_details"].is_string() && job.get("summary").is_none(), "{job}");
        assert_eq!(send(&mut api, "[]", &[]).status, 202);
    }
}
