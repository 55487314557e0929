//! `/v1/suppressions/{tenant}`: what nobody is to be told of, for a while.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Request, State},
};
use countersign_app::incidents::{Entity, NewSuppression};
use countersign_core::Timestamp;
use countersign_rights::Action;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{about::About, segments::Segments};
use crate::{Problem, Server, body};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSuppression)]
pub(super) struct Add {
    #[schema(value_type = Option<written::Actor>)]
    actor: Option<String>,
    detector: Option<String>,
    #[schema(value_type = Option<written::Entity>)]
    entity: Option<Entity>,
    #[schema(value_type = written::Timestamp)]
    until: Timestamp,
    #[schema(min_length = 1, max_length = 1_000)]
    reason: String,
    #[serde(default)]
    force: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SuppressionLift)]
pub(super) struct Lift {
    #[schema(value_type = Option<written::Actor>)]
    actor: Option<String>,
}

#[utoipa::path(
    get,
    path = "/v1/suppressions/{tenant}",
    operation_id = "list_suppressions",
    tag = "watch",
    summary = "What nobody is told of.",
    params(("tenant" = written::TenantId, Path)),
    responses((status = 200, body = written::Suppressions), refused::Guarded, refused::Missing),
)]
pub(super) async fn list(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let tenant = server.permit(&caller, Action::ReadIncidents, &id).await?;
    let app = &server.0.app;
    let standing = app.suppressions(&tenant, app.clock().now()).await?;
    Ok(Json(
        json!({ "suppressions": standing.iter().map(|standing| standing.view(&tenant)).collect::<Vec<_>>() }),
    ))
}

#[utoipa::path(
    post,
    path = "/v1/suppressions/{tenant}",
    operation_id = "add_suppression",
    tag = "watch",
    summary = "Suppresses a detector, an entity or both for a while.",
    params(("tenant" = written::TenantId, Path)),
    request_body = Add,
    responses(
        (status = 200, body = written::Made),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
    ),
)]
pub(super) async fn add(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = server.permit(&caller, Action::ChangeSuppressions, &id).await?;
    let Add { actor, detector, entity, until, reason, force } = body::take(request).await?;
    let entity = entity.map(|entity| Entity::new(entity.kind, &entity.name));
    let actor = tenant.actor(actor.as_deref())?;
    let new = NewSuppression { detector, entity, until, reason, force };
    Ok(Json(json!({ "id": server.0.app.suppress(&tenant, new, &actor).await? })))
}

#[utoipa::path(
    post,
    path = "/v1/suppressions/{tenant}/{id}/lift",
    operation_id = "lift_suppression",
    tag = "watch",
    summary = "Ends a suppression.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    request_body = Lift,
    responses(
        (status = 200, body = written::Made),
        refused::Guarded,
        refused::Missing,
        refused::Body,
    ),
)]
pub(super) async fn lift(about: About, request: Request) -> Result<Json<Value>, Problem> {
    let tenant = about.permit(Action::ChangeSuppressions).await?;
    let Lift { actor } = body::take(request).await?;
    let actor = tenant.actor(actor.as_deref())?;
    about.app().lift_suppression(&tenant, &about.id, &actor).await?;
    Ok(Json(json!({ "id": about.id })))
}
