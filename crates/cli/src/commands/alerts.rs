//! `countersign alerts`

use countersign_app::{
    App,
    incidents::{AlertFilter, Severity, alert_view},
};
use countersign_rights::Action;
use countersign_store::Access;
use serde_json::{Value, json};

use super::{
    Verdict,
    desk::{MOST, print_rows, read_place, text},
    print,
};
use crate::{
    args::{Alerts, ListAlerts, ShowOne},
    place::Place,
};

pub async fn run(command: Alerts) -> anyhow::Result<Verdict> {
    match command {
        Alerts::List(args) => list(*args).await,
        Alerts::Show(args) => show(args).await,
    }
}

async fn list(args: ListAlerts) -> anyhow::Result<Verdict> {
    let limit = args.limit.min(MOST);
    let entity = args.about.entity();
    let page = match Place::open(&args.at, &args.tenant, Access::ReadOnly, Action::ReadIncidents).await? {
        Place::Server(server) => {
            let text = |value: &Option<String>| value.clone();
            let mut query = Vec::new();
            for (name, value) in [
                ("severity", args.severity.map(|severity| severity.word().to_owned())),
                ("detector", text(&args.detector)),
                ("audience", text(&args.audience)),
                ("incident", text(&args.incident)),
                ("entity", server.entity(&args.tenant, entity.as_ref()).await?.map(|tags| tags.entity)),
                ("retracted", args.retracted.then(|| "true".to_owned())),
                ("since", args.since.map(|at| at.to_string())),
                ("until", args.until.map(|at| at.to_string())),
                ("before", text(&args.before)),
            ] {
                query.extend(value.map(|value| (name, value)));
            }
            server.get(&["v1", "alerts", args.tenant.as_str()], &query).await?
        }
        Place::Here(here) => {
            let filter = AlertFilter {
                severity: args.severity.map_or(0, Severity::rank),
                detector: args.detector,
                audience: args.audience,
                entity: entity.map(|entity| App::entity_tag(&here.tenant, &entity).0),
                incident: args.incident,
                with_retracted: args.retracted,
                since: args.since,
                until: args.until,
                before: args.before.as_deref().map(read_place).transpose()?,
            };
            let found = here.app.alerts(&here.tenant, filter, u32::try_from(limit)?).await?;
            json!({ "alerts": found.iter().map(alert_view).collect::<Vec<_>>() })
        }
    };
    print_rows(&page, "alerts", limit, |row| if args.json { row.to_string() } else { line(row) });
    Ok(Verdict::Holds)
}

async fn show(args: ShowOne) -> anyhow::Result<Verdict> {
    let view = match Place::open(&args.at, &args.tenant, Access::ReadOnly, Action::ReadIncidents).await? {
        Place::Server(server) => server.get(&["v1", "alerts", args.tenant.as_str(), &args.id], &[]).await?,
        Place::Here(here) => here.app.alert(&here.tenant, &args.id).await?.view(),
    };
    print(&format!("{}\n", serde_json::to_string_pretty(&view)?));
    Ok(Verdict::Holds)
}

fn line(row: &Value) -> String {
    format!(
        "{}  {:13}  {:11}  {}  {:20}  {}",
        text(row, "last"),
        text(row, "severity"),
        text(row, "audience"),
        text(row, "id"),
        text(row, "incident"),
        text(row, "detector"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_who_is_told_and_commands_no_terminal() {
        let row = json!({ "id": "alr_1", "detector": "mfa\u{1b}[31m", "severity": "high", "audience": "suppressed",
            "last": "2026-08-20T08:00:00Z", "incident": null });
        let line = line(&row);
        assert!(line.contains("suppressed") && line.ends_with("mfa\u{fffd}[31m"), "{line}");
    }
}
