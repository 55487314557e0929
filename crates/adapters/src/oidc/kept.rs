//! What an issuer publishes: asked for when it is needed, kept, and renewed.

use std::{future::Future, sync::Arc, time::Duration};

use countersign_core::Clock;
use parking_lot::Mutex;

/// How long what was published is good while nothing newer can be had.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The time between two requests while there is something to go by; whatever tokens come in.
const PAUSE: Duration = Duration::from_secs(60);

/// The time between two requests while there is nothing.
const SHORT_PAUSE: Duration = Duration::from_secs(5);

/// How new it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// As it is kept.
    Kept,
    /// Newer than what is kept, since that lacks something.
    Newer,
}

/// One published thing.
pub(super) struct Kept<T, E> {
    clock: Arc<dyn Clock>,
    renewed_after: Duration,
    held: Mutex<Held<T, E>>,
    turn: tokio::sync::Mutex<()>,
}

struct Held<T, E> {
    /// What was published, and when it was asked for.
    value: Option<(Arc<T>, Duration)>,
    /// When it was last asked for, whatever came of it.
    tried_at: Option<Duration>,
    /// Why it could not be had the last time.
    error: Option<E>,
}

impl<T, E: Clone> Kept<T, E> {
    /// Nothing yet; what is had is renewed after that time.
    pub(super) fn new(clock: Arc<dyn Clock>, renewed_after: Duration) -> Self {
        let held = Mutex::new(Held { value: None, tried_at: None, error: None });
        Self { clock, renewed_after, held, turn: tokio::sync::Mutex::new(()) }
    }

    /// What is published. `request` is made only where that is due and was not made just now; one at a time, for all who wait.
    ///
    /// # Errors
    /// The last request's, where there is nothing to go by.
    pub(super) async fn get(
        &self,
        need: Need,
        request: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        if let Some(known) = self.known(need) {
            return known;
        }
        let _turn = self.turn.lock().await;
        if let Some(known) = self.known(need) {
            return known;
        }
        let at = self.clock.monotonic();
        // Why before: whoever breaks off must not be able to have it asked for again and again.
        self.held.lock().tried_at = Some(at);
        let answer = request.await;
        let mut held = self.held.lock();
        match answer {
            Ok(value) => {
                let value = Arc::new(value);
                held.value = Some((Arc::clone(&value), at));
                held.error = None;
                Ok(value)
            }
            Err(error) => {
                held.error = Some(error.clone());
                self.usable(&held).ok_or(error)
            }
        }
    }

    /// What is there without a request; `None` where one is due.
    fn known(&self, need: Need) -> Option<Result<Arc<T>, E>> {
        let now = self.clock.monotonic();
        let held = self.held.lock();
        let usable = self.usable(&held);
        let is_old = held.value.as_ref().is_none_or(|(_, at)| now.saturating_sub(*at) >= self.renewed_after);
        let pause = if usable.is_some() { PAUSE } else { SHORT_PAUSE };
        let may_try = held.tried_at.is_none_or(|at| now.saturating_sub(at) >= pause);
        if may_try && (is_old || need == Need::Newer) {
            return None;
        }
        usable.map(Ok).or_else(|| held.error.clone().map(Err))
    }

    fn usable(&self, held: &Held<T, E>) -> Option<Arc<T>> {
        let (value, at) = held.value.as_ref()?;
        (self.clock.monotonic().saturating_sub(*at) < LONGEST).then(|| Arc::clone(value))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use countersign_core::{Timestamp, testing::HeldClock};

    use super::*;

    struct World {
        clock: Arc<HeldClock>,
        kept: Kept<usize, &'static str>,
        asked: AtomicUsize,
    }

    impl World {
        fn new() -> Self {
            let clock = Arc::new(HeldClock::at(Timestamp::from_seconds(1_787_212_800)));
            let kept = Kept::new(Arc::clone(&clock) as _, Duration::from_secs(600));
            Self { clock, kept, asked: AtomicUsize::new(0) }
        }

        async fn get(&self, need: Need, is_up: bool) -> Result<usize, &'static str> {
            let request = async {
                let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::task::yield_now().await;
                if is_up { Ok(number) } else { Err("down") }
            };
            self.kept.get(need, request).await.map(|number| *number)
        }

        fn pass(&self, seconds: u64) {
            self.clock.advance(Duration::from_secs(seconds));
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn all_who_wait_share_one_request() {
        let world = World::new();
        let (one, two) = tokio::join!(world.get(Need::Kept, true), world.get(Need::Kept, true));
        assert_eq!((one, two, world.asked()), (Ok(1), Ok(1), 1));
    }

    #[tokio::test]
    async fn a_flood_that_lacks_something_is_one_request_a_minute() {
        let world = World::new();
        for _ in 0..600 {
            world.get(Need::Newer, true).await.unwrap();
            world.pass(1);
        }
        assert_eq!(world.asked(), 10);
    }

    #[tokio::test]
    async fn what_is_kept_is_renewed_when_it_is_old_and_outlives_an_outage_of_a_day() {
        let world = World::new();
        assert_eq!(world.get(Need::Kept, true).await, Ok(1));
        world.pass(599);
        assert_eq!((world.get(Need::Kept, true).await, world.asked()), (Ok(1), 1));
        world.pass(1);
        assert_eq!((world.get(Need::Kept, false).await, world.asked()), (Ok(1), 2));
        world.pass(59);
        assert_eq!((world.get(Need::Kept, false).await, world.asked()), (Ok(1), 2));
        world.pass(24 * 60 * 60 - 660);
        assert_eq!(world.get(Need::Kept, false).await, Ok(1));
        world.pass(1);
        assert_eq!(world.get(Need::Kept, false).await, Err("down"));
        world.pass(5);
        assert_eq!(world.get(Need::Kept, true).await, Ok(world.asked()));
    }

    #[tokio::test]
    async fn an_issuer_that_is_down_is_asked_every_five_seconds() {
        let world = World::new();
        for _ in 0..60 {
            assert_eq!(world.get(Need::Kept, false).await, Err("down"));
            world.pass(1);
        }
        assert_eq!(world.asked(), 12);
    }

    #[tokio::test]
    async fn whoever_breaks_off_does_not_free_the_way_for_a_flood() {
        let world = World::new();
        world.get(Need::Kept, true).await.unwrap();
        world.pass(60);
        for _ in 0..10 {
            let request = async {
                world.asked.fetch_add(1, Ordering::SeqCst);
                std::future::pending::<Result<usize, &'static str>>().await
            };
            let cut = tokio::time::timeout(Duration::ZERO, world.kept.get(Need::Newer, request));
            drop(cut.await);
        }
        assert_eq!(world.asked(), 2);
    }
}
