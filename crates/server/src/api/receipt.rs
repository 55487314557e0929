//! `GET /v1/decisions/{id}/receipt`: a proof to be checked offline.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Query, State},
};
use countersign_ledger::receipt::Receipt;
use countersign_rights::Action;

use super::{
    decisions::{TENANT_QUERY, TenantQuery, bad_query, decision_id},
    segments::Segments,
};
use crate::{Problem, Server};

#[utoipa::path(
    get,
    path = "/v1/decisions/{id}/receipt",
    operation_id = "show_receipt",
    tag = "decisions",
    summary = "A proof of one decision, to be checked offline.",
    params(("id" = written::Identifier, Path), TenantQuery),
    responses(
        (status = 200, body = written::Receipt),
        refused::Guarded,
        refused::Missing,
        refused::Query,
        refused::Erased,
    ),
)]
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<TenantQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Receipt>, Problem> {
    let Query(TenantQuery { tenant, opened }) = query.map_err(|_| bad_query(TENANT_QUERY))?;
    let action = if opened { Action::RevealDecisions } else { Action::ReadDecisions };
    let tenant = server.permit(&caller, action, tenant.as_str()).await?;
    let id = decision_id(&id)?;
    Ok(Json(server.0.app.receipt(&tenant, id.as_str(), opened).await?))
}
