//! `PUT /v1/switches/{tenant}/{trigger}`: the kill switch.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_core::Trigger;
use countersign_rights::Action;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::segments::Segments;
use crate::{Problem, Server, body};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SwitchRequest {
    off: bool,
}

#[utoipa::path(
    put,
    path = "/v1/switches/{tenant}/{trigger}",
    operation_id = "set_switch",
    tag = "operations",
    summary = "The kill switch of a trigger.",
    params(("tenant" = written::TenantId, Path), ("trigger" = written::Trigger, Path)),
    request_body = SwitchRequest,
    responses(
        (status = 200, body = written::SwitchSet),
        refused::Guarded,
        refused::Missing,
        refused::Body,
    ),
)]
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments((tenant, trigger)): Segments<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = server.permit(&caller, Action::SetSwitches, &tenant).await?;
    let trigger: Trigger = trigger.parse().map_err(|error: countersign_core::UnknownWord| {
        Problem::new(StatusCode::NOT_FOUND, "trigger.unknown", format!("known are {}", error.known))
    })?;
    let SwitchRequest { off } = body::take(request).await?;
    server.0.app.switch(&tenant, trigger, off).await?;
    Ok(Json(json!({ "trigger": trigger, "off": off })))
}
