//! `/v1/incidents/{tenant}`: what was found, and what people make of it.

use crate::authn::Known;
use crate::openapi::{refused, written};
use countersign_rights::Action;

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
};
use countersign_app::{
    Error,
    incidents::{By, Closure, Disposition, EntityTag, IncidentFilter, Listed, Severity, Status},
};
use countersign_core::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{about::About, decisions::bad_query, segments::Segments};
use crate::{Problem, Server, body};

/// Rows on one page.
pub(super) const PAGE: u32 = 50;

/// What `ListQuery` takes, in words.
const LIST_QUERY: &str = "each at most once, `severity` (the least), `status` (`open`, `acknowledged` or `closed`), \
    `disposition`, `assignee`, `detector`, `entity` (what `/v1/entities` said), `since` and `until` (times of the newest finding), \
    `overdue` (`true` or `false`) and `before` (what `next` said)";

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    #[param(value_type = Option<written::Severity>)]
    severity: Option<Severity>,
    #[param(value_type = Option<written::IncidentStatus>)]
    status: Option<Status>,
    #[param(value_type = Option<written::Disposition>)]
    disposition: Option<Disposition>,
    assignee: Option<String>,
    detector: Option<String>,
    #[param(value_type = Option<written::EntityTag>)]
    entity: Option<String>,
    #[param(value_type = Option<written::Timestamp>)]
    since: Option<Timestamp>,
    #[param(value_type = Option<written::Timestamp>)]
    until: Option<Timestamp>,
    #[serde(default)]
    overdue: bool,
    #[param(value_type = Option<written::Cursor>)]
    before: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IncidentAct)]
pub(super) struct Act {
    #[schema(value_type = Option<written::Actor>)]
    actor: Option<String>,
    #[schema(value_type = written::Count)]
    version: u64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IncidentAssignment)]
pub(super) struct Assign {
    #[schema(value_type = Option<written::Actor>)]
    actor: Option<String>,
    #[schema(value_type = written::Count)]
    version: u64,
    #[schema(min_length = 1, max_length = 200)]
    assignee: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IncidentNote)]
pub(super) struct Note {
    #[schema(value_type = Option<written::Actor>)]
    actor: Option<String>,
    #[schema(min_length = 1, max_length = 4_000)]
    text: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IncidentClosure)]
pub(super) struct Close {
    #[schema(value_type = Option<written::Actor>)]
    actor: Option<String>,
    #[schema(value_type = written::Count)]
    version: u64,
    #[schema(value_type = written::Disposition)]
    disposition: Disposition,
    duplicate_of: Option<String>,
    #[schema(min_length = 1, max_length = 1_000)]
    reason: String,
    #[serde(default)]
    suppress: bool,
    #[serde(default = "yes")]
    mark: bool,
}

const fn yes() -> bool {
    true
}

/// Where a page ended: time and id, as `write_cursor` said it.
pub(crate) fn read_cursor(text: &str) -> Option<(Timestamp, String)> {
    let (micros, id) = text.split_once('~')?;
    let is_id = id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_id.then_some((Timestamp::from_micros(micros.parse().ok()?), id.to_owned()))
}

/// The place of a row, for the page after it.
pub(crate) fn write_cursor(at: Timestamp, id: &str) -> String {
    format!("{}~{id}", at.micros())
}

pub(super) fn cursor(
    text: Option<String>,
    takes: &'static str,
) -> Result<Option<(Timestamp, String)>, Problem> {
    text.map(|text| read_cursor(&text).ok_or_else(|| bad_query(takes))).transpose()
}

/// The tag that `entity` holds.
pub(super) fn entity(text: Option<String>, takes: &'static str) -> Result<Option<u64>, Problem> {
    let tag = text.map(|text| text.parse::<EntityTag>()).transpose();
    Ok(tag.map_err(|_| bad_query(takes))?.map(|EntityTag(tag)| tag))
}

/// What `before` takes to go on after the last row of a full page.
pub(super) fn next(last: Option<(Timestamp, &str)>, count: usize) -> Option<String> {
    let (at, id) = last.filter(|_| u32::try_from(count).is_ok_and(|count| count >= PAGE))?;
    Some(write_cursor(at, id))
}

#[utoipa::path(
    get,
    path = "/v1/incidents/{tenant}",
    operation_id = "list_incidents",
    tag = "watch",
    summary = "Incidents, the newest finding first; they name nobody.",
    params(("tenant" = written::TenantId, Path), ListQuery),
    responses(
        (status = 200, body = written::IncidentPage),
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
    let filter = IncidentFilter {
        severity: query.severity.map_or(0, Severity::rank),
        status: query.status.map(|status| status.as_str().to_owned()),
        disposition: query.disposition.map(|disposition| disposition.as_str().to_owned()),
        assignee: query.assignee,
        detector: query.detector,
        entity: entity(query.entity, LIST_QUERY)?,
        since: query.since,
        until: query.until,
        overdue_at: query.overdue.then(|| server.0.app.clock().now()),
        before: cursor(query.before, LIST_QUERY)?,
    };
    let found = server.0.app.incidents(&tenant, filter, PAGE).await?;
    let next = next(found.last().map(|last| (last.row.last, &*last.row.id)), found.len());
    let incidents: Vec<_> = found.iter().map(Listed::view).collect();
    Ok(Json(json!({ "incidents": incidents, "next": next })))
}

#[utoipa::path(
    get,
    path = "/v1/incidents/{tenant}/{id}",
    operation_id = "show_incident",
    tag = "watch",
    summary = "One incident, whole; that it was shown is a leaf.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    responses(
        (status = 200, body = written::IncidentShown),
        refused::Guarded,
        refused::Missing,
        refused::Erased,
    ),
)]
pub(super) async fn show(about: About) -> Result<Json<Value>, Problem> {
    let tenant = about.permit(Action::ReadIncidents).await?;
    Ok(Json(about.app().incident(&tenant, &about.id).await?.view()))
}

#[utoipa::path(
    post,
    path = "/v1/incidents/{tenant}/{id}/acknowledge",
    operation_id = "acknowledge_incident",
    tag = "watch",
    summary = "Acknowledges an incident.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Act,
    responses(
        (status = 200, body = written::IncidentActed),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(super) async fn acknowledge(about: About, request: Request) -> Result<Json<Value>, Problem> {
    let tenant = about.permit(Action::WorkIncidents).await?;
    let Act { actor, version } = body::take(request).await?;
    let actor = tenant.actor(actor.as_deref())?;
    let by = By { actor: &actor, version };
    let version = about.app().acknowledge_incident(&tenant, &about.id, by).await?;
    Ok(Json(json!({ "id": about.id, "version": version })))
}

#[utoipa::path(
    post,
    path = "/v1/incidents/{tenant}/{id}/assign",
    operation_id = "assign_incident",
    tag = "watch",
    summary = "Assigns an incident to somebody, or to nobody.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Assign,
    responses(
        (status = 200, body = written::IncidentActed),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(super) async fn assign(about: About, request: Request) -> Result<Json<Value>, Problem> {
    let tenant = about.permit(Action::WorkIncidents).await?;
    let Assign { actor, version, assignee } = body::take(request).await?;
    let actor = tenant.actor(actor.as_deref())?;
    let by = By { actor: &actor, version };
    let version = about.app().assign_incident(&tenant, &about.id, by, assignee.as_deref()).await?;
    Ok(Json(json!({ "id": about.id, "version": version })))
}

#[utoipa::path(
    post,
    path = "/v1/incidents/{tenant}/{id}/notes",
    operation_id = "note_incident",
    tag = "watch",
    summary = "Adds a note to an incident.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Note,
    responses(
        (status = 200, body = written::NoteMade),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(super) async fn note(about: About, request: Request) -> Result<Json<Value>, Problem> {
    let tenant = about.permit(Action::WorkIncidents).await?;
    let Note { actor, text } = body::take(request).await?;
    let actor = tenant.actor(actor.as_deref())?;
    let note = about.app().note_incident(&tenant, &about.id, &actor, &text).await?;
    Ok(Json(json!({ "id": note })))
}

#[utoipa::path(
    post,
    path = "/v1/incidents/{tenant}/{id}/close",
    operation_id = "close_incident",
    tag = "watch",
    summary = "Closes an incident.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Close,
    responses(
        (status = 200, body = written::IncidentClosed),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(super) async fn close(about: About, request: Request) -> Result<Json<Value>, Problem> {
    let tenant = about.permit(Action::WorkIncidents).await?;
    let Close { actor, version, disposition, duplicate_of, reason, suppress, mark } =
        body::take(request).await?;
    let duplicate_of = duplicate_of.map(|other| other.parse().map_err(|_| Error::NotFound("incident")));
    let closure = Closure { disposition, duplicate_of: duplicate_of.transpose()?, reason, suppress, mark };
    let actor = tenant.actor(actor.as_deref())?;
    let by = By { actor: &actor, version };
    let closed = about.app().close_incident(&tenant, &about.id, by, closure).await?;
    Ok(Json(json!({
        "id": about.id,
        "version": closed.version,
        "is_suppressed": closed.is_suppressed,
        "suppressions": closed.consequences.suppressions,
        "attackers": closed.consequences.attackers,
        "marked": closed.marked,
    })))
}
