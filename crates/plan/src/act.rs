//! One write, with what must be so before it and what is so after it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Look, Template};

/// Something of an answer that later steps need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// What it is called.
    pub name: String,
    /// Where it is, as a JSON pointer: in the answer, and in what the look after it finds.
    pub at: String,
    /// Whether it is a secret: then it goes where secrets are kept, under this name, and into no journal.
    pub is_secret: bool,
}

impl Keep {
    /// An id.
    #[must_use]
    pub fn id(name: &str, at: &str) -> Self {
        Self { name: name.to_owned(), at: at.to_owned(), is_secret: false }
    }

    /// A secret.
    #[must_use]
    pub fn secret(name: &str, at: &str) -> Self {
        Self { name: name.to_owned(), at: at.to_owned(), is_secret: true }
    }

    /// What it is in an answer.
    #[must_use]
    pub fn find<'a>(&self, answer: &'a Value) -> Option<&'a Value> {
        answer.pointer(&self.at).filter(|found| !found.is_null())
    }
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// What is sent.
    pub request: Template,
    /// What must be so before.
    pub before: Look,
    /// What is so after it; where this holds, it need not be sent.
    pub after: Look,
    /// Whether what it changes can't be read, so that `after` does not prove that it was done.
    #[serde(default)]
    pub is_blind: bool,
    /// What is kept of its answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keeps: Vec<Keep>,
}
