//! What is wanted of a tenant.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use countersign_core::{TenantId, Trigger};
use serde::{Deserialize, Serialize};

use super::{Autonomy, Capability};

/// Where our Action stands among those of a trigger.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Before all others, so that a denial ends the flow before they run.
    #[default]
    First,
    /// After all others.
    Last,
    /// Before the one of this name.
    Before(String),
    /// After the one of this name.
    After(String),
}

/// A text that says no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`first`, `last`, `before:NAME` or `after:NAME`")]
pub struct PlaceError;

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        match text.split_once(':') {
            None if text == "first" => Ok(Self::First),
            None if text == "last" => Ok(Self::Last),
            Some(("before", name)) if !name.is_empty() => Ok(Self::Before(name.to_owned())),
            Some(("after", name)) if !name.is_empty() => Ok(Self::After(name.to_owned())),
            _ => Err(PlaceError),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Last => f.write_str("last"),
            Self::Before(name) => write!(f, "before `{name}`"),
            Self::After(name) => write!(f, "after `{name}`"),
        }
    }
}

/// One of our Actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionGoal {
    /// Its code, as it is to be deployed.
    pub code: String,
    /// Where it stands.
    pub place: Place,
}

/// Our log stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStreamGoal {
    /// Where it leads.
    pub endpoint: String,
}

/// Our event stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventStreamGoal {
    /// Where it leads.
    pub endpoint: String,
    /// What it carries.
    pub types: Vec<String>,
}

/// Our API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiGoal {
    /// The audience of its tokens.
    pub identifier: String,
}

/// How the service's client proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientGoal {
    /// By a secret that Auth0 makes.
    Secret,
    /// By assertions under a key of ours, whose public half this is, in PEM.
    PublicKey(String),
}

/// What is wanted of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// The tenant.
    pub tenant: TenantId,
    /// Where its Management API is, such as `acme.eu.auth0.com`.
    pub domain: String,
    /// What Countersign is used for, and how far it goes by itself.
    pub capabilities: BTreeMap<Capability, Autonomy>,
    /// Our Actions.
    pub actions: BTreeMap<Trigger, ActionGoal>,
    /// Our log stream.
    pub log_stream: Option<LogStreamGoal>,
    /// Our event stream.
    pub event_stream: Option<EventStreamGoal>,
    /// Our API.
    pub api: Option<ApiGoal>,
    /// The service's client.
    pub client: Option<ClientGoal>,
    /// The fingerprints of the secrets, by [`super::secret_key`]; one that is not there counts as changed.
    pub fingerprints: BTreeMap<String, String>,
    /// The names of the secrets of our Actions.
    pub action_secrets: Vec<String>,
    /// The ids of what is taken over as ours, where the journal does not know it.
    pub adopt: BTreeSet<String>,
}

impl Goal {
    /// That nothing of us is there.
    #[must_use]
    pub fn nothing(tenant: TenantId, domain: &str) -> Self {
        Self {
            tenant,
            domain: domain.to_owned(),
            capabilities: BTreeMap::new(),
            actions: BTreeMap::new(),
            log_stream: None,
            event_stream: None,
            api: None,
            client: None,
            fingerprints: BTreeMap::new(),
            action_secrets: Vec::new(),
            adopt: BTreeSet::new(),
        }
    }
}
