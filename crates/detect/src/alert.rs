//! Alerts: findings about one entity that belong together, with an id that any replay gives again.

use std::{fmt, str::FromStr};

use countersign_core::Timestamp;
use countersign_privacy::{Tag, Tagger};
use serde::{Deserialize, Serialize};

use crate::{Entity, Measure, Seq, Severity};

/// An alert's id: a keyed hash of detector, version, entity and the time at which its episode began; `alr_` and 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertId(Tag);

impl AlertId {
    /// The id of the alert about `entity` by `detector` whose first finding is dated `at`.
    #[must_use]
    pub fn new(tagger: &Tagger, detector: &str, version: u32, entity: &Entity, at: Timestamp) -> Self {
        let text = format!("{detector}\0{version}\0{:?}\0{}\0{}", entity.kind, entity.name, at.micros());
        Self(tagger.tag("alert", text.as_bytes()))
    }
}

/// A text that is no alert's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an alert's id, such as `alr_0123456789abcdef`")]
pub struct AlertIdError;

impl FromStr for AlertId {
    type Err = AlertIdError;

    fn from_str(text: &str) -> Result<Self, AlertIdError> {
        let digits = text.strip_prefix("alr_").filter(|digits| digits.len() == 16);
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.map(|number| Self(Tag(number))).filter(|id| id.to_string() == text).ok_or(AlertIdError)
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "alr_{:016x}", self.0.0)
    }
}

/// Whether somebody is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// People are told.
    Raised,
    /// Too little is known yet of what it is about; recorded only.
    Learning,
    /// An operator suppressed it; recorded only.
    Suppressed,
    /// The detector has raised more than its budget today; recorded, and told as a number.
    OverBudget,
}

/// Findings of one detector about one entity that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// The detector's id.
    pub detector: String,
    /// The detector's version.
    pub version: u32,
    /// What it is about.
    pub entity: Entity,
    /// The worst of its findings.
    pub severity: Severity,
    /// When its first finding became true, in event time.
    pub first: Timestamp,
    /// When its newest finding became true.
    pub last: Timestamp,
    /// How many findings it has.
    pub findings: u32,
    /// The entries that show it, the newest 50.
    pub evidence: Vec<Seq>,
    /// Values against thresholds, of the worst finding.
    pub measures: Vec<Measure>,
    /// Whether somebody is to be told.
    pub audience: Audience,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_from_its_text_and_no_other_text_is_one() {
        let id = AlertId(Tag(0x00ab_cdef));
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "alr_", "alr_0123456789ABCDEF", "alr_+123456789abcdef", "inc_0123456789abcdef"] {
            assert_eq!(text.parse::<AlertId>(), Err(AlertIdError), "{text}");
        }
    }
}
