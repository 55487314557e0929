//! `POST /v1/hooks/{tenant}/{name}/test`: whether a receiver takes a signed message.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{incidents::tenant, segments::Segments};
use crate::{Problem, Server};

pub(super) async fn test(
    State(server): State<Server>,
    Segments((id, name)): Segments<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let why = server.0.app.try_hook(&tenant, &name).await?.err().map(|error| error.to_string());
    Ok(Json(json!({ "is_taken": why.is_none(), "why": why })))
}
