//! What a model was made from, how well it does and where not to trust it; it names nobody.

use countersign_core::{MicroLogit, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{Model, ModelFault};
use crate::{CODES, ENGINE, Short, code::OWN_MODEL};

/// The most label sources, and the most limits, of a card.
const MAX_FEW: usize = 32;

/// The most features, and the most bounds, of a card.
const MAX_MANY: usize = 512;

/// The longest limit, in bytes.
const MAX_LIMIT_BYTES: usize = 500;

/// The longest tag, in bytes: a name of 64, a version and 16 digits.
const MAX_TAG_BYTES: usize = 128;

/// A measured number, never infinite and always a number.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Figure(f64);

impl Figure {
    /// The figure; `None` for what is not finite.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("a figure is a finite number"))
    }
}

/// A model's card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The model's name.
    pub name: Short,
    /// The model's own version, as in its tag.
    pub version: u32,
    /// The tag of the model that it was made from; `None`: from none.
    #[serde(default)]
    pub parent: Option<String>,
    /// When it was made; `None`: with the program.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// The version of the code that turns features into terms.
    pub engine: String,
    /// What it was fitted to; `None`: chosen by judgement.
    #[serde(default)]
    pub trained_on: Option<Training>,
    /// How it did on what it was not fitted to; `None`: not measured.
    #[serde(default)]
    pub evaluated_on: Option<Evaluation>,
    /// Share of the fraudulent that the score is set for, 0 to 1; `None`: not said.
    #[serde(default)]
    pub base_rate: Option<Figure>,
    /// Within what each constant was to stay.
    #[serde(default)]
    pub bounds: Vec<ConstantBounds>,
    /// Codes of the reasons that it may give.
    #[serde(default)]
    pub features: Vec<Short>,
    /// Where not to trust it, in words, at most 32 of 500 bytes.
    #[serde(default)]
    pub limits: Vec<String>,
}

/// What a model was fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The earliest example.
    pub from: Timestamp,
    /// After the latest example.
    pub until: Timestamp,
    /// Where its labels came from.
    pub labels: Vec<LabelSource>,
}

/// Examples whose label came from one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelSource {
    /// Such as `verdict`, `challenge` or `simulated`.
    pub source: Short,
    /// How many were fraudulent.
    pub fraudulent: u64,
    /// How many were legitimate.
    pub legitimate: u64,
    /// What one counts.
    pub weight: Figure,
}

/// How a model did on examples that it was not fitted to; what could not be measured is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// The earliest example.
    pub from: Timestamp,
    /// After the latest example.
    pub until: Timestamp,
    /// How many were fraudulent.
    pub fraudulent: u64,
    /// How many were legitimate.
    pub legitimate: u64,
    /// Area under the ROC curve, 0 to 1.
    #[serde(default)]
    pub auc: Option<Figure>,
    /// Share of the fraudulent above the score that 1 % of the legitimate exceed, 0 to 1.
    #[serde(default)]
    pub tpr_at_fpr_1: Option<Figure>,
    /// Brier skill against always telling the base rate; 1 is perfect, 0 no better, less is worse.
    #[serde(default)]
    pub brier_skill: Option<Figure>,
    /// Expected calibration error, 0 to 1.
    #[serde(default)]
    pub ece: Option<Figure>,
}

/// Within what a constant was to stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantBounds {
    /// The constant's path, such as `country.hi_micro`.
    pub constant: Short,
    /// Least.
    pub lo: MicroLogit,
    /// Greatest.
    pub hi: MicroLogit,
}

impl Card {
    /// The card of the model that is shipped.
    #[must_use]
    pub fn of_baseline() -> Self {
        let Model { name, version, .. } = Model::default();
        Self {
            name,
            version,
            parent: None,
            created_at: None,
            engine: ENGINE.to_owned(),
            trained_on: None,
            evaluated_on: None,
            base_rate: None,
            bounds: Vec::new(),
            features: CODES
                .iter()
                .filter(|(code, _)| *code != OWN_MODEL.as_str())
                .map(|(code, _)| Short::new(code))
                .collect(),
            limits: vec![
                "The shapes of sign-ins were fitted to a synthetic corpus, not to this tenant's sign-ins; all else is \
                 judgement and published results."
                    .to_owned(),
                "Attacks are far more frequent in that corpus than in life: a score ranks sign-ins, and is no share of \
                 frauds until it is fitted here."
                    .to_owned(),
            ],
        }
    }

    /// Checks that the card is the model's, and that its parts are within bounds.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self, model: &Model) -> Result<(), ModelFault> {
        let refuse = |path: &str, message: &str| Err(ModelFault::new(format!("card.{path}"), message));
        if self.name != model.name {
            return refuse("name", "is the model's name");
        }
        if self.version != model.version {
            return refuse("version", "is the model's version");
        }
        let texts = [("parent", self.parent.as_deref()), ("engine", Some(self.engine.as_str()))];
        for (path, text) in texts {
            if text.is_some_and(|text| text.is_empty() || text.len() > MAX_TAG_BYTES) {
                return refuse(path, "has 1 to 128 bytes");
            }
        }
        if self.limits.len() > MAX_FEW || self.limits.iter().any(|limit| limit.len() > MAX_LIMIT_BYTES) {
            return refuse("limits", "has at most 32 texts of at most 500 bytes");
        }
        for (path, count) in [("bounds", self.bounds.len()), ("features", self.features.len())] {
            if count > MAX_MANY {
                return refuse(path, "has at most 512 entries");
            }
        }
        if self.bounds.iter().any(|bounds| bounds.lo > bounds.hi) {
            return refuse("bounds", "`lo` must not be greater than `hi`");
        }
        if !self.base_rate.is_none_or(is_share) {
            return refuse("base_rate", "is a number from 0 to 1");
        }
        self.trained_on.as_ref().map_or(Ok(()), Training::check)?;
        self.evaluated_on.as_ref().map_or(Ok(()), Evaluation::check)
    }
}

impl Training {
    fn check(&self) -> Result<(), ModelFault> {
        if self.from > self.until {
            return Err(ModelFault::new("card.trained_on.from", "must not be later than `until`"));
        }
        if self.labels.len() > MAX_FEW || self.labels.iter().any(|label| label.weight.get() < 0.0) {
            let message = "has at most 32 sources, whose weights are not negative";
            return Err(ModelFault::new("card.trained_on.labels", message));
        }
        Ok(())
    }
}

impl Evaluation {
    fn check(&self) -> Result<(), ModelFault> {
        if self.from > self.until {
            return Err(ModelFault::new("card.evaluated_on.from", "must not be later than `until`"));
        }
        let shares = [("auc", self.auc), ("tpr_at_fpr_1", self.tpr_at_fpr_1), ("ece", self.ece)];
        for (name, share) in shares {
            if !share.is_none_or(is_share) {
                return Err(ModelFault::new(format!("card.evaluated_on.{name}"), "is a number from 0 to 1"));
            }
        }
        Ok(())
    }
}

fn is_share(figure: Figure) -> bool {
    (0.0..=1.0).contains(&figure.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_finite_also_when_read() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Figure::new(value), None);
        }
        assert!(serde_json::from_str::<Figure>("1e999").is_err());
        assert_eq!(serde_json::from_str::<Figure>("0.5").unwrap().get(), 0.5);
    }

    #[test]
    fn the_baselines_card_is_its_own_and_comes_back() {
        let card = Card::of_baseline();
        assert_eq!(card.check(&Model::default()), Ok(()));
        let text = serde_json::to_string(&card).unwrap();
        assert_eq!(serde_json::from_str::<Card>(&text).unwrap(), card);
        assert!(serde_json::from_str::<Card>(&text.replacen('{', r#"{"user":"alice","#, 1)).is_err());
    }

    #[test]
    fn a_card_of_another_model_or_with_an_impossible_figure_is_refused() {
        let fault = |change: fn(&mut Card)| {
            let mut card = Card::of_baseline();
            change(&mut card);
            card.check(&Model::default()).unwrap_err().path
        };
        let (from, until) = (Timestamp::from_seconds(1), Timestamp::from_seconds(0));
        assert_eq!(fault(|card| card.name = "other".into()), "card.name");
        assert_eq!(fault(|card| card.version += 1), "card.version");
        assert_eq!(fault(|card| card.base_rate = Figure::new(1.5)), "card.base_rate");
        assert_eq!(fault(|card| card.limits = vec!["x".repeat(501)]), "card.limits");
        assert_eq!(fault(|card| card.parent = Some(String::new())), "card.parent");
        let training = Training { from, until, labels: Vec::new() };
        let card = Card { trained_on: Some(training), ..Card::of_baseline() };
        assert_eq!(card.check(&Model::default()).unwrap_err().path, "card.trained_on.from");
    }
}
