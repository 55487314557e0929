//! A receiver behind a breaker: one that fails again and again is left alone for a while.

use std::sync::Arc;

use countersign_app::hooks::{HookError, Looking, Message, SendHook, Sending, Taken};
use countersign_core::Clock;
use parking_lot::Mutex;

use crate::breaker::Breaker;

/// A sender that rests after failures in a row.
pub struct Guarded<S> {
    sender: S,
    clock: Arc<dyn Clock>,
    breaker: Mutex<Breaker>,
}

impl<S: SendHook> Guarded<S> {
    /// Guards a sender; `clock` times its pauses.
    pub fn new(sender: S, clock: Arc<dyn Clock>) -> Self {
        Self { sender, clock, breaker: Mutex::default() }
    }

    /// Sends, unless the receiver rests, and counts what came of it.
    async fn watched<'a>(&self, send: impl FnOnce() -> Sending<'a> + Send) -> Result<Taken, HookError> {
        if !self.breaker.lock().admits(self.clock.monotonic()) {
            return Err(HookError::Resting);
        }
        let sent = send().await;
        match &sent {
            Err(error) if is_down(*error) => self.breaker.lock().failed(self.clock.monotonic()),
            _ => self.breaker.lock().answered(),
        }
        sent
    }
}

/// Whether the receiver was not there, whatever it may say of the message.
const fn is_down(error: HookError) -> bool {
    match error {
        HookError::Late | HookError::Unreachable => true,
        HookError::Status(status) => status >= 500,
        HookError::Busy { .. } | HookError::Refused(_) | HookError::Resting => false,
    }
}

impl<S: SendHook> SendHook for Guarded<S> {
    fn send<'a>(&'a self, message: Message<'a>) -> Sending<'a> {
        Box::pin(self.watched(move || self.sender.send(message)))
    }

    fn send_to<'a>(&'a self, to: &'a str, message: Message<'a>) -> Sending<'a> {
        Box::pin(self.watched(move || self.sender.send_to(to, message)))
    }

    fn look(&self) -> Looking<'_> {
        self.sender.look()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    use countersign_core::{Timestamp, testing::HeldClock};

    use super::*;

    struct Down(Arc<AtomicU32>, HookError);

    impl SendHook for Down {
        fn send<'a>(&'a self, _: Message<'a>) -> Sending<'a> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(std::future::ready(Err::<Taken, _>(self.1)))
        }
    }

    #[tokio::test]
    async fn one_that_is_down_rests_and_one_that_refuses_does_not() {
        let at = Timestamp::default();
        let message = Message { id: "a", about: "b", at, body: b"{}", place: None };
        for (error, asked) in [(HookError::Late, 5), (HookError::Status(503), 5), (HookError::Status(400), 7)]
        {
            let (count, clock) = (Arc::new(AtomicU32::new(0)), Arc::new(HeldClock::at(at)));
            let guarded = Guarded::new(Down(Arc::clone(&count), error), Arc::clone(&clock) as Arc<dyn Clock>);
            let mut last = Err(error);
            for _ in 0..7 {
                last = guarded.send(message).await;
            }
            assert_eq!(count.load(Ordering::SeqCst), asked);
            assert_eq!(last, Err(if asked == 5 { HookError::Resting } else { error }));
            clock.advance(Duration::from_secs(60));
            assert_eq!(guarded.send(message).await, Err(error), "it is tried again after the pause");
        }
    }
}
