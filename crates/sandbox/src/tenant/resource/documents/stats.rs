//! Figures, counted in users and log.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::tenant::{Context, Fault, Operation, Reply, iso, operations::get, state::Object};

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/stats/active-users", "Get active users count", &["read:stats"], active_users),
    get("/stats/daily", "Get daily stats", &["read:stats"], daily),
];

/// Whoever signed in within so long is active (Auth0: "Get active users count"), in microseconds: 30 days.
const ACTIVE_MICROS: i64 = 30 * 86_400 * 1_000_000;

fn active_users(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let since = iso(context.now.plus(-ACTIVE_MICROS));
    let users = context.state.objects.all("users");
    let active = users.filter(|user| user.text("last_login") >= since.as_str()).count();
    Ok(Reply::ok(json!(active)))
}

/// The day of a query, `YYYYMMDD`, as a date begins.
fn day(context: &Context<'_>, name: &str) -> Result<Option<String>, Fault> {
    let Some(text) = context.call.query(name) else { return Ok(None) };
    let refused =
        || Fault::query(&format!("'String does not match pattern ^[0-9]{{8}}$: {text}' on property {name}"));
    let parts = text.get(..4).zip(text.get(4..6)).zip(text.get(6..));
    let is_day = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let ((year, month), day) = parts.filter(|_| is_day).ok_or_else(refused)?;
    Ok(Some(format!("{year}-{month}-{day}")))
}

fn daily(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (from, to) = (day(context, "from")?, day(context, "to")?);
    let text =
        |record: &Object, name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut days: BTreeMap<String, Object> = BTreeMap::new();
    for record in context.state.records.all() {
        let field = match text(record, "type").as_str() {
            "s" => "logins",
            "ss" => "signups",
            "pwd_leak" | "signup_pwd_leak" | "reset_pwd_leak" => "leaked_passwords",
            _ => continue,
        };
        let time = text(record, "date");
        let date = time.get(..10).unwrap_or_default().to_owned();
        if from.as_ref().is_some_and(|from| date < *from) || to.as_ref().is_some_and(|to| date > *to) {
            continue;
        }
        let row = days.entry(date.clone()).or_insert_with(|| row(&date, &time));
        let count = row.get(field).and_then(Value::as_u64).unwrap_or(0).saturating_add(1);
        row.insert(field.to_owned(), count.into());
        row.insert("updated_at".to_owned(), time.into());
    }
    Ok(Reply::ok(json!(days.into_values().collect::<Vec<_>>())))
}

fn row(date: &str, time: &str) -> Object {
    let row = json!({
        "date": format!("{date}T00:00:00.000Z"),
        "created_at": time,
        "logins": 0,
        "signups": 0,
        "leaked_passwords": 0,
    });
    row.as_object().cloned().unwrap_or_default()
}
