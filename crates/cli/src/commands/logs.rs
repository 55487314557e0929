//! `countersign logs`

use countersign_app::{
    App,
    incidents::{Entity, EntityKind},
    journal::LogQuery,
};
use countersign_rights::Action;
use countersign_store::Access;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Verdict,
    desk::{go_on, text},
    print, reveal,
};
use crate::{
    args::{ListLogs, Logs, ShowLog},
    place::Place,
};

/// Entries that are asked for at once.
const PAGE: u32 = 50;

pub async fn run(command: Logs) -> anyhow::Result<Verdict> {
    match command {
        Logs::List(args) => list(args).await,
        Logs::Show(args) => show(args).await,
    }
}

async fn list(args: ListLogs) -> anyhow::Result<Verdict> {
    let place = Place::open(&args.at, &args.tenant, Access::ReadOnly, Action::ReadWatch).await?;
    let account = args.account.as_deref().map(|name| Entity::new(EntityKind::User, name));
    let account = match &place {
        Place::Server(server) => {
            server.entity(&args.tenant, account.as_ref()).await?.and_then(|tags| tags.account)
        }
        Place::Here(here) => account
            .and_then(|account| App::entity_subject(&here.tenant, &account))
            .map(|subject| subject.to_string()),
    };
    let (mut before, mut printed) = (args.before, 0);
    loop {
        let page = page(&place, &args, account.as_deref(), before).await?;
        let rows = page.get("entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for row in rows {
            print(&if args.json { format!("{row}\n") } else { format!("{}\n", line(row)) });
            printed += 1;
            if printed >= args.limit {
                go_on(&row["place"].to_string());
                return Ok(Verdict::Holds);
            }
        }
        before = page.get("next").and_then(Value::as_u64);
        if before.is_none() {
            return Ok(Verdict::Holds);
        }
    }
}

async fn page(
    place: &Place,
    args: &ListLogs,
    account: Option<&str>,
    before: Option<u64>,
) -> anyhow::Result<Value> {
    match place {
        Place::Server(server) => {
            let mut query = Vec::new();
            for (name, value) in [
                ("kind", args.kind.clone()),
                ("account", account.map(str::to_owned)),
                ("since", args.since.map(|at| at.to_string())),
                ("until", args.until.map(|at| at.to_string())),
                ("before", before.map(|place| place.to_string())),
            ] {
                query.extend(value.map(|value| (name, value)));
            }
            server.get(&["v1", "logs", args.tenant.as_str()], &query).await
        }
        Place::Here(here) => {
            let account = account.map(str::parse).transpose()?;
            let query =
                LogQuery { kind: args.kind.clone(), account, since: args.since, until: args.until, before };
            Ok(here.app.log_entries(&here.tenant, query, PAGE).await?.view())
        }
    }
}

async fn show(args: ShowLog) -> anyhow::Result<Verdict> {
    let ShowLog { of, whole, why } = args;
    let why = why.given().filter(|_| whole);
    let (access, action) = match &why {
        None => (Access::ReadOnly, Action::ReadWatch),
        Some(_) => (Access::Own, Action::RevealLogs),
    };
    let path = ["v1", "logs", of.tenant.as_str(), &of.id];
    let view = match (Place::open(&of.at, &of.tenant, access, action).await?, &why) {
        (Place::Server(server), None) => server.get(&path, &[]).await?,
        (Place::Server(server), Some(why)) => {
            let body = json!({ "reason": why.reason, "actor": server.actor(why.by.as_deref()) });
            server.call(Method::POST, &path, Some(&body)).await?
        }
        (Place::Here(here), None) => here.app.log_entry_redacted(&here.tenant, &of.id).await?.view(),
        (Place::Here(here), Some(why)) => {
            let permit = reveal::permit(&here, Action::RevealLogs).await?;
            here.app.log_entry(&permit, &of.id, reveal::reason(why)).await?.view()
        }
    };
    print(&format!("{}\n", serde_json::to_string_pretty(&view)?));
    Ok(Verdict::Holds)
}

fn line(row: &Value) -> String {
    format!(
        "{:>9}  {}  {:12}  {}",
        row["place"].to_string(),
        text(row, "at"),
        text(row, "kind"),
        text(row, "log_id")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_tells_place_time_kind_and_id() {
        let row = json!({ "log_id": "900", "kind": "f\u{7}p", "place": 12, "at": "2026-08-20T08:00:00Z" });
        assert_eq!(line(&row), "       12  2026-08-20T08:00:00Z  f\u{fffd}p           900");
    }
}
