//! What a server's refusals mean; nothing of what a statement carried is repeated.

use crate::StoreError;

/// A lock was not free in time (PostgreSQL documentation, appendix A).
const LOCKED: &str = "55P03";

/// Values were refused: cardinality, data and integrity, and what a trigger raises (appendix A). The message may hold them.
const VALUES: [&str; 4] = ["21", "22", "23", "P0"];

/// Why work on an open transaction did not end well.
#[derive(Debug)]
pub(super) enum Trouble {
    /// This commit can't be; the others of its batch can.
    Refused(StoreError),
    /// The transaction is over; unless said otherwise nothing of it was kept.
    Failed { error: StoreError, again: Again },
}

/// What may go better than the transaction that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// Nothing, or what was kept is not known.
    Never,
    /// The same on another connection, or at another moment.
    Whole,
    /// Each tenant by itself: one of them is held up elsewhere.
    Apart,
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        if is_about_values(&code(&error)) {
            return Self::Refused(error.into());
        }
        let again = if is_lost(&error) || is_beaten(&error) {
            Again::Whole
        } else if code(&error) == LOCKED {
            Again::Apart
        } else {
            Again::Never
        };
        Self::Failed { error: error.into(), again }
    }
}

fn code(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.map(std::borrow::Cow::into_owned).unwrap_or_default()
}

fn is_about_values(code: &str) -> bool {
    VALUES.iter().any(|class| code.starts_with(class))
}

/// Whether the connection went, not the server's answer.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // Connection exceptions, and a server that shuts down or starts (appendix A, classes 08 and 57P0x).
        sqlx::Error::Database(_) => {
            let code = code(error);
            code.starts_with("08") || matches!(code.as_str(), "57P01" | "57P02" | "57P03" | "25P03")
        }
        _ => false,
    }
}

/// Whether another transaction was preferred: a serialization failure or a deadlock.
fn is_beaten(error: &sqlx::Error) -> bool {
    matches!(code(error).as_str(), "40001" | "40P01")
}

/// Whether there is no database of that name.
pub(super) fn is_missing(error: &sqlx::Error) -> bool {
    code(error) == "3D000"
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = code(&error);
        match &error {
            // What the values were may stand in the message of these; their class says enough.
            sqlx::Error::Database(_)
                if ["21", "22", "23", "P0"].iter().any(|class| code.starts_with(class)) =>
            {
                Self::Corrupt(format!("the server refused values, SQLSTATE `{code}`"))
            }
            sqlx::Error::Database(answer) => {
                let text = format!("{}, SQLSTATE `{code}`", answer.message());
                // XX: damaged files; 42: a table that is not as it must be.
                if code.starts_with("XX") || code.starts_with("42") && code != "42501" {
                    Self::Corrupt(text)
                } else {
                    Self::Unavailable(text)
                }
            }
            sqlx::Error::Io(cause) => Self::Unavailable(format!("the connection to the server: {cause}")),
            sqlx::Error::Tls(cause) => Self::Unavailable(format!("the connection to the server: {cause}")),
            sqlx::Error::PoolTimedOut => Self::Unavailable("no connection to the server in time".to_owned()),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::TypeNotFound { .. } => {
                Self::Corrupt("a column is not of its type".to_owned())
            }
            sqlx::Error::Configuration(_) => {
                Self::Unavailable("the database's address can't be used".to_owned())
            }
            _ => Self::Unavailable("the connection to the server broke".to_owned()),
        }
    }
}
