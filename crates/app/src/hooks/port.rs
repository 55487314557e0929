//! What a receiver is given, and what it says.

use std::{future::Future, pin::Pin};

use countersign_core::Timestamp;

/// What is sent.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// The delivery's id, the same at each attempt.
    pub id: &'a str,
    /// What it is about, by id, so that messages about one thing stand together.
    pub about: &'a str,
    /// When this attempt is made.
    pub at: Timestamp,
    /// The event: `type`, `timestamp` and `data`, JSON.
    pub body: &'a [u8],
    /// Where the receiver put the newest message about the same, which this one takes the place of.
    pub place: Option<&'a str>,
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// Where the receiver put it, in words of its own; `None` where it can't be changed there.
    pub place: Option<String>,
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
    /// It answered with another status than 2xx, or a mail server with a code that takes nothing.
    #[error("the receiver answered with status {0}")]
    Status(u16),
    /// It asked to be left alone for so many seconds.
    #[error("the receiver takes no more for {seconds} s (status {status})")]
    Busy {
        /// Its answer.
        status: u16,
        /// For so long.
        seconds: u32,
    },
    /// It was reached, and can't take messages as it is configured; says what to mend.
    #[error("{0}")]
    Refused(&'static str),
    /// It failed again and again, and is left alone for a while: nothing was sent.
    #[error("the receiver failed again and again, and is left alone for a while")]
    Resting,
}

impl HookError {
    /// For how long the receiver asked to be left alone, in seconds.
    #[must_use]
    pub const fn asked_pause(self) -> Option<u32> {
        match self {
            Self::Busy { seconds, .. } => Some(seconds),
            _ => None,
        }
    }
}

/// A message under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Taken, HookError>> + Send + 'a>>;

/// A receiver that is asked.
pub type Looking<'a> = Pin<Box<dyn Future<Output = Result<(), HookError>> + Send + 'a>>;

/// Sends messages to one receiver, in the form that it wants.
pub trait SendHook: Send + Sync {
    /// Sends a message once, within a time of its own.
    fn send<'a>(&'a self, message: Message<'a>) -> Sending<'a>;

    /// Sends a message to one person, whose address stands nowhere else; only mail can.
    fn send_to<'a>(&'a self, _: &'a str, _: Message<'a>) -> Sending<'a> {
        Box::pin(std::future::ready(Err(HookError::Refused(
            "it can't write to one person: name a receiver of `mail`",
        ))))
    }

    /// Asks whether it would take messages, without one; receivers that can't be asked so are not.
    fn look(&self) -> Looking<'_> {
        Box::pin(std::future::ready(Ok(())))
    }
}
