//! `POST /v1/logs/{tenant}`: what an Auth0 log stream delivers, by its custom webhook.
//!
//! Auth0 signs nothing, so the stream's token says no more than that whoever sent this was told it. Entries are on
//! disk, sealed, before the answer says so; what they say is looked at after it.

use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_app::Delivered;
use countersign_auth0::log::{self, Items, LogEvent, Rejected};
use serde::Serialize;

use super::{segments::Segments, streams};
use crate::{Problem, Server, body, rate::Stream};

/// The most bytes of one delivery; Auth0 documents no bound.
pub(crate) const MAX_BYTES: usize = 5 * 1024 * 1024;

/// The most entries of one delivery; Auth0's have a hundred or so.
const MAX_ENTRIES: usize = 5_000;

/// After so many entries whoever waits comes first: some 0.1 ms.
const BREATH: usize = 8;

#[derive(Serialize)]
pub(super) struct Answer {
    /// Entries that were new.
    taken: u64,
    /// Entries that had come before.
    repeated: u64,
    /// Entries that could not be read, which the others did not wait for.
    unread: u64,
}

impl From<Delivered> for Answer {
    fn from(Delivered { taken, repeated, unread }: Delivered) -> Self {
        Self { taken, repeated, unread }
    }
}

#[utoipa::path(
    post,
    path = "/v1/logs/{tenant}",
    operation_id = "deliver_logs",
    tag = "streams",
    summary = "Where an Auth0 log stream delivers.",
    params(("tenant" = written::TenantId, Path)),
    request_body = written::LogDelivery,
    responses((status = 200, body = written::Delivered), refused::Delivery),
    security(("log_stream" = [])),
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
    let tenant = streams::admit(server, stream, &parts, &server.0.log_tokens.load())?;
    // Why the body all the same: who is answered before it was sent may see a broken connection and no answer.
    let bytes = body::read_at_most(body, MAX_BYTES).await?;
    server.0.rates.ready(tenant.id(), Stream::Log)?;
    // Why lossy: one byte that is no UTF-8 must not hold up the other entries.
    let text = String::from_utf8_lossy(&bytes);
    let items = parse(&text)?;
    server.0.rates.take_entries(tenant.id(), Stream::Log, items.len())?;
    let entries = read(items).await;
    let now = server.0.app.clock().now();
    let late: Vec<i64> = entries.iter().flatten().map(|entry| now.since(entry.date)).collect();
    let delivered = server.0.app.take_logs(&tenant, entries).await?;
    server.0.metrics.delivered(&delivered, &late);
    Ok(Json(delivered.into()))
}

/// Entries of a delivery, read and parsed as they are where they are taken.
#[cfg(feature = "bench")]
pub(crate) fn count_entries(bytes: &[u8]) -> Result<usize, Problem> {
    let text = String::from_utf8_lossy(bytes);
    Ok(parse(&text)?.map(std::hint::black_box).count())
}

/// Reads a few at a time, so that a long delivery holds up nobody's decision.
async fn read<'a>(items: Items<'a>) -> Vec<Result<LogEvent<'a>, Rejected<'a>>> {
    let mut entries = Vec::with_capacity(items.len());
    for (index, entry) in items.enumerate() {
        if index % BREATH == BREATH - 1 {
            tokio::task::yield_now().await;
        }
        entries.push(entry);
    }
    entries
}

fn parse(text: &str) -> Result<Items<'_>, Problem> {
    let items = log::items(text)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "body.malformed", error.to_string()))?;
    if items.len() > MAX_ENTRIES {
        let detail = format!("a delivery has at most {MAX_ENTRIES} entries; this one has {}", items.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body.too_many", detail));
    }
    Ok(items)
}
