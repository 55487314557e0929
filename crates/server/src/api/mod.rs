//! The API, one file an endpoint. To add one: a file, a line below, a row in docs/api.md.

mod about;
mod access;
mod alerts;
mod breakers;
mod decide;
mod decisions;
mod entities;
mod erasures;
mod events;
mod findings;
mod health;
mod hooks;
mod incidents;
#[cfg(test)]
mod inputs;
mod inquiries;
mod journal;
mod ledger;
mod logs;
mod metrics;
mod models;
mod openapi;
mod outcomes;
mod plans;
mod policies;
mod receipt;
mod reveals;
mod reviews;
mod risk;
mod risk_tokens;
mod segments;
mod signed;
mod streams;
mod suppressions;
mod switches;
mod tenant_writes;
mod users;
mod watch;

#[cfg(feature = "bench")]
pub(crate) use decide::parse as parse_ask;
#[cfg(feature = "bench")]
pub(crate) use logs::{MAX_BYTES as MAX_DELIVERY_BYTES, count_entries};

pub(crate) use incidents::{read_cursor, write_cursor};
pub(crate) use plans::STATES as PLAN_STATES;

use axum::{
    Router,
    routing::{delete, get, post, put},
};

use crate::Server;

/// Endpoints whose requests are signed.
pub(crate) fn signed() -> Router<Server> {
    Router::new().route("/v1/decisions", post(decide::handle)).route("/v1/outcomes", post(outcomes::handle))
}

/// Endpoints that anyone may ask, or whose path holds what proves the right to.
pub(crate) fn open() -> Router<Server> {
    Router::new()
        .route("/health", get(health::handle))
        .route("/v1/openapi.json", get(openapi::handle))
        .route("/risk/{token}", post(risk::handle))
        .route("/v1/logs/{tenant}", post(logs::handle))
        .route("/v1/events/{stream}", post(events::handle))
}

/// Endpoints for operators.
pub(crate) fn operated() -> Router<Server> {
    Router::new()
        .route("/v1/access/me", get(access::me))
        .route("/v1/access/policies", get(access::policies))
        .route("/v1/access/people", get(access::people::list).post(access::people::add))
        .route("/v1/access/people/{id}/disable", post(access::people::disable))
        .route("/v1/access/people/{id}/enable", post(access::people::enable))
        .route("/v1/access/grants", get(access::grants::list).post(access::grants::add))
        .route("/v1/access/grants/{id}/end", post(access::grants::end))
        .route("/v1/access/sessions", get(access::sessions::list))
        .route("/v1/access/sessions/{id}/end", post(access::sessions::end))
        .route("/v1/access/accounts", get(access::accounts::list).post(access::accounts::make))
        .route("/v1/access/accounts/{id}/disable", post(access::accounts::disable))
        .route("/v1/access/accounts/{id}/tokens", post(access::accounts::make_token))
        .route("/v1/access/tokens/{id}/revoke", post(access::accounts::revoke_token))
        .route("/v1/access/links", post(access::links::make))
        .route("/v1/decisions", get(decisions::handle))
        .route("/v1/decisions/{id}", get(decisions::show))
        .route("/v1/decisions/{id}/inquiry", post(inquiries::ask))
        .route("/v1/decisions/{id}/receipt", get(receipt::handle).post(receipt::open))
        .route("/v1/reveals/{tenant}", post(reveals::handle))
        .route("/v1/ledger/{tenant}/checkpoint", get(ledger::checkpoint))
        .route("/v1/ledger/{tenant}/verifier", get(ledger::verifier))
        .route("/v1/switches/{tenant}/{trigger}", put(switches::handle))
        .route("/v1/erasures/{tenant}", post(erasures::handle))
        .route("/v1/policies/{tenant}", get(policies::show).put(policies::apply))
        .route("/v1/policies/{tenant}/versions", get(policies::versions))
        .route("/v1/risk-tokens/{tenant}", get(risk_tokens::list).post(risk_tokens::make))
        .route("/v1/risk-tokens/{tenant}/{id}", delete(risk_tokens::revoke))
        .route("/v1/models/{tenant}", get(models::list).post(models::import))
        .route("/v1/models/{tenant}/own", post(models::import_own))
        .route("/v1/models/{tenant}/versions/{version}", get(models::show))
        .route("/v1/models/{tenant}/comparison", get(models::compare))
        .route("/v1/models/{tenant}/thresholds", get(models::thresholds))
        .route("/v1/models/{tenant}/acts", post(models::act))
        .route("/v1/users/{tenant}", get(users::list))
        .route("/v1/users/{tenant}/risk", post(users::find))
        .route("/v1/users/{tenant}/marks", post(users::mark))
        .route("/v1/users/{tenant}/{subject}/risk", get(users::show))
        .route("/v1/findings/{tenant}", get(findings::handle))
        .route("/v1/watch/{tenant}", get(watch::handle))
        .route("/v1/incidents/{tenant}", get(incidents::list))
        .route("/v1/incidents/{tenant}/{id}", get(incidents::show))
        .route("/v1/incidents/{tenant}/{id}/acknowledge", post(incidents::acknowledge))
        .route("/v1/incidents/{tenant}/{id}/assign", post(incidents::assign))
        .route("/v1/incidents/{tenant}/{id}/notes", post(incidents::note))
        .route("/v1/incidents/{tenant}/{id}/close", post(incidents::close))
        .route("/v1/plans/{tenant}", get(plans::read::list).post(plans::propose::handle))
        .route("/v1/plans/{tenant}/{id}", get(plans::read::show))
        .route("/v1/plans/{tenant}/{id}/approve", post(plans::review::approve))
        .route("/v1/plans/{tenant}/{id}/reject", post(plans::review::reject))
        .route("/v1/plans/{tenant}/{id}/withdraw", post(plans::review::withdraw))
        .route("/v1/plans/{tenant}/{id}/stop", post(plans::run::stop))
        .route("/v1/plans/{tenant}/{id}/resume", post(plans::run::resume))
        .route("/v1/plans/{tenant}/{id}/settle", post(plans::run::settle))
        .route("/v1/plans/{tenant}/{id}/undo", post(plans::run::undo))
        .route("/v1/plans/{tenant}/{id}/assign", post(plans::desk::assign))
        .route("/v1/plans/{tenant}/{id}/comments", post(plans::desk::remark))
        .route("/v1/plans/{tenant}/{id}/reveal", post(plans::desk::reveal))
        .route("/v1/reviews/{tenant}", get(reviews::list).post(reviews::open))
        .route("/v1/reviews/{tenant}/{id}", get(reviews::show))
        .route("/v1/reviews/{tenant}/{id}/assign", post(reviews::assign))
        .route("/v1/reviews/{tenant}/{id}/comments", post(reviews::remark))
        .route("/v1/reviews/{tenant}/{id}/verdict", post(reviews::verdict))
        .route("/v1/reviews/{tenant}/{id}/reveal", post(reviews::reveal))
        .route("/v1/breakers/{tenant}", get(breakers::show))
        .route("/v1/breakers/{tenant}/harm", post(breakers::harm))
        .route("/v1/breakers/{tenant}/close", post(breakers::close))
        .route("/v1/alerts/{tenant}", get(alerts::list))
        .route("/v1/alerts/{tenant}/{id}", get(alerts::show))
        .route("/v1/logs/{tenant}", get(journal::list))
        .route("/v1/logs/{tenant}/{id}", get(journal::show).post(journal::open))
        .route("/v1/entities/{tenant}", post(entities::handle))
        .route("/v1/suppressions/{tenant}", get(suppressions::list).post(suppressions::add))
        .route("/v1/suppressions/{tenant}/{id}/lift", post(suppressions::lift))
        .route("/v1/hooks/{tenant}/{name}/test", post(hooks::test))
        .route("/v1/tenant-writes/{tenant}", post(tenant_writes::begin))
        .route("/v1/tenant-writes/{tenant}/{record}", put(tenant_writes::end))
        .route("/metrics", get(metrics::handle))
}
