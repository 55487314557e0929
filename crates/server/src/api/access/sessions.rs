//! `/v1/access/sessions`: browsers that are signed in.

use crate::openapi::{refused, written};
use axum::{Json, extract::State};
use countersign_rights::Action;
use serde_json::{Value, json};

use crate::{Problem, Server, api::segments::Segments, authn::Known};

#[utoipa::path(
    get,
    path = "/v1/access/sessions",
    operation_id = "list_sessions",
    tag = "access",
    summary = "Browsers that are signed in.",
    responses((status = 200, body = written::Sessions), refused::Guarded),
)]
pub(in crate::api) async fn list(
    State(server): State<Server>,
    Known(caller): Known,
) -> Result<Json<Value>, Problem> {
    let permit = server.permit_here(&caller, Action::ReadAccess).await?;
    Ok(Json(json!({ "sessions": server.0.app.sessions(&permit).await? })))
}

#[utoipa::path(
    post,
    path = "/v1/access/sessions/{id}/end",
    operation_id = "end_session",
    tag = "access",
    summary = "Ends a session.",
    params(("id" = written::Identifier, Path)),
    responses((status = 200, body = written::Ended), refused::Guarded, refused::Missing),
)]
pub(in crate::api) async fn end(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let permit = server.permit_here(&caller, Action::ChangeAccess).await?;
    server.0.app.revoke_session(&permit, &id).await?;
    Ok(Json(json!({ "id": id, "ended": true })))
}
