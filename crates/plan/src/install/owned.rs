//! What is ours at a tenant: by the ids of what was made or taken over from here, never by a name.

use std::collections::BTreeMap;

use countersign_core::Trigger;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Answers, Step};

/// Our API.
pub(super) const API: &str = "api";

/// The service's client.
pub(super) const CLIENT: &str = "client";

/// Our log stream.
pub(super) const LOG_STREAM: &str = "log_stream";

/// Our event stream.
pub(super) const EVENT_STREAM: &str = "event_stream";

/// Our Action for a trigger.
pub(super) fn action(trigger: Trigger) -> String {
    format!("action.{trigger}")
}

/// The ids of what this installation made or took over, by what it is: `api`, `client`, `client_grant`, `log_stream`,
/// `event_stream`, and `action.<trigger>`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owned(BTreeMap<String, String>);

impl Owned {
    /// The id of what is ours of a kind.
    #[must_use]
    pub fn id(&self, what: &str) -> Option<&str> {
        self.0.get(what).map(String::as_str)
    }

    /// Whether an id is that of something of ours.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.0.values().any(|known| known == id)
    }

    /// The kinds of which something is ours.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Takes something in.
    pub fn add(&mut self, what: &str, id: &str) {
        self.0.insert(what.to_owned(), id.to_owned());
    }

    /// Lets something go.
    pub fn remove(&mut self, what: &str) {
        self.0.remove(what);
    }

    /// Takes in what a step made, or lets go what it deleted. Of what a step changed nothing follows: only what was made
    /// from here is ours.
    pub fn take(&mut self, step: &Step, answers: &Answers) {
        match step.name.rsplit_once('.') {
            Some((what, "create")) => {
                let keep = step.act.keeps.iter().find(|keep| !keep.is_secret);
                let id = keep.and_then(|keep| answers.get(&step.name)?.get(&keep.name));
                if let Some(id) = id.and_then(Value::as_str) {
                    self.add(what, id);
                }
            }
            Some((what, "delete")) => {
                self.remove(what);
                if what == CLIENT {
                    // Why: a client's grants go with it.
                    self.remove("client_grant");
                }
            }
            _ => {}
        }
    }
}

impl<T: AsRef<str>> FromIterator<(T, T)> for Owned {
    fn from_iter<I: IntoIterator<Item = (T, T)>>(pairs: I) -> Self {
        let owned = pairs.into_iter().map(|(what, id)| (what.as_ref().to_owned(), id.as_ref().to_owned()));
        Self(owned.collect())
    }
}
