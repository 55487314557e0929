//! What came of what was done.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Why;
use crate::Miss;

/// What is kept of an answer, by name; see [`crate::change::Write::kept`].
pub type Kept = BTreeMap<String, Value>;

/// Which of a step's looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// What must be so before.
    Before,
    /// What is so after.
    After,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was done; of its answer this is kept.
    Done(Kept),
    /// It was refused with this status, and nothing was done.
    Refused(u16),
    /// Nobody knows whether it was done.
    Unknown,
    /// What it wants is there already (409): by an earlier sending, or by somebody else's hand.
    Clash,
    /// It was never sent, or the tenant took too many requests: nothing was done, and it may be tried later.
    NotSent,
}

impl Answer {
    /// What a status means, with nothing kept.
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Done(Kept::new()),
            429 => Self::NotSent,
            409 => Self::Clash,
            // Why: it may have been done.
            408 => Self::Unknown,
            400..=499 => Self::Refused(status),
            _ => Self::Unknown,
        }
    }
}

/// Something that came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// All looks of a step were read: they hold, and this is kept of what the last one found; or the first that does not.
    Looked {
        /// The step's number.
        step: usize,
        /// Which looks.
        which: Which,
        /// Whether they hold.
        found: Result<Kept, Miss>,
    },
    /// The step is about to be sent. The row is kept before it is.
    Intended {
        /// The step's number.
        step: usize,
    },
    /// The call came to this.
    Answered {
        /// The step's number.
        step: usize,
        /// To what.
        answer: Answer,
    },
    /// What is so after it was read until it held, or its time was over.
    Observed {
        /// The step's number.
        step: usize,
        /// Whether it holds.
        found: Result<Kept, Miss>,
    },
    /// The request can't be made: an answer of before, or a secret, is not known. Nothing was sent.
    Unfilled {
        /// The step's number.
        step: usize,
    },
    /// A person says whether the step that the run halted at was done.
    Settled {
        /// The step's number.
        step: usize,
        /// Whether it was.
        is_done: bool,
        /// What is kept of what it made, as it was seen by then.
        kept: Kept,
    },
    /// Whoever carries it out may not go on now, and says why. Nothing was sent.
    Barred {
        /// Why.
        why: Why,
    },
    /// A person stops the run.
    Stopped,
    /// A person lets a run go on; see [`Why::may_resume`].
    Resumed,
}

/// What is told does not fit to where the run stands; nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this does not fit to where the run stands")]
pub struct Misfit;
