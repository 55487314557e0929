//! Where a scenario is wrong.

use std::ops::Range;

/// What is wrong with a scenario, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}, {}: {what}", self.part())]
pub struct ScenarioError {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The key, such as `organizations[0].city`; empty for the file as a whole.
    pub key: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl ScenarioError {
    /// The part that is wrong, in words.
    fn part(&self) -> String {
        if self.key.is_empty() { "the file".to_owned() } else { format!("`{}`", self.key) }
    }

    /// An error of the part of `text` at `span`.
    pub(super) fn at(
        text: &str,
        span: &Range<usize>,
        key: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        let before = text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count().saturating_add(1);
        let start = before.rfind('\n').map_or(0, |end| end.saturating_add(1));
        let column = before.get(start..).unwrap_or_default().chars().count().saturating_add(1);
        Self { line, column, key: key.into(), what: what.into() }
    }
}
