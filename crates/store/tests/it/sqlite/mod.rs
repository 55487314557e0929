//! The suite on SQLite, and what only SQLite can get wrong: files, locks, the queue before the one writer.

mod child;
mod erasure;
mod files;
mod full_disk;
mod killed;
mod queue;

use std::{path::Path, sync::Arc};

use countersign_core::{Clock, Timestamp, testing::HeldClock};
use countersign_store::{Access, Store, StoreError};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::suite::Fresh;

suite!(crate::sqlite::fresh);

fn fresh() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    let raw = move |statement: &str| {
        let connection = raw(&folder, "countersign.db");
        connection.execute(statement, []).map(drop).map_err(|error| error.to_string())
    };
    Fresh { store, raw: Box::new(raw) }
}

/// Opens the store that owns `folder`, on a clock that stands still.
fn open(folder: impl AsRef<Path>) -> Result<Store, StoreError> {
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(Timestamp::from_seconds(1_755_676_800)));
    Store::open_sqlite(folder.as_ref(), Access::Own, &clock)
}

/// A connection of another program to one of the files.
fn raw(folder: &TempDir, file: &str) -> Connection {
    Connection::open(folder.path().join(file)).unwrap()
}
