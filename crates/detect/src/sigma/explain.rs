//! Why a rule holds for an entry, or does not.

use super::{
    compile::Compiled,
    correlation::Watch,
    document::Body,
    located::quoted,
    matcher::{Item, Wanted},
};
use crate::Event;

/// What one document of a file says of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The detector, or the part of one.
    pub detector: String,
    /// Its condition, as it was written, or what it correlates.
    pub condition: String,
    /// Whether it holds for the entry; of a correlation, whether any of its rules does.
    pub is_match: bool,
    /// Its selections; none of a correlation.
    pub selections: Vec<Selected>,
}

/// What a selection says of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// Its name.
    pub name: String,
    /// Whether it holds.
    pub is_match: bool,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// What a line of a selection says of an entry. What was found is the entry's: hostile, and personal where it names someone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The field with its modifiers; empty for keywords.
    pub field: String,
    /// Whether it holds.
    pub is_match: bool,
    /// What it wants, in words.
    pub wanted: String,
    /// What the entry has there, at most ten values.
    pub found: Vec<String>,
}

pub(super) fn explain(compiled: &Compiled<'_>, event: &Event<'_>) -> Explanation {
    let detector = compiled.id.clone();
    match &compiled.watch {
        Watch::Rule(rule) => {
            let selections = rule.selections.iter().map(|selection| {
                let mut items = Vec::new();
                selection.test.items(&mut items);
                let lines = items.into_iter().map(|item| line(item, event)).collect();
                Selected { name: selection.name.clone(), is_match: selection.test.is_match(event), lines }
            });
            let condition = match &compiled.document.body {
                Body::Rule(detection) => detection.text.clone(),
                _ => String::new(),
            };
            Explanation {
                detector,
                condition,
                is_match: rule.is_match(event),
                selections: selections.collect(),
            }
        }
        Watch::Correlation(correlation) => {
            let rules: Vec<String> = match &compiled.document.body {
                Body::Correlation(spec) => spec.rules.iter().map(|(name, _)| name.clone()).collect(),
                _ => Vec::new(),
            };
            let condition = format!("{} of {}", correlation.sort.counts(), rules.join(", "));
            Explanation {
                detector,
                condition,
                is_match: compiled.watch.is_match(event),
                selections: Vec::new(),
            }
        }
    }
}

/// The most values of an entry that a line shows.
const MAX_FOUND: usize = 10;

fn line(item: &Item, event: &Event<'_>) -> Line {
    let mut found = Vec::new();
    if let Some(field) = &item.field {
        field.any(event, &mut |leaf| {
            found.push(quoted(leaf.text().unwrap_or("an object")));
            found.len() >= MAX_FOUND
        });
    }
    let wanted: Vec<String> = item.wanted.iter().map(Wanted::told).collect();
    let join = if item.is_all { " and " } else { " or " };
    let not = if item.is_negated { "not " } else { "" };
    let wanted = format!(
        "{not}{}",
        if wanted.is_empty() { "nothing that there is".into() } else { wanted.join(join) }
    );
    Line { field: item.label.clone(), is_match: item.is_match(event), wanted, found }
}
