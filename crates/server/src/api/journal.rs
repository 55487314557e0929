//! `GET /v1/logs/{tenant}` and `GET /v1/logs/{tenant}/{id}`: the tenant's log as it was journaled.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use countersign_app::journal::{LogQuery, MAX_ENTRIES};
use countersign_core::{SubjectId, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::{
    decisions::bad_query,
    incidents::{PAGE, tenant},
    segments::Segments,
};
use crate::{Problem, Server};

/// What `ListQuery` takes, in words.
const LIST_QUERY: &str = "each at most once, `kind` (a type code of Auth0's), `account` (what `/v1/entities` said), `since` and `until` \
    (times), and `before` (what `next` said); or alone `log_ids`, up to 100 with commas between them";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    kind: Option<String>,
    account: Option<SubjectId>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    before: Option<u64>,
    log_ids: Option<String>,
}

pub(super) async fn list(
    State(server): State<Server>,
    Segments(id): Segments<String>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(ListQuery { kind, account, since, until, before, log_ids }) =
        query.map_err(|_| bad_query(LIST_QUERY))?;
    let tenant = tenant(&server, &id)?;
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

pub(super) async fn show(
    State(server): State<Server>,
    Segments((id, log_id)): Segments<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    Ok(Json(server.0.app.log_entry(&tenant, &log_id).await?.view()))
}
