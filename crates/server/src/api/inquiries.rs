//! `POST /v1/decisions/{id}/inquiry`: the person of a sign-in is asked whether it was they; asked again, it says what they said.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use countersign_app::inquiries::InquiryView;
use countersign_rights::Action;

use super::{
    decisions::{TENANT_QUERY, TenantQuery, bad_query, decision_id},
    segments::Segments,
};
use crate::{
    Problem, Server,
    authn::Known,
    openapi::{refused, written},
};

#[utoipa::path(
    post,
    path = "/v1/decisions/{id}/inquiry",
    operation_id = "ask_person",
    tag = "decisions",
    summary = "Asks the person of a sign-in by mail whether it was they, once for each sign-in; else says what they said.",
    params(("id" = written::Identifier, Path), TenantQuery),
    responses(
        (status = 200, body = written::Inquiry),
        refused::Guarded,
        refused::Missing,
        refused::Query,
        refused::Erased,
        refused::Conflict,
    ),
)]
pub(super) async fn ask(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<TenantQuery>, QueryRejection>,
) -> Result<Json<InquiryView>, Problem> {
    let Query(TenantQuery { tenant }) = query.map_err(|_| bad_query(TENANT_QUERY))?;
    let permit = server.permit(&caller, Action::TellOutcomes, tenant.as_str()).await?;
    let id = decision_id(&id)?;
    server.0.app.find_decision(&permit, &id).await?;
    Ok(Json(server.0.app.ask_person(&permit, &id).await?))
}
