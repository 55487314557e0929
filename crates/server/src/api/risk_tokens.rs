//! `/v1/risk-tokens/{tenant}`: tokens of the short form are listed, made and ended.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{Json, extract::State, http::StatusCode};
use countersign_rights::Action;
use serde_json::{Value, json};

use super::{about::About, segments::Segments};
use crate::{Problem, Server};

#[utoipa::path(
    get,
    path = "/v1/risk-tokens/{tenant}",
    operation_id = "list_risk_tokens",
    tag = "short form",
    summary = "Tokens of the short form, without their texts.",
    params(("tenant" = written::TenantId, Path)),
    responses((status = 200, body = written::RiskTokens), refused::Guarded, refused::Missing),
)]
pub(super) async fn list(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let tenant = server.permit(&caller, Action::ReadTokens, &id).await?;
    let rows = server.0.app.risk_tokens(&tenant).await?;
    let tokens =
        rows.iter().map(|row| json!({ "id": row.id, "made_at": row.at, "revoked_at": row.revoked_at }));
    Ok(Json(json!({ "tokens": tokens.collect::<Vec<_>>() })))
}

/// The token's text is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/v1/risk-tokens/{tenant}",
    operation_id = "make_risk_token",
    tag = "short form",
    summary = "Makes a token; its text is in this answer alone.",
    params(("tenant" = written::TenantId, Path)),
    responses(
        (status = 201, body = written::RiskTokenMade),
        refused::Guarded,
        refused::Missing,
        refused::Conflict,
    ),
)]
pub(super) async fn make(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let tenant = server.permit(&caller, Action::ChangeTokens, &id).await?;
    let (id, token) = server.0.app.make_risk_token(&tenant).await?;
    let token = token.expose();
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "token": token, "path": format!("/risk/{token}") }))))
}

#[utoipa::path(
    delete,
    path = "/v1/risk-tokens/{tenant}/{id}",
    operation_id = "end_risk_token",
    tag = "short form",
    summary = "Ends a token.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    responses((status = 200, body = written::RiskTokenEnded), refused::Guarded, refused::Missing),
)]
pub(super) async fn revoke(about: About) -> Result<Json<Value>, Problem> {
    let tenant = about.permit(Action::ChangeTokens).await?;
    about.app().revoke_risk_token(&tenant, &about.id).await?;
    Ok(Json(json!({ "id": about.id, "revoked": true })))
}
