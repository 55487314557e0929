//! Moving the write-ahead log into the database beside the writer, so that no commit waits for it.

use std::{cell::Cell, path::Path, sync::Arc, thread::JoinHandle, time::Duration};

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, OpenFlags};

use crate::StoreError;

/// New pages in the log after which it is moved on: 4 MiB, SQLite's own default.
const STEP_PAGES: u32 = 1_000;

/// How far the thread gives way to those that answer, as `nice` counts: a tenth of a processor where others want all of it, which is more
/// than moving the log takes, and all that is idle. Judgement.
const NICENESS: i32 = 10;

/// Pages in the log at which the writer moves the rest itself, so that the log begins anew: 32 MiB. By then the thread has
/// moved nearly all.
const MOST_PAGES: u32 = 8_000;

/// Pages in the log beyond which the writer waits at each commit for the thread to be done, and then moves the rest: where nobody leaves
/// the thread a processor, the log would grow without end.
const LIMIT_PAGES: u32 = 2 * MOST_PAGES;

/// How long at the most: decisions wait meanwhile. Judgement.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

thread_local! {
    /// Pages in the log after this thread's last commit.
    static PAGES: Cell<u32> = const { Cell::new(0) };
}

#[derive(Default)]
struct Wanted {
    is_due: bool,
    is_over: bool,
}

#[derive(Default)]
struct Shared {
    wanted: Mutex<Wanted>,
    wake: Condvar,
    /// Held while the thread moves the log.
    moving: Mutex<()>,
}

/// A thread that moves the log when told; dropping it ends the thread.
pub(super) struct Mover {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// Pages in the log when the thread was told last.
    told_at: u32,
}

impl Mover {
    /// Starts the thread with a connection of its own to the database at `path`.
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        // Pages must be on disk before the log that holds them is written over.
        connection.pragma_update(None, "synchronous", "FULL")?;
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("log-mover".to_owned())
            .spawn(move || run(&for_thread, &connection))
            .map_err(|error| StoreError::Unavailable(format!("no thread to move the log with: {error}")))?;
        Ok(Self { shared, thread: Some(thread), told_at: 0 })
    }

    /// Counts the pages that `writer` leaves in the log, in the place of SQLite's own moving after a commit.
    pub(super) fn watch(writer: &Connection) {
        writer.wal_hook(Some(|_, pages| {
            PAGES.set(u32::try_from(pages).unwrap_or(u32::MAX));
            Ok(())
        }));
    }

    /// Sees to the log after a commit of the watched `writer`; called on its thread.
    pub(super) fn after_commit(&mut self, writer: &Connection) {
        let pages = PAGES.get();
        if pages < self.told_at {
            self.told_at = 0;
        }
        if pages >= MOST_PAGES {
            // Why not for as long as it takes: decisions wait meanwhile, and the next commit tries again.
            let _its_end =
                (pages >= LIMIT_PAGES).then(|| self.shared.moving.try_lock_for(LONGEST_WAIT)).flatten();
            // Why: while the thread is at it this does nothing, and the next commit tries again.
            drop(move_log(writer));
        }
        if pages - self.told_at >= STEP_PAGES {
            self.told_at = pages;
            self.shared.wanted.lock().is_due = true;
            self.shared.wake.notify_one();
        }
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        self.shared.wanted.lock().is_over = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Lets the other threads go first: each burst of moving is milliseconds long, and nobody waits for it.
fn give_way() {
    // Why Linux alone: there each thread has a priority of its own. One that can't be set is as it was.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
}

fn run(shared: &Shared, connection: &Connection) {
    give_way();
    loop {
        let mut wanted = shared.wanted.lock();
        while !wanted.is_due && !wanted.is_over {
            shared.wake.wait(&mut wanted);
        }
        if wanted.is_over {
            return;
        }
        wanted.is_due = false;
        drop(wanted);
        let _moving = shared.moving.lock();
        // Why: what could not be moved now stays in the log, where it is as durable, until the next time.
        drop(move_log(connection));
    }
}

/// Moves what is in the log and keeps nobody from reading or writing meanwhile.
fn move_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::sqlite::open;

    /// Writes `pages` pages, one a commit.
    fn fill(writer: &Connection, mover: &mut Mover, pages: u32) {
        for _ in 0..pages {
            writer
                .execute(
                    "INSERT INTO outcomes VALUES ('t', hex(randomblob(16)), NULL, hex(zeroblob(1800)), 0)",
                    [],
                )
                .unwrap();
            mover.after_commit(writer);
        }
    }

    #[test]
    fn the_log_is_moved_while_the_writer_writes_and_does_not_grow_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let writer = open::writing(&path, open::RECORDS).unwrap();
        writer.pragma_update(None, "synchronous", "OFF").unwrap();
        let mut mover = Mover::start(&path).unwrap();
        Mover::watch(&writer);
        let bytes = |name: &str| fs::metadata(folder.path().join(name)).unwrap().len();
        let most = u64::from(LIMIT_PAGES + STEP_PAGES) * 4_120;
        fill(&writer, &mut mover, LIMIT_PAGES * 2);
        assert!(bytes("a.db") > most / 4, "{} bytes were moved", bytes("a.db"));
        assert!(bytes("a.db-wal") < most, "the log has {} bytes", bytes("a.db-wal"));
        drop(mover);
        drop(writer);
        assert!(!folder.path().join("a.db-wal").exists(), "what closes last moves all");
    }
}
