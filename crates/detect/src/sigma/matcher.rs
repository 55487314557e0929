//! What a field is held against: values with the modifiers of Sigma.

use regex::Regex;

use super::{
    field::{Field, Leaf, any_anywhere},
    located::{Spot, quoted},
    network::Network,
    pattern::{Pattern, fold},
};
use crate::Event;

/// One line of a selection: a field, or an entry as a whole, and what is wanted there.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Absent for keywords, which are looked for everywhere.
    pub(super) field: Option<Field>,
    /// As it was written: the field with its modifiers.
    pub(super) label: String,
    pub(super) spot: Spot,
    pub(super) wanted: Vec<Wanted>,
    /// All of the wanted, not any of them.
    pub(super) is_all: bool,
    /// Each value of the field must be one of the wanted, and there must be a value.
    pub(super) is_every: bool,
    /// The opposite.
    pub(super) is_negated: bool,
}

/// One value that is wanted.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    Null,
    Exists(bool),
    /// A text with wildcards, and the number that it is if it is one.
    Like(Pattern, Option<f64>),
    Matches(Regex),
    Within(Network),
    Compares(Comparison, f64),
    Refers {
        field: Field,
        before: bool,
        after: bool,
        is_cased: bool,
    },
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Comparison {
    pub(super) fn holds(self, found: f64, wanted: f64) -> bool {
        match self {
            Self::Above => found > wanted,
            Self::AtLeast => found >= wanted,
            Self::Below => found < wanted,
            Self::AtMost => found <= wanted,
        }
    }
}

impl Item {
    /// Whether it holds for an entry.
    pub(super) fn is_match(&self, event: &Event<'_>) -> bool {
        let holds = |wanted: &Wanted| wanted.is_met(self.field.as_ref(), event);
        let found = match &self.field {
            Some(field) if self.is_every => self.takes_every(field, event),
            _ if self.is_all => self.wanted.iter().all(holds),
            _ => self.wanted.iter().any(holds),
        };
        found != self.is_negated
    }

    fn takes_every(&self, field: &Field, event: &Event<'_>) -> bool {
        let is_wanted = |leaf: &Leaf<'_>| self.wanted.iter().any(|wanted| wanted.takes(leaf, event));
        field.any(event, &mut |_| true) && !field.any(event, &mut |leaf| !is_wanted(&leaf))
    }
}

impl Wanted {
    fn is_met(&self, field: Option<&Field>, event: &Event<'_>) -> bool {
        let Some(field) = field else {
            return any_anywhere(event.json(), &mut |leaf| self.takes(&leaf, event));
        };
        match self {
            Self::Null => !field.any(event, &mut |_| true),
            Self::Exists(wanted) => field.exists(event) == *wanted,
            _ => field.any(event, &mut |leaf| self.takes(&leaf, event)),
        }
    }

    fn takes(&self, leaf: &Leaf<'_>, event: &Event<'_>) -> bool {
        match self {
            Self::Null | Self::Exists(_) => false,
            Self::Like(pattern, number) => {
                let is_number = matches!(leaf, Leaf::Number(found, _) if Some(*found) == *number);
                is_number || leaf.text().is_some_and(|text| pattern.is_match(text))
            }
            Self::Matches(regex) => leaf.text().is_some_and(|text| regex.is_match(text)),
            Self::Within(network) => {
                let found = leaf.text().and_then(Network::parse);
                found.is_some_and(|found| network.contains(found))
            }
            Self::Compares(comparison, wanted) => {
                leaf.number().is_some_and(|found| comparison.holds(found, *wanted))
            }
            Self::Refers { field, before, after, is_cased } => {
                let Some(text) = leaf.text().map(|text| fold(text, *is_cased)) else { return false };
                field.any(event, &mut |other| {
                    let Some(other) = other.text().map(|text| fold(text, *is_cased)) else { return false };
                    match (before, after) {
                        (true, true) => text.contains(&*other),
                        (false, true) => text.starts_with(&*other),
                        (true, false) => text.ends_with(&*other),
                        (false, false) => text == other,
                    }
                })
            }
        }
    }

    /// What is wanted, in words.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Exists(true) => "anything".to_owned(),
            Self::Exists(false) => "no such field".to_owned(),
            Self::Like(pattern, _) => format!("`{}`", quoted(pattern.source())),
            Self::Matches(regex) => format!("/{}/", quoted(regex.as_str())),
            Self::Within(_) => "an address of the network".to_owned(),
            Self::Compares(comparison, number) => {
                let sign = match comparison {
                    Comparison::Above => ">",
                    Comparison::AtLeast => ">=",
                    Comparison::Below => "<",
                    Comparison::AtMost => "<=",
                };
                format!("{sign} {number}")
            }
            Self::Refers { field, .. } => format!("what `{}` holds", quoted(&field.name)),
        }
    }
}
