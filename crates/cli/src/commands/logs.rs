//! `countersign logs`

use countersign_app::{
    App,
    incidents::{Entity, EntityKind},
    journal::LogQuery,
};
use countersign_rights::Action;
use countersign_store::Access;
use serde_json::Value;

use super::{
    Verdict,
    desk::{go_on, text},
    print,
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
    let ShowLog { of, redacted } = args;
    let (access, action) = match redacted {
        true => (Access::ReadOnly, Action::ReadWatch),
        false => (Access::Own, Action::RevealLogs),
    };
    let view = match Place::open(&of.at, &of.tenant, access, action).await? {
        Place::Server(server) => {
            let query = redacted.then(|| ("redacted", "true".to_owned()));
            server.get(&["v1", "logs", of.tenant.as_str(), &of.id], query.as_slice()).await?
        }
        Place::Here(here) if redacted => here.app.log_entry_redacted(&here.tenant, &of.id).await?.view(),
        Place::Here(here) => here.app.log_entry(&here.tenant, &of.id).await?.view(),
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
