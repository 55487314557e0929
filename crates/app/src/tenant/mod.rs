//! Carrying out a plan at a tenant: reading it, applying, taking up what was cut off, and going back.
//!
//! Each write stands in the journal before it is sent and after it was done, so that a run that ends anywhere is taken up
//! where it stood: a write whose end nobody knows is looked at before it is sent again.

mod abandon;
mod apply;
mod error;
mod installed;
mod journal;
mod look;
mod observe;
mod roll_back;
mod scopes;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use countersign_auth0::management::AnyRequest;
use countersign_core::Secret;
use serde_json::Value;

pub(crate) use self::observe::observe_by;
pub use self::{
    error::Error,
    installed::Installed,
    journal::{Entry, Journal, Mark, Run, State},
    observe::{Parts, observe},
    roll_back::Left,
    scopes::{Accepted, check_scopes},
};
use crate::management::{Api, Error as ApiError, Lane, Pending};

/// How often something that becomes so by itself is looked at, a pause apart.
const LOOKS: u32 = 60;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// A tenant, as it is needed to carry out a plan.
pub trait Port: Send + Sync {
    /// Its Management API.
    fn api(&self) -> &dyn Api;

    /// Reads a list to its end; the items as they came.
    ///
    /// # Errors
    /// As reading.
    fn list<'a>(&'a self, request: &'a AnyRequest, lane: Lane) -> Pending<'a, Result<Vec<Value>, ApiError>>;

    /// Waits.
    fn wait(&self, pause: Duration) -> Pending<'_, ()>;
}

/// Nothing could be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it can't be kept: {0}")]
pub struct KeepError(pub String);

/// Where the journal and new secrets are kept.
pub trait Keeper: Send + Sync {
    /// Keeps the journal, whole or not at all; it is on disk when this returns.
    ///
    /// # Errors
    /// [`KeepError`].
    fn keep(&self, journal: &Journal) -> Result<(), KeepError>;

    /// Keeps a secret that the tenant made.
    ///
    /// # Errors
    /// [`KeepError`].
    fn keep_secret(&self, name: &str, value: &Secret) -> Result<(), KeepError>;
}

/// Who carries a plan out, and with what.
pub struct Installer<'a> {
    /// The tenant.
    pub port: &'a dyn Port,
    /// Where the journal is kept.
    pub keeper: &'a dyn Keeper,
    /// The secrets that requests name.
    pub secrets: &'a BTreeMap<String, Secret>,
    /// Who has it done.
    pub actor: String,
}
