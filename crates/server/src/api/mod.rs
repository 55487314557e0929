//! The API, one file an endpoint. To add one: a file, a line below, a row in docs/api.md.

mod decide;
mod decisions;
mod erasures;
mod health;
mod ledger;
mod metrics;
mod outcomes;
mod receipt;
mod segments;
mod signed;
mod switches;

#[cfg(feature = "bench")]
pub(crate) use decide::parse as parse_ask;

use axum::{
    Router,
    routing::{get, post, put},
};

use crate::Server;

/// Endpoints whose requests are signed.
pub(crate) fn signed() -> Router<Server> {
    Router::new()
        .route("/v1/decisions", post(decide::handle).get(decisions::handle))
        .route("/v1/outcomes", post(outcomes::handle))
}

/// Endpoints that anyone may ask.
pub(crate) fn open() -> Router<Server> {
    Router::new().route("/health", get(health::handle))
}

/// Endpoints for operators.
pub(crate) fn operated() -> Router<Server> {
    Router::new()
        .route("/v1/decisions/{id}", get(decisions::show))
        .route("/v1/decisions/{id}/receipt", get(receipt::handle))
        .route("/v1/ledger/{tenant}/checkpoint", get(ledger::checkpoint))
        .route("/v1/ledger/{tenant}/verifier", get(ledger::verifier))
        .route("/v1/switches/{tenant}/{trigger}", put(switches::handle))
        .route("/v1/erasures/{tenant}", post(erasures::handle))
        .route("/metrics", get(metrics::handle))
}
