//! What every detector is, be it native or a rule.

use std::{borrow::Cow, collections::BTreeMap};

use countersign_core::{Micros, Timestamp};

use crate::{Event, Finding, Severity, World};

/// A pure function `(state, entry) -> (state, findings)`, whose state is bounded and can be saved.
///
/// Entries come in the order of event time when a stretch is replayed; live they come as they arrive, so that one may be older
/// than what was seen before. State must take that without harm; exactness is the replay's.
pub trait Detector: Send + Sync {
    /// What it is.
    fn about(&self) -> &About;

    /// Takes an entry of one of its kinds.
    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>);

    /// Learns that event time has reached `now`: for what shows by absence. It is called at times that are nobody's promise, so a
    /// finding is dated by when it fell due, not by `now`.
    fn pass(&mut self, now: Timestamp, world: &World<'_>, findings: &mut Vec<Finding>) {
        let _ = (now, world, findings);
    }

    /// Forgets what can matter to no entry from an hour before `now` on, so that memory goes by what is under way. It is called
    /// each hour of event time, and changes no finding of entries that come in order.
    fn forget(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// Its state.
    fn save(&self) -> Vec<u8>;

    /// Takes a state that `save` of this version wrote.
    ///
    /// # Errors
    /// `StateError` for anything else; the state is then as it was.
    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError>;

    /// How many keys had to be forgotten for want of room since the start.
    fn evicted(&self) -> u64 {
        0
    }
}

/// A saved state that this version did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the saved state is not one of this detector's version")]
pub struct StateError;

/// What a detector is, for people and for the registry.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// Its id, such as `impossible_travel`.
    pub id: Cow<'static, str>,
    /// Rises when the same entries may give other findings.
    pub version: u32,
    /// A title of one line.
    pub title: Cow<'static, str>,
    /// What it finds and how, in a few sentences.
    pub text: Cow<'static, str>,
    /// The log types that it takes; empty means all.
    pub kinds: Cow<'static, [&'static str]>,
    /// How bad what it finds is, as a rule.
    pub severity: Severity,
    /// Techniques of MITRE ATT&CK, such as `T1110.003`.
    pub techniques: Cow<'static, [&'static str]>,
    /// What else looks like it.
    pub false_positives: Cow<'static, [&'static str]>,
    /// What to do about it, in order; steps that a person takes or a plan will propose.
    pub steps: Cow<'static, [&'static str]>,
    /// Its thresholds.
    pub params: &'static [Param],
    /// How long findings about one entity join into one alert, in microseconds.
    pub cooldown: Micros,
}

/// An hour in microseconds: the usual cooldown.
pub const HOUR: Micros = 3_600 * 1_000_000;

/// A minute in microseconds.
pub const MINUTE: Micros = 60 * 1_000_000;

/// A day in microseconds.
pub const DAY: Micros = 24 * HOUR;

/// A threshold that an operator may set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Param {
    /// Its name, with its unit where it has one: `window_minutes`.
    pub name: &'static str,
    /// What it is unless set.
    pub default: f64,
    /// The least that may be set.
    pub least: f64,
    /// The most that may be set.
    pub most: f64,
    /// What it means.
    pub text: &'static str,
}

/// The thresholds that an operator set for one detector.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params(BTreeMap<String, f64>);

/// A threshold that can't be set so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParamError {
    /// The detector has no such threshold.
    #[error("`{detector}` has no threshold `{name}`; it has {known}")]
    Unknown {
        /// The detector.
        detector: String,
        /// The name that was given.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The value is out of range.
    #[error("`{name}` of `{detector}` is `{value}`, and must be from {least} to {most}")]
    Range {
        /// The detector.
        detector: String,
        /// The threshold.
        name: String,
        /// What was given.
        value: f64,
        /// The least.
        least: f64,
        /// The most.
        most: f64,
    },
}

impl Params {
    /// Takes what was set for the detector.
    ///
    /// # Errors
    /// `Unknown` and `Range`.
    pub fn new(about: &About, given: BTreeMap<String, f64>) -> Result<Self, ParamError> {
        for (name, value) in &given {
            let Some(param) = about.params.iter().find(|param| param.name == name) else {
                let known = about.params.iter().map(|param| param.name).collect::<Vec<_>>().join(", ");
                return Err(ParamError::Unknown {
                    detector: about.id.to_string(),
                    name: name.clone(),
                    known,
                });
            };
            if !(param.least..=param.most).contains(value) {
                let (least, most) = (param.least, param.most);
                let (detector, name) = (about.id.to_string(), name.clone());
                return Err(ParamError::Range { detector, name, value: *value, least, most });
            }
        }
        Ok(Self(given))
    }

    /// The value of a threshold.
    #[must_use]
    pub fn number(&self, param: &Param) -> f64 {
        self.0.get(param.name).copied().unwrap_or(param.default)
    }

    /// The value of a threshold that counts something, rounded down.
    #[must_use]
    pub fn count(&self, param: &Param) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and ranges are small"
        )]
        let count = self.number(param) as usize;
        count
    }

    /// A threshold in units of `unit` microseconds, as microseconds.
    #[must_use]
    pub fn span(&self, param: &Param, unit: Micros) -> Micros {
        let units = i64::try_from(self.count(param)).unwrap_or(i64::MAX);
        units.saturating_mul(unit)
    }
}
