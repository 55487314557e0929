//! `/v1/incidents/{tenant}`: what was found, and what people make of it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
};
use countersign_app::{
    Error, Tenant,
    incidents::{By, Closure, Disposition, EntityTag, IncidentFilter, Listed, Severity, Status},
};
use countersign_core::{TenantId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{decisions::bad_query, segments::Segments};
use crate::{Problem, Server, body};

/// Rows on one page.
pub(super) const PAGE: u32 = 50;

/// What `ListQuery` takes, in words.
const LIST_QUERY: &str = "each at most once, `severity` (the least), `status` (`open`, `acknowledged` or `closed`), \
    `disposition`, `assignee`, `detector`, `entity` (what `/v1/entities` said), `since` and `until` (times of the newest finding), \
    `overdue` (`true` or `false`) and `before` (what `next` said)";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    severity: Option<Severity>,
    status: Option<Status>,
    disposition: Option<Disposition>,
    assignee: Option<String>,
    detector: Option<String>,
    entity: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    #[serde(default)]
    overdue: bool,
    before: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    actor: String,
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assign {
    actor: String,
    version: u64,
    assignee: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    actor: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Close {
    actor: String,
    version: u64,
    disposition: Disposition,
    duplicate_of: Option<String>,
    reason: String,
    #[serde(default)]
    suppress: bool,
    #[serde(default = "yes")]
    mark: bool,
}

const fn yes() -> bool {
    true
}

pub(super) fn tenant(server: &Server, id: &str) -> Result<Arc<Tenant>, Problem> {
    let id: TenantId = id.parse().map_err(|_| Problem::from(Error::UnknownTenant))?;
    Ok(server.0.app.tenant(&id)?)
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

pub(super) async fn list(
    State(server): State<Server>,
    Segments(id): Segments<String>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query.map_err(|_| bad_query(LIST_QUERY))?;
    let tenant = tenant(&server, &id)?;
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

pub(super) async fn show(
    State(server): State<Server>,
    Segments((id, incident)): Segments<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    Ok(Json(server.0.app.incident(&tenant, &incident).await?.view()))
}

pub(super) async fn acknowledge(
    State(server): State<Server>,
    Segments((id, incident)): Segments<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let Act { actor, version } = body::parse(&body::read(request.into_body()).await?)?;
    let by = By { actor: &actor, version };
    let version = server.0.app.acknowledge_incident(&tenant, &incident, by).await?;
    Ok(Json(json!({ "id": incident, "version": version })))
}

pub(super) async fn assign(
    State(server): State<Server>,
    Segments((id, incident)): Segments<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let Assign { actor, version, assignee } = body::parse(&body::read(request.into_body()).await?)?;
    let by = By { actor: &actor, version };
    let version = server.0.app.assign_incident(&tenant, &incident, by, assignee.as_deref()).await?;
    Ok(Json(json!({ "id": incident, "version": version })))
}

pub(super) async fn note(
    State(server): State<Server>,
    Segments((id, incident)): Segments<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let Note { actor, text } = body::parse(&body::read(request.into_body()).await?)?;
    let note = server.0.app.note_incident(&tenant, &incident, &actor, &text).await?;
    Ok(Json(json!({ "id": note })))
}

pub(super) async fn close(
    State(server): State<Server>,
    Segments((id, incident)): Segments<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let Close { actor, version, disposition, duplicate_of, reason, suppress, mark } =
        body::parse(&body::read(request.into_body()).await?)?;
    let duplicate_of = duplicate_of.map(|other| other.parse().map_err(|_| Error::NotFound("incident")));
    let closure = Closure { disposition, duplicate_of: duplicate_of.transpose()?, reason, suppress, mark };
    let by = By { actor: &actor, version };
    let closed = server.0.app.close_incident(&tenant, &incident, by, closure).await?;
    Ok(Json(json!({
        "id": incident,
        "version": closed.version,
        "is_suppressed": closed.is_suppressed,
        "suppressions": closed.consequences.suppressions,
        "attackers": closed.consequences.attackers,
        "marked": closed.marked,
    })))
}
