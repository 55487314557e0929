//! `GET /v1/decisions/{id}/receipt`: a proof to be checked offline.

use axum::{
    Json,
    extract::{Query, State},
};
use countersign_ledger::receipt::Receipt;

use super::{
    decisions::{TENANT_QUERY, TenantQuery, bad_query, decision_id},
    segments::Segments,
};
use crate::{Problem, Server};

pub(super) async fn handle(
    State(server): State<Server>,
    Segments(id): Segments<String>,
    query: Result<Query<TenantQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Receipt>, Problem> {
    let Query(TenantQuery { tenant, opened }) = query.map_err(|_| bad_query(TENANT_QUERY))?;
    let tenant = server.0.app.tenant(&tenant)?;
    let id = decision_id(&id)?;
    Ok(Json(server.0.app.receipt(&tenant, id.as_str(), opened).await?))
}
