use std::{
    cell::Cell,
    pin::Pin,
    sync::mpsc,
    task::{Context, Waker},
};

use countersign_core::{TenantId, Timestamp, testing::HeldClock};
use tempfile::TempDir;

use super::*;
use crate::{
    Commit, Committed, Conflict, NewBody, NewLeaf, Write,
    sqlite::{heads, open, records},
};

struct Bench {
    writer: Writer,
    clock: Arc<HeldClock>,
    ran: Arc<Mutex<Vec<u32>>>,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = open::writing(&folder.path().join("a.db"), open::RECORDS).unwrap();
        let clock = Arc::new(HeldClock::at(Timestamp::from_seconds(1)));
        let writer = Writer::start("test", connection, clock.clone()).unwrap();
        Self { writer, clock, ran: Arc::default(), folder }
    }

    /// Queues a job that notes `number` when it runs.
    fn note(
        &self,
        number: u32,
        urgency: Urgency,
        expires_at: Option<Duration>,
    ) -> Pin<Box<impl Future<Output = Result<(), StoreError>>>> {
        let ran = Arc::clone(&self.ran);
        queued(self.writer.submit(urgency, expires_at, move |_, _| {
            ran.lock().push(number);
            Ok(())
        }))
    }

    /// Makes the thread stand still inside a job, so that what is queued meanwhile is seen by its next batch.
    fn hold(&self) -> mpsc::Sender<()> {
        let (started, has_started) = mpsc::channel();
        let (release, is_released) = mpsc::channel();
        drop(queued(self.writer.submit(Urgency::Background, None, move |_, _| {
            started.send(()).unwrap();
            is_released.recv().unwrap();
            Ok(())
        })));
        has_started.recv().unwrap();
        release
    }

    async fn append(&self, record_id: &str, bytes: usize) -> Result<u64, StoreError> {
        let tenant: TenantId = "t".parse().unwrap();
        let bodies = vec![NewBody { key_id: "key_1".to_owned(), sealed: vec![7; bytes] }];
        let leaf = NewLeaf {
            at: Timestamp::default(),
            record_id: record_id.to_owned(),
            leaf: b"leaf".to_vec(),
            bodies,
        };
        let commit = Commit { leaves: vec![leaf], ..Commit::background(tenant) };
        let work =
            move |connection: &Connection, state: &mut State| records::apply(connection, state, &commit);
        self.writer.submit(Urgency::Background, None, work).await.map(|committed| committed.first_index)
    }

    async fn set(&self, pragma: &'static str, value: i64) {
        let work =
            move |connection: &Connection, _: &mut State| Ok(connection.pragma_update(None, pragma, value)?);
        self.writer.submit(Urgency::Background, None, work).await.unwrap();
    }

    /// How many transactions that write something the thread has committed since this was called first.
    async fn commits(&self) -> u32 {
        thread_local! {
            static COMMITS: Cell<u32> = const { Cell::new(0) };
        }
        let count = |connection: &Connection, _: &mut State| {
            connection.wal_hook(Some(|_, _| {
                COMMITS.set(COMMITS.get() + 1);
                Ok(())
            }));
            Ok(COMMITS.get())
        };
        self.writer.submit(Urgency::Background, None, count).await.unwrap()
    }

    /// Rows of `table`, and the size of the stored head, as another connection sees them.
    fn on_disk(&self, table: &str) -> (i64, u64) {
        let connection = open::reading(&self.folder.path().join("a.db"), open::RECORDS).unwrap();
        let count =
            connection.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        (count, heads::read_head(&connection, &"t".parse().unwrap()).unwrap().frontier.size())
    }
}

fn queued<F: Future>(work: F) -> Pin<Box<F>> {
    let mut work = Box::pin(work);
    assert!(work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    work
}

#[tokio::test]
async fn decisions_come_first_and_leave_background_work_its_share() {
    let bench = Bench::new();
    let release = bench.hold();
    let background: Vec<_> = (0..300).map(|n| bench.note(n, Urgency::Background, None)).collect();
    let decisions: Vec<_> = (1_000..1_600).map(|n| bench.note(n, Urgency::Decision, None)).collect();
    release.send(()).unwrap();
    for answer in background.into_iter().chain(decisions) {
        answer.await.unwrap();
    }
    // What was held has one place; where many decisions wait, the others have their most.
    let (batch, most) = (u32::try_from(BATCH).unwrap(), u32::try_from(MOST_OTHERS).unwrap());
    let full = 1_000 + batch - 1 + batch - most;
    let expected: Vec<u32> = (1_000..full).chain(0..most).chain(full..1_600).chain(most..300).collect();
    assert_eq!(*bench.ran.lock(), expected);
}

#[tokio::test]
async fn a_transaction_ends_after_its_turn_however_much_waits() {
    let bench = Bench::new();
    let before = bench.commits().await;
    let release = bench.hold();
    let pieces: Vec<_> = [TURN, TURN / 2, TURN / 2, TURN]
        .into_iter()
        .map(|lasts| {
            let clock = Arc::clone(&bench.clock);
            queued(bench.writer.submit(Urgency::Background, None, move |connection, _| {
                connection.execute("INSERT INTO findings VALUES (hex(randomblob(8)), '')", [])?;
                clock.advance(lasts);
                Ok(())
            }))
        })
        .collect();
    release.send(()).unwrap();
    for piece in pieces {
        piece.await.unwrap();
    }
    assert_eq!(bench.commits().await - before, 3, "the first, the two halves, the last");
}

#[tokio::test]
async fn what_a_decision_waits_for_is_ended_at_once_and_other_work_is_short_while_they_come() {
    let bench = Bench::new();
    for (with_decision, commits) in [(true, 3), (false, 1)] {
        let before = bench.commits().await;
        let release = bench.hold();
        let write = |lasts| {
            let clock = Arc::clone(&bench.clock);
            move |connection: &Connection, _: &mut State| {
                connection.execute("INSERT INTO findings VALUES (hex(randomblob(8)), '')", [])?;
                clock.advance(lasts);
                Ok(())
            }
        };
        let queue = |urgency, lasts: Duration| queued(bench.writer.submit(urgency, None, write(lasts)));
        let mut jobs: Vec<_> = (0..4).map(|_| queue(Urgency::Background, SHORT_TURN / 2)).collect();
        jobs.extend(with_decision.then(|| queue(Urgency::Decision, Duration::ZERO)));
        release.send(()).unwrap();
        for job in jobs {
            job.await.unwrap();
        }
        let done = bench.commits().await - before;
        assert_eq!(done, commits, "the decision alone, then two pieces at a time; without one all four");
        bench.clock.advance(LATELY);
    }
}

#[test]
fn a_few_decisions_wait_for_a_piece_every_other_time_and_many_take_their_share_along() {
    let mut pace = Pace::default();
    let mut shares = Vec::new();
    for decisions in [1, 1, 1, 7, SHARE, 3, 0, 1_000, 1] {
        let share = pace.share(decisions);
        let (has_decisions, has_others) = (decisions > 0, share > 0);
        let batch = Batch { jobs: Vec::new(), has_decisions, has_others, sync: Duration::ZERO };
        pace.done(&batch, Duration::ZERO);
        shares.push(share);
    }
    assert_eq!(shares, [1, 0, 1, 0, 1, 0, 1, MOST_OTHERS, 0]);
}

#[test]
fn the_slower_the_disk_the_more_other_work_comes_along() {
    let (ms, at) = (Duration::from_millis, Duration::ZERO);
    let after = |has_others, sync| {
        let mut pace = Pace::default();
        pace.done(&Batch { jobs: Vec::new(), has_decisions: true, has_others, sync }, at);
        pace
    };
    assert_eq!(Pace::default().turn(false, at), TURN);
    for (sync, beside, between) in [(ms(0), ms(0), SHORT_TURN), (ms(4), ms(4) / OF_SYNC, ms(4) / OF_SYNC)] {
        assert_eq!(after(false, sync).turn(true, at), beside);
        assert_eq!(after(true, sync).turn(true, at), Duration::ZERO, "every other time");
        assert_eq!(after(true, sync).turn(false, at), between);
        assert_eq!(after(true, sync).turn(false, LATELY), TURN, "no decisions come");
    }
}

#[tokio::test]
async fn a_job_that_expired_in_the_queue_is_not_begun() {
    let bench = Bench::new();
    let now = bench.clock.monotonic();
    let release = bench.hold();
    let late = bench.note(1, Urgency::Decision, Some(now + Duration::from_millis(5)));
    let in_time = bench.note(2, Urgency::Decision, Some(now + Duration::from_millis(6)));
    bench.clock.advance(Duration::from_millis(5));
    release.send(()).unwrap();
    assert_eq!(late.await, Err(StoreError::Expired));
    assert_eq!(in_time.await, Ok(()));
    assert_eq!(*bench.ran.lock(), [2]);
}

#[tokio::test]
async fn a_job_that_expires_while_its_batch_runs_is_not_begun() {
    let bench = Bench::new();
    let end = bench.clock.monotonic() + Duration::from_millis(5);
    let release = bench.hold();
    let clock = Arc::clone(&bench.clock);
    let slow = queued(bench.writer.submit(Urgency::Decision, Some(end), move |_, _| {
        clock.advance(Duration::from_millis(5));
        Ok(())
    }));
    let late = bench.note(1, Urgency::Decision, Some(end));
    let patient = bench.note(2, Urgency::Decision, None);
    release.send(()).unwrap();
    assert_eq!((slow.await, late.await, patient.await), (Ok(()), Err(StoreError::Expired), Ok(())));
    assert_eq!(*bench.ran.lock(), [2]);
}

#[tokio::test]
async fn a_flood_of_one_tenant_holds_up_no_other() {
    let bench = Bench::new();
    let release = bench.hold();
    let note = |number: u32, tenant: &str| {
        let ran = Arc::clone(&bench.ran);
        queued(bench.writer.submit_of(Some(tenant.parse().unwrap()), Urgency::Decision, None, move |_, _| {
            ran.lock().push(number);
            Ok(())
        }))
    };
    let flood: Vec<_> = (0..QUEUE).map(|_| note(1, "loud")).collect();
    let quiet = note(2, "quiet");
    release.send(()).unwrap();
    quiet.await.unwrap();
    for answer in flood {
        answer.await.unwrap();
    }
    let ran = bench.ran.lock();
    assert_eq!(
        ran.iter().position(|number| *number == 2),
        Some(1),
        "one of the flood, then theirs, though the queue was full"
    );
    assert_eq!(ran.len(), QUEUE + 1);
}

#[tokio::test]
async fn a_long_delivery_holds_up_nothing_else_of_its_tenant() {
    let bench = Bench::new();
    let release = bench.hold();
    let tenant: TenantId = "t".parse().unwrap();
    let piece = |number: u32| {
        let ran = Arc::clone(&bench.ran);
        let done = move |_: &Connection, _: &mut State| {
            ran.lock().push(number);
            Ok(())
        };
        bench.writer.send_piece(tenant.clone(), done).unwrap()
    };
    let pieces: Vec<_> = (1..=300).map(piece).collect();
    let ran = Arc::clone(&bench.ran);
    let other =
        queued(bench.writer.submit_of(Some(tenant.clone()), Urgency::Background, None, move |_, _| {
            ran.lock().push(1_000);
            Ok(())
        }));
    release.send(()).unwrap();
    other.await.unwrap();
    for piece in pieces {
        piece.wait().await.unwrap();
    }
    let ran = bench.ran.lock();
    assert_eq!(ran.iter().position(|number| *number == 1_000), Some(1), "after one piece");
    assert!(ran.iter().filter(|number| **number < 1_000).is_sorted(), "pieces in their order");
}

#[tokio::test]
async fn a_full_queue_answers_at_once_and_serves_what_it_took() {
    let bench = Bench::new();
    let release = bench.hold();
    let taken: Vec<_> = (0..QUEUE).map(|_| bench.note(1, Urgency::Background, None)).collect();
    let mut refused = Box::pin(bench.writer.submit(Urgency::Background, None, |_, _| Ok(())));
    let answer = refused.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(answer, std::task::Poll::Ready(Err(StoreError::Unavailable(_)))));
    // Decisions have a lane of their own.
    let urgent = bench.note(2, Urgency::Decision, None);
    release.send(()).unwrap();
    for answer in taken {
        answer.await.unwrap();
    }
    urgent.await.unwrap();
    assert_eq!(bench.ran.lock().len(), QUEUE + 1);
    bench.append("after", 1).await.unwrap();
}

#[tokio::test]
async fn dropping_the_writer_serves_what_is_queued() {
    let bench = Bench::new();
    let release = bench.hold();
    let waiting = {
        let writer = &bench.writer;
        let ran = Arc::clone(&bench.ran);
        let (reply, answer) = oneshot::channel();
        let work = move |_: &Connection, _: &mut State| {
            ran.lock().push(1);
            Ok(())
        };
        writer
            .push(
                (None, false),
                Urgency::Background,
                Box::new(Task { work: Some(work), result: None, expires_at: None, is_whole: false, reply }),
            )
            .unwrap();
        answer
    };
    release.send(()).unwrap();
    let Bench { writer, ran, .. } = bench;
    drop(writer);
    assert_eq!(waiting.await.unwrap(), Ok(()));
    assert_eq!(*ran.lock(), [1]);
}

#[tokio::test]
async fn work_whose_caller_gave_up_is_done_all_the_same() {
    let bench = Bench::new();
    let release = bench.hold();
    drop(queued(bench.append("given up", 1)));
    release.send(()).unwrap();
    assert_eq!(bench.append("next", 1).await, Ok(1));
    assert_eq!(bench.on_disk("records"), (2, 2));
}

#[tokio::test]
async fn a_panic_leaves_nobody_waiting_and_nothing_written() {
    let bench = Bench::new();
    bench.append("before", 1).await.unwrap();
    let release = bench.hold();
    let before = queued(bench.append("same batch", 1));
    let panics =
        queued(bench.writer.submit::<(), _>(Urgency::Background, None, |_, _| panic!("as a test wants it")));
    let queued_behind: Vec<_> = (0..BATCH).map(|_| bench.note(1, Urgency::Background, None)).collect();
    release.send(()).unwrap();
    assert!(matches!(before.await, Err(StoreError::Unavailable(_))));
    assert!(matches!(panics.await, Err(StoreError::Unavailable(_))));
    for answer in queued_behind {
        let answer = tokio::time::timeout(Duration::from_secs(10), answer).await;
        assert!(matches!(answer, Ok(Err(StoreError::Unavailable(_)))), "{answer:?}");
    }
    assert!(matches!(bench.append("after", 1).await, Err(StoreError::Unavailable(_))));
    assert_eq!(bench.on_disk("records"), (1, 1));
}

/// A decision's commit: its leaf, its request and an unlimited time.
fn decided(record_id: &str, request: &str) -> Commit {
    let leaf = NewLeaf {
        at: Timestamp::default(),
        record_id: record_id.to_owned(),
        leaf: b"leaf".to_vec(),
        bodies: Vec::new(),
    };
    let request = Write::Request { id: request.to_owned(), at: Timestamp::default() };
    Commit { leaves: vec![leaf], writes: vec![request], ..Commit::background("t".parse().unwrap()) }
}

async fn submit_whole(writer: &Writer, commit: Commit) -> Result<Committed, StoreError> {
    assert!(records::is_whole(&commit));
    let work = move |connection: &Connection, state: &mut State| records::apply(connection, state, &commit);
    writer.submit_whole(None, Urgency::Decision, None, work).await
}

#[tokio::test]
async fn what_is_refused_without_a_savepoint_undoes_nothing_of_the_others() {
    let bench = Bench::new();
    let submit = |commit: Commit| submit_whole(&bench.writer, commit);
    let release = bench.hold();
    let all = [("a", "one"), ("b", "one"), ("a", "two"), ("c", "three")];
    let all = all.map(|(record, request)| queued(submit(decided(record, request))));
    release.send(()).unwrap();
    let mut ends = Vec::new();
    for end in all {
        ends.push(end.await.map(|committed| committed.first_index));
    }
    let refused = [Conflict::Request, Conflict::Record].map(|conflict| Err(StoreError::Conflict(conflict)));
    assert_eq!(ends, [&[Ok(0)], &refused[..], &[Ok(1)]].concat());
    assert_eq!((bench.on_disk("records"), bench.on_disk("requests").0), ((2, 2), 1));
    // The request of the refused record was not answered, and may come again.
    assert_eq!(submit(decided("d", "two")).await.map(|committed| committed.first_index), Ok(2));
}

#[tokio::test]
async fn work_that_changes_something_and_fails_without_a_savepoint_takes_its_batch_with_it() {
    let bench = Bench::new();
    bench.append("before", 1).await.unwrap();
    let release = bench.hold();
    let other = queued(bench.append("same batch", 1));
    let fails =
        queued(bench.writer.submit_whole::<(), _>(None, Urgency::Background, None, |connection, _| {
            connection.execute("INSERT INTO silence_cursors VALUES ('t', 1)", [])?;
            Err(StoreError::Stale)
        }));
    release.send(()).unwrap();
    assert_eq!((other.await, fails.await), (Err(StoreError::Stale), Err(StoreError::Stale)));
    assert_eq!((bench.on_disk("records"), bench.on_disk("silence_cursors").0), ((1, 1), 0));
    assert_eq!(bench.append("after", 1).await, Ok(1));
}

#[tokio::test]
async fn requests_of_a_batch_are_known_after_a_start() {
    let mut bench = Bench::new();
    let release = bench.hold();
    let both = [("a", "one"), ("b", "two")];
    let both = both.map(|(record, request)| queued(submit_whole(&bench.writer, decided(record, request))));
    release.send(()).unwrap();
    for end in both {
        end.await.unwrap();
    }
    let connection = open::writing(&bench.folder.path().join("a.db"), open::RECORDS).unwrap();
    bench.writer = Writer::start("again", connection, bench.clock.clone()).unwrap();
    for request in ["one", "two"] {
        let end = submit_whole(&bench.writer, decided("c", request)).await;
        assert!(matches!(end, Err(StoreError::Conflict(Conflict::Request))), "{request}");
    }
    assert!(submit_whole(&bench.writer, decided("c", "three")).await.is_ok());
}

#[tokio::test]
async fn a_full_disk_refuses_and_is_recovered_from() {
    let bench = Bench::new();
    bench.append("before", 10).await.unwrap();
    // SQLite reports its own limit of pages as it reports a full disk: SQLITE_FULL, which ends the transaction.
    bench.set("max_page_count", 1).await;
    let release = bench.hold();
    let small = queued(bench.append("small", 10));
    let large = queued(bench.append("large", 1_000_000));
    release.send(()).unwrap();
    let (small, large) = (small.await, large.await);
    assert!(matches!(&large, Err(StoreError::Unavailable(reason)) if reason.contains("full")), "{large:?}");
    let acknowledged = 1 + u64::from(small.is_ok());
    assert_eq!(bench.on_disk("records"), (i64::try_from(acknowledged).unwrap(), acknowledged));
    assert_eq!(bench.on_disk("records").0, i64::try_from(acknowledged).unwrap());
    bench.set("max_page_count", 1_000_000).await;
    assert_eq!(bench.append("large", 1_000_000).await, Ok(acknowledged));
    assert_eq!(bench.on_disk("records").1, acknowledged + 1);
}

#[tokio::test]
async fn a_database_that_turned_read_only_refuses_and_is_recovered_from() {
    let mut bench = Bench::new();
    bench.append("before", 1).await.unwrap();
    // SQLite answers with SQLITE_READONLY, as it does when the file or its file system is.
    bench.set("query_only", 1).await;
    for _ in 0..2 {
        let answer = bench.append("refused", 1).await;
        assert!(
            matches!(&answer, Err(StoreError::Unavailable(reason)) if reason.contains("readonly")),
            "{answer:?}"
        );
    }
    assert_eq!(bench.on_disk("records"), (1, 1));
    let connection = open::writing(&bench.folder.path().join("a.db"), open::RECORDS).unwrap();
    bench.writer = Writer::start("again", connection, bench.clock.clone()).unwrap();
    assert_eq!(bench.append("after", 1).await, Ok(1));
    assert_eq!(bench.on_disk("records"), (2, 2));
}

#[tokio::test]
async fn an_index_that_is_taken_is_a_fault_and_no_conflict() {
    let bench = Bench::new();
    bench.append("before", 1).await.unwrap();
    let forge = |connection: &Connection, _: &mut State| {
        Ok(connection
            .execute("INSERT INTO records (place, record_id, recorded_at, chain, leaf) SELECT place + 1, 'x', 0, x'', x'' FROM records", [])?)
    };
    bench.writer.submit(Urgency::Background, None, forge).await.unwrap();
    // Told as a conflict, a retry would take the record for committed.
    assert!(matches!(bench.append("lost", 1).await, Err(StoreError::Corrupt(_))));
}
