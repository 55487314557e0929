//! `POST /v1/hooks/{tenant}/{name}/test`: whether a receiver takes a signed message.

use crate::openapi::{refused, written};
use axum::Json;
use countersign_rights::Action;
use serde_json::{Value, json};

use super::about::About;
use crate::Problem;

#[utoipa::path(
    post,
    path = "/v1/hooks/{tenant}/{name}/test",
    operation_id = "test_hook",
    tag = "operations",
    summary = "Whether a receiver takes a signed message.",
    params(("tenant" = written::TenantId, Path), ("name" = written::Identifier, Path)),
    responses((status = 200, body = written::HookTried), refused::Guarded, refused::Missing),
)]
pub(super) async fn test(about: About) -> Result<Json<Value>, Problem> {
    let tenant = about.permit(Action::TestHooks).await?;
    let why = about.app().try_hook(&tenant, &about.id).await?.err().map(|error| error.to_string());
    Ok(Json(json!({ "is_taken": why.is_none(), "why": why })))
}
