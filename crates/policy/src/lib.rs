//! An assessment and the operator's settings to a decision.
//!
//! It decides what is to be done about a sign-in, a registration, a reset or a machine's request: the level by the
//! operator's thresholds, the verdict by level, floors and ceilings, and the effects that the trigger, the channel, the
//! person's factors and the mode permit. It must never let an effect on the transaction through in any mode but
//! `enforce`, and never drop a required challenge because nobody can be asked: it is asked, met, deferred or refused.
//!
//! ```
//! use countersign_auth0::trigger::credentials_exchange::Effect;
//! use countersign_core::{Channel, Mode, Score, Timestamp, Trigger, Verdict};
//! use countersign_policy::{Because, Circumstances, Decision, Document, decide};
//!
//! let mut document = Document::default();
//! document.tenant.mode = Some(Mode::Enforce);
//! assert!(document.faults().is_empty());
//! let machine = Circumstances::new(Trigger::CredentialsExchange, Channel::Exchange, Timestamp::default());
//! let decision: Decision<Effect> = decide(&document, Score::from_percent(70), &machine);
//! assert_eq!((decision.verdict, decision.because), (Verdict::Deny, vec![Because::StepUpRequired]));
//! assert_eq!(decision.effects[0].call(), "access.deny");
//! ```

mod bounds;
mod challenge;
mod circumstances;
mod decide;
mod decision;
mod diff;
mod document;
mod facts;
mod faults;
#[cfg(test)]
mod fuzz;
mod recorded;
mod reference;
mod settings;
mod snapshot;
#[cfg(test)]
mod testing;
mod trigger;
mod watch;

pub use bounds::{Bound, Ceiling, Floor, Subject};
pub use circumstances::Circumstances;
pub use decide::decide;
pub use decision::{Because, Decision, Proposal, ProposalKind, Withheld};
pub use diff::{Change, diff};
pub use document::{
    Claims, Document, Fallback, FederatedChallenge, Layer, NoFactor, TriggerLayer, UserRiskChallenge,
};
pub use facts::Facts;
pub use faults::Fault;
pub use recorded::{Argument, Recorded};
pub use reference::Reference;
pub use settings::{Settings, Thresholds, Verdicts};
pub use snapshot::Snapshot;
pub use trigger::{NoEffect, Realize};
pub use watch::{DueHours, Setting, Watch, WatchContext};
