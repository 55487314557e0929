//! Refresh tokens, by their ids.

use countersign_core::ClientId;

use super::{Endpoint, Nothing, Operation, Page, Paging, RefreshTokenId, Request, UserId};
use crate::{Dictionary, Json};

model! {
    /// A refresh token, without the token.
    RefreshToken {
        required {
            /// The id.
            id: RefreshTokenId,
        }
        maybe {
            /// Whose it is.
            user_id: UserId,
            /// The application that holds it.
            client_id: ClientId,
            /// The session that it came of, if that is known.
            session_id: Json,
            /// When it was given out.
            created_at: Json,
            /// From where it was last used.
            device: Dictionary,
        }
    }
}
item!(RefreshToken, "tokens", id);

static LIST: Endpoint<Page<RefreshToken>, 1> =
    Endpoint::get("refresh_tokens.list", "/users/{user_id}/refresh-tokens")
        .scopes(&["read:refresh_tokens"])
        .query(&["from", "take"])
        .paging(Paging::Checkpoint);
static GET: Endpoint<RefreshToken, 1> =
    Endpoint::get("refresh_tokens.get", "/refresh-tokens/{id}").scopes(&["read:refresh_tokens"]);
static DELETE_ALL: Endpoint<Nothing, 1> =
    Endpoint::delete("refresh_tokens.delete_all", "/users/{user_id}/refresh-tokens")
        .scopes(&["delete:refresh_tokens"]);
static DELETE: Endpoint<Nothing, 1> =
    Endpoint::delete("refresh_tokens.delete", "/refresh-tokens/{id}").scopes(&["delete:refresh_tokens"]);

pub(super) static OPERATIONS: &[&Operation] =
    &[&LIST.operation, &GET.operation, &DELETE_ALL.operation, &DELETE.operation];

/// Lists a user's refresh tokens.
#[must_use]
pub fn list(user: &UserId) -> Request<Page<RefreshToken>> {
    Request::new(&LIST, [user.as_str()])
}

/// Reads what is known of a refresh token.
#[must_use]
pub fn get(id: &RefreshTokenId) -> Request<RefreshToken> {
    Request::new(&GET, [id.as_str()])
}

/// Revokes all of a user's refresh tokens, some time after the answer.
#[must_use]
pub fn delete_all(user: &UserId) -> Request<Nothing> {
    Request::new(&DELETE_ALL, [user.as_str()])
}

/// Revokes a refresh token.
#[must_use]
pub fn delete(id: &RefreshTokenId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}
