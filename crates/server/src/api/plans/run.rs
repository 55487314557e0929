//! What people do with a run: they stop it, say what nobody knew, let it go on, and take back what it did.

use std::collections::BTreeSet;

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

/// The most bytes of the names of 5,000 steps.
const MAX_BYTES: usize = 512 * 1024;

/// Whether the step that a run halted at was done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StepSettlement)]
pub(in crate::api) struct Settle {
    /// The step's number, from 0: where `halt` says.
    #[schema(value_type = written::Count)]
    step: usize,
    is_done: bool,
}

/// What is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanUndo)]
pub(in crate::api) struct Undo {
    /// Names of steps; all that were done where it is absent.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 5_000)]
    steps: Option<BTreeSet<String>>,
}

#[utoipa::path(
    post,
    path = "/v1/plans/{tenant}/{id}/stop",
    operation_id = "stop_plan",
    tag = "plans",
    summary = "Stops a run before its next step.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    responses(
        (status = 200, body = written::PlanHead),
        refused::Guarded,
        refused::Missing,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(in crate::api) async fn stop(about: About) -> Result<Json<PlanHead>, Problem> {
    let permit = about.permit(Action::ExecutePlans).await?;
    Ok(stands(about.app().stop_plan(&permit, &about.id).await?))
}

#[utoipa::path(
    post,
    path = "/v1/plans/{tenant}/{id}/resume",
    operation_id = "resume_plan",
    tag = "plans",
    summary = "Lets a run go on that a person stopped.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    responses(
        (status = 200, body = written::PlanHead),
        refused::Guarded,
        refused::Missing,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(in crate::api) async fn resume(about: About) -> Result<Json<PlanHead>, Problem> {
    let permit = about.permit(Action::ExecutePlans).await?;
    Ok(stands(about.app().resume_plan(&permit, &about.id).await?))
}

#[utoipa::path(
    post,
    path = "/v1/plans/{tenant}/{id}/settle",
    operation_id = "settle_step",
    tag = "plans",
    summary = "Says whether the step was done that a run halted at. A run that halted for it goes on; one that was stopped stays so.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Settle,
    responses(
        (status = 200, body = written::PlanHead),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(in crate::api) async fn settle(about: About, request: Request) -> Result<Json<PlanHead>, Problem> {
    let permit = about.permit(Action::ExecutePlans).await?;
    let Settle { step, is_done } = body::take(request).await?;
    Ok(stands(about.app().settle_step(&permit, &about.id, (step, is_done)).await?))
}

#[utoipa::path(
    post,
    path = "/v1/plans/{tenant}/{id}/undo",
    operation_id = "undo_plan",
    tag = "plans",
    summary = "Proposes the plan that takes back what a run did, or the chosen steps of it.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Undo,
    responses(
        (status = 200, body = written::PlanHead),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(in crate::api) async fn undo(about: About, request: Request) -> Result<Json<PlanHead>, Problem> {
    let permit = about.permit(Action::ExecutePlans).await?;
    let bytes = body::read_at_most(request.into_body(), MAX_BYTES).await?;
    let Undo { steps } = body::parse(&bytes)?;
    Ok(stands(about.app().undo_plan(&permit, &about.id, steps.as_ref()).await?))
}
