//! `POST /v1/hooks/{tenant}/{name}/test`: whether a receiver takes a signed message.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{Json, extract::State};
use countersign_rights::Action;
use serde_json::{Value, json};

use super::segments::Segments;
use crate::{Problem, Server};

#[utoipa::path(
    post,
    path = "/v1/hooks/{tenant}/{name}/test",
    operation_id = "test_hook",
    tag = "operations",
    summary = "Whether a receiver takes a signed message.",
    params(("tenant" = written::TenantId, Path), ("name" = written::Identifier, Path)),
    responses((status = 200, body = written::HookTried), refused::Guarded, refused::Missing),
)]
pub(super) async fn test(
    State(server): State<Server>,
    Known(caller): Known,
    Segments((id, name)): Segments<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let tenant = server.permit(&caller, Action::TestHooks, &id).await?;
    let why = server.0.app.try_hook(&tenant, &name).await?.err().map(|error| error.to_string());
    Ok(Json(json!({ "is_taken": why.is_none(), "why": why })))
}
