//! Who wants something, and what it rests on.

use countersign_auth0::management::LogId;
use countersign_core::{DecisionId, Timestamp};
use serde::{Deserialize, Serialize};

/// A person, as who signed them in knows them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Who signed them in.
    pub issuer: String,
    /// What they are called there, for good.
    pub subject: String,
}

/// From where an order comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// A person asked for it.
    Person {
        /// Who.
        person: Person,
    },
    /// A person asked the assistant for it.
    Assistant {
        /// Who.
        person: Person,
    },
    /// A playbook answered an incident.
    Incident {
        /// The incident.
        incident: String,
        /// The playbook, by name.
        playbook: String,
    },
    /// A workflow.
    Workflow {
        /// Its name.
        workflow: String,
        /// Who started it; `None`: a schedule or another system did.
        person: Option<Person>,
    },
    /// What a run did is to be taken back.
    Undo {
        /// The hash of the plan that was run.
        plan: String,
        /// Who wants that; `None`: a policy does.
        person: Option<Person>,
        /// Whether it is their own run: they proposed it.
        is_own: bool,
        /// The workflow that wants it, whose own run it is: what it did and what it takes back go by the same settings.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        workflow: Option<String>,
    },
}

impl Origin {
    /// Who proposes the plan, so that they can't approve it; `None`: no person does.
    #[must_use]
    pub const fn proposer(&self) -> Option<&Person> {
        match self {
            Self::Person { person } | Self::Assistant { person } => Some(person),
            Self::Workflow { person, .. } | Self::Undo { person, .. } => person.as_ref(),
            Self::Incident { .. } => None,
        }
    }

    /// The workflow's or the playbook's name, for which settings may be given.
    #[must_use]
    pub fn workflow(&self) -> Option<&str> {
        match self {
            Self::Workflow { workflow, .. } => Some(workflow),
            Self::Incident { playbook, .. } => Some(playbook),
            Self::Undo { workflow, .. } => workflow.as_deref(),
            Self::Person { .. } | Self::Assistant { .. } => None,
        }
    }
}

/// What a wanted change rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Evidence {
    /// A log event of the tenant.
    Log {
        /// Its id.
        id: LogId,
    },
    /// A decision of ours.
    Decision {
        /// Its id.
        id: DecisionId,
    },
    /// An alert of ours.
    Alert {
        /// Its id.
        id: String,
    },
    /// An incident of ours.
    Incident {
        /// Its id.
        id: String,
    },
    /// A part of a document that was given in.
    Span {
        /// The document's SHA-256.
        document: String,
        /// Where it begins, in bytes.
        from: u64,
        /// Where it ends, in bytes.
        to: u64,
    },
    /// Our own proof that who asks controls a domain.
    Domain {
        /// The domain, in lower case.
        domain: String,
        /// When the proof was seen.
        at: Timestamp,
    },
}

impl Evidence {
    /// The longest text in it, in bytes.
    pub(super) fn longest(&self) -> usize {
        match self {
            Self::Log { id } => id.as_str().len(),
            Self::Decision { id } => id.as_str().len(),
            Self::Alert { id } | Self::Incident { id } => id.len(),
            Self::Span { document, .. } => document.len(),
            Self::Domain { domain, .. } => domain.len(),
        }
    }
}
