//! `GET /health`: whether decisions can be recorded. Anyone may ask.

use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::Server;

#[utoipa::path(
    get,
    path = "/health",
    operation_id = "show_health",
    tag = "operations",
    summary = "Whether decisions can be recorded.",
    responses(
        (status = 200, body = written::Health),
        (status = 503, body = written::Health),
        refused::Any,
    ),
    security(()),
)]
pub(super) async fn handle(State(server): State<Server>) -> Response {
    let (status, word) = if server.0.app.is_recording() {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "ledger_unavailable")
    };
    (status, Json(json!({ "status": word, "version": env!("CARGO_PKG_VERSION") }))).into_response()
}
