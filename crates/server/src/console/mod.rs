//! The console: pages rendered here, small scripts of our own, no inline code.
//!
//! A page is one file: its handlers, a context struct that holds all it shows, and the functions that render it. To add
//! one: the file, its routes below, and a link to it. What a page shows came from outside, so everything goes through
//! maud's escaping and nothing is ever `PreEscaped`.

mod act;
mod alerts;
mod assets;
mod confirm;
mod detail;
mod facts;
mod fault;
mod filter;
mod findings;
mod incident;
mod incidents;
mod layout;
mod list;
mod live;
mod model;
mod models;
mod overview;
mod query;
mod receipt;
#[cfg(test)]
mod samples;
mod severity;
mod suppressions;
mod user_risk;
mod waterfall;
mod words;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use maud::html;

use crate::{Server, operator};

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
        .route("/incidents/{id}/acknowledge", post(act::acknowledge))
        .route("/incidents/{id}/assign", post(act::assign))
        .route("/incidents/{id}/note", post(act::note))
        .route("/incidents/{id}/close", post(act::close))
        .route("/alerts", get(alerts::handle))
        .route("/suppressions", get(suppressions::handle).post(suppressions::add))
        .route("/suppressions/{id}/lift", post(suppressions::lift))
        .route("/models", get(models::handle))
        .route("/models/act", post(models::act))
        .route("/models/{version}", get(model::handle))
        .route("/users/mark", post(user_risk::mark))
        .route("/decisions/{id}/receipt", get(receipt::handle))
        .route("/decisions/{id}/verdict", get(confirm::ask_verdict).post(confirm::tell_verdict))
        .route("/switches/{trigger}", get(confirm::ask_switch).post(confirm::set_switch))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
}

/// What a browser may ask before it is signed in.
pub(crate) fn open() -> Router<Server> {
    Router::new().route("/start/{code}", get(start).head(peeked)).route("/static/{file}", get(assets::handle))
}

/// Whoever only looks ahead, such as a chat's preview, must not use the link up.
async fn peeked() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}

async fn start(State(server): State<Server>, Path(code): Path<String>) -> Response {
    operator::start(&server, &code)
}

/// The page for a browser that is not signed in.
pub(crate) fn signed_out() -> Response {
    (StatusCode::UNAUTHORIZED, signed_out_page()).into_response()
}

fn signed_out_page() -> maud::Markup {
    layout::bare(
        "Not signed in",
        html! {
            p {
                "This browser has no session here, or its session ended. Open the one-time link that Countersign printed \
                 when it started. A link works once and ends after 15 minutes; start Countersign again for a new one."
            }
            p.quiet {
                "Programs send " code { "Authorization: Bearer" } " with the token in the data directory's file "
                code { "operator.token" } "."
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_without_a_session_says_how_to_get_one() {
        let response = signed_out();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let page = signed_out_page().into_string();
        assert!(page.contains("one-time link") && page.contains("operator.token"));
        samples::check_page(&page);
    }
}
