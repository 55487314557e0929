//! `PUT /v1/switches/{tenant}/{trigger}`: the kill switch.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_core::{TenantId, Trigger};
use serde::Deserialize;
use serde_json::{Value, json};

use super::segments::Segments;
use crate::{Problem, Server, body};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchRequest {
    off: bool,
}

pub(super) async fn handle(
    State(server): State<Server>,
    Segments((tenant, trigger)): Segments<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant: TenantId =
        tenant.parse().map_err(|_| Problem::from(countersign_app::Error::UnknownTenant))?;
    let tenant = server.0.app.tenant(&tenant)?;
    let trigger: Trigger = trigger.parse().map_err(|error: countersign_core::UnknownWord| {
        Problem::new(StatusCode::NOT_FOUND, "trigger.unknown", format!("known are {}", error.known))
    })?;
    let SwitchRequest { off } = body::parse(&body::read(request.into_body()).await?)?;
    server.0.app.switch(&tenant, trigger, off).await?;
    Ok(Json(json!({ "trigger": trigger, "off": off })))
}
