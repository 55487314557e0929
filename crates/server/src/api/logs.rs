//! `POST /v1/logs/{tenant}`: what an Auth0 log stream delivers, by its custom webhook.
//!
//! Auth0 signs nothing, so the stream's token says no more than that whoever sent this was told it. Entries are on
//! disk, sealed, before the answer says so; what they say is looked at after it.

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
};
use countersign_auth0::log;
use countersign_privacy::Token;
use serde::Serialize;

use super::segments::Segments;
use crate::{Problem, Server, body};

/// The most bytes of one delivery; Auth0 documents no bound.
const MAX_BYTES: usize = 5 * 1024 * 1024;

/// The most entries of one delivery; Auth0's have a hundred or so.
const MAX_ENTRIES: usize = 5_000;

/// The deepest nesting of an entry with its envelope.
const MAX_DEPTH: usize = 64;

#[derive(Serialize)]
pub(super) struct Answer {
    /// Entries that were new.
    taken: u64,
    /// Entries that had come before.
    repeated: u64,
    /// Entries that could not be read, which the others did not wait for.
    unread: u64,
}

pub(super) async fn handle(
    State(server): State<Server>,
    Segments(stream): Segments<String>,
    request: Request,
) -> Result<Json<Answer>, Problem> {
    let tenant = stream.parse().ok().and_then(|id| server.0.app.tenant(&id).ok());
    let tenant = tenant.filter(|tenant| {
        let token = bearer(request.headers());
        let digests = server.0.log_tokens.load();
        let kept = digests.get(tenant.id()).map_or(&[][..], Vec::as_slice);
        // Why: every one is compared, so that the time tells nothing of which one it was.
        token.is_some_and(|token| kept.iter().filter(|kept| token.is(kept)).count() > 0)
    });
    let Some(tenant) = tenant else {
        let detail = "`Authorization` is not `Bearer` with the token of this stream";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "stream.unknown", detail));
    };
    let bytes = body::read_at_most(request.into_body(), MAX_BYTES).await?;
    if let Err(deep) = countersign_auth0::depth::check(&bytes, MAX_DEPTH) {
        let detail = format!("an entry nests at most {MAX_DEPTH} levels deep; byte {}", deep.offset);
        return Err(Problem::new(StatusCode::BAD_REQUEST, "body.too_deep", detail));
    }
    // Why lossy: one byte that is no UTF-8 must not hold up the other entries.
    let text = String::from_utf8_lossy(&bytes);
    let entries = log::entries(&text)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "body.malformed", error.to_string()))?;
    if entries.len() > MAX_ENTRIES {
        let detail = format!("a delivery has at most {MAX_ENTRIES} entries; this one has {}", entries.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body.too_many", detail));
    }
    let delivered = server.0.app.take_logs(&tenant, entries).await?;
    server.0.metrics.delivered(&delivered);
    let countersign_app::Delivered { taken, repeated, unread } = delivered;
    Ok(Json(Answer { taken, repeated, unread }))
}

fn bearer(headers: &HeaderMap) -> Option<Token> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    Token::received(value.strip_prefix("Bearer ")?)
}
