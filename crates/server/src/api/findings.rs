//! `GET /v1/findings/{tenant}`: what is not as it should be at a tenant.

use axum::{Json, extract::State};
use countersign_app::{Error, posture};
use countersign_core::TenantId;

use super::segments::Segments;
use crate::{Problem, Server};

pub(super) async fn handle(
    State(server): State<Server>,
    Segments(id): Segments<String>,
) -> Result<Json<posture::State>, Problem> {
    let id: TenantId = id.parse().map_err(|_| Problem::from(Error::UnknownTenant))?;
    let tenant = server.0.app.tenant(&id)?;
    Ok(Json(server.0.app.findings(&tenant)))
}
