//! Decides how risky a sign-in, a sign-up, a reset or a machine's request looks: a pure function from its features and the
//! profile of its user or client to an explained score.
//!
//! [`Extract`] reads the features out of an Auth0 event, with [`Reference`] data and the counters of [`Velocity`] beside
//! it; [`assess`] weighs them against the profile, [`unseen_scopes`] names what a machine never asked for before, and
//! [`learning`] says how much a sign-in may teach the profile afterwards. It must never decide what happens to the sign-in, never
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
pub mod crowd;
mod email;
mod extract;
mod features;
#[cfg(test)]
mod golden;
mod hash;
pub mod learning;
mod login;
mod model;
mod number;
pub mod own_model;
mod profile;
#[cfg(test)]
mod properties;
mod reference;
#[cfg(test)]
mod samples;
mod scopes;
mod short;
pub mod stream;
mod terms;
pub mod thresholds;
pub mod train;
mod user_risk;
mod velocity;

pub use agent::parse_agent;
pub use assessment::{Assessment, Contribution, ENGINE, OwnModelAsked, assess, assess_with};
pub use code::{CODES, Code};
pub use counterfactual::{Flip, counterfactual};
pub use email::Mailbox;
pub use extract::{Context, Extract, Located, ShortForm, requested_scopes};
pub use features::{
    Actor, Auth0Risk, Device, DeviceClass, DevicePosture, DomainKind, Exchange, Features, Initial, LookAlike,
    Machine, NameFit, Place, PosturePlace, PostureStatus, Reset, SessionOf, Share, Shares, SignUp, Signal,
    Variant,
};
pub use login::{Evidence, LoginModel, Road, RoadName, Shape, TERM_NAMES, Term, evidence, road_of};
pub use model::{
    Auth0Weights, Automation, Burst, Card, Confidence, ConstantBounds, Evaluation, Failures, Familiarity,
    Figure, Hours, LabelSource, MachineWeights, Model, ModelFault, ModelId, PostureWeights, ReadyModel,
    ResetWeights, SignUpNetworks, SignUpWeights, Training, Travel,
};
pub use profile::{MAX_PROFILE_BYTES, Profile, ProfileError};
pub use reference::{DomainLists, DomainSet, NetworkKind, Reference, ReferenceLists, Suffixes};
pub use scopes::unseen_scopes;
pub use short::Short;
pub use user_risk::{
    HALF_LIFE_DAYS, MAX_SIGNALS, UserRisk, UserRiskAt, UserSignalAt, UserSignalKind, user_risk,
};
pub use velocity::{
    Count, Counts, Delta, LocalCounts, MAX_COUNTS_BYTES, Mark, Readings, Sightings, Velocity, Window,
};
