//! `/v1/alerts/{tenant}`: what detectors found, told or not.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use countersign_app::incidents::{AlertFilter, Severity, alert_view};
use countersign_core::Timestamp;
use countersign_rights::Action;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    about::About,
    decisions::bad_query,
    incidents::{PAGE, cursor, entity, next},
    segments::Segments,
};
use crate::{Problem, Server};

/// What `ListQuery` takes, in words.
const LIST_QUERY: &str = "each at most once, `severity` (the least), `detector`, `audience`, `incident`, `entity` (what \
    `/v1/entities` said), `retracted` (`true` or `false`), `since` and `until` (times of the newest finding) and `before` (what \
    `next` said)";

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    #[param(value_type = Option<written::Severity>)]
    severity: Option<Severity>,
    detector: Option<String>,
    audience: Option<String>,
    incident: Option<String>,
    #[param(value_type = Option<written::EntityTag>)]
    entity: Option<String>,
    #[serde(default)]
    retracted: bool,
    #[param(value_type = Option<written::Timestamp>)]
    since: Option<Timestamp>,
    #[param(value_type = Option<written::Timestamp>)]
    until: Option<Timestamp>,
    #[param(value_type = Option<written::Cursor>)]
    before: Option<String>,
}

#[utoipa::path(
    get,
    path = "/v1/alerts/{tenant}",
    operation_id = "list_alerts",
    tag = "watch",
    summary = "Alerts, the newest finding first; they name nobody.",
    params(("tenant" = written::TenantId, Path), ListQuery),
    responses(
        (status = 200, body = written::AlertPage),
        refused::Guarded,
        refused::Missing,
        refused::Query,
    ),
)]
pub(super) async fn list(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query.map_err(|_| bad_query(LIST_QUERY))?;
    let tenant = server.permit(&caller, Action::ReadIncidents, &id).await?;
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

#[utoipa::path(
    get,
    path = "/v1/alerts/{tenant}/{id}",
    operation_id = "show_alert",
    tag = "watch",
    summary = "One alert with what it is about; that it was shown is a leaf.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    responses(
        (status = 200, body = written::AlertShown),
        refused::Guarded,
        refused::Missing,
        refused::Erased,
    ),
)]
pub(super) async fn show(about: About) -> Result<Json<Value>, Problem> {
    let tenant = about.permit(Action::ReadIncidents).await?;
    Ok(Json(about.app().alert(&tenant, &about.id).await?.view()))
}
