//! `/v1/reviews/{tenant}`: decisions that wait for a person.

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::StatusCode,
};
use countersign_app::{
    acts::Handing,
    outcomes::PersonVerdict,
    reveal::{Asked, Reason},
    reviews::{ReviewFilter, ReviewHead, ReviewShown, ReviewStatus, VerdictGiven},
};
use countersign_core::DecisionId;
use countersign_rights::Action;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    about::About,
    decisions::bad_query,
    incidents::PAGE,
    plans::{desk::Remark, is_id},
    reveals::Opening,
    segments::Segments,
};
use crate::{
    Problem, Server,
    authn::Known,
    body,
    openapi::{refused, written},
};

/// What `ListQuery` takes, in words.
const LIST_QUERY: &str = "each at most once, `status` (`open` or `closed`), `decision`, `audience`, `assignee`, `overdue` (`true` or \
    `false`) and `before` (what `next` said)";

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    #[param(value_type = Option<written::ReviewStatus>)]
    status: Option<ReviewStatus>,
    decision: Option<String>,
    audience: Option<String>,
    assignee: Option<String>,
    #[serde(default)]
    overdue: bool,
    #[param(value_type = Option<written::ReviewId>)]
    before: Option<String>,
}

/// A decision that somebody is to look at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReview)]
pub(super) struct Open {
    #[schema(value_type = written::Identifier)]
    decision: DecisionId,
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    assignee: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<written::Audience>)]
    audience: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<written::Priority>)]
    priority: Option<u8>,
    #[schema(min_length = 1, max_length = 1_000)]
    reason: String,
}

/// Into whose hands a review goes; what is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReviewHanding)]
pub(super) struct Hand {
    #[schema(value_type = written::Count)]
    version: u64,
    /// Who looks at it; null: nobody.
    #[serde(default, deserialize_with = "super::plans::desk::present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    assignee: Option<Option<String>>,
    #[serde(default)]
    #[schema(value_type = Option<written::Audience>)]
    audience: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<written::Priority>)]
    priority: Option<u8>,
}

/// What the decision was.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReviewVerdict)]
pub(super) struct Verdict {
    #[schema(value_type = written::Count)]
    version: u64,
    #[schema(value_type = written::PersonVerdict)]
    verdict: PersonVerdict,
    #[schema(value_type = Option<written::Actor>)]
    actor: Option<String>,
    #[schema(min_length = 1, max_length = 1_000)]
    reason: String,
}

#[utoipa::path(
    get,
    path = "/v1/reviews/{tenant}",
    operation_id = "list_reviews",
    tag = "reviews",
    summary = "Decisions that wait for a person, the newest first; they name nobody.",
    params(("tenant" = written::TenantId, Path), ListQuery),
    responses(
        (status = 200, body = written::ReviewPage),
        refused::Guarded,
        refused::Missing,
        refused::Query,
    ),
)]
pub(super) async fn list(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query.map_err(|_| bad_query(LIST_QUERY))?;
    let tenant = server.permit(&caller, Action::ReadPlans, &id).await?;
    let ListQuery { status, decision, audience, assignee, overdue, before } = query;
    if before.as_ref().is_some_and(|before| !is_id("rvw_", before)) {
        return Err(bad_query(LIST_QUERY));
    }
    let status = status.map(|status| status.as_str().to_owned());
    let overdue_at = overdue.then(|| server.0.app.clock().now());
    let filter =
        ReviewFilter { status, decision, audience, assignee, overdue_at, before, ..ReviewFilter::default() };
    let reviews = server.0.app.reviews(&tenant, filter, PAGE).await?;
    let is_full = u32::try_from(reviews.len()).is_ok_and(|count| count >= PAGE);
    let next = reviews.last().filter(|_| is_full).map(|last| last.review.id.clone());
    Ok(Json(json!({ "reviews": reviews, "next": next })))
}

#[utoipa::path(
    post,
    path = "/v1/reviews/{tenant}",
    operation_id = "open_review",
    tag = "reviews",
    summary = "Puts a decision into the queue.",
    params(("tenant" = written::TenantId, Path)),
    request_body = Open,
    responses(
        (status = 201, body = written::ReviewHead),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(super) async fn open(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<(StatusCode, Json<ReviewHead>), Problem> {
    let permit = server.permit(&caller, Action::WorkReviews, &id).await?;
    let Open { decision, assignee, audience, priority, reason } = body::take(request).await?;
    let handing = Handing { assignee: assignee.map(Some), audience, priority };
    let head = server.0.app.open_review(&permit, &decision, (handing, &reason)).await?;
    Ok((StatusCode::CREATED, Json(head)))
}

#[utoipa::path(
    get,
    path = "/v1/reviews/{tenant}/{id}",
    operation_id = "show_review",
    tag = "reviews",
    summary = "One review, what was written about it left out.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    responses(
        (status = 200, body = written::ReviewShown),
        refused::Guarded,
        refused::Missing,
        refused::Erased,
    ),
)]
pub(super) async fn show(about: About) -> Result<Json<ReviewShown>, Problem> {
    let tenant = about.permit(Action::ReadPlans).await?;
    Ok(Json(about.app().review(&tenant, &about.id).await?))
}

#[utoipa::path(
    post,
    path = "/v1/reviews/{tenant}/{id}/assign",
    operation_id = "assign_review",
    tag = "reviews",
    summary = "Gives a review to somebody, or into another queue.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Hand,
    responses(
        (status = 200, body = written::ReviewHead),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
    ),
)]
pub(super) async fn assign(about: About, request: Request) -> Result<Json<ReviewHead>, Problem> {
    let permit = about.permit(Action::WorkReviews).await?;
    let Hand { version, assignee, audience, priority } = body::take(request).await?;
    let handing = Handing { assignee, audience, priority };
    Ok(Json(about.app().hand_review(&permit, &about.id, (version, handing)).await?))
}

#[utoipa::path(
    post,
    path = "/v1/reviews/{tenant}/{id}/comments",
    operation_id = "comment_review",
    tag = "reviews",
    summary = "Adds a comment to a review.",
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
pub(super) async fn remark(about: About, request: Request) -> Result<Json<Value>, Problem> {
    let permit = about.permit(Action::WorkReviews).await?;
    let Remark { actor, text } = body::take(request).await?;
    let actor = permit.actor(actor.as_deref())?;
    let id = about.app().remark_review(&permit, &about.id, (&actor, &text)).await?;
    Ok(Json(json!({ "id": id })))
}

#[utoipa::path(
    post,
    path = "/v1/reviews/{tenant}/{id}/verdict",
    operation_id = "close_review",
    tag = "reviews",
    summary = "Says what the decision was: an outcome of it, and the end of the review.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Verdict,
    responses(
        (status = 200, body = written::ReviewClosed),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(super) async fn verdict(about: About, request: Request) -> Result<Json<Value>, Problem> {
    let permit = about.permit_within(Action::TellOutcomes).await?;
    let Verdict { version, verdict, actor, reason } = body::take(request).await?;
    let given = VerdictGiven { verdict, reason: &reason, actor: actor.as_deref(), version };
    let (head, outcome) = about.app().close_review(&permit, &about.id, given).await?;
    Ok(Json(json!({ "review": head, "outcome": outcome })))
}

#[utoipa::path(
    post,
    path = "/v1/reviews/{tenant}/{id}/reveal",
    operation_id = "reveal_review",
    tag = "reviews",
    summary = "Opens what was written about a review; that it did, and who, is a leaf.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Opening,
    responses(
        (status = 200, body = written::ReviewOpened),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Erased,
    ),
)]
pub(super) async fn reveal(about: About, request: Request) -> Result<Json<Value>, Problem> {
    let permit = about.permit(Action::RevealPlans).await?;
    let Opening { actor, reason } = body::take(request).await?;
    let fields = ["texts".to_owned()];
    let asked = Asked { fields: &fields, reason: Reason { actor: actor.as_deref(), text: &reason } };
    let (record, shown) = about.app().reveal_review(&permit, &about.id, asked).await?;
    Ok(Json(json!({ "reveal": record, "review": shown })))
}
