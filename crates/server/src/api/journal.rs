//! `/v1/logs/{tenant}` and `/v1/logs/{tenant}/{id}`: the tenant's log as it was journaled.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
};
use countersign_app::journal::{LogQuery, MAX_ENTRIES};
use countersign_core::{SubjectId, Timestamp};
use countersign_rights::Action;
use serde::Deserialize;
use serde_json::Value;

use super::{about::About, decisions::bad_query, incidents::PAGE, reveals::Opening, segments::Segments};
use crate::{Problem, Server, body};

/// What `ListQuery` takes, in words.
const LIST_QUERY: &str = "each at most once, `kind` (a type code of Auth0's), `account` (what `/v1/entities` said), `since` and `until` \
    (times), and `before` (what `next` said); or alone `log_ids`, up to 100 with commas between them";

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    kind: Option<String>,
    #[param(value_type = Option<written::SubjectId>)]
    account: Option<SubjectId>,
    #[param(value_type = Option<written::Timestamp>)]
    since: Option<Timestamp>,
    #[param(value_type = Option<written::Timestamp>)]
    until: Option<Timestamp>,
    #[param(value_type = Option<written::Count>)]
    before: Option<u64>,
    #[param(value_type = Option<written::LogIds>)]
    log_ids: Option<String>,
}

#[utoipa::path(
    get,
    path = "/v1/logs/{tenant}",
    operation_id = "list_log_entries",
    tag = "watch",
    summary = "Entries of the tenant's log, the last that came first; they name nobody.",
    params(("tenant" = written::TenantId, Path), ListQuery),
    responses(
        (status = 200, body = written::LogPage),
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
    let Query(ListQuery { kind, account, since, until, before, log_ids }) =
        query.map_err(|_| bad_query(LIST_QUERY))?;
    let tenant = server.permit(&caller, Action::ReadWatch, &id).await?;
    let query = LogQuery { kind, account, since, until, before };
    let page = match log_ids {
        Some(log_ids) => {
            let log_ids: Vec<_> = log_ids.split(',').collect();
            let is_alone = query == LogQuery::default();
            if !is_alone || u32::try_from(log_ids.len()).is_ok_and(|count| count > MAX_ENTRIES) {
                return Err(bad_query(LIST_QUERY));
            }
            server.0.app.log_entries_of(&tenant, &log_ids).await?
        }
        None => server.0.app.log_entries(&tenant, query, PAGE).await?,
    };
    Ok(Json(page.view()))
}

#[utoipa::path(
    get,
    path = "/v1/logs/{tenant}/{id}",
    operation_id = "show_log_entry",
    tag = "watch",
    summary = "One entry without what names people.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    responses(
        (status = 200, body = written::LogShown),
        refused::Guarded,
        refused::Missing,
        refused::Erased,
    ),
)]
pub(super) async fn show(about: About) -> Result<Json<Value>, Problem> {
    let tenant = about.permit(Action::ReadWatch).await?;
    Ok(Json(about.app().log_entry_redacted(&tenant, &about.id).await?.view()))
}

#[utoipa::path(
    post,
    path = "/v1/logs/{tenant}/{id}",
    operation_id = "open_log_entry",
    tag = "watch",
    summary = "One entry as Auth0 sent it; that it was opened, by whom and why is a leaf.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Opening,
    responses(
        (status = 200, body = written::LogOpened),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Erased,
    ),
)]
pub(super) async fn open(about: About, request: Request) -> Result<Json<Value>, Problem> {
    let permit = about.permit(Action::RevealLogs).await?;
    let opening: Opening = body::take(request).await?;
    Ok(Json(about.app().log_entry(&permit, &about.id, opening.reason()).await?.view()))
}
