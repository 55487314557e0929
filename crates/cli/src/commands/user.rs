//! `countersign user`

use countersign_rights::Action;
use std::fmt::Write as _;

use countersign_app::{
    App,
    user_risk::{Mark, MarkedBy},
    users_at_risk::UsersAtRisk,
};
use countersign_core::SubjectId;
use countersign_store::Access;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Verdict,
    desk::{go_on, read_place, text},
    policy, print,
};
use crate::{
    args::{ListUsers, MarkUser, NamedUser, UserCommand, UserRisk},
    place::{Here, OPERATOR, Place, demand},
};

pub async fn run(command: UserCommand) -> anyhow::Result<Verdict> {
    let (held, is_json) = match command {
        UserCommand::List(args) => return list(args).await,
        UserCommand::Risk(UserRisk { user, json }) => (risk(&user).await?, json),
        UserCommand::MarkSafe(args) => (mark(&args, Mark::Safe).await?, false),
        UserCommand::MarkCompromised(args) => (mark(&args, Mark::Compromised).await?, false),
    };
    if is_json {
        print(&format!("{}\n", serde_json::to_string_pretty(&held)?));
    } else {
        print(&told(&held));
    }
    Ok(Verdict::Holds)
}

async fn list(args: ListUsers) -> anyhow::Result<Verdict> {
    let tenant = policy::tenant(&args.at.folder.load()?, args.tenant.as_ref())?;
    let page = match Place::open(&args.at, &tenant, Access::ReadOnly, Action::ReadUsers).await? {
        Place::Server(server) => {
            let mut query = vec![("at_least", args.at_least.as_str().to_owned())];
            query.extend(args.before.map(|before| ("before", before)));
            server.get(&["v1", "users", tenant.as_str()], &query).await?
        }
        Place::Here(here) => {
            let place = args.before.as_deref().map(read_place).transpose()?;
            let after = place.map(|(until, subject)| anyhow::Ok((until, subject.parse()?))).transpose()?;
            let UsersAtRisk { users, next } =
                here.app.users_at_risk(&here.tenant, args.at_least, after).await?;
            json!({ "users": users, "next": next.map(|(until, subject)| format!("{}~{subject}", until.micros())) })
        }
    };
    for user in page.get("users").and_then(Value::as_array).into_iter().flatten() {
        print(&if args.json { format!("{user}\n") } else { line(user) });
    }
    if let Some(next) = page.get("next").and_then(Value::as_str) {
        go_on(next);
    }
    Ok(Verdict::Holds)
}

async fn risk(user: &NamedUser) -> anyhow::Result<Value> {
    let config = user.at.folder.load()?;
    let tenant = policy::tenant(&config, user.tenant.as_ref())?;
    if user.at.url.is_none() && user.subject.parse::<SubjectId>().is_err() {
        demand(&config, Some(&tenant), Action::FindEntities).await?;
    }
    match Place::open(&user.at, &tenant, Access::ReadOnly, Action::ReadUsers).await? {
        Place::Server(server) => {
            let body = named(user);
            server.call(Method::POST, &["v1", "users", tenant.as_str(), "risk"], Some(&body)).await
        }
        Place::Here(here) => {
            let held = here.app.user_risk(&here.tenant, &subject(user, &here)).await?;
            Ok(serde_json::to_value(held)?)
        }
    }
}

async fn mark(MarkUser { user, actor, reason }: &MarkUser, mark: Mark) -> anyhow::Result<Value> {
    let tenant = policy::tenant(&user.at.folder.load()?, user.tenant.as_ref())?;
    match Place::open(&user.at, &tenant, Access::Own, Action::MarkUsers).await? {
        Place::Server(server) => {
            let mut body = named(user);
            if let Some(body) = body.as_object_mut() {
                body.insert("mark".to_owned(), json!(mark));
                body.insert("actor".to_owned(), json!(server.actor(actor.as_deref())));
                body.insert("reason".to_owned(), json!(reason));
            }
            server.call(Method::POST, &["v1", "users", tenant.as_str(), "marks"], Some(&body)).await
        }
        Place::Here(here) => {
            let by = MarkedBy { actor: actor.as_deref().unwrap_or(OPERATOR), reason };
            let held = here.app.mark_user(&here.tenant, &subject(user, &here), mark, by).await?;
            here.app.sign_checkpoint(&here.tenant).await?;
            Ok(serde_json::to_value(held)?)
        }
    }
}

fn named(user: &NamedUser) -> Value {
    match user.subject.parse::<SubjectId>() {
        Ok(subject) => json!({ "subject": subject }),
        Err(_) => json!({ "user_id": user.subject }),
    }
}

fn subject(user: &NamedUser, here: &Here) -> SubjectId {
    user.subject.parse().unwrap_or_else(|_| App::subject(&here.tenant, &user.subject))
}

/// A person at risk, and what for.
fn line(user: &Value) -> String {
    let signals = user.get("signals").and_then(Value::as_array).into_iter().flatten();
    let kinds: Vec<_> = signals.map(|signal| text(signal, "kind")).collect();
    format!(
        "{}  {:<6} {:.2}  until {}  {}\n",
        text(user, "subject"),
        text(user, "level"),
        user.get("score").and_then(Value::as_f64).unwrap_or_default(),
        text(user, "until"),
        kinds.join(", ")
    )
}

/// What is held, a line for each signal.
fn told(held: &Value) -> String {
    let number = |value: &Value| value.as_f64().unwrap_or_default();
    let who = text(held, "subject");
    let mut told = match held.get("since").and_then(Value::as_str) {
        None => format!("{who}: low, nothing is held against them\n"),
        Some(_) => format!(
            "{who}: {} {:.2}, since {}\n",
            text(held, "level"),
            held.get("score").map_or(0.0, number),
            text(held, "since")
        ),
    };
    for signal in held.get("signals").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
        let weight = signal.get("weight").map_or(0.0, number);
        let _ = writeln!(told, "  {}  {:<20} {weight:.2}", text(signal, "at"), text(signal, "kind"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_at_risk_is_a_line_and_a_terminal_obeys_none_of_it() {
        let at = "2026-08-20T08:00:00Z";
        let user = json!({ "subject": "sub_1", "level": "high", "score": 0.8, "since": at, "until": at,
            "signals": [{ "kind": "fraudulent_sign_in" }, { "kind": "leaked\u{1b}password" }] });
        let expected =
            "sub_1  high   0.80  until 2026-08-20T08:00:00Z  fraudulent_sign_in, leaked\u{fffd}password\n";
        assert_eq!(line(&user), expected);
    }

    #[test]
    fn what_is_held_is_told_in_lines_and_a_terminal_obeys_none_of_it() {
        let nothing =
            json!({ "subject": "sub_1", "level": "low", "score": 0.0, "since": null, "signals": [] });
        assert_eq!(told(&nothing), "sub_1: low, nothing is held against them\n");
        let at = "2026-08-20T08:00:00Z";
        let held = json!({ "subject": "sub_1", "level": "medium", "score": 0.5, "since": at,
            "signals": [{ "kind": "leaked\u{1b}password", "at": at, "weight": 0.5 }] });
        let expected = "sub_1: medium 0.50, since 2026-08-20T08:00:00Z\n  2026-08-20T08:00:00Z  leaked\u{fffd}password      0.50\n";
        assert_eq!(told(&held), expected);
    }
}
