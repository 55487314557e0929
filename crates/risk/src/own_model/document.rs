//! A model's file as it is written; `docs/own-model.schema.json` says the same.

use countersign_core::{MicroLogit, Trigger};
use serde::{Deserialize, Deserializer, Serialize};

use super::keyed::Keyed;

/// The only format there is.
pub(super) const FORMAT: &str = "countersign-own-model/1";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub format: String,
    pub name: String,
    pub version: u32,
    pub kind: Kind,
    pub inputs: Vec<Keyed<Input>>,
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub logistic: Option<Keyed<Logistic>>,
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub base_score: Option<f64>,
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub leaves: Option<Leaves>,
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub trees: Option<Vec<Keyed<Tree>>>,
    #[serde(default)]
    pub calibration: Keyed<Calibration>,
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub triggers: Option<Vec<Trigger>>,
    pub weight_milli: u32,
    pub bound_micro: MicroLogit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Logistic,
    Trees,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub name: String,
    #[serde(default)]
    pub missing: Missing,
}

/// What stands in for an input that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number or `default`")]
pub(super) enum Missing {
    Number(f64),
    Word(Word),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    Default,
}

impl Default for Missing {
    fn default() -> Self {
        Self::Word(Word::Default)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logistic {
    pub intercept: f64,
    pub coefficients: Vec<f64>,
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub mean: Option<Vec<f64>>,
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub scale: Option<Vec<f64>>,
}

/// What the leaves of all trees add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Leaves {
    LogOdds,
    Probability,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tree {
    pub nodes: Vec<Keyed<Node>>,
}

/// A leaf, which has `leaf` alone, or a split, which has all the others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub leaf: Option<f64>,
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub input: Option<u32>,
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub right: Option<u32>,
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub missing: Option<Side>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    Left,
    Right,
}

/// `scale · logit + offset`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Calibration {
    pub scale: f64,
    pub offset: f64,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { scale: 1.0, offset: 0.0 }
    }
}

/// A key that may be left out, but not be `null`.
fn told<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
