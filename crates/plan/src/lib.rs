//! Changes of a tenant as values: what will be sent, in which order, why, and how it is undone.
//!
//! A [`Plan`] is made from a goal and from what was read, before anything is sent. It can be shown, hashed, compared and
//! carried out step by step; it holds no secret, only names of secrets. Nothing here sends, reads a clock or a file.
//!
//! There are two kinds: [`install`] brings us into a tenant, and [`change`] is all else that is ever written there. A
//! change goes through [`gate`] and [`review`] before a [`run`] carries it out.
//!
//! ```
//! use countersign_plan::install::{self, Goal, Observed};
//!
//! let goal = Goal::nothing("acme".parse()?, "acme.eu.auth0.com");
//! let plan = install::plan(&goal, &Observed::default());
//! assert!(plan.steps.is_empty());
//! # Ok::<(), countersign_core::IdError>(())
//! ```

#[macro_use]
mod vocabulary;

mod act;
mod again;
pub mod change;
mod diff;
pub mod export;
pub mod gate;
mod hash;
pub mod install;
mod look;
mod part;
mod plan;
pub mod posture;
mod restore;
pub mod review;
pub mod run;
pub mod testing;
mod words;

pub use act::{Act, Keep};
pub use again::{Again, again};
pub use diff::diff;
pub use hash::{fingerprint, sha256};
pub use look::{Claim, Look, Miss, Says};
pub use part::{Answers, FillError, Part, Template};
pub use plan::{Finding, Need, Phase, Plan, Purpose, Remember, Severity, Step, Undo};
pub use restore::{Restore, Stood};
pub use vocabulary::WordError;
