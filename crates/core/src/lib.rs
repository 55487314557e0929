//! What every crate shares: ids, time, chance, scores, secrets and the vocabulary of a decision.
//!
//! A type enters this crate only when three others need it. It decides nothing, does no I/O and must never
//! learn about HTTP, SQL or configuration.
//!
//! ```
//! use countersign_core::{IdKind, IdMaker, Timestamp, testing::CountingEntropy};
//!
//! let at: Timestamp = "2026-08-20T08:00:00Z".parse()?;
//! let id = IdMaker::new(IdKind::Decision).make(at, &CountingEntropy::default());
//! assert!(id.starts_with("dec_"));
//! # Ok::<(), countersign_core::TimestampError>(())
//! ```

mod chance;
mod id;
mod score;
mod secret;
pub mod testing;
mod time;
mod vocabulary;

pub use chance::{Entropy, EntropyError};
pub use id::{ClientId, DecisionId, IdError, IdKind, IdMaker, OrganizationId, SubjectId, TenantId};
pub use score::{MicroLogit, Score};
pub use secret::Secret;
pub use time::{Clock, Micros, Timestamp, TimestampError};
pub use vocabulary::{Channel, Level, Mode, Trigger, UnknownWord, Verdict};
