//! An assessment and the operator's settings to a decision.
//!
//! It decides what is to be done about a sign-in: the level by the operator's thresholds, the verdict by level,
//! floors and ceilings, and the effects that the channel, the person's factors and the mode permit. It must never
//! let an effect on the transaction through in any mode but `enforce`, and never drop a required challenge because
//! nobody can be asked.
//!
//! ```
//! use countersign_core::{Level, Mode, Score, Trigger, Verdict};
//! use countersign_policy::Document;
//!
//! let document = Document::default();
//! assert!(document.faults().is_empty());
//! let settings = document.settings(Trigger::PostLogin, None, None);
//! assert_eq!(settings.mode, Mode::Audit);
//! assert_eq!(settings.thresholds.level(Score::from_percent(95)), Level::Critical);
//! assert_eq!(settings.verdicts.of(Level::High), Verdict::Challenge);
//! ```

mod bounds;
mod challenge;
mod decide;
mod document;
mod faults;
mod settings;
mod snapshot;

pub use bounds::{Bound, Ceiling, Floor, Subject};
pub use decide::{Because, Circumstances, Decision, Withheld, decide};
pub use document::{Claims, Document, Fallback, FederatedChallenge, Layer, NoFactor};
pub use faults::Fault;
pub use settings::{Settings, Thresholds, Verdicts};
pub use snapshot::Snapshot;
