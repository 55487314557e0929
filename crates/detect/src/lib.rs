//! Tenant logs to alerts.
//!
//! It decides what in a tenant's log is worth telling, by native detectors and by rules in Sigma's format, in event time. It must
//! never act: an alert is a finding with its evidence, and what is done about it is decided elsewhere. It must never let what one
//! tenant's log says change what is found in another's, and never keep a name where a keyed tag does.
//!
//! The same entries in the order of event time give the same alerts with the same ids, on any machine and after any restart.

pub mod admin;
mod alert;
mod detector;
pub mod detectors;
mod engine;
mod event;
mod finding;
pub mod incident;
mod json;
pub mod labeled;
pub mod pack;
mod person;
mod place;
pub mod scenario;
pub mod sigma;
pub mod state;
mod world;

pub use alert::{Alert, AlertId, AlertIdError, Audience};
pub use detector::{About, DAY, Detector, HOUR, MINUTE, Param, ParamError, Params, StateError};
pub use engine::{Engine, EngineSettings, SENSORS, Suppression};
pub use event::{Event, Seq, Tags, network_of, told};
pub use finding::{Entity, EntityKind, Finding, MAX_EVIDENCE, Measure, Severity};
pub use person::{Known, Memory, Person, Sighting};
pub use place::{Country, NetworkKind, Place};
pub use world::{ConfirmedSource, Context, Marks, World};
