//! What people say of a plan: they agree, refuse, or take their own back. It takes somebody who signed in at the identity provider.

use axum::{Json, extract::Request};
use countersign_app::acts::PlanHead;
use countersign_rights::Action;
use serde::Deserialize;
use utoipa::ToSchema;

use super::stands;
use crate::{
    Problem,
    api::about::About,
    body,
    openapi::{refused, written},
};

/// Agreement with the plan of a hash.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanApproval)]
pub(in crate::api) struct Approve {
    #[schema(value_type = written::PlanHash)]
    hash: String,
}

/// Refusal of the plan of a hash, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanRejection)]
pub(in crate::api) struct Reject {
    #[schema(value_type = written::PlanHash)]
    hash: String,
    #[schema(min_length = 1, max_length = 1_000)]
    reason: String,
}

#[utoipa::path(
    post,
    path = "/v1/plans/{tenant}/{id}/approve",
    operation_id = "approve_plan",
    tag = "plans",
    summary = "Agrees to the plan of this hash, as a person who signed in.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Approve,
    responses(
        (status = 200, body = written::PlanHead),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(in crate::api) async fn approve(about: About, request: Request) -> Result<Json<PlanHead>, Problem> {
    let permit = about.permit(Action::ApprovePlans).await?;
    let Approve { hash } = body::take(request).await?;
    Ok(stands(about.app().approve_plan(&permit, &about.id, &hash).await?))
}

#[utoipa::path(
    post,
    path = "/v1/plans/{tenant}/{id}/reject",
    operation_id = "reject_plan",
    tag = "plans",
    summary = "Refuses the plan of this hash, as a person who signed in.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Reject,
    responses(
        (status = 200, body = written::PlanHead),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(in crate::api) async fn reject(about: About, request: Request) -> Result<Json<PlanHead>, Problem> {
    let permit = about.permit(Action::ApprovePlans).await?;
    let Reject { hash, reason } = body::take(request).await?;
    Ok(stands(about.app().reject_plan(&permit, &about.id, (&hash, &reason)).await?))
}

#[utoipa::path(
    post,
    path = "/v1/plans/{tenant}/{id}/withdraw",
    operation_id = "withdraw_plan",
    tag = "plans",
    summary = "Takes a plan back, as the person who proposed it.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    responses(
        (status = 200, body = written::PlanHead),
        refused::Guarded,
        refused::Missing,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(in crate::api) async fn withdraw(about: About) -> Result<Json<PlanHead>, Problem> {
    let permit = about.permit(Action::ProposePlans).await?;
    Ok(stands(about.app().withdraw_plan(&permit, &about.id).await?))
}
