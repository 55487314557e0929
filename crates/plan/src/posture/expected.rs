//! How a tenant should be.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::{Mode, TenantId, Trigger};

use serde::{Deserialize, Serialize};

use crate::install::{Owned, Place};

/// How one of our Actions should be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedAction {
    /// SHA-256 of the code that was deployed by us last; two while nobody knows whether the newer one was, and empty where it was
    /// installed by other means.
    pub applied: BTreeSet<String>,
    /// SHA-256 of what this version ships, its CONFIG left out; see [`super::shipped`]. `None`: it ships nothing for it.
    pub shipped: Option<String>,
    /// Where it stands; `None`: anywhere.
    pub place: Option<Place>,
    /// The names of its secrets.
    pub secrets: Vec<String>,
}

/// What the Action does without us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// It lets people in.
    Allow,
    /// It asks for another factor.
    Challenge,
}

impl Fallback {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Challenge => "challenge",
        }
    }
}

/// What the checks need of our policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What the Action does without us.
    pub fallback: Fallback,
    /// The mode of each trigger, for the whole tenant.
    pub modes: BTreeMap<Trigger, Mode>,
    /// The triggers whose kill switch is thrown.
    pub off: BTreeSet<Trigger>,
    /// Whether somebody who signs in can be asked for another factor.
    pub challenges: bool,
    /// Whether somebody who signs in can be spared one.
    pub skips_mfa: bool,
    /// The factors that may be asked for, in Auth0's words for Actions.
    pub factors: Vec<String>,
}

impl Policy {
    pub(super) fn mode(&self, trigger: Trigger) -> Mode {
        self.modes.get(&trigger).copied().unwrap_or(Mode::Audit)
    }
}

/// How a tenant should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The tenant.
    pub tenant: TenantId,
    /// Whether the service reads the tenant at all.
    pub reads_tenant: bool,
    /// The ids of what is ours there, as far as it was made from here.
    pub owned: Owned,
    /// Our client there.
    pub client_id: Option<String>,
    /// The client of our own console, where people sign in to it at this tenant.
    pub console_client: Option<String>,
    /// Our Actions; `None` when nothing is known of an installation.
    pub actions: Option<BTreeMap<Trigger, ExpectedAction>>,
    /// Where our log stream leads; `None`: there should be none.
    pub log_endpoint: Option<String>,
    /// Where our event stream leads.
    pub event_endpoint: Option<String>,
    /// The scopes that capabilities need, and which capability it is.
    pub scopes: BTreeMap<String, String>,
    /// Our policy.
    pub policy: Policy,
}

impl Expected {
    /// A tenant of which nothing is expected.
    #[must_use]
    pub fn nothing(tenant: TenantId) -> Self {
        Self {
            tenant,
            reads_tenant: false,
            owned: Owned::default(),
            client_id: None,
            console_client: None,
            actions: None,
            log_endpoint: None,
            event_endpoint: None,
            scopes: BTreeMap::new(),
            policy: Policy {
                fallback: Fallback::Allow,
                modes: BTreeMap::new(),
                off: BTreeSet::new(),
                challenges: false,
                skips_mfa: false,
                factors: Vec::new(),
            },
        }
    }

    /// Our Actions, with their triggers.
    pub(super) fn actions(&self) -> impl Iterator<Item = (Trigger, &ExpectedAction)> {
        self.actions.iter().flatten().map(|(trigger, action)| (*trigger, action))
    }
}
