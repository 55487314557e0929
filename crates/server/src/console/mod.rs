//! The console: pages rendered here, small scripts of our own, no inline code.
//!
//! A page is one file: its handlers, a context struct that holds all it shows, and the functions that render it. To add
//! one: the file, its routes below, and a link to it. What a page shows came from outside, so everything goes through
//! maud's escaping and nothing is ever `PreEscaped`.

mod access;
mod act;
mod alerts;
mod assets;
mod confirm;
mod contain;
mod detail;
mod facts;
mod fault;
mod filter;
mod findings;
mod incident;
mod incidents;
mod inquiry;
mod layout;
mod list;
mod live;
mod model;
mod models;
mod overview;
mod plan;
mod plan_act;
mod plan_steps;
mod plans;
mod query;
mod receipt;
mod reveal;
mod review;
mod reviews;
#[cfg(test)]
mod samples;
mod segments;
mod sent;
mod severity;
mod sign_in;
mod since;
mod suppressions;
mod user_risk;
mod users;
mod watchers;
mod waterfall;
mod words;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    routing::{get, post},
};

pub(crate) use fault::refused;
pub(crate) use sign_in::signed_out;
pub(crate) use watchers::Watchers;

use crate::Server;

/// The most bytes of a form.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// Pages for operators.
pub(crate) fn router() -> Router<Server> {
    Router::new()
        .route("/", get(list::handle))
        .route("/console/live", get(live::handle))
        .route("/tenant", get(findings::handle))
        .route("/decisions/{id}", get(detail::handle))
        .route("/incidents", get(incidents::handle))
        .route("/incidents/find", post(incidents::find))
        .route("/incidents/{id}", get(incident::handle))
        .route("/incidents/{id}/reveal", post(incident::reveal))
        .route("/incidents/{id}/acknowledge", post(act::acknowledge))
        .route("/incidents/{id}/assign", post(act::assign))
        .route("/incidents/{id}/note", post(act::note))
        .route("/incidents/{id}/close", post(act::close))
        .route("/incidents/{id}/contain", get(contain::ask).post(contain::propose))
        .route("/plans", get(plans::handle))
        .route("/plans/{id}", get(plan::handle))
        .route("/plans/{id}/approve", post(plan_act::approve))
        .route("/plans/{id}/reject", post(plan_act::reject))
        .route("/plans/{id}/withdraw", post(plan_act::withdraw))
        .route("/plans/{id}/stop", post(plan_act::stop))
        .route("/plans/{id}/resume", post(plan_act::resume))
        .route("/plans/{id}/settle", post(plan_act::settle))
        .route("/plans/{id}/undo", post(plan_act::undo))
        .route("/plans/{id}/assign", post(plan_act::assign))
        .route("/plans/{id}/comment", post(plan_act::comment))
        .route("/plans/{id}/reveal", post(plan::reveal))
        .route("/reviews", get(reviews::handle).post(review::open))
        .route("/reviews/{id}", get(review::handle))
        .route("/reviews/{id}/assign", post(review::assign))
        .route("/reviews/{id}/comment", post(review::comment))
        .route("/reviews/{id}/verdict", post(review::verdict))
        .route("/reviews/{id}/reveal", post(review::reveal))
        .route("/breaker/harm", post(plans::harm))
        .route("/breaker/close", post(plans::close))
        .route("/alerts", get(alerts::handle))
        .route("/suppressions", get(suppressions::handle).post(suppressions::add))
        .route("/suppressions/{id}/reveal", post(suppressions::reveal))
        .route("/suppressions/{id}/lift", post(suppressions::lift))
        .route("/models", get(models::handle))
        .route("/models/act", post(models::act))
        .route("/models/{version}", get(model::handle))
        .route("/users", get(users::handle))
        .route("/users/mark", post(user_risk::mark))
        .route("/users/reveal", post(users::reveal))
        .route("/decisions/{id}/ask", post(detail::ask))
        .route("/decisions/{id}/reveal", post(detail::reveal))
        .route("/decisions/{id}/receipt", get(receipt::handle))
        .route("/decisions/{id}/verdict", get(confirm::ask_verdict).post(confirm::tell_verdict))
        .route("/access", get(access::handle))
        .route("/access/{act}", post(access::act))
        .route("/sign-out", post(sign_in::out))
        .route("/switches/{trigger}", get(confirm::ask_switch).post(confirm::set_switch))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
}

/// What a browser may ask before it is signed in.
pub(crate) fn open() -> Router<Server> {
    Router::new().route("/sign-in", get(sign_in::show)).route("/static/{file}", get(assets::handle))
}

/// Where a browser signs in: each request is an attempt of its address.
pub(crate) fn attempts() -> Router<Server> {
    Router::new()
        .route("/start/{code}", get(sign_in::link).head(peeked))
        .route("/sign-in/start", get(sign_in::start).head(peeked))
        .route("/sign-in/callback", get(sign_in::callback).head(peeked))
        .route("/was-this-you/{tenant}/{id}/{code}", get(inquiry::show).post(inquiry::answer).head(peeked))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
}

/// Whoever only looks ahead, such as a chat's preview, must not use the link up.
async fn peeked() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}
