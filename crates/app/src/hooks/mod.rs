//! Telling others of incidents, plans and what concerns everybody: from an outbox, at least once each.
//!
//! What is to be told is committed with the change that it tells of, and sent by a job until the receiver takes it or a day is
//! over. Attempts carry one id, by which a receiver knows what it has already. A body names nobody, unless the receiver's
//! configuration says so.

mod body;
mod break_glass;
mod hears;
mod kinds;
mod notice;
mod plans;
mod port;
mod send;
#[cfg(test)]
mod tests;
mod trial;
mod words;

use std::{fmt, sync::Arc};

use countersign_detect::Severity;

pub(crate) use break_glass::BreakGlass;
pub use hears::{Audience, Hears, Topic};
pub use kinds::{KINDS, Kind};
pub(crate) use notice::Notice;
pub use port::{HookError, Looking, Message, SendHook, Sending, Taken};
pub use send::{LAST_ATTEMPT, pause};
pub use trial::send_trial;

/// A receiver as configured.
#[derive(Clone)]
pub struct Hook {
    /// Its name, which stands in the outbox.
    pub name: String,
    /// Incidents below this are not told.
    pub least: Severity,
    /// Whether accounts, addresses and the narrative of incidents are told.
    pub with_names: bool,
    /// What else it hears of.
    pub hears: Hears,
    /// What sends.
    pub sender: Arc<dyn SendHook>,
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
