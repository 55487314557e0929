//! Waiting, as an argument.

use std::{future::Future, pin::Pin, time::Duration};

/// What waits; a test's need not.
pub trait Sleep: Send + Sync {
    /// Ends when so much time has passed.
    fn sleep<'a>(&'a self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

/// Waits by the runtime's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealSleep;

impl Sleep for RealSleep {
    fn sleep<'a>(&'a self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(tokio::time::sleep(time))
    }
}
