//! The gate: how far a plan goes by itself, and who has to agree.
//!
//! [`judge`] takes a plan, the settings, what was spent today and the breaker, and gives a [`Verdict`] whose reasons have
//! stable codes. It reads kinds and scopes alone, and checks that each step does what its kind says.

mod approvals;
mod breaker;
mod caps;
mod judge;
mod reason;
mod settings;
#[cfg(test)]
mod tests;
mod touched;

pub use self::{
    approvals::Approvals,
    breaker::{Breaker, FAILURES, Tripped, WINDOW},
    caps::{Caps, Count, Over, Spent},
    judge::{Outcome, Verdict, judge},
    reason::Reason,
    settings::{Layer, Rules, Settings, default_autonomy},
    touched::is_about_the_same,
};
pub use crate::install::Autonomy;
