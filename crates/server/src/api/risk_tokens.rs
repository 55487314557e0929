//! `/v1/risk-tokens/{tenant}`: tokens of the short form are listed, made and ended.

use axum::{Json, extract::State, http::StatusCode};
use countersign_core::TenantId;
use serde_json::{Value, json};

use super::segments::Segments;
use crate::{Problem, Server};

fn tenant(server: &Server, id: &str) -> Result<std::sync::Arc<countersign_app::Tenant>, Problem> {
    let id: TenantId = id.parse().map_err(|_| Problem::from(countersign_app::Error::UnknownTenant))?;
    Ok(server.0.app.tenant(&id)?)
}

pub(super) async fn list(
    State(server): State<Server>,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let rows = server.0.app.risk_tokens(&tenant).await?;
    let tokens =
        rows.iter().map(|row| json!({ "id": row.id, "made_at": row.at, "revoked_at": row.revoked_at }));
    Ok(Json(json!({ "tokens": tokens.collect::<Vec<_>>() })))
}

/// The token's text is in this answer and nowhere else.
pub(super) async fn make(
    State(server): State<Server>,
    Segments(id): Segments<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let tenant = tenant(&server, &id)?;
    let (id, token) = server.0.app.make_risk_token(&tenant).await?;
    let token = token.expose();
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "token": token, "path": format!("/risk/{token}") }))))
}

pub(super) async fn revoke(
    State(server): State<Server>,
    Segments((id, token)): Segments<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    server.0.app.revoke_risk_token(&tenant, &token).await?;
    Ok(Json(json!({ "id": token, "revoked": true })))
}
