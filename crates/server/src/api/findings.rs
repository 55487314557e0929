//! `GET /v1/findings/{tenant}`: what is not as it should be at a tenant.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{Json, extract::State};
use countersign_app::posture;
use countersign_rights::Action;

use super::segments::Segments;
use crate::{Problem, Server};

#[utoipa::path(
    get,
    path = "/v1/findings/{tenant}",
    operation_id = "list_findings",
    tag = "operations",
    summary = "What is not as it should be at the tenant.",
    params(("tenant" = written::TenantId, Path)),
    responses((status = 200, body = written::Findings), refused::Guarded, refused::Missing),
)]
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<posture::State>, Problem> {
    let tenant = server.permit(&caller, Action::ReadFindings, &id).await?;
    Ok(Json(server.0.app.findings(&tenant)))
}
