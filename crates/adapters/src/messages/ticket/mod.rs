//! Tickets: one for each matter (an incident, a plan), opened at its first event and changed in its place as it goes on.
//!
//! A vendor has a file of its own, which knows its form and its answers. What all share is here: what of an event a ticket tells
//! (`matter`), one address that is asked (`line`), and how a ticket is found, opened and changed (`desk`).

mod desk;
mod line;
mod matter;

pub use desk::Credential;
pub(super) use desk::{Desk, NO_TICKET, tell};
pub(super) use line::{Ask, Line, Told};
pub(super) use matter::{Level, Matter, Stage, cut};

/// A receiver of tickets that can't be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// What proves who we are is none.
    #[error("{0}")]
    Credential(&'static str),
    /// TLS can't be used on this system.
    #[error("no client for HTTPS could be built: the system may have no root certificates")]
    Client,
}
