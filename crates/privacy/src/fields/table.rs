//! The table as a tree of names, so that a value and its classes are gone through side by side.

use std::{collections::BTreeMap, sync::LazyLock};

use countersign_core::Trigger;

use super::{FieldClass, Source};

const TABLE: &str = include_str!("../../data/fields.tsv");

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// `event.*`, `event.` and a trigger, `log`, `stream`, `enrichment`, `api` or `management`.
    pub source: &'static str,
    /// Names with dots between them; `[]` means every item of an array, a last `**` everything from there on.
    pub path: &'static str,
    /// The class.
    pub class: FieldClass,
    /// What it is, in a few words.
    pub note: &'static str,
}

/// Reads a line of the table; `None` when it is no row.
pub(super) fn row(line: &'static str) -> Option<Row> {
    let mut cells = line.split('\t');
    let (source, path, class, note) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
    let class = FieldClass::ALL.into_iter().find(|known| known.as_str() == class)?;
    cells.next().is_none().then_some(Row { source, path, class, note })
}

/// The lines of the table without its head.
pub(super) fn lines() -> impl Iterator<Item = &'static str> {
    TABLE.lines().skip(1)
}

/// Every row, in the order of the table.
pub fn rows() -> impl Iterator<Item = Row> {
    lines().filter_map(row)
}

/// What lies at a name, and below it.
#[derive(Debug, Default)]
struct Node {
    class: Option<FieldClass>,
    below: Option<FieldClass>,
    names: BTreeMap<&'static str, Self>,
    item: Option<Box<Self>>,
}

/// A place in the tree, with what holds for everything there that has no row of its own.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    node: Option<&'static Node>,
    below: Option<FieldClass>,
}

impl Place {
    const fn new(node: Option<&'static Node>, below: Option<FieldClass>) -> Self {
        let own = match node {
            Some(node) => node.below,
            None => None,
        };
        Self { node, below: if own.is_some() { own } else { below } }
    }

    /// The place of a name in the object here.
    pub(super) fn name(self, name: &str) -> Self {
        Self::new(self.node.and_then(|node| node.names.get(name)), self.below)
    }

    /// The place of the items of the array here.
    pub(super) fn item(self) -> Self {
        Self::new(self.node.and_then(|node| node.item.as_deref()), self.below)
    }

    /// The place that a path leads to from here.
    pub(super) fn at(self, path: &str) -> Self {
        path.split('.').fold(self, |place, step| {
            let (name, items) = step.find('[').map_or((step, ""), |at| step.split_at(at));
            let place = if name.is_empty() { place } else { place.name(name) };
            // Why by the brackets alone: every item of an array has one class.
            let counted = items.split_inclusive(']').all(|item| item.starts_with('[') && item.ends_with(']'));
            let count = items.matches(']').count();
            if counted { (0..count).fold(place, |place, _| place.item()) } else { Self::default() }
        })
    }

    /// Whether a name in the object here stands in the table itself.
    pub(super) fn knows(self, name: &str) -> bool {
        self.node.is_some_and(|node| node.names.contains_key(name))
    }

    /// The class of a value here.
    pub(super) fn class(self) -> Option<FieldClass> {
        self.node.and_then(|node| node.class).or(self.below)
    }

    /// The class of everything here that has no row of its own.
    pub(super) const fn class_below(self) -> Option<FieldClass> {
        self.below
    }

    /// Whether something below has a row of its own.
    pub(super) fn has_rows_below(self) -> bool {
        self.node.is_some_and(|node| !node.names.is_empty() || node.item.is_some())
    }
}

fn add(root: &mut Node, row: Row) {
    let mut node = root;
    for step in row.path.split('.') {
        if step == "**" {
            node.below = Some(row.class);
            return;
        }
        let name = step.trim_end_matches("[]");
        node = node.names.entry(name).or_default();
        for _ in 0..(step.len() - name.len()) / 2 {
            node = node.item.get_or_insert_default();
        }
    }
    node.class = Some(row.class);
}

/// The tree of the rows of these sources, the later over the earlier.
fn tree(sources: &[&str]) -> Node {
    let mut root = Node::default();
    for source in sources {
        for row in rows().filter(|row| row.source == *source) {
            add(&mut root, row);
        }
    }
    root
}

static EVENTS: LazyLock<BTreeMap<&'static str, Node>> = LazyLock::new(|| {
    let events = Trigger::ALL.iter().filter(|trigger| **trigger != Trigger::ShortForm);
    events.map(|trigger| (trigger.as_str(), tree(&["event.*", &format!("event.{trigger}")]))).collect()
});
static LOG: LazyLock<Node> = LazyLock::new(|| tree(&["log"]));
static STREAM: LazyLock<Node> = LazyLock::new(|| tree(&["stream"]));
static ENRICHMENT: LazyLock<Node> = LazyLock::new(|| tree(&["enrichment"]));
static API: LazyLock<Node> = LazyLock::new(|| tree(&["api"]));
static IDENTITY: LazyLock<Node> = LazyLock::new(|| tree(&["identity"]));
static MANAGEMENT: LazyLock<Node> = LazyLock::new(|| tree(&["management"]));

/// The place of the whole of what comes from a source.
pub(super) fn of(source: Source) -> Place {
    let root = match source {
        Source::Event(trigger) => EVENTS.get(trigger.as_str()),
        Source::Log => Some(&*LOG),
        Source::Stream => Some(&*STREAM),
        Source::Enrichment => Some(&*ENRICHMENT),
        Source::Api => Some(&*API),
        Source::Identity => Some(&*IDENTITY),
        Source::Management => Some(&*MANAGEMENT),
    };
    Place::new(root, None)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_line_is_a_row_in_order_and_comes_once() {
        assert_eq!(TABLE.lines().next(), Some("source\tpath\tclass\tnote"));
        let mut last = ("", "");
        for line in lines() {
            let row = row(line).unwrap_or_else(|| panic!("no row: {line}"));
            let place = (row.source, row.path);
            assert!(last < place, "{place:?} comes after {last:?}: rows are sorted and none comes twice");
            last = place;
            assert!(
                !row.note.is_empty() && !row.note.contains('|'),
                "{place:?} says in plain words what it is"
            );
        }
    }

    #[test]
    fn every_source_of_the_table_is_one() {
        let events = Trigger::ALL.iter().filter(|trigger| **trigger != Trigger::ShortForm);
        let known: BTreeSet<String> = events
            .map(|trigger| format!("event.{trigger}"))
            .chain(
                ["event.*", "log", "stream", "enrichment", "api", "identity", "management"]
                    .map(str::to_owned),
            )
            .collect();
        for row in rows() {
            assert!(known.contains(row.source), "{}", row.source);
        }
    }

    #[test]
    fn every_row_is_found_at_its_own_path() {
        for row in rows() {
            let source = match row.source {
                "log" => Source::Log,
                "stream" => Source::Stream,
                "enrichment" => Source::Enrichment,
                "api" => Source::Api,
                "identity" => Source::Identity,
                "management" => Source::Management,
                "event.*" => Source::Event(Trigger::PostLogin),
                event => Source::Event(event.strip_prefix("event.").unwrap().parse().unwrap()),
            };
            let path = row.path.replace("**", "any.thing[7]");
            assert_eq!(of(source).at(&path).class(), Some(row.class), "{row:?}");
        }
    }
}
