//! `POST /v1/plans/{tenant}`: what somebody wants of the tenant, planned and let in.

use axum::{
    Json,
    extract::{Request, State},
};
use countersign_app::acts::{NewPlan, PlanHead, Wanted};
use countersign_rights::Action;
use serde::Deserialize;
use utoipa::ToSchema;

use super::stands;
use crate::{
    Problem, Server,
    api::segments::Segments,
    authn::Known,
    body,
    openapi::{refused, written},
};

/// The most bytes of what is wanted: 5,000 changes with a reason each.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What is wanted, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPlan)]
pub(in crate::api) struct Propose {
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    #[schema(value_type = Vec<written::Wanted>, min_items = 1, max_items = 5_000)]
    wanted: Vec<Wanted>,
    #[serde(default)]
    incident: Option<String>,
}

#[utoipa::path(
    post,
    path = "/v1/plans/{tenant}",
    operation_id = "propose_plan",
    tag = "plans",
    summary = "Plans what is wanted of the tenant, and lets it in; nothing is written before it was countersigned.",
    params(("tenant" = written::TenantId, Path)),
    request_body = Propose,
    responses(
        (status = 201, body = written::PlanHead),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
    ),
)]
pub(in crate::api) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<(axum::http::StatusCode, Json<PlanHead>), Problem> {
    let permit = server.permit(&caller, Action::ProposePlans, &id).await?;
    let bytes = body::read_at_most(request.into_body(), MAX_BYTES).await?;
    let Propose { title, wanted, incident } = body::parse(&bytes)?;
    let head = server.0.app.propose_about(&permit, NewPlan { title, wanted, incident }).await?;
    Ok((axum::http::StatusCode::CREATED, stands(head)))
}
