//! What people did about an incident.

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Disposition, IncidentId};
use crate::{HOUR, Severity};

/// Who closes an incident that is left without alerts.
pub const SYSTEM: &str = "countersign";

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody took it up.
    #[default]
    Open,
    /// Somebody did.
    Acknowledged,
    /// It is over.
    Closed,
}

impl Status {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
        }
    }

    /// The status of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::Acknowledged, Self::Closed].into_iter().find(|status| status.as_str() == word)
    }
}

/// How an incident was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// What it was.
    pub disposition: Disposition,
    /// Of which it is a duplicate.
    pub duplicate_of: Option<IncidentId>,
    /// Why, in the words of whoever closed it.
    pub reason: String,
    /// Who closed it.
    pub by: String,
    /// When, by our clock.
    pub at: Timestamp,
}

/// What people did about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Handling {
    status: Status,
    assignee: Option<String>,
    closing: Option<Closing>,
}

/// What can't be done with an incident as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandlingError {
    /// It is closed.
    #[error("the incident is closed")]
    Closed,
    /// A duplicate of which one is not said, or one is named that it is no duplicate of.
    #[error(
        "`duplicate_of` names another incident where the disposition is `duplicate`, and nothing otherwise"
    )]
    DuplicateOf,
    /// No reason is given.
    #[error("`reason` says why, in 1 to 1,000 bytes")]
    Reason,
}

/// The longest reason, in bytes.
const MAX_REASON: usize = 1_000;

impl Handling {
    /// Where it stands.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Who has it.
    #[must_use]
    pub fn assignee(&self) -> Option<&str> {
        self.assignee.as_deref()
    }

    /// How it was closed.
    #[must_use]
    pub const fn closing(&self) -> Option<&Closing> {
        self.closing.as_ref()
    }

    /// Takes it up; once more changes nothing.
    ///
    /// # Errors
    /// `Closed`.
    pub fn acknowledge(&mut self) -> Result<(), HandlingError> {
        self.check_open()?;
        self.status = Status::Acknowledged;
        Ok(())
    }

    /// Gives it to somebody, or to nobody.
    ///
    /// # Errors
    /// `Closed`.
    pub fn assign(&mut self, to: Option<String>) -> Result<(), HandlingError> {
        self.check_open()?;
        self.assignee = to;
        Ok(())
    }

    /// Closes the incident `id`.
    ///
    /// # Errors
    /// `Closed` where it is; `DuplicateOf` and `Reason` for a closing that does not hold together.
    pub fn close(&mut self, id: IncidentId, closing: Closing) -> Result<(), HandlingError> {
        self.check_open()?;
        let is_duplicate = closing.disposition == Disposition::Duplicate;
        if is_duplicate != closing.duplicate_of.is_some() || closing.duplicate_of == Some(id) {
            return Err(HandlingError::DuplicateOf);
        }
        if closing.reason.trim().is_empty() || closing.reason.len() > MAX_REASON {
            return Err(HandlingError::Reason);
        }
        self.status = Status::Closed;
        self.closing = Some(closing);
        Ok(())
    }

    /// Closes what is left without alerts; what people closed stays closed as they said.
    pub(super) fn close_by_itself(&mut self, at: Timestamp) {
        if self.status != Status::Closed {
            self.status = Status::Closed;
            self.closing = Some(Closing {
                disposition: Disposition::FalsePositive,
                duplicate_of: None,
                reason: "not found in event time".to_owned(),
                by: SYSTEM.to_owned(),
                at,
            });
        }
    }

    pub(super) fn reopen(&mut self) {
        self.status = Status::Open;
        self.closing = None;
    }

    fn check_open(&self) -> Result<(), HandlingError> {
        if self.status == Status::Closed { Err(HandlingError::Closed) } else { Ok(()) }
    }
}

/// Within what time of its opening somebody should have taken an incident up, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sla {
    /// A critical one.
    pub critical: Micros,
    /// A high one.
    pub high: Micros,
    /// A medium one.
    pub medium: Micros,
    /// A low one.
    pub low: Micros,
}

impl Default for Sla {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Sla {
    /// An hour for a critical one, four for a high one, a day for a medium one, three days for a low one.
    pub const DEFAULT: Self = Self { critical: HOUR, high: 4 * HOUR, medium: 24 * HOUR, low: 72 * HOUR };

    /// When an incident of this severity, opened at `opened`, should have been taken up.
    #[must_use]
    pub const fn due(&self, severity: Severity, opened: Timestamp) -> Timestamp {
        opened.plus(match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low | Severity::Informational => self.low,
        })
    }
}
