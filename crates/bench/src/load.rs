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
    /// Bytes of all answers' bodies.
    pub bytes: u64,
}

impl Round {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        f64::from(self.answered) / self.took.as_secs_f64()
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
        let (total, shared) = (signed.len(), self.share(signed));
        let began = self.clock.monotonic();
        let due = Rc::new(Semaphore::new(0));
        let scheduled = move |place: usize| began + Duration::from_secs_f64(number(place) / rate);
        let (clock, permits, idle) = (Arc::clone(&self.clock), Rc::clone(&due), self.connections.len());
        let dispatch = async move {
            let mut issued = 0;
            while issued < total {
                // Why: a timer is a millisecond coarse, and this processor has nothing else to do.
                while issued < total && scheduled(issued) <= clock.monotonic() {
                    permits.add_permits(1);
                    issued += 1;
                }
                tokio::task::yield_now().await;
            }
            permits.add_permits(idle);
            Ok(())
        };
        let sent = self.each(&shared, move |shared, mut connection| {
            let due = Rc::clone(&due);
            async move {
                loop {
                    due.acquire().await.context("nobody dispatches")?.forget();
                    let Some((place, signed)) = shared.take() else { return Ok(connection) };
                    shared.ask(&mut connection, signed, scheduled(place)).await?;
                }
            }
        });
        tokio::try_join!(dispatch, sent)?;
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
        let mut waits = shared.waits.take();
        waits.sort_unstable();
        let took = self.clock.monotonic().saturating_sub(began);
        Ok(Round {
            answered: u32::try_from(waits.len())?,
            refused: shared.refused.get(),
            took,
            waits,
            bytes: shared.bytes.get(),
        })
    }
}

fn number(place: usize) -> f64 {
    f64::from(u32::try_from(place).unwrap_or(u32::MAX))
}
