//! `/v1/breakers/{tenant}`: whether anything goes by itself at a tenant.

use axum::{Json, extract::State};
use countersign_rights::Action;
use serde_json::{Value, json};

use super::segments::Segments;
use crate::{
    Problem, Server,
    authn::Known,
    openapi::{refused, written},
};

#[utoipa::path(
    get,
    path = "/v1/breakers/{tenant}",
    operation_id = "show_breaker",
    tag = "plans",
    summary = "Whether nothing goes by itself at the tenant, since something went wrong.",
    params(("tenant" = written::TenantId, Path)),
    responses((status = 200, body = written::Breaker), refused::Guarded, refused::Missing),
)]
pub(super) async fn show(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let tenant = server.permit(&caller, Action::ReadPlans, &id).await?;
    Ok(Json(json!({ "is_open": server.0.app.is_breaker_open(&tenant).await? })))
}

#[utoipa::path(
    post,
    path = "/v1/breakers/{tenant}/harm",
    operation_id = "report_harm",
    tag = "plans",
    summary = "Reports that what was done did harm: nothing goes by itself from then on.",
    params(("tenant" = written::TenantId, Path)),
    responses((status = 200, body = written::Breaker), refused::Guarded, refused::Missing, refused::Conflict),
)]
pub(super) async fn harm(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let permit = server.permit(&caller, Action::WorkReviews, &id).await?;
    server.0.app.report_harm(&permit).await?;
    Ok(Json(json!({ "is_open": server.0.app.is_breaker_open(&permit).await? })))
}

#[utoipa::path(
    post,
    path = "/v1/breakers/{tenant}/close",
    operation_id = "close_breaker",
    tag = "plans",
    summary = "Lets things go by themselves again, as far as the settings say.",
    params(("tenant" = written::TenantId, Path)),
    responses((status = 200, body = written::Breaker), refused::Guarded, refused::Missing, refused::Conflict),
)]
pub(super) async fn close(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let permit = server.permit(&caller, Action::ExecutePlans, &id).await?;
    server.0.app.close_breaker(&permit).await?;
    Ok(Json(json!({ "is_open": server.0.app.is_breaker_open(&permit).await? })))
}
