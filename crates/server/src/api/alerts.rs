//! `/v1/alerts/{tenant}`: what detectors found, told or not.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use countersign_app::incidents::{AlertFilter, Severity, alert_view};
use countersign_core::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    decisions::bad_query,
    incidents::{PAGE, cursor, entity, next, tenant},
    segments::Segments,
};
use crate::{Problem, Server};

/// What `ListQuery` takes, in words.
const LIST_QUERY: &str = "each at most once, `severity` (the least), `detector`, `audience`, `incident`, `entity` (what \
    `/v1/entities` said), `retracted` (`true` or `false`), `since` and `until` (times of the newest finding) and `before` (what \
    `next` said)";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    severity: Option<Severity>,
    detector: Option<String>,
    audience: Option<String>,
    incident: Option<String>,
    entity: Option<String>,
    #[serde(default)]
    retracted: bool,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    before: Option<String>,
}

pub(super) async fn list(
    State(server): State<Server>,
    Segments(id): Segments<String>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query.map_err(|_| bad_query(LIST_QUERY))?;
    let tenant = tenant(&server, &id)?;
    let filter = AlertFilter {
        severity: query.severity.map_or(0, Severity::rank),
        detector: query.detector,
        audience: query.audience,
        entity: entity(query.entity, LIST_QUERY)?,
        incident: query.incident,
        with_retracted: query.retracted,
        since: query.since,
        until: query.until,
        before: cursor(query.before, LIST_QUERY)?,
    };
    let found = server.0.app.alerts(&tenant, filter, PAGE).await?;
    let next = next(found.last().map(|last| (last.last, &*last.id)), found.len());
    let alerts: Vec<_> = found.iter().map(alert_view).collect();
    Ok(Json(json!({ "alerts": alerts, "next": next })))
}

pub(super) async fn show(
    State(server): State<Server>,
    Segments((id, alert)): Segments<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    Ok(Json(server.0.app.alert(&tenant, &alert).await?.view()))
}
