//! What a check says.

use std::fmt;

use serde::Serialize;

use super::{Area, Aside};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To be known.
    Note,
    /// To be mended soon.
    Warning,
    /// Sign-ins go unguarded, or fail, or soon will.
    Critical,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// A stable code; docs/doctor.md has a section on it.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The parts of the tenant without which nobody can say that it is gone.
    pub areas: &'static [Area],
    /// What tells it by the way, where those may not be read.
    pub aside: Option<Aside>,
}

impl Rule {
    pub(super) const fn new(code: &'static str, severity: Severity) -> Self {
        Self { code, severity, areas: &[], aside: None }
    }

    pub(super) const fn of(self, areas: &'static [Area]) -> Self {
        Self { areas, ..self }
    }

    pub(super) const fn or(self, aside: Aside) -> Self {
        Self { aside: Some(aside), ..self }
    }

    /// A finding of this kind. `about` tells it from others of its code and is made of words and ids alone.
    pub(super) fn found(
        &self,
        about: impl Into<String>,
        text: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        Finding {
            code: self.code,
            severity: self.severity,
            about: about.into(),
            text: text.into(),
            fix: fix.into(),
        }
    }
}

/// Something that is not as it should be. Nothing in it is about a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable code.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about, such as a trigger: two findings of one code are about two things.
    pub about: String,
    /// What is so.
    pub text: String,
    /// How it is mended.
    pub fix: String,
}

impl Finding {
    /// What tells it from others: it is the same finding while this is the same.
    #[must_use]
    pub fn key(&self) -> (&'static str, &str) {
        (self.code, &self.about)
    }
}
