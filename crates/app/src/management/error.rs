//! Why a request came to nothing. No error holds a token, a secret, a body or a parameter of the path.

use countersign_auth0::ShapeError;

use super::{After, Asked};

/// What the API said against a request. Its message is cut to a bound, and holds nothing of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status, such as 404.
    pub status: u16,
    /// The status in words, as the API gave it.
    pub error: String,
    /// The API's word for what was wrong, such as `inexistent_user`, if it gave one.
    pub code: Option<String>,
    /// What was wrong in words.
    pub message: String,
}

/// What is wrong with a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not come, or the clock of this machine is slow.
    #[error("it is not valid yet")]
    NotYet,
    /// It is for another host.
    #[error("it is for another name")]
    OtherName,
    /// No known authority vouches for it.
    #[error("no known authority vouches for it")]
    Authority,
    /// Something else.
    #[error("it is not a good one")]
    Other,
}

/// Why there was no answer, or none that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// No connection could be made.
    #[error("it can't be reached")]
    Unreachable,
    /// The server showed a certificate that is not taken, so that nothing was sent.
    #[error("its certificate is not taken: {0}")]
    Certificate(Flaw),
    /// The connection broke before the answer was whole.
    #[error("the connection broke")]
    Broken,
    /// There was no answer in time.
    #[error("there was no answer in time")]
    Late,
    /// The API failed with this status.
    #[error("it answered with status {0}")]
    Status(u16),
    /// The answer is not JSON.
    #[error("the answer is not JSON")]
    Nonsense,
    /// The answer is longer than may be.
    #[error("the answer is too long")]
    TooLong,
    /// The answer leads elsewhere, where nobody follows.
    #[error("the answer leads elsewhere")]
    Redirect,
    /// The tenant gave no token: the client is unknown, or its credentials are not taken.
    #[error("the client's credentials are not taken")]
    Credentials,
    /// The tenant gave no token now.
    #[error("no token can be had now")]
    NoToken,
    /// The tenant gave a token with more scopes than were asked for, which is not used.
    #[error(
        "the tenant gave the client more scopes than it asked for: take from its grant what it must not have"
    )]
    TooMuch,
}

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The API refused.
    #[error("`{0}` was refused with status {status}: {message}", .operation.name, status = .refusal.status, message = .refusal.message)]
    Refused {
        /// What was asked for.
        operation: Asked,
        /// What the API said.
        refusal: Refusal,
    },
    /// The client has none of the scopes that allow it.
    #[error("`{0}` needs one of the scopes {1:?}", .operation.name, .operation.scopes)]
    Scope {
        /// What was asked for.
        operation: Asked,
    },
    /// There were too many requests, again and again.
    #[error("`{0}` has to wait: too many requests", .operation.name)]
    Limited {
        /// What was asked for.
        operation: Asked,
        /// How long to wait.
        after: After,
    },
    /// Nobody knows whether a write was done: look before it is sent again.
    #[error("nobody knows whether `{0}` was done: {why}", .operation.name)]
    Unknown {
        /// What was asked for.
        operation: Asked,
        /// Why nobody knows.
        why: Why,
    },
    /// There was no answer that can be used. What was asked for can be asked again.
    #[error("`{0}` had no answer: {why}", .operation.name)]
    Unavailable {
        /// What was asked for.
        operation: Asked,
        /// Why.
        why: Why,
    },
    /// The API gave so many answers that are none that it is left alone for a while.
    #[error("`{0}` was not sent: the tenant is left alone for a while", .operation.name)]
    Paused {
        /// What was asked for.
        operation: Asked,
    },
    /// As many requests wait as may.
    #[error("`{0}` was not sent: too many requests are waiting", .operation.name)]
    Busy {
        /// What was asked for.
        operation: Asked,
    },
    /// The answer has another shape than the operation's.
    #[error("`{0}` was answered in another shape: {shape}", .operation.name)]
    Shape {
        /// What was asked for.
        operation: Asked,
        /// Where and how.
        shape: ShapeError,
    },
    /// The intent could not be recorded, so that nothing was sent.
    #[error("`{0}` was not sent: it could not be recorded", .operation.name)]
    Unrecorded {
        /// What was asked for.
        operation: Asked,
    },
    /// The request writes, and was to be sent as one that reads; or the other way round.
    #[error("`{0}` was not sent: what writes needs a cause, and what reads has none", .operation.name)]
    NotRead {
        /// What was asked for.
        operation: Asked,
    },
    /// The request's path or query is not the operation's.
    #[error("`{0}` was not sent: its path or query is not the operation's", .operation.name)]
    Malformed {
        /// What was asked for.
        operation: Asked,
    },
    /// A list ends at 1,000 items, and there are more.
    #[error("`{0}` lists 1,000 items at the most, and there are more", .operation.name)]
    TooMany {
        /// What was asked for.
        operation: Asked,
    },
    /// A list repeats a page without end.
    #[error("`{0}` repeats a page", .operation.name)]
    Repeating {
        /// What was asked for.
        operation: Asked,
    },
    /// A list changes faster than it can be read.
    #[error("`{0}` changes while it is read, again and again", .operation.name)]
    Unsettled {
        /// What was asked for.
        operation: Asked,
    },
}
