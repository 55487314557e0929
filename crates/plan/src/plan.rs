//! A plan and its steps.

use std::collections::BTreeMap;

use countersign_core::{TenantId, Trigger};
use serde::{Deserialize, Serialize};

use crate::{Act, Restore, install::Place, sha256};

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To get into a tenant, or to change what is there of us.
    Install,
    /// To get out of it.
    Remove,
}

/// How a step is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// By another write. What it refers to by step are answers of the plan's own steps.
    By(Box<Act>),
    /// By putting ours back to where they stood in a trigger's order, whatever others did to it meanwhile.
    Order(Box<Restore>),
    /// Undoing that earlier step undoes this one.
    With(String),
    /// It can't be undone, and why.
    Irreversible(String),
}

/// A secret whose hash tells, when the next plan is made, whether it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remember {
    /// Of what.
    pub key: String,
    /// The fingerprint; `None`: what was remembered is forgotten.
    pub fingerprint: Option<String>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it is called; no other step of the plan is.
    pub name: String,
    /// Why it is done.
    pub reason: String,
    /// What is done.
    pub act: Act,
    /// How it is undone.
    pub undo: Undo,
    /// What to remember once it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remember: Option<Remember>,
}

/// When a scope is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// By whoever installs, changes or removes.
    Install,
    /// By the service, from then on.
    Serve,
}

/// A scope and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// When.
    pub phase: Phase,
    /// The scope.
    pub scope: String,
    /// Which capability needs it.
    pub capability: String,
    /// What for.
    pub why: String,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To be known.
    Note,
    /// To be looked at.
    Warning,
    /// Nothing is applied while it is so.
    Blocks,
}

/// Something that was seen when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// A stable code.
    pub code: String,
    /// What is so, in words.
    pub text: String,
}

/// Changes of a tenant, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version of this form, 1.
    pub v: u8,
    /// What it is for.
    pub purpose: Purpose,
    /// The tenant.
    pub tenant: TenantId,
    /// Where its Management API is.
    pub domain: String,
    /// The ids of what is taken over as ours by carrying it out, by what it is; see [`crate::install::Owned`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub adopts: BTreeMap<String, String>,
    /// Where our Actions are wanted, also where they stand there already.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<Trigger, Place>,
    /// The steps.
    pub steps: Vec<Step>,
    /// The scopes that are needed, now and later.
    pub needs: Vec<Need>,
    /// What was seen.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// The canonical JSON: objects by key, no white space.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        // Why never empty: all keys are text, and nothing in it can fail to be written.
        let mut value = serde_json::to_value(self).unwrap_or_default();
        // Why: bodies keep the order in which the tenant told them, which says nothing.
        value.sort_all_objects();
        serde_json::to_vec(&value).unwrap_or_default()
    }

    /// The plan's name: the SHA-256 of its canonical JSON, in hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        sha256(&self.canonical())
    }

    /// Whether carrying it out would do nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.adopts.is_empty()
    }

    /// The scopes of a phase, each once, in order.
    #[must_use]
    pub fn scopes(&self, phase: Phase) -> Vec<&str> {
        let mut scopes: Vec<&str> =
            self.needs.iter().filter(|need| need.phase == phase).map(|need| need.scope.as_str()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    /// What keeps it from being applied.
    pub fn blocks(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Blocks)
    }

    /// The names of the secrets that are needed to carry it out.
    #[must_use]
    pub fn secrets(&self) -> Vec<&str> {
        let bodies = self.steps.iter().filter_map(|step| step.act.request.body.as_ref());
        let mut names: Vec<&str> = bodies.flat_map(crate::Part::secrets).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
