//! Decides how risky a sign-in looks: a pure function from its features and the user's profile to an explained score.
//!
//! [`extract()`] reads the features out of an Auth0 event, [`assess`] weighs them against the profile, and [`learning`]
//! says how much a sign-in may teach the profile afterwards. It must never decide what happens to the sign-in, never
//! read a clock, a file or chance, and never put a value of the event into a reason's text: the same features, profile
//! and model give the same bytes on every machine, so that a stored record can be replayed.
//!
//! ```
//! use countersign_core::Channel;
//! use countersign_risk::{Features, Model, Profile, assess};
//!
//! let features = Features::new("2026-08-20T08:00:00Z".parse()?, Channel::Interactive);
//! let assessment = assess(&features, None::<&Profile>, &Model::default());
//! let sum: i64 = assessment.reasons.iter().map(|reason| reason.micro).sum();
//! assert_eq!(assessment.logit_micro, assessment.bias_micro + sum);
//! assert!(assessment.score.as_f64() < 0.3, "nothing known is not the same as high risk");
//! # Ok::<(), countersign_core::TimestampError>(())
//! ```

mod agent;
mod assessment;
mod code;
mod counterfactual;
mod extract;
mod features;
mod hash;
pub mod learning;
mod model;
mod number;
mod profile;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;
mod short;
mod terms;

pub use agent::parse_agent;
pub use assessment::{Assessment, Contribution, ENGINE, assess};
pub use code::{CODES, Code};
pub use counterfactual::{Flip, counterfactual};
pub use extract::extract;
pub use features::{Auth0Risk, Device, DeviceClass, Features, Place, Signal};
pub use model::{Auth0Weights, Automation, Confidence, Failures, Familiarity, Hours, Model, ModelId, Travel};
pub use profile::{MAX_PROFILE_BYTES, Profile, ProfileError};
pub use short::Short;
