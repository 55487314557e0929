//! Event streams.

use super::{Endpoint, EventStreamId, Nothing, Operation, Page, Paging, Request};
use crate::Dictionary;

model! {
    /// An event stream. Its destination may hold a secret.
    EventStream {
        required {
            /// The id.
            id: EventStreamId,
        }
        maybe {
            /// The name.
            name: String,
            /// The types of events that it carries.
            subscriptions: Vec<Dictionary>,
            /// Where it leads.
            destination: Dictionary,
            /// `enabled` or `disabled`.
            status: String,
        }
    }
}
item!(EventStream, "eventStreams", id);

static LIST: Endpoint<Page<EventStream>, 0> = Endpoint::get("event_streams.list", "/event-streams")
    .scopes(&["read:event_streams"])
    .query(&["from", "take"])
    .paging(Paging::Checkpoint);
static GET: Endpoint<EventStream, 1> =
    Endpoint::get("event_streams.get", "/event-streams/{id}").scopes(&["read:event_streams"]);
static CREATE: Endpoint<EventStream, 0> = Endpoint::post("event_streams.create", "/event-streams")
    .scopes(&["create:event_streams"])
    .required(&["destination"]);
static UPDATE: Endpoint<EventStream, 1> =
    Endpoint::patch("event_streams.update", "/event-streams/{id}").scopes(&["update:event_streams"]);
static DELETE: Endpoint<Nothing, 1> =
    Endpoint::delete("event_streams.delete", "/event-streams/{id}").scopes(&["delete:event_streams"]);

pub(super) static OPERATIONS: &[&Operation] =
    &[&LIST.operation, &GET.operation, &CREATE.operation, &UPDATE.operation, &DELETE.operation];

/// Lists event streams.
#[must_use]
pub fn list() -> Request<Page<EventStream>> {
    Request::new(&LIST, [])
}

/// Reads an event stream.
#[must_use]
pub fn get(id: &EventStreamId) -> Request<EventStream> {
    Request::new(&GET, [id.as_str()])
}

/// Creates an event stream.
#[must_use]
pub fn create(fields: Dictionary) -> Request<EventStream> {
    Request::new(&CREATE, []).fields(fields)
}

/// Sets fields of an event stream.
#[must_use]
pub fn update(id: &EventStreamId, fields: Dictionary) -> Request<EventStream> {
    Request::new(&UPDATE, [id.as_str()]).fields(fields)
}

/// Deletes an event stream.
#[must_use]
pub fn delete(id: &EventStreamId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}
