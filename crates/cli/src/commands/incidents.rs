//! `countersign incidents`

use countersign_app::{
    App,
    incidents::{IncidentFilter, Listed, Severity, Status},
    reveal::Target,
};
use countersign_rights::Action;
use countersign_store::Access;
use serde_json::{Value, json};

use super::{
    Verdict,
    desk::{MOST, print_rows, read_place, text},
    print, reveal,
};
use crate::{
    args::{Incidents, ListIncidents, ShowIncident},
    place::Place,
};

pub async fn run(command: Incidents) -> anyhow::Result<Verdict> {
    match command {
        Incidents::List(args) => list(args).await,
        Incidents::Show(args) => show(args).await,
    }
}

async fn list(args: ListIncidents) -> anyhow::Result<Verdict> {
    let limit = args.limit.min(MOST);
    let entity = args.about.entity();
    let page = match Place::open(&args.at, &args.tenant, Access::ReadOnly, Action::ReadIncidents).await? {
        Place::Server(server) => {
            let text = |value: &Option<String>| value.clone();
            let mut query = Vec::new();
            for (name, value) in [
                ("severity", args.severity.map(|severity| severity.word().to_owned())),
                ("status", args.status.map(|status| status.as_str().to_owned())),
                ("disposition", args.disposition.map(|disposition| disposition.as_str().to_owned())),
                ("assignee", text(&args.assignee)),
                ("detector", text(&args.detector)),
                ("entity", server.entity(&args.tenant, entity.as_ref()).await?.map(|tags| tags.entity)),
                ("since", args.since.map(|at| at.to_string())),
                ("until", args.until.map(|at| at.to_string())),
                ("overdue", args.overdue.then(|| "true".to_owned())),
                ("before", text(&args.before)),
            ] {
                query.extend(value.map(|value| (name, value)));
            }
            server.get(&["v1", "incidents", args.tenant.as_str()], &query).await?
        }
        Place::Here(here) => {
            let filter = IncidentFilter {
                severity: args.severity.map_or(0, Severity::rank),
                status: args.status.map(|status: Status| status.as_str().to_owned()),
                disposition: args.disposition.map(|disposition| disposition.as_str().to_owned()),
                assignee: args.assignee,
                detector: args.detector,
                entity: entity.map(|entity| App::entity_tag(&here.tenant, &entity).0),
                since: args.since,
                until: args.until,
                overdue_at: args.overdue.then(|| here.app.clock().now()),
                before: args.before.as_deref().map(read_place).transpose()?,
            };
            let found = here.app.incidents(&here.tenant, filter, u32::try_from(limit)?).await?;
            json!({ "incidents": found.iter().map(Listed::view).collect::<Vec<_>>() })
        }
    };
    print_rows(&page, "incidents", limit, |row| if args.json { row.to_string() } else { line(row) });
    Ok(Verdict::Holds)
}

async fn show(args: ShowIncident) -> anyhow::Result<Verdict> {
    let why = args.why.given().filter(|_| !args.reveal.is_empty());
    let access = if why.is_some() { Access::Own } else { Access::ReadOnly };
    let place = Place::open(&args.at, &args.tenant, access, Action::ReadIncidents).await?;
    let mut view = match &place {
        Place::Server(server) => {
            server.get(&["v1", "incidents", args.tenant.as_str(), &args.id], &[]).await?
        }
        Place::Here(here) => here.app.incident(&here.tenant, &args.id).await?.view(),
    };
    if let Some(why) = &why {
        let target = (Target::Incident, &*args.id);
        let opened = reveal::revealed(&place, &args.tenant, target, (&args.reveal, why)).await?;
        if let Some(view) = view.as_object_mut() {
            let values = opened.get("values").cloned().unwrap_or_default();
            view.insert("revealed".to_owned(), values);
        }
    }
    print(&if args.json { format!("{}\n", serde_json::to_string_pretty(&view)?) } else { in_words(&view) });
    Ok(Verdict::Holds)
}

fn line(row: &Value) -> String {
    let title = if row["is_erased"] == true { "erased".into() } else { text(row, "title") };
    format!(
        "{}  {:13}  {:12}  {:>4}  {}  {}",
        text(row, "last"),
        text(row, "severity"),
        text(row, "status"),
        row["alerts"],
        text(row, "id"),
        title,
    )
}

fn in_words(view: &Value) -> String {
    let list = |name: &str| view[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut told = format!(
        "{}\n{}\n\n{} · {} · to be taken up by {} · {}\n",
        text(view, "title"),
        text(view, "narrative"),
        text(view, "severity"),
        text(view, "status"),
        text(view, "due"),
        text(view, "id"),
    );
    told.push_str("\nWhat to do\n");
    for step in list("steps").iter().filter_map(Value::as_str) {
        told.push_str(&format!("  - {step}\n"));
    }
    told.push_str("\nTimeline\n");
    for line in list("timeline") {
        told.push_str(&format!("  {}  {}\n", text(line, "at"), text(line, "text")));
    }
    for note in list("notes") {
        told.push_str(&format!("\n{}, {}: {}\n", text(note, "by"), text(note, "at"), text(note, "text")));
    }
    told.push_str(&opened_in_words(&view["revealed"]));
    told
}

/// What was opened: who an alias stands for, and what people wrote.
fn opened_in_words(opened: &Value) -> String {
    let mut told = String::new();
    let parts = opened.as_object().into_iter().flatten();
    for entity in parts.clone().filter_map(|(_, part)| part.as_array()).flatten() {
        told.push_str(&format!(
            "  {}  {}  {}\n",
            text(entity, "alias"),
            text(entity, "kind"),
            text(entity, "name")
        ));
    }
    for (_, texts) in parts.filter(|(_, part)| part.is_object()) {
        for (id, _) in texts["notes"].as_object().into_iter().flatten() {
            told.push_str(&format!("  {id}  {}\n", text(&texts["notes"], id)));
        }
        if texts["closing"].is_string() {
            told.push_str(&format!("  closed: {}\n", text(texts, "closing")));
        }
    }
    if told.is_empty() { told } else { format!("\nOpened\n{told}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_incident_is_told_in_words_and_nothing_of_it_commands_the_terminal() {
        let view = json!({
            "id": "inc_1", "title": "Wrong\u{1b}[31m passwords", "narrative": "It began.", "severity": "high", "status": "open",
            "due": "2026-08-20T09:00:00Z", "steps": ["ask the person"], "last": "2026-08-20T08:00:00Z", "alerts": 2,
            "timeline": [{ "at": "2026-08-20T08:00:00Z", "text": "a sign-in failed" }],
            "notes": [{ "by": "mia", "at": "2026-08-20T08:30:00Z", "text": "called\u{7}" }],
            "revealed": { "accounts": [{ "kind": "user", "name": "auth0|7\u{1b}", "alias": "als_1" }],
                "texts": { "notes": { "rec_1": "called\u{7}" }, "closing": "an attack" } },
        });
        let told = in_words(&view);
        assert!(!told.chars().any(|char| char.is_control() && char != '\n'), "{told}");
        for part in [
            "It began.",
            "  - ask the person",
            "  2026-08-20T08:00:00Z  a sign-in failed",
            "mia, ",
            "als_1  user  auth0|7",
            "rec_1  called",
            "closed: an attack",
        ] {
            assert!(told.contains(part), "{part}");
        }
        assert!(line(&view).ends_with("inc_1  Wrong\u{fffd}[31m passwords"), "{}", line(&view));
        assert!(line(&json!({ "is_erased": true, "alerts": 1 })).ends_with("erased"));
    }
}
