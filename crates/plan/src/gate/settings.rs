//! Settings, and how they inherit.

use std::collections::BTreeMap;

use countersign_core::{Micros, OrganizationId};
use serde::{Deserialize, Serialize};

use super::{Approvals, Autonomy, Caps};
use crate::change::Kind;

/// How long a plan waits for people, where nothing is said: a day.
const DAY: Micros = 24 * 60 * 60 * 1_000_000;

/// What a kind is allowed where nobody said anything: to tell goes by itself, all else needs a person.
#[must_use]
pub const fn default_autonomy(kind: Kind) -> Autonomy {
    match kind {
        Kind::Notify => Autonomy::Auto,
        _ => Autonomy::Propose,
    }
}

/// What one place of the settings says; what it does not say is inherited.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layer {
    /// How far kinds go by themselves. The narrowest place that says something counts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub autonomy: BTreeMap<Kind, Autonomy>,
    /// How far kinds go at the most, whatever a narrower place says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub at_most: BTreeMap<Kind, Autonomy>,
    /// How far anything goes at the most, whatever a narrower place says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_at_most: Option<Autonomy>,
    /// Caps. A narrower place can only lower them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caps: Option<Caps>,
    /// Who has to agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Approvals>,
    /// Who has to agree to kinds, beside whoever has to agree anyway.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub approvals_of: BTreeMap<Kind, Approvals>,
    /// Whether undoing one's own run needs another person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo_needs_another: Option<bool>,
    /// How long a plan waits for people, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<Micros>,
}

/// All settings of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// For all tenants.
    pub installation: Layer,
    /// For this tenant.
    pub tenant: Layer,
    /// For organizations of it.
    pub organizations: BTreeMap<OrganizationId, Layer>,
    /// For workflows and playbooks, by name.
    pub workflows: BTreeMap<String, Layer>,
}

/// What counts for an organization and a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    layers: Vec<Layer>,
}

impl Settings {
    /// What counts for an organization and a workflow, where there are such.
    #[must_use]
    pub fn rules(&self, organization: Option<&OrganizationId>, workflow: Option<&str>) -> Rules {
        let organization = organization.and_then(|id| self.organizations.get(id));
        let workflow = workflow.and_then(|name| self.workflows.get(name));
        let layers = [Some(&self.installation), Some(&self.tenant), organization, workflow];
        Rules { layers: layers.into_iter().flatten().cloned().collect() }
    }

    /// Whether nothing is ever written: every kind is `report`, whatever organization and workflow it is for.
    #[must_use]
    pub fn is_report_only(&self) -> bool {
        let organizations = || std::iter::once(None).chain(self.organizations.keys().map(Some));
        let workflows = || std::iter::once(None).chain(self.workflows.keys().map(|name| Some(name.as_str())));
        organizations().all(|organization| {
            workflows().all(|workflow| {
                let rules = self.rules(organization, workflow);
                Kind::ALL.iter().all(|kind| rules.autonomy(*kind) == Autonomy::Report)
            })
        })
    }
}

impl Rules {
    /// What the narrowest place says that says something.
    fn narrowest<T>(&self, of: impl Fn(&Layer) -> Option<T>) -> Option<T> {
        self.layers.iter().rev().find_map(of)
    }

    /// How far a kind goes by itself.
    #[must_use]
    pub fn autonomy(&self, kind: Kind) -> Autonomy {
        self.autonomy_as(kind, kind)
    }

    /// The same of a kind that goes as another does: within the ceilings of both.
    #[must_use]
    pub fn autonomy_as(&self, kind: Kind, goes_as: Kind) -> Autonomy {
        let said = self.narrowest(|layer| layer.autonomy.get(&goes_as).copied());
        let most = self.layers.iter().flat_map(|layer| {
            let of_kinds = [kind, goes_as].map(|kind| layer.at_most.get(&kind).copied());
            of_kinds.into_iter().chain([layer.all_at_most]).flatten()
        });
        most.fold(said.unwrap_or_else(|| default_autonomy(goes_as)), Autonomy::min)
    }

    /// The caps: the smallest of all places.
    #[must_use]
    pub fn caps(&self) -> Caps {
        // Why not beneath the defaults alone: an operator may raise them for the installation or the tenant.
        let said = self.layers.iter().filter_map(|layer| layer.caps);
        said.reduce(Caps::least).unwrap_or_default()
    }

    /// Who has to agree to these kinds, all of it at once.
    #[must_use]
    pub fn approvals(&self, kinds: impl IntoIterator<Item = Kind>) -> Vec<Approvals> {
        let mut all = vec![self.narrowest(|layer| layer.approvals.clone()).unwrap_or_default()];
        for kind in kinds {
            all.extend(self.narrowest(|layer| layer.approvals_of.get(&kind).cloned()));
        }
        all.sort();
        all.dedup();
        all
    }

    /// Whether undoing one's own run needs another person.
    #[must_use]
    pub fn undo_needs_another(&self) -> bool {
        self.narrowest(|layer| layer.undo_needs_another).unwrap_or(false)
    }

    /// How long a plan waits for people.
    #[must_use]
    pub fn waits_for(&self) -> Micros {
        self.narrowest(|layer| layer.waits_for).unwrap_or(DAY).max(0)
    }
}
