//! `/v1/suppressions/{tenant}`: what nobody is to be told of, for a while.

use axum::{
    Json,
    extract::{Request, State},
};
use countersign_app::incidents::{Entity, NewSuppression, Standing};
use countersign_core::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{incidents::tenant, segments::Segments};
use crate::{Problem, Server, body};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    actor: String,
    detector: Option<String>,
    entity: Option<Entity>,
    until: Timestamp,
    reason: String,
    #[serde(default)]
    force: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lift {
    actor: String,
}

pub(super) async fn list(
    State(server): State<Server>,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let app = &server.0.app;
    let standing = app.suppressions(&tenant, app.clock().now()).await?;
    Ok(Json(json!({ "suppressions": standing.iter().map(Standing::view).collect::<Vec<_>>() })))
}

pub(super) async fn add(
    State(server): State<Server>,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let Add { actor, detector, entity, until, reason, force } =
        body::parse(&body::read(request.into_body()).await?)?;
    let entity = entity.map(|entity| Entity::new(entity.kind, &entity.name));
    let new = NewSuppression { detector, entity, until, reason, force };
    Ok(Json(json!({ "id": server.0.app.suppress(&tenant, new, &actor).await? })))
}

pub(super) async fn lift(
    State(server): State<Server>,
    Segments((id, suppression)): Segments<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let Lift { actor } = body::parse(&body::read(request.into_body()).await?)?;
    server.0.app.lift_suppression(&tenant, &suppression, &actor).await?;
    Ok(Json(json!({ "id": suppression })))
}
