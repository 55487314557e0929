//! Sessions.

use serde_json::json;

use super::{Endpoint, Nothing, Operation, Page, Paging, Request, SessionId, UserId};
use crate::{Dictionary, Json};

model! {
    /// A session.
    Session {
        required {
            /// The id.
            id: SessionId,
        }
        maybe {
            /// Whose it is.
            user_id: UserId,
            /// When it began.
            created_at: Json,
            /// When the user last did something in it.
            last_interacted_at: Json,
            /// When it ends at the latest.
            expires_at: Json,
            /// From where it was begun and last used.
            device: Dictionary,
            /// The applications logged in to in it.
            clients: Vec<Dictionary>,
        }
    }
}
item!(Session, "sessions", id);

static LIST: Endpoint<Page<Session>, 1> = Endpoint::get("sessions.list", "/users/{user_id}/sessions")
    .scopes(&["read:sessions"])
    .query(&["from", "take"])
    .paging(Paging::Checkpoint);
static GET: Endpoint<Session, 1> = Endpoint::get("sessions.get", "/sessions/{id}").scopes(&["read:sessions"]);
static DELETE_ALL: Endpoint<Nothing, 1> =
    Endpoint::delete("sessions.delete_all", "/users/{user_id}/sessions").scopes(&["delete:sessions"]);
static DELETE: Endpoint<Nothing, 1> =
    Endpoint::delete("sessions.delete", "/sessions/{id}").scopes(&["delete:sessions"]);
static REVOKE: Endpoint<Nothing, 1> = Endpoint::post("sessions.revoke", "/sessions/{id}/revoke")
    .scopes(&["delete:sessions", "delete:refresh_tokens"])
    .repeatable();
static REVOKE_ACCESS: Endpoint<Nothing, 1> =
    Endpoint::post("sessions.revoke_access", "/users/{id}/revoke-access")
        .scopes(&["delete:sessions", "delete:refresh_tokens"])
        .repeatable();

pub(super) static OPERATIONS: &[&Operation] = &[
    &LIST.operation,
    &GET.operation,
    &DELETE_ALL.operation,
    &DELETE.operation,
    &REVOKE.operation,
    &REVOKE_ACCESS.operation,
];

/// Lists a user's sessions.
#[must_use]
pub fn list(user: &UserId) -> Request<Page<Session>> {
    Request::new(&LIST, [user.as_str()])
}

/// Reads a session.
#[must_use]
pub fn get(id: &SessionId) -> Request<Session> {
    Request::new(&GET, [id.as_str()])
}

/// Ends all of a user's sessions, some time after the answer; refresh tokens go on.
#[must_use]
pub fn delete_all(user: &UserId) -> Request<Nothing> {
    Request::new(&DELETE_ALL, [user.as_str()])
}

/// Ends a session; refresh tokens go on.
#[must_use]
pub fn delete(id: &SessionId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}

/// Ends a session and the refresh tokens that came of it.
#[must_use]
pub fn revoke(id: &SessionId) -> Request<Nothing> {
    Request::new(&REVOKE, [id.as_str()])
}

/// Ends all of a user's sessions and refresh tokens, some time after the answer; access tokens go on until they expire.
#[must_use]
pub fn revoke_access(user: &UserId) -> Request<Nothing> {
    Request::new(&REVOKE_ACCESS, [user.as_str()]).json(json!({}))
}
