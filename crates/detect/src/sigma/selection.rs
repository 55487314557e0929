//! Selections: maps of fields (all of them), lists of maps (any of them), and lists of keywords.

use std::collections::BTreeSet;

use super::{
    condition::Expr,
    field::Field,
    located::{Faults, Spot, quoted},
    matcher::{Item, Wanted},
    modifiers::item,
    yaml::{Node, What},
};
use crate::Event;

/// A named selection.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub(super) name: String,
    pub(super) spot: Spot,
    pub(super) test: Test,
}

/// What a selection asks.
#[derive(Debug, Clone)]
pub(super) enum Test {
    All(Vec<Self>),
    Any(Vec<Self>),
    Item(Box<Item>),
}

impl Test {
    /// Whether it holds for an entry.
    pub(super) fn is_match(&self, event: &Event<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.is_match(event)),
            Self::Any(parts) => parts.iter().any(|part| part.is_match(event)),
            Self::Item(item) => item.is_match(event),
        }
    }

    /// Its lines.
    pub(super) fn items<'t>(&'t self, into: &mut Vec<&'t Item>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.items(into)),
            Self::Item(item) => into.push(item),
        }
    }

    fn kinds(&self) -> Kinds {
        match self {
            Self::All(parts) => parts.iter().map(Self::kinds).fold(Kinds::Any, Kinds::and),
            Self::Any(parts) => parts.iter().map(Self::kinds).fold(Kinds::none(), Kinds::or),
            Self::Item(item) => item_kinds(item),
        }
    }

    /// Whether no field has to be parsed out of JSON for it.
    fn is_cheap(&self) -> bool {
        let mut items = Vec::new();
        self.items(&mut items);
        items.iter().all(|item| item.field.as_ref().is_some_and(Field::is_typed))
    }
}

/// The log types that something can hold for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kinds {
    Any,
    Only(BTreeSet<String>),
}

impl Kinds {
    pub(super) const fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, kinds) | (kinds, Self::Any) => kinds,
            (Self::Only(one), Self::Only(other)) => Self::Only(one.intersection(&other).cloned().collect()),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(one), Self::Only(other)) => Self::Only(one.union(&other).cloned().collect()),
            _ => Self::Any,
        }
    }
}

/// The log types that a condition over the selections can hold for.
pub(super) fn kinds(expr: &Expr, selections: &[Selection]) -> Kinds {
    let each = |part: &Expr| kinds(part, selections);
    match expr {
        Expr::Selection(index) => selections.get(*index).map_or(Kinds::Any, |found| found.test.kinds()),
        Expr::Not(_) => Kinds::Any,
        Expr::And(parts) => parts.iter().map(each).fold(Kinds::Any, Kinds::and),
        Expr::Or(parts) => parts.iter().map(each).fold(Kinds::none(), Kinds::or),
    }
}

fn item_kinds(item: &Item) -> Kinds {
    let is_type = item.field.as_ref().is_some_and(|field| field.path() == "type");
    if !is_type || item.is_negated {
        return Kinds::Any;
    }
    let kind = |wanted: &Wanted| match wanted {
        Wanted::Like(pattern, _) => {
            pattern.literal().map_or(Kinds::Any, |kind| Kinds::Only(BTreeSet::from([kind.to_lowercase()])))
        }
        Wanted::Null => Kinds::none(),
        _ => Kinds::Any,
    };
    let each = item.wanted.iter().map(kind);
    if item.is_all { each.fold(Kinds::Any, Kinds::and) } else { each.fold(Kinds::none(), Kinds::or) }
}

/// Reads a selection; what is wrong is told.
pub(super) fn selection(name: &str, spot: Spot, node: &Node, faults: &mut Faults) -> Option<Selection> {
    let test = match &node.what {
        What::Map { .. } => map(node, faults),
        What::List(items) => list(items, node.spot, faults),
        What::Scalar { .. } if node.is_empty() || node.is_null() => {
            faults.error(
                node.spot,
                format!("`{}` selects nothing", quoted(name)),
                "a map of fields, or keywords",
            );
            return None;
        }
        What::Scalar { .. } => item("", node.spot, node, faults).map(Box::new).map(Test::Item),
    };
    Some(Selection { name: name.to_owned(), spot, test: test? })
}

fn map(node: &Node, faults: &mut Faults) -> Option<Test> {
    if node.pairs().is_empty() {
        faults.error(node.spot, "an empty map", "name fields, and what they hold");
        return None;
    }
    let mut parts = Vec::new();
    let mut is_whole = true;
    for pair in node.pairs() {
        match item(&pair.key, pair.spot, &pair.value, faults) {
            Some(item) => {
                let is_everything = item
                    .wanted
                    .iter()
                    .any(|wanted| matches!(wanted, Wanted::Like(pattern, _) if pattern.is_anything()));
                if is_everything && item.field.is_none() {
                    faults.warn(pair.spot, "a keyword that everything holds", "name what is looked for");
                }
                parts.push(Test::Item(Box::new(item)));
            }
            None => is_whole = false,
        }
    }
    // Why: an entry of another type is passed over without parsing what only the rest needs.
    parts.sort_by_key(|part| !part.is_cheap());
    is_whole.then_some(if parts.len() == 1 { parts.remove(0) } else { Test::All(parts) })
}

fn list(items: &[Node], spot: Spot, faults: &mut Faults) -> Option<Test> {
    if items.is_empty() {
        faults.error(spot, "an empty list", "name what is selected");
        return None;
    }
    let read = |node: &Node, faults: &mut Faults| match &node.what {
        What::Map { .. } => map(node, faults),
        What::Scalar { .. } => item("", node.spot, node, faults).map(Box::new).map(Test::Item),
        What::List(_) => {
            faults.error(node.spot, "a list in a list", "maps of fields, or keywords");
            None
        }
    };
    let parts: Vec<Option<Test>> = items.iter().map(|node| read(node, faults)).collect();
    let parts: Option<Vec<Test>> = parts.into_iter().collect();
    parts.map(Test::Any)
}
