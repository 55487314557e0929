//! What is wanted of a tenant.

use countersign_auth0::management::AnyRequest;
use countersign_core::TenantId;
use serde::{Deserialize, Serialize};

use super::{Change, Evidence, Origin, wants::Wants};

/// A change that is wanted, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// What.
    pub change: Change,
    /// Why, in words.
    pub reason: String,
    /// What that rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// Changes that are wanted together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Of which tenant.
    pub tenant: TenantId,
    /// What it is called by who wants it.
    pub title: String,
    /// From where it comes.
    pub origin: Origin,
    /// The changes.
    pub wanted: Vec<Wanted>,
}

impl Order {
    /// What has to be read before a plan can be made, each once. Lists are read to their end.
    #[must_use]
    pub fn reads(&self) -> Vec<AnyRequest> {
        let mut wants = Wants::default();
        for wanted in &self.wanted {
            wanted.change.reads(&mut wants);
        }
        wants.into_requests()
    }
}
