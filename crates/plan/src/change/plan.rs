//! A plan of changes.

use std::collections::BTreeSet;

use countersign_core::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ChangeStep, Evidence, Forever, Kind, Note, Origin, kind_of};
use crate::sha256;

/// Why a wanted change is wanted, in the words of who wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// The reason.
    pub reason: String,
    /// What it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// A step of a run that was done and is not taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// The step of the run's plan.
    pub step: String,
    /// What it did.
    pub kind: Kind,
    /// Why it stays; `None`: it was so before the run as well.
    pub why: Option<Forever>,
}

/// Whom a plan touches, counted from its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Radius {
    /// Different users.
    pub users: usize,
    /// Different organizations.
    pub organizations: usize,
    /// Different applications.
    pub clients: usize,
    /// Steps.
    pub steps: usize,
    /// Steps that can't be undone.
    pub irreversible: usize,
    /// Whether a step touches everybody at the tenant.
    pub is_everybody: bool,
}

/// Changes of a tenant, in their order. Never changed once it is made: another is made instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangePlan {
    /// The version of this form, 1.
    pub v: u8,
    /// The tenant.
    pub tenant: TenantId,
    /// Where its Management API is.
    pub domain: String,
    /// What it is called by who wants it.
    pub title: String,
    /// From where it comes.
    pub origin: Origin,
    /// When it was made, of what was read then.
    pub made_at: Timestamp,
    /// Until when it may be begun.
    pub begin_by: Timestamp,
    /// Why each change is wanted.
    pub because: Vec<Because>,
    /// The steps.
    pub steps: Vec<ChangeStep>,
    /// Of a plan that undoes another: what stays as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Left>,
    /// What whoever approves must know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl ChangePlan {
    /// The canonical JSON: objects by key, no white space.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        // Why never empty: all keys are text, and nothing in it can fail to be written.
        let mut value = serde_json::to_value(self).unwrap_or_default();
        value.sort_all_objects();
        serde_json::to_vec(&value).unwrap_or_default()
    }

    /// The plan's name: the SHA-256 of its canonical JSON, in hexadecimal digits. What is approved is this.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256(&self.canonical())
    }

    /// Whom it touches.
    #[must_use]
    pub fn radius(&self) -> Radius {
        let scopes = || self.steps.iter().map(|step| &step.scope);
        Radius {
            users: scopes().flat_map(|scope| &scope.users).collect::<BTreeSet<_>>().len(),
            organizations: scopes().flat_map(|scope| &scope.organizations).collect::<BTreeSet<_>>().len(),
            clients: scopes().flat_map(|scope| &scope.clients).collect::<BTreeSet<_>>().len(),
            steps: self.steps.len(),
            irreversible: self.steps.iter().filter(|step| step.is_irreversible()).count(),
            is_everybody: scopes().any(|scope| scope.is_everybody),
        }
    }

    /// The names of the secrets that are filled in when it is carried out. Those that begin with [`super::RANDOM`] are made
    /// then, and forgotten.
    #[must_use]
    pub fn secrets(&self) -> BTreeSet<&str> {
        self.steps.iter().flat_map(|step| step.write.secrets()).collect()
    }

    /// The scopes that its requests need: one that allows each write, and each look.
    #[must_use]
    pub fn scopes(&self) -> BTreeSet<&'static str> {
        let writes = self.steps.iter().map(|step| &step.write);
        let looks = writes.clone().flat_map(|write| write.before.iter().chain(&write.after));
        let templates = looks.map(|look| &look.read).chain(writes.filter_map(super::Write::template));
        let operations = templates.filter_map(crate::Template::operation);
        // Why both: ending all access needs the one for sessions and the one for tokens.
        operations
            .flat_map(|operation| {
                let count = if operation.name.starts_with("sessions.revoke") { 2 } else { 1 };
                operation.scopes.iter().copied().take(count)
            })
            .collect()
    }

    /// The first step that does not do what its kind says, for plans that were read from somewhere.
    #[must_use]
    pub fn misnamed(&self) -> Option<&ChangeStep> {
        self.steps.iter().find(|step| kind_of(&step.write.call) != Some(step.kind))
    }
}
