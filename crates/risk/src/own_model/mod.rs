//! A model that an operator trained, as one more term of the score: read from a file, bounded in size, time and effect.
//!
//! A file says which numbers the model reads, what it computes of them, and how much that may count. Whatever it says,
//! reading it ends in a model or in located faults, an evaluation takes no more than [`MAX_STEPS`] steps, and a
//! contribution stays within the file's bound, which is [`MAX_BOUND_MICRO`] at most. Sums go in the order of the file and
//! logarithms are `libm`'s, so that a contribution is the same on every machine. `docs/own-model.md` says the form.
//!
//! ```
//! use countersign_risk::own_model::{Inputs, OwnModel};
//!
//! let file = br#"{
//!     "format": "countersign-own-model/1", "name": "night-shift", "version": 1, "kind": "logistic",
//!     "inputs": [{ "name": "local_hour", "missing": 12 }],
//!     "logistic": { "intercept": 1.0, "coefficients": [-0.1] },
//!     "weight_milli": 500, "bound_micro": 1000000
//! }"#;
//! let model = OwnModel::parse(file).expect("nothing is wrong with it");
//! let inputs: Inputs = [("local_hour", Some(4.0))].into_iter().collect();
//! assert_eq!(model.contribute(&inputs), Ok(300_000));
//! assert_eq!(model.sentence(300_000).as_deref(), Some("The operator's own model night-shift raises the risk."));
//! ```

#[cfg(test)]
mod asked;
mod check;
mod document;
mod faults;
#[cfg(test)]
mod fuzz;
mod inputs;
mod keyed;
mod limits;
mod logistic;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod samples;
mod structure;
#[cfg(test)]
mod tests;
mod trees;

use countersign_core::{MicroLogit, Trigger};
use serde::{Deserialize, Serialize};

use self::{
    document::{Calibration, Document, Kind, Leaves, Missing},
    faults::Faults,
    keyed::Keyed,
};
pub use self::{
    faults::Fault,
    inputs::{Inputs, RAW_INPUTS, known_input},
    limits::{
        MAX_BOUND_MICRO, MAX_BYTES, MAX_DEPTH, MAX_FAULTS, MAX_INPUTS, MAX_NODES, MAX_STEPS, MAX_TREES,
    },
};
use crate::{hash::Fnv, number};

/// Why a model has nothing to say of a transaction; the decision is made without it and is degraded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OwnModelFault {
    /// An input, or the sum over them, is infinite or not a number.
    #[error("an input of the operator's own model or its sum is not a finite number")]
    NotANumber,
}

/// A model's tag: name, version and the first 64 bits of what it says, such as `night-shift@1:0123456789abcdef`.
///
/// The digits are FNV-1a over the model's JSON in the order of the form, so that white space and the order of keys do not
/// matter: they tell versions apart and protect against nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnModelId(String);

impl OwnModelId {
    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for OwnModelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An operator's own model, ready to be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnModel {
    name: String,
    id: OwnModelId,
    inputs: Vec<Input>,
    triggers: Vec<Trigger>,
    shape: Shape,
    calibration: Calibration,
    weight: f64,
    bound_micro: MicroLogit,
}

/// An input and what stands in for it when it is missing: a number, or what is none.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Input {
    name: &'static str,
    missing: f64,
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Logistic(logistic::Sum),
    Trees(trees::Forest),
}

impl OwnModel {
    /// Reads a model's file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, at most 20 faults, each with its path: the first that is wrong in its shape, or else all that
    /// it says wrongly.
    pub fn parse(file: &[u8]) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::default();
        if file.len() > MAX_BYTES {
            faults.push(".", format!("has {} bytes; {MAX_BYTES} are the most", file.len()));
            return Err(faults.found());
        }
        let mut reader = serde_json::Deserializer::from_slice(file);
        let document: Keyed<Document> = match serde_path_to_error::deserialize(&mut reader) {
            Ok(document) => document,
            Err(error) => {
                faults.push(error.path().to_string(), error.inner().to_string());
                return Err(faults.found());
            }
        };
        if let Err(error) = reader.end() {
            faults.push(".", error.to_string());
        }
        check::check(&document, &mut faults);
        let found = faults.found();
        if !found.is_empty() {
            return Err(found);
        }
        Self::of(&document).ok_or_else(|| {
            let mut faults = Faults::default();
            faults.push(".", "lacks a part of its `kind`");
            faults.found()
        })
    }

    /// The model of a document that was checked; `None` when a part is not there, which the checks refuse.
    fn of(document: &Document) -> Option<Self> {
        let inputs = document.inputs.iter().map(|input| {
            let missing = match input.missing {
                Missing::Number(number) => number,
                Missing::Word(_) => f64::NAN,
            };
            Some(Input { name: known_input(&input.name)?, missing })
        });
        let shape = match document.kind {
            Kind::Logistic => Shape::Logistic(logistic::Sum::new(document.logistic.as_ref()?)),
            Kind::Trees => Shape::Trees(trees::Forest::new(
                document.base_score?,
                document.leaves.unwrap_or(Leaves::LogOdds),
                document.trees.as_ref()?,
            )?),
        };
        Some(Self {
            name: document.name.clone(),
            id: id(document),
            inputs: inputs.collect::<Option<_>>()?,
            triggers: document.triggers.clone().unwrap_or_else(|| vec![Trigger::PostLogin]),
            shape,
            calibration: document.calibration.0,
            weight: number::milli(document.weight_milli),
            bound_micro: document.bound_micro,
        })
    }

    /// The model's tag.
    #[must_use]
    pub const fn id(&self) -> &OwnModelId {
        &self.id
    }

    /// Whether it speaks of the events of a trigger: of `post-login` alone where the file names none.
    #[must_use]
    pub fn speaks_of(&self, trigger: Trigger) -> bool {
        self.triggers.contains(&trigger)
    }

    /// What the model itself says, calibrated, in log-odds, before its weight and bound; always finite.
    ///
    /// # Errors
    ///
    /// [`OwnModelFault::NotANumber`].
    pub fn logit(&self, inputs: &Inputs) -> Result<f64, OwnModelFault> {
        let mut values = [f64::NAN; MAX_INPUTS];
        for (value, input) in values.iter_mut().zip(&self.inputs) {
            *value = match inputs.get(input.name) {
                Some(given) if given.is_finite() => given,
                Some(_) => return Err(OwnModelFault::NotANumber),
                None => input.missing,
            };
        }
        let logit = match &self.shape {
            Shape::Logistic(sum) => sum.logit(&values),
            Shape::Trees(forest) => forest.logit(&values).ok_or(OwnModelFault::NotANumber)?,
        };
        let calibrated = self.calibration.scale * logit + self.calibration.offset;
        if logit.is_finite() && calibrated.is_finite() {
            Ok(calibrated)
        } else {
            Err(OwnModelFault::NotANumber)
        }
    }

    /// What the model adds to the log-odds: its weight times its logit, held within its bound.
    ///
    /// # Errors
    ///
    /// [`OwnModelFault::NotANumber`].
    pub fn contribute(&self, inputs: &Inputs) -> Result<MicroLogit, OwnModelFault> {
        let micro = number::micro(self.logit(inputs)? * self.weight);
        Ok(number::clip(micro, -self.bound_micro, self.bound_micro))
    }

    /// The sentence for a contribution, without personal data; `None` for 0, which is no reason.
    #[must_use]
    pub fn sentence(&self, micro: MicroLogit) -> Option<String> {
        let says = if micro > 0 { "raises" } else { "lowers" };
        (micro != 0).then(|| format!("The operator's own model {} {says} the risk.", self.name))
    }
}

fn id(document: &Document) -> OwnModelId {
    let mut fnv = Fnv::new();
    // INVARIANT: the hash takes all bytes, and what was read from JSON serializes.
    let _ = serde_json::to_writer(&mut fnv, document);
    OwnModelId(format!("{}@{}:{:016x}", document.name, document.version, fnv.finish()))
}
