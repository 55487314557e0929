//! `/v1/decisions/{id}/receipt`: a proof to be checked offline; with a reason also what it proves.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Query, Request, State},
};
use countersign_ledger::receipt::Receipt;
use countersign_rights::Action;

use super::{
    decisions::{TENANT_QUERY, TenantQuery, bad_query, decision_id},
    reveals::Opening,
    segments::Segments,
};
use crate::{Problem, Server, body};

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
    let Query(TenantQuery { tenant }) = query.map_err(|_| bad_query(TENANT_QUERY))?;
    let permit = server.permit_within(&caller, Action::ReadDecisions, tenant.as_str()).await?;
    let id = decision_id(&id)?;
    Ok(Json(server.0.app.receipt(&permit, id.as_str()).await?))
}

#[utoipa::path(
    post,
    path = "/v1/decisions/{id}/receipt",
    operation_id = "open_receipt",
    tag = "decisions",
    summary = "The same with all that was recorded, personal data included; that it did, who and why is a leaf.",
    params(("id" = written::Identifier, Path), TenantQuery),
    request_body = Opening,
    responses(
        (status = 200, body = written::Receipt),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Erased,
    ),
)]
pub(super) async fn open(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<TenantQuery>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Json<Receipt>, Problem> {
    let Query(TenantQuery { tenant }) = query.map_err(|_| bad_query(TENANT_QUERY))?;
    let permit = server.permit(&caller, Action::RevealDecisions, tenant.as_str()).await?;
    let id = decision_id(&id)?;
    let opening: Opening = body::take(request).await?;
    Ok(Json(server.0.app.opened_receipt(&permit, id.as_str(), opening.reason()).await?))
}
