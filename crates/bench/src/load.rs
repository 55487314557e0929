//! Load: closed (each connection asks again at once) and open (asked by the clock, whatever the server does).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};
use countersign_core::Clock;
use tokio::{
    sync::Semaphore,
    task::{JoinSet, LocalSet},
    time,
};

use crate::{
    connection::Connection,
    question::{Questions, Signed},
};

/// How long a connection asks nothing after a refusal: whoever is refused does not ask again at once.
const PAUSE: Duration = Duration::from_millis(10);

/// What one round of load saw.
pub struct Round {
    /// Requests that were answered.
    pub answered: u32,
    /// Requests that were refused for want of capacity (503), which are not among the answered ones.
    pub refused: u32,
    /// From the first request to the last answer.
    pub took: Duration,
    /// Waiting times, sorted: from sending (closed), from the time for which it was scheduled (open).
    pub waits: Vec<Duration>,
    /// How long after its time each request was sent, sorted (open).
    pub late: Vec<Duration>,
    /// Bytes of all answers' bodies.
    pub bytes: u64,
}

impl Round {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        f64::from(self.answered) / self.took.as_secs_f64()
    }
}

/// When each request of a round is due.
struct Schedule {
    clock: Arc<dyn Clock>,
    due_at: Box<dyn Fn(usize) -> Duration + Send>,
    next: usize,
    total: usize,
    senders: usize,
    issued: Arc<Semaphore>,
}

impl Schedule {
    /// When the next one is due; `None` after the last.
    fn next_due(&self) -> Option<Duration> {
        (self.next < self.total).then(|| (self.due_at)(self.next))
    }

    /// Lets the next one be sent; after the last, every sender learns that none is left.
    fn issue(&mut self) {
        self.next += 1;
        self.issued.add_permits(if self.next == self.total { 1 + self.senders } else { 1 });
    }
}

/// What sends load: connections that are kept, and what they ask.
pub struct Load {
    connections: Vec<Connection>,
    questions: Rc<Questions>,
    clock: Arc<dyn Clock>,
}

struct Shared {
    questions: Rc<Questions>,
    clock: Arc<dyn Clock>,
    signed: Vec<Signed>,
    next: Cell<usize>,
    waits: RefCell<Vec<Duration>>,
    late: RefCell<Vec<Duration>>,
    bytes: Cell<u64>,
    refused: Cell<u32>,
}

impl Shared {
    fn take(&self) -> Option<(usize, &Signed)> {
        let place = self.next.get();
        self.next.set(place + 1);
        Some((place, self.signed.get(place)?))
    }

    async fn ask(&self, connection: &mut Connection, signed: &Signed, since: Duration) -> anyhow::Result<()> {
        let answer = connection.ask(&signed.head, self.questions.body(signed)).await?;
        if answer.status == 503 {
            self.refused.set(self.refused.get() + 1);
            time::sleep(PAUSE).await;
            return Ok(());
        }
        ensure!((200..300).contains(&answer.status), "an answer with status {}", answer.status);
        self.bytes.set(self.bytes.get() + u64::try_from(answer.body.len())?);
        self.waits.borrow_mut().push(self.clock.monotonic().saturating_sub(since));
        Ok(())
    }
}

impl Load {
    /// Opens `count` connections to `host`.
    pub async fn connect(
        host: &str,
        count: usize,
        questions: &Rc<Questions>,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(Connection::open(host).await?);
        }
        Ok(Self { connections, questions: Rc::clone(questions), clock: Arc::clone(clock) })
    }

    fn share(&self, signed: Vec<Signed>) -> Rc<Shared> {
        Rc::new(Shared {
            questions: Rc::clone(&self.questions),
            clock: Arc::clone(&self.clock),
            signed,
            next: Cell::new(0),
            waits: RefCell::default(),
            late: RefCell::default(),
            bytes: Cell::new(0),
            refused: Cell::new(0),
        })
    }

    /// What its connections ask.
    pub fn questions(&self) -> &Questions {
        &self.questions
    }

    /// Sends `signed` over all connections, each as fast as it is answered, for at most `lasting`.
    pub async fn closed(&mut self, signed: Vec<Signed>, lasting: Duration) -> anyhow::Result<Round> {
        let shared = self.share(signed);
        let began = self.clock.monotonic();
        self.each(&shared, |shared, mut connection| async move {
            loop {
                let now = shared.clock.monotonic();
                if now >= began + lasting {
                    return Ok(connection);
                }
                let Some((_, signed)) = shared.take() else { return Ok(connection) };
                shared.ask(&mut connection, signed, now).await?;
            }
        })
        .await?;
        self.end(&shared, began)
    }

    /// Sends all of `signed` at `rate` a second, over whichever connection is free.
    pub async fn open(&mut self, signed: Vec<Signed>, rate: f64) -> anyhow::Result<Round> {
        self.scheduled(signed, rate, |mut schedule| async move {
            while let Some(due) = schedule.next_due() {
                // Why: a timer is a millisecond coarse, and this processor has nothing else to do.
                while schedule.clock.monotonic() < due {
                    tokio::task::yield_now().await;
                }
                schedule.issue();
            }
            Ok(())
        })
        .await
    }

    /// As `open`, and leaves the processor to others between the requests: a thread sleeps until each is due.
    pub async fn open_between_others(&mut self, signed: Vec<Signed>, rate: f64) -> anyhow::Result<Round> {
        self.scheduled(signed, rate, |mut schedule| async move {
            let issuing = std::thread::spawn(move || {
                while let Some(due) = schedule.next_due() {
                    while let Some(left) =
                        due.checked_sub(schedule.clock.monotonic()).filter(|left| !left.is_zero())
                    {
                        std::thread::park_timeout(left);
                    }
                    schedule.issue();
                }
            });
            // Why dropped: it ends with the last request, which is waited for.
            drop(issuing);
            Ok(())
        })
        .await
    }

    /// Sends all of `signed`, each once `dispatch` has issued it.
    async fn scheduled<D: Future<Output = anyhow::Result<()>>>(
        &mut self,
        signed: Vec<Signed>,
        rate: f64,
        dispatch: impl FnOnce(Schedule) -> D,
    ) -> anyhow::Result<Round> {
        let (total, shared) = (signed.len(), self.share(signed));
        let began = self.clock.monotonic();
        let due_at = move |place: usize| began + Duration::from_secs_f64(number(place) / rate);
        let issued = Arc::new(Semaphore::new(0));
        let schedule = Schedule {
            clock: Arc::clone(&self.clock),
            due_at: Box::new(due_at),
            next: 0,
            total,
            senders: self.connections.len(),
            issued: Arc::clone(&issued),
        };
        let sent = self.each(&shared, move |shared, mut connection| {
            let issued = Arc::clone(&issued);
            async move {
                loop {
                    issued.acquire().await.context("nobody dispatches")?.forget();
                    let Some((place, signed)) = shared.take() else { return Ok(connection) };
                    let due = due_at(place);
                    shared.late.borrow_mut().push(shared.clock.monotonic().saturating_sub(due));
                    shared.ask(&mut connection, signed, due).await?;
                }
            }
        });
        tokio::try_join!(dispatch(schedule), sent)?;
        self.end(&shared, began)
    }

    /// Runs `work` on each connection at once, on this thread.
    async fn each<W, F>(&mut self, shared: &Rc<Shared>, work: W) -> anyhow::Result<()>
    where
        W: Fn(Rc<Shared>, Connection) -> F,
        F: Future<Output = anyhow::Result<Connection>> + 'static,
    {
        let (local, mut tasks) = (LocalSet::new(), JoinSet::new());
        for connection in self.connections.drain(..) {
            tasks.spawn_local_on(work(Rc::clone(shared), connection), &local);
        }
        let returned = &mut self.connections;
        local
            .run_until(async move {
                while let Some(end) = tasks.join_next().await {
                    returned.push(end??);
                }
                Ok(())
            })
            .await
    }

    fn end(&self, shared: &Shared, began: Duration) -> anyhow::Result<Round> {
        let (mut waits, mut late) = (shared.waits.take(), shared.late.take());
        waits.sort_unstable();
        late.sort_unstable();
        let took = self.clock.monotonic().saturating_sub(began);
        Ok(Round {
            answered: u32::try_from(waits.len())?,
            refused: shared.refused.get(),
            took,
            waits,
            late,
            bytes: shared.bytes.get(),
        })
    }
}

fn number(place: usize) -> f64 {
    f64::from(u32::try_from(place).unwrap_or(u32::MAX))
}
