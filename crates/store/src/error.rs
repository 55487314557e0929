//! What can go wrong with a database; callers can tell what is worth trying again.

/// Which uniqueness a write ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// A signed request with this id was seen before.
    Request,
    /// A record with this id exists.
    Record,
    /// This outcome was reported before.
    Outcome,
    /// A checkpoint of this size exists.
    Checkpoint,
}

/// A database operation that did not happen. Absence is never an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// What was to be new exists.
    #[error("what was to be new exists already: {0:?}")]
    Conflict(Conflict),
    /// A row changed since it was read; read it again.
    #[error("the row changed since it was read")]
    Stale,
    /// Another process holds the lease by now; nothing was written.
    #[error("the lease was lost to another process")]
    Fenced,
    /// The work was not begun before its deadline; nothing was written.
    #[error("the work was not begun before its deadline")]
    Expired,
    /// Another process owns the folder of the database.
    #[error("`{0}` is in use by another process")]
    InUse(String),
    /// The database can't be used now: locked, full, read-only or gone.
    #[error("the database can't be used now: {0}")]
    Unavailable(String),
    /// The database holds what can't be, or is not ours.
    #[error("the database is not as it must be: {0}")]
    Corrupt(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{ConstraintViolation, DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            // Where a conflict can be met the statement says so itself; any other violation should be impossible.
            Some(DatabaseCorrupt | NotADatabase | ConstraintViolation) => Self::Corrupt(error.to_string()),
            Some(_) => Self::Unavailable(error.to_string()),
            None => Self::Corrupt(error.to_string()),
        }
    }
}
