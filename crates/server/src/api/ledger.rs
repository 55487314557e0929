//! `GET /v1/ledger/{tenant}/checkpoint` and `…/verifier`: what an auditor needs to hold us to.

use crate::authn::Known;
use crate::openapi::{refused, written};
use countersign_rights::Action;

use axum::extract::State;

use super::segments::Segments;
use crate::{Problem, Server};

#[utoipa::path(
    get,
    path = "/v1/ledger/{tenant}/checkpoint",
    operation_id = "show_checkpoint",
    tag = "ledger",
    summary = "The newest checkpoint, a signed note.",
    params(("tenant" = written::TenantId, Path)),
    responses((status = 200, body = String), refused::Guarded, refused::Missing),
)]
pub(super) async fn checkpoint(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(tenant): Segments<String>,
) -> Result<String, Problem> {
    let tenant = server.permit(&caller, Action::ReadLedger, &tenant).await?;
    Ok(server.0.app.newest_checkpoint(&tenant).await?)
}

#[utoipa::path(
    get,
    path = "/v1/ledger/{tenant}/verifier",
    operation_id = "show_verifier",
    tag = "ledger",
    summary = "The verifier keys, one a line, the newest first.",
    params(("tenant" = written::TenantId, Path)),
    responses((status = 200, body = String), refused::Guarded, refused::Missing),
)]
pub(super) async fn verifier(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(tenant): Segments<String>,
) -> Result<String, Problem> {
    let tenant = server.permit(&caller, Action::ReadLedger, &tenant).await?;
    Ok(tenant.verifiers().map(|key| format!("{key}\n")).collect())
}
