//! `countersign suppressions`

use countersign_app::incidents::NewSuppression;
use countersign_rights::Action;
use countersign_store::Access;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Verdict, desk::text, print};
use crate::{
    args::{AddSuppression, LiftSuppression, OfTenant, Suppressions},
    place::Place,
};

pub async fn run(command: Suppressions) -> anyhow::Result<Verdict> {
    match command {
        Suppressions::List(args) => list(args).await,
        Suppressions::Add(args) => add(*args).await,
        Suppressions::Lift(args) => lift(args).await,
    }
}

async fn list(OfTenant { tenant, at }: OfTenant) -> anyhow::Result<Verdict> {
    let rows: Vec<Value> = match Place::open(&at, &tenant, Access::ReadOnly, Action::ReadIncidents).await? {
        Place::Server(server) => {
            let mut page = server.get(&["v1", "suppressions", tenant.as_str()], &[]).await?;
            page.get_mut("suppressions").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default()
        }
        Place::Here(here) => {
            let standing = here.app.suppressions(&here.tenant, here.app.clock().now()).await?;
            standing.iter().map(|standing| standing.view(&here.tenant)).collect()
        }
    };
    for row in &rows {
        print(&format!("{}\n", line(row)));
    }
    Ok(Verdict::Holds)
}

async fn add(args: AddSuppression) -> anyhow::Result<Verdict> {
    let AddSuppression { detector, about, until, reason, by, force, of: OfTenant { tenant, at } } = args;
    let entity = about.entity();
    let id = match Place::open(&at, &tenant, Access::Own, Action::ChangeSuppressions).await? {
        Place::Server(server) => {
            let body = json!({
                "actor": server.actor(Some(&by)), "detector": detector, "entity": entity, "until": until, "reason": reason, "force": force,
            });
            let path = ["v1", "suppressions", tenant.as_str()];
            let answer = server.call(Method::POST, &path, Some(&body)).await?;
            text(&answer, "id").into_owned()
        }
        Place::Here(here) => {
            let new = NewSuppression { detector, entity, until, reason, force };
            here.app.suppress(&here.tenant, new, &by).await?
        }
    };
    print(&format!("{id}\n"));
    Ok(Verdict::Holds)
}

async fn lift(args: LiftSuppression) -> anyhow::Result<Verdict> {
    let LiftSuppression { id, by, of: OfTenant { tenant, at } } = args;
    match Place::open(&at, &tenant, Access::Own, Action::ChangeSuppressions).await? {
        Place::Server(server) => {
            let path = ["v1", "suppressions", tenant.as_str(), &id, "lift"];
            server.call(Method::POST, &path, Some(&json!({ "actor": server.actor(Some(&by)) }))).await?;
        }
        Place::Here(here) => here.app.lift_suppression(&here.tenant, &id, &by).await?,
    }
    print(&format!("{id} is lifted\n"));
    Ok(Verdict::Holds)
}

fn line(row: &Value) -> String {
    let detector = row["detector"].as_str().unwrap_or("any detector");
    let entity = &row["entity"];
    let about = if entity.is_null() { "anything".into() } else { text(entity, "name") };
    format!(
        "{}  until {}  {detector}  about {about}  {} ({})",
        text(row, "id"),
        text(row, "until"),
        text(row, "reason"),
        text(row, "by"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_what_is_suppressed_why_and_by_whom() {
        let row = json!({ "id": "rec_1", "detector": null, "entity": { "kind": "user", "name": "auth0|\u{1b}1" },
            "until": "2026-09-01T00:00:00Z", "reason": "travels", "by": "mia" });
        let told = "rec_1  until 2026-09-01T00:00:00Z  any detector  about auth0|\u{fffd}1  travels (mia)";
        assert_eq!(line(&row), told);
    }
}
