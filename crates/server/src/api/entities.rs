//! `POST /v1/entities/{tenant}`: the tag of an account, an address or another entity, so that no address names anybody.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Request, State},
};
use countersign_app::{App, incidents::Entity};
use countersign_rights::Action;
use serde_json::{Value, json};

use super::segments::Segments;
use crate::{Problem, Server, body};

#[utoipa::path(
    post,
    path = "/v1/entities/{tenant}",
    operation_id = "find_entity",
    tag = "watch",
    summary = "The tags that stand for an account, an address or another entity.",
    params(("tenant" = written::TenantId, Path)),
    request_body = written::Entity,
    responses(
        (status = 200, body = written::EntityTagged),
        refused::Guarded,
        refused::Missing,
        refused::Body,
    ),
)]
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = server.permit(&caller, Action::FindEntities, &id).await?;
    let Entity { kind, name } = body::take(request).await?;
    let entity = Entity::new(kind, &name);
    Ok(Json(json!({
        "entity": App::entity_tag(&tenant, &entity).to_string(),
        "account": App::entity_subject(&tenant, &entity).map(|subject| subject.to_string()),
    })))
}
