//! Steps: one write each, with what must be so before it, what is so after it, and the way back.

use std::collections::BTreeMap;

use countersign_auth0::management::Request;
use countersign_core::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Forever, Kind, Scope};
use crate::{Answers, Keep, Look, Part, Template};

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// A request to the Management API.
    Management(Template),
    /// A message to a configured receiver.
    Notify {
        /// The receiver's name.
        receiver: String,
        /// The message.
        text: String,
    },
    /// A call of a configured webhook.
    Webhook {
        /// Its name.
        receiver: String,
        /// The body.
        body: Value,
    },
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// What is sent.
    pub call: Call,
    /// What must be so before, all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Look>,
    /// What is so after it, all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Look>,
    /// Whether `after` does not prove that it was done: what it changes can't be read, or may be so by itself.
    #[serde(default)]
    pub is_blind: bool,
    /// Whether sending it twice does what sending it once does.
    pub may_repeat: bool,
    /// What is kept of its answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keeps: Vec<Keep>,
}

impl Write {
    /// A request that is known in full.
    pub(super) fn of<T>(request: &Request<T>, before: Vec<Look>, after: Vec<Look>) -> Self {
        Self::with(Template::of(request.any()), before, after)
    }

    /// A request that may need what earlier steps answered.
    pub(super) fn with(template: Template, before: Vec<Look>, after: Vec<Look>) -> Self {
        let may_repeat = template.operation().is_some_and(|operation| operation.may_repeat);
        Self {
            call: Call::Management(template),
            before,
            after,
            is_blind: false,
            may_repeat,
            keeps: Vec::new(),
        }
    }

    /// What goes to a receiver.
    pub(crate) const fn told(call: Call) -> Self {
        Self {
            call,
            before: Vec::new(),
            after: Vec::new(),
            is_blind: true,
            may_repeat: false,
            keeps: Vec::new(),
        }
    }

    /// The request to the Management API; `None` for what goes to a receiver.
    #[must_use]
    pub const fn template(&self) -> Option<&Template> {
        match &self.call {
            Call::Management(template) => Some(template),
            Call::Notify { .. } | Call::Webhook { .. } => None,
        }
    }

    /// What is kept of an answer, or of what the look after it found, without secrets.
    #[must_use]
    pub fn kept(&self, answer: &Value) -> BTreeMap<String, Value> {
        let keeps = self.keeps.iter().filter(|keep| !keep.is_secret);
        keeps.filter_map(|keep| Some((keep.name.clone(), keep.find(answer)?.clone()))).collect()
    }

    /// The secrets of an answer that are kept where secrets are, by name.
    #[must_use]
    pub fn kept_secrets(&self, answer: &Value) -> BTreeMap<String, Secret> {
        let keeps = self.keeps.iter().filter(|keep| keep.is_secret);
        let text = |keep: &Keep| Some(keep.find(answer)?.as_str()?.as_bytes().to_vec());
        keeps.filter_map(|keep| Some((keep.name.clone(), Secret::new(text(keep)?)))).collect()
    }

    /// Whether it makes something whose id later steps and the way back go by.
    #[must_use]
    pub fn makes(&self) -> bool {
        self.keeps.iter().any(|keep| !keep.is_secret)
    }

    /// The names of the secrets that are filled in when it is sent.
    #[must_use]
    pub fn secrets(&self) -> Vec<&str> {
        self.template().and_then(|template| template.body.as_ref()).map(Part::secrets).unwrap_or_default()
    }

    /// The steps whose answers it needs, in its request and in its looks.
    pub fn answers(&self) -> impl Iterator<Item = &str> {
        let reads = self.before.iter().chain(&self.after).map(|look| &look.read);
        let parts = self.template().into_iter().chain(reads);
        parts.flat_map(|template| template.parameters.iter().chain(&template.body)).flat_map(Part::answers)
    }

    /// The same with what is known of earlier answers filled in.
    #[must_use]
    pub fn resolved(&self, answers: &Answers) -> Self {
        Self {
            call: match &self.call {
                Call::Management(template) => Call::Management(template.resolved(answers)),
                other => other.clone(),
            },
            before: self.before.iter().map(|look| look.resolved(answers)).collect(),
            after: self.after.iter().map(|look| look.resolved(answers)).collect(),
            ..self.clone()
        }
    }
}

/// One write of a way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reverse {
    /// What it does.
    pub kind: Kind,
    /// Whom it touches.
    pub scope: Scope,
    /// The write. What it refers to by step are answers of the plan's own steps.
    pub write: Write,
}

/// The way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Back {
    /// By these writes, in this order.
    By(Vec<Reverse>),
    /// Nothing has to be taken back: it was so before the plan as well.
    Kept,
    /// It can't be undone, and why.
    Irreversible(Forever),
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeStep {
    /// What it is called; no other step of the plan is.
    pub name: String,
    /// What it does.
    pub kind: Kind,
    /// Which of the wanted changes it is for, by its place in [`super::ChangePlan::because`].
    pub wanted: usize,
    /// Whom it touches.
    pub scope: Scope,
    /// The write.
    pub write: Write,
    /// The way back.
    pub back: Back,
}

impl ChangeStep {
    /// The same step with another body of its request.
    pub(super) fn with_body(mut self, body: Part) -> Self {
        if let Call::Management(template) = &mut self.write.call {
            template.body = Some(body);
        }
        self
    }

    /// Whether it can't be undone.
    #[must_use]
    pub const fn is_irreversible(&self) -> bool {
        matches!(self.back, Back::Irreversible(_))
    }
}
