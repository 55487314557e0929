//! `POST /sandbox/simulate/{kind}`.

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, header},
    response::Response,
    routing::post,
};

use super::{Kind, run};
use crate::tenant::{
    Fault, Reply,
    http::{Shell, send, text},
};

/// The routes of simulations.
pub(crate) fn routes() -> Router<Shell> {
    Router::new().route("/sandbox/simulate/{kind}", post(simulate))
}

async fn simulate(
    State(shell): State<Shell>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(kind) = Kind::parse(&kind) else { return send(Fault::not_found("Not Found").into()) };
    // Why: a page of another origin can't send this type without asking first.
    if !text(&headers, header::CONTENT_TYPE.as_str()).starts_with("application/json") {
        return send(Fault::new(415, "The body must be application/json").into());
    }
    let order = match serde_json::from_slice(&body) {
        Ok(order) => order,
        Err(error) => return send(Fault::new(400, format!("The order can't be read: {error}")).into()),
    };
    let reply = match run(&shell, &shell.base_url(&headers), kind, order).await {
        Ok(outcome) => Reply::ok(outcome.json()),
        Err(fault) => fault.into(),
    };
    send(reply)
}
