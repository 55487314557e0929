//! What the writing thread knows without reading: it alone changes it, so that it can't be wrong while commits succeed.

use rusqlite::Connection;

use super::{heads::Heads, known_profiles::Pending, requests::Requests};
use crate::StoreError;

#[derive(Default)]
pub(super) struct State {
    pub(super) heads: Heads,
    pub(super) requests: Requests,
    pub(super) profiles: Pending,
}

impl State {
    /// Forgets everything: the next use reads the database.
    pub(super) fn forget(&mut self) {
        self.heads.forget();
        self.requests.forget();
        self.profiles.forget();
    }

    /// A job begins: what it changes may be undone.
    pub(super) fn begin(&mut self) {
        self.heads.begin();
        self.requests.begin();
        self.profiles.begin();
    }

    /// Undoes what the job changed.
    pub(super) fn undo(&mut self) {
        self.heads.undo();
        self.requests.undo();
        self.profiles.undo();
    }

    /// The transaction is on disk.
    pub(super) fn committed(&mut self) {
        self.profiles.publish();
    }

    /// Writes what is only in memory so far, before the transaction ends.
    pub(super) fn store(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.requests.store(connection)?;
        self.heads.store(connection)
    }

    /// Writes what a savepoint that begins now must not undo.
    pub(super) fn store_before_savepoint(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.requests.store(connection)
    }
}
