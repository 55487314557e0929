//! `POST /v1/entities/{tenant}`: the tag of an account, an address or another entity, so that no address names anybody.

use axum::{
    Json,
    extract::{Request, State},
};
use countersign_app::{App, incidents::Entity};
use serde_json::{Value, json};

use super::{incidents::tenant, segments::Segments};
use crate::{Problem, Server, body};

pub(super) async fn handle(
    State(server): State<Server>,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let Entity { kind, name } = body::parse(&body::read(request.into_body()).await?)?;
    let entity = Entity::new(kind, &name);
    Ok(Json(json!({
        "entity": App::entity_tag(&tenant, &entity).to_string(),
        "account": App::entity_subject(&tenant, &entity).map(|subject| subject.to_string()),
    })))
}
