//! `GET /v1/watch/{tenant}`: how far a tenant's log was delivered, read and looked at.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{Json, extract::State};
use countersign_app::{Reading, WatchStatus};
use countersign_core::Timestamp;
use countersign_rights::Action;
use serde::Serialize;

use super::{logs::Answer, segments::Segments};
use crate::{Problem, Server};

#[derive(Serialize)]
pub(super) struct Shown {
    stream: Stream,
    reading: Reading,
    journal: Journal,
    /// Replays since this process started.
    replays: u64,
}

/// What the log stream delivered to this process since it started.
#[derive(Serialize)]
struct Stream {
    #[serde(flatten)]
    delivered: Answer,
    newest: Option<Timestamp>,
    seconds_since_delivery: Option<u64>,
}

#[derive(Serialize)]
struct Journal {
    /// Entries and events that were journaled.
    entries: u64,
    /// Those that were not looked at yet.
    waiting: u64,
    /// The oldest time of what came late and was not put in its place yet.
    late_from: Option<Timestamp>,
}

#[utoipa::path(
    get,
    path = "/v1/watch/{tenant}",
    operation_id = "show_watch",
    tag = "watch",
    summary = "How far the tenant's log was delivered, read and looked at.",
    params(("tenant" = written::TenantId, Path)),
    responses((status = 200, body = written::Watch), refused::Guarded, refused::Missing),
)]
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Shown>, Problem> {
    let app = &server.0.app;
    let tenant = server.permit(&caller, Action::ReadWatch, &id).await?;
    let WatchStatus { stream, reading, journal, measures } = app.watch_status(&tenant).await?;
    let now = app.clock().monotonic();
    Ok(Json(Shown {
        stream: Stream {
            delivered: stream.delivered.into(),
            newest: stream.newest,
            seconds_since_delivery: stream.last.map(|last| now.saturating_sub(last).as_secs()),
        },
        reading,
        journal: Journal {
            entries: journal.next,
            waiting: journal.next.saturating_sub(journal.progress.worked),
            // Why: while history is put in its place, it is all of it.
            late_from: journal.progress.late_from.filter(|from| from.micros() > i64::MIN),
        },
        replays: measures.replays,
    }))
}
