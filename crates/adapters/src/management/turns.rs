//! Waiting for one's turn: a thin shell around the limiter.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use countersign_app::management::Lane;
use countersign_auth0::management::LimitGroup;
use countersign_core::Clock;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use super::{
    Plan, Sleep,
    limit::{Limiter, Observed, Ticket},
};

/// How many may wait; a bound of our own, above any bulk that hands out its work piece by piece.
const MAX_WAITING: usize = 20_000;

/// As many wait as may.
pub(super) struct Full;

/// The turns of one tenant.
pub(super) struct Turns {
    state: Mutex<State>,
    /// Held by the one among those who wait that watches the time.
    watch: tokio::sync::Mutex<()>,
    /// Told when what was granted next may have changed.
    changed: Notify,
    clock: Arc<dyn Clock>,
    sleep: Arc<dyn Sleep>,
}

struct State {
    limiter: Limiter,
    told: BTreeMap<Ticket, oneshot::Sender<()>>,
}

impl State {
    /// Grants what can be granted, and tells whom it was granted; says when to do so again.
    fn grant(&mut self, now: Duration) -> Option<Duration> {
        let (granted, next) = self.limiter.grant(now);
        for ticket in granted {
            // Whoever has gone gives the ticket back by itself.
            if let Some(teller) = self.told.remove(&ticket) {
                let _ = teller.send(());
            }
        }
        next
    }
}

impl Turns {
    pub(super) fn new(plan: Plan, clock: Arc<dyn Clock>, sleep: Arc<dyn Sleep>) -> Self {
        let limiter = Limiter::new(plan, clock.monotonic());
        let state = State { limiter, told: BTreeMap::new() };
        Self {
            state: Mutex::new(state),
            watch: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
            clock,
            sleep,
        }
    }

    /// Waits until it is one's turn. Whoever stops waiting, or drops the turn unused, gives it back.
    pub(super) async fn turn(self: &Arc<Self>, group: LimitGroup, lane: Lane) -> Result<Turn, Full> {
        let (turn, mut granted) = self.ask(group, lane)?;
        tokio::select! {
            biased;
            _ = &mut granted => return Ok(turn),
            watching = self.watch.lock() => {
                self.watch_until(&mut granted).await;
                drop(watching);
            }
        }
        Ok(turn)
    }

    fn ask(self: &Arc<Self>, group: LimitGroup, lane: Lane) -> Result<(Turn, oneshot::Receiver<()>), Full> {
        let mut state = self.state.lock();
        if state.limiter.waiting() >= MAX_WAITING {
            return Err(Full);
        }
        let ticket = state.limiter.ask(group, lane);
        let (teller, granted) = oneshot::channel();
        state.told.insert(ticket, teller);
        state.grant(self.clock.monotonic());
        drop(state);
        // What was asked for may be due before what is being watched for.
        self.changed.notify_one();
        Ok((Turn { turns: Arc::clone(self), ticket: Some(ticket), is_used: false }, granted))
    }

    /// Grants turns as time passes, until this one is granted.
    async fn watch_until(&self, granted: &mut oneshot::Receiver<()>) {
        loop {
            let now = self.clock.monotonic();
            let next = self.state.lock().grant(now);
            let pause = async {
                match next {
                    Some(next) => self.sleep.sleep(next.saturating_sub(now)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = &mut *granted => return,
                () = self.changed.notified() => {}
                () = pause => {}
            }
        }
    }
}

/// A turn: granted to whoever waited for it, to send one request.
pub(super) struct Turn {
    turns: Arc<Turns>,
    ticket: Option<Ticket>,
    is_used: bool,
}

impl Turn {
    /// The request was sent, and answered or not.
    pub(super) fn done(mut self, observed: Observed) {
        if let Some(ticket) = self.ticket.take() {
            self.turns.state.lock().limiter.done(ticket, observed, self.turns.clock.monotonic());
            self.turns.changed.notify_one();
        }
    }

    /// The request is about to be sent: from now on the turn is used up, whatever becomes of it.
    pub(super) const fn begin(&mut self) {
        self.is_used = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let mut state = self.turns.state.lock();
            let now = self.turns.clock.monotonic();
            state.told.remove(&ticket);
            if self.is_used {
                state.limiter.done(ticket, Observed::default(), now);
            } else {
                state.limiter.cancel(ticket, now);
            }
            drop(state);
            self.turns.changed.notify_one();
        }
    }
}
