//! `POST /v1/events/{stream}`: what an Auth0 event stream delivers to its webhook, one CloudEvents message a request.
//!
//! It is on disk, sealed, before the answer says so. Nothing is decided by it: who signs up is judged where an Action asks.

use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_app::EventFault;
use countersign_auth0::object::StreamMessage;

use super::{logs::Answer, segments::Segments, streams};
use crate::{Problem, Server, body, rate::Stream};

/// The most bytes of one message; Auth0 documents no bound, and its users have some kilobytes.
const MAX_BYTES: usize = 1024 * 1024;

#[utoipa::path(
    post,
    path = "/v1/events/{stream}",
    operation_id = "deliver_event",
    tag = "streams",
    summary = "Where an Auth0 event stream delivers.",
    params(("stream" = written::TenantId, Path)),
    request_body = written::EventMessage,
    responses((status = 200, body = written::Delivered), refused::EventDelivery),
    security(("event_stream" = [])),
)]
pub(super) async fn handle(
    State(server): State<Server>,
    Segments(stream): Segments<String>,
    request: Request,
) -> Result<Json<Answer>, Problem> {
    let answer = take(&server, &stream, request).await;
    streams::counted(&server, answer)
}

async fn take(server: &Server, stream: &str, request: Request) -> Result<Json<Answer>, Problem> {
    let (parts, body) = request.into_parts();
    let tenant = streams::admit(server, stream, &parts, &server.0.event_tokens.load())?;
    let bytes = body::read_at_most(body, MAX_BYTES).await?;
    // Why as 503: Auth0 sends what is answered with any 4xx no second time.
    let taken = server.0.rates.take_entries(tenant.id(), Stream::Event, 1);
    taken.map_err(|problem| problem.with(StatusCode::SERVICE_UNAVAILABLE))?;
    // Why as 400: Auth0 sends what is refused no second time, whatever is wrong with it.
    let message: StreamMessage =
        body::parse(&bytes).map_err(|problem| problem.with(StatusCode::BAD_REQUEST))?;
    let text = String::from_utf8_lossy(&bytes);
    let taken = server.0.app.take_event(&tenant, &message, &text).await;
    let delivered = taken.map_err(|fault| match fault {
        EventFault::Field { path, message } => {
            let detail = format!("the message is not one of this stream: `{path}` is {message}");
            Problem::new(StatusCode::BAD_REQUEST, "event.invalid", detail).at(path, message)
        }
        EventFault::App(error) => error.into(),
    })?;
    server.0.metrics.events(&delivered);
    Ok(Json(delivered.into()))
}
