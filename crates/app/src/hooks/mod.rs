//! Telling others of incidents: signed webhooks from an outbox, at least once each.
//!
//! What is to be told is committed with the change that it tells of, and sent by a job until the receiver takes it or a day is
//! over. Attempts carry one id, by which a receiver knows what it has already. A body names nobody, unless the receiver's
//! configuration says so.

mod body;
mod break_glass;
mod send;
#[cfg(test)]
mod tests;
mod trial;

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use countersign_core::Timestamp;
use countersign_detect::Severity;

pub use send::{LAST_ATTEMPT, pause};
pub use trial::send_trial;

/// A receiver as configured.
#[derive(Clone)]
pub struct Hook {
    /// Its name, which stands in the outbox.
    pub name: String,
    /// Incidents below this are not told.
    pub least: Severity,
    /// Whether accounts, addresses and the narrative are told.
    pub with_names: bool,
    /// What sends.
    pub sender: Arc<dyn SendHook>,
}

/// What is sent.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// The delivery's id, the same at each attempt.
    pub id: &'a str,
    /// When this attempt is made.
    pub at: Timestamp,
    /// The body, JSON.
    pub body: &'a [u8],
}

/// Why a receiver did not take a message; nothing in it repeats an address or what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// It did not answer in time.
    #[error("the receiver did not answer in time")]
    Late,
    /// It could not be reached, or broke off.
    #[error("the receiver could not be reached")]
    Unreachable,
    /// It answered with another status than 2xx.
    #[error("the receiver answered with status {0}")]
    Status(u16),
}

/// A message under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), HookError>> + Send + 'a>>;

/// Signs and sends messages to one receiver.
pub trait SendHook: Send + Sync {
    /// Sends a message once, within a time of its own.
    fn send<'a>(&'a self, message: Message<'a>) -> Sending<'a>;
}

/// What happened to an incident, as receivers are told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// It was opened.
    Opened,
    /// It became worse.
    Raised {
        /// How bad it is now.
        severity: Severity,
    },
    /// It was closed, and is open again.
    Reopened {
        /// Its version by then.
        version: u64,
    },
    /// It was closed.
    Closed {
        /// Its version by then.
        version: u64,
    },
}

impl Told {
    /// The type of the event, as receivers see it.
    const fn kind(self) -> &'static str {
        match self {
            Self::Opened => "incident.opened",
            Self::Raised { .. } => "incident.raised",
            Self::Reopened { .. } => "incident.reopened",
            Self::Closed { .. } => "incident.closed",
        }
    }
}

/// By what the outbox knows one event of an incident from another.
impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened => f.write_str(self.kind()),
            Self::Raised { severity } => write!(f, "{} {}", self.kind(), severity.word()),
            Self::Reopened { version } | Self::Closed { version } => write!(f, "{} {version}", self.kind()),
        }
    }
}
