//! Log streams.

use super::{Endpoint, LogStreamId, Nothing, Operation, Request};
use crate::Dictionary;

model! {
    /// A log stream. Its `sink` may hold a secret.
    LogStream {
        required {
            /// The id.
            id: LogStreamId,
        }
        maybe {
            /// The name.
            name: String,
            /// Where it leads, such as `http`.
            #[serde(rename = "type")]
            kind: String,
            /// `active`, `paused` or `suspended`.
            status: String,
            /// How it gets there.
            sink: Dictionary,
        }
    }
}

static LIST: Endpoint<Vec<LogStream>, 0> =
    Endpoint::get("log_streams.list", "/log-streams").scopes(&["read:log_streams"]);
static GET: Endpoint<LogStream, 1> =
    Endpoint::get("log_streams.get", "/log-streams/{id}").scopes(&["read:log_streams"]);
static CREATE: Endpoint<LogStream, 0> = Endpoint::post("log_streams.create", "/log-streams")
    .scopes(&["create:log_streams"])
    .required(&["type", "sink"]);
static UPDATE: Endpoint<LogStream, 1> =
    Endpoint::patch("log_streams.update", "/log-streams/{id}").scopes(&["update:log_streams"]);
static DELETE: Endpoint<Nothing, 1> =
    Endpoint::delete("log_streams.delete", "/log-streams/{id}").scopes(&["delete:log_streams"]);

pub(super) static OPERATIONS: &[&Operation] =
    &[&LIST.operation, &GET.operation, &CREATE.operation, &UPDATE.operation, &DELETE.operation];

/// Lists log streams.
#[must_use]
pub fn list() -> Request<Vec<LogStream>> {
    Request::new(&LIST, [])
}

/// Reads a log stream.
#[must_use]
pub fn get(id: &LogStreamId) -> Request<LogStream> {
    Request::new(&GET, [id.as_str()])
}

/// Creates a log stream.
#[must_use]
pub fn create(fields: Dictionary) -> Request<LogStream> {
    Request::new(&CREATE, []).fields(fields)
}

/// Sets fields of a log stream.
#[must_use]
pub fn update(id: &LogStreamId, fields: Dictionary) -> Request<LogStream> {
    Request::new(&UPDATE, [id.as_str()]).fields(fields)
}

/// Deletes a log stream.
#[must_use]
pub fn delete(id: &LogStreamId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}
