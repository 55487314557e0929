//! Reading what the checks of a tenant look at, and what became of their findings.

mod findings;
mod read;
mod seen_here;

pub use countersign_plan::posture::{
    Certificate, Delivery, Expected, ExpectedAction, Finding, KeyFile, LimitSeen, Local, Posture, Rule,
    Severity, Skew, check, known, shipped,
};

pub use self::{
    findings::{Change, Standing, State},
    read::{Source, Told, is_whole, read, unanswered},
    seen_here::policy,
};
pub(crate) use findings::Findings;
