//! The suite on SQLite, and what only SQLite can get wrong: files, locks, the queue before the one writer.

mod apart;
mod backup;
pub mod child;
mod erasure;
mod files;
mod full_disk;
mod killed;
mod queue;

use std::{path::Path, pin::Pin, sync::Arc};

use countersign_core::{Clock, Timestamp, testing::HeldClock};
use countersign_store::{Access, Store, StoreError};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::suite::Fresh;

suite!(crate::sqlite::fresh);

async fn fresh() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    let path = folder.path().join("countersign.db");
    let raw = move |statement: &str| {
        let done = Connection::open(&path).and_then(|connection| connection.execute(statement, []));
        let answer: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(std::future::ready(done.map(drop).map_err(|error| error.to_string())));
        answer
    };
    Fresh { store, raw: Box::new(raw), _guard: Box::new(folder) }
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
