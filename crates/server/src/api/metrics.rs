//! `GET /metrics`: Prometheus' text format.

use crate::openapi::refused;
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use countersign_rights::Action;

use crate::{Problem, Server, authn::Known};

#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "show_metrics",
    tag = "operations",
    summary = "Metrics in the OpenMetrics text format.",
    responses(
        (status = 200, body = String, content_type = "application/openmetrics-text"),
        refused::Guarded,
    ),
)]
pub(super) async fn handle(State(server): State<Server>, Known(caller): Known) -> Result<Response, Problem> {
    server.permit_here(&caller, Action::ReadMetrics).await?;
    let app = &server.0.app;
    let (mut oldest, mut uncovered) = (std::time::Duration::ZERO, 0);
    for tenant in app.tenants() {
        let (age, leaves) = app.checkpoint_lag(tenant).await?;
        // Why: a checkpoint may be old because nothing happened; only uncovered leaves make its age a fault.
        oldest = if leaves > 0 { oldest.max(age) } else { oldest };
        uncovered += leaves;
        server.0.metrics.joined(&app.take_join_counts(tenant));
    }
    server.0.metrics.ledger(oldest, uncovered);
    let mut watched = Vec::new();
    for tenant in app.tenants() {
        watched.push(app.watch_status(tenant).await?);
    }
    server.0.metrics.watched(&watched, app.clock().now(), app.clock().monotonic());
    server.0.metrics.reference(app.reference(), app.clock().now());
    let states: Vec<_> = app.tenants().map(|tenant| app.findings(tenant)).collect();
    let findings = states.iter().flat_map(|state| &state.findings).map(|standing| &standing.finding);
    server.0.metrics.found(findings);
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, content_type)], server.0.metrics.render()).into_response())
}
