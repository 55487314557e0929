//! In whose hands a plan is, what people write about it, and whom it touches.

use axum::{Json, extract::Request};
use countersign_app::{
    acts::{Handing, PlanHead},
    reveal::{Aliased, Asked, Reason},
};
use countersign_rights::Action;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::stands;
use crate::{
    Problem,
    api::about::About,
    body,
    openapi::{refused, written},
};

/// Into whose hands something goes; what is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Handing)]
pub(in crate::api) struct Hand {
    /// Who looks at it; null: nobody.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    assignee: Option<Option<String>>,
    #[serde(default)]
    #[schema(value_type = Option<written::Audience>)]
    audience: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<written::Priority>)]
    priority: Option<u8>,
}

/// What is there, null included.
pub(in crate::api) fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

impl From<Hand> for Handing {
    fn from(Hand { assignee, audience, priority }: Hand) -> Self {
        Self { assignee, audience, priority }
    }
}

/// Something that is written about a plan or a review.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Remark)]
pub(in crate::api) struct Remark {
    #[schema(value_type = Option<written::Actor>)]
    pub(in crate::api) actor: Option<String>,
    #[schema(min_length = 1, max_length = 4_000)]
    pub(in crate::api) text: String,
}

/// Which parts are opened, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanReveal)]
pub(in crate::api) struct Reveal {
    #[schema(value_type = Vec<written::Part>, min_items = 1, max_items = 4)]
    fields: Vec<String>,
    #[schema(value_type = Option<written::Actor>)]
    actor: Option<String>,
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

#[utoipa::path(
    post,
    path = "/v1/plans/{tenant}/{id}/assign",
    operation_id = "assign_plan",
    tag = "plans",
    summary = "Gives a plan to somebody, or into another queue.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Hand,
    responses(
        (status = 200, body = written::PlanHead),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(in crate::api) async fn assign(about: About, request: Request) -> Result<Json<PlanHead>, Problem> {
    let permit = about.permit(Action::WorkReviews).await?;
    let hand: Hand = body::take(request).await?;
    Ok(stands(about.app().hand_plan(&permit, &about.id, hand.into()).await?))
}

#[utoipa::path(
    post,
    path = "/v1/plans/{tenant}/{id}/comments",
    operation_id = "comment_plan",
    tag = "plans",
    summary = "Adds a comment to a plan.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Remark,
    responses(
        (status = 200, body = written::NoteMade),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(in crate::api) async fn remark(about: About, request: Request) -> Result<Json<Value>, Problem> {
    let permit = about.permit(Action::WorkReviews).await?;
    let Remark { actor, text } = body::take(request).await?;
    let actor = permit.actor(actor.as_deref())?;
    let id = about.app().remark_plan(&permit, &about.id, (&actor, &text)).await?;
    Ok(Json(json!({ "id": id })))
}

#[utoipa::path(
    post,
    path = "/v1/plans/{tenant}/{id}/reveal",
    operation_id = "reveal_plan",
    tag = "plans",
    summary = "Opens parts of a plan that are masked elsewhere; that it did, who and which is a leaf.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Reveal,
    responses(
        (status = 200, body = written::PlanOpened),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Erased,
    ),
)]
pub(in crate::api) async fn reveal(about: About, request: Request) -> Result<Json<Value>, Problem> {
    let permit = about.permit(Action::RevealPlans).await?;
    let Reveal { fields, actor, reason } = body::take(request).await?;
    let asked = Asked { fields: &fields, reason: Reason { actor: actor.as_deref(), text: &reason } };
    let (record, shown) = about.app().reveal_plan(&permit, &about.id, (asked, Aliased::Whole)).await?;
    Ok(Json(json!({ "reveal": record, "plan": shown })))
}
