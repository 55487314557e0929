//! Log events.

use super::{Endpoint, LimitGroup, LogId, Operation, Page, Paging, Request};
use crate::Json;

model! {
    /// A log event. What else it says is read by whoever detects.
    Log {
        required {
            /// The id; sorts by arrival.
            log_id: LogId,
        }
        maybe {
            /// Its code, such as `fp`.
            #[serde(rename = "type")]
            kind: String,
            /// When it happened.
            date: Json,
        }
    }
}
item!(Log, "logs", log_id);

static LIST: Endpoint<Page<Log>, 0> = Endpoint::get("logs.list", "/logs")
    .scopes(&["read:logs", "read:logs_users"])
    .group(LimitGroup::LogsRead)
    .query(&["from", "take", "q", "sort", "page", "per_page", "include_totals"])
    .paging(Paging::Link);
static GET: Endpoint<Log, 1> = Endpoint::get("logs.get", "/logs/{id}")
    .scopes(&["read:logs", "read:logs_users"])
    .group(LimitGroup::LogsRead);

pub(super) static OPERATIONS: &[&Operation] = &[&LIST.operation, &GET.operation];

/// Reads a log event.
#[must_use]
pub fn get(id: &LogId) -> Request<Log> {
    Request::new(&GET, [id.as_str()])
}

/// Reads the log events after one, in the order of their ids.
#[must_use]
pub fn after(id: &LogId) -> Request<Page<Log>> {
    Request::new(&LIST, []).with("from", id.as_str())
}

/// Reads the oldest log events that the tenant still keeps, 100 at the most, the oldest first.
#[must_use]
pub fn oldest() -> Request<Page<Log>> {
    Request::new(&LIST, []).with("sort", "date:1").with("per_page", "100")
}

/// Reads the newest log events that a query in Lucene's syntax finds, 100 at the most.
#[must_use]
pub fn search(q: &str) -> Request<Page<Log>> {
    Request::new(&LIST, []).with("q", q).with("sort", "date:-1").with("per_page", "100")
}

/// Reads the newest log events, 100 at the most, the newest first.
#[must_use]
pub fn newest() -> Request<Page<Log>> {
    Request::new(&LIST, []).with("sort", "date:-1").with("per_page", "100")
}
