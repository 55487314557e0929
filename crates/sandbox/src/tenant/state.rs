//! What a tenant holds: objects of JSON by collection and id, how they are linked, its log records and its chance.
//!
//! An `Item` has two sides: `shown` is what the API answers, `hidden` what it never does (secrets, hashes).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    events::WATCHED,
    links::{Link, Links},
    log::Records,
    past::Past,
};
use crate::dice::Dice;

/// An object of JSON.
pub type Object = Map<String, Value>;

/// One object of a collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its identifier in the collection.
    pub id: String,
    /// What the API answers.
    pub shown: Object,
    /// What the API never answers.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub hidden: Object,
}

impl Item {
    /// A text of the shown side; empty when there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.shown.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A text of the hidden side; empty when there is none.
    #[must_use]
    pub fn hidden_text(&self, name: &str) -> &str {
        self.hidden.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The objects of a kind in the order in which they came.
#[derive(Debug, Clone, Default)]
struct Collection {
    items: BTreeMap<u64, Item>,
    places: BTreeMap<String, u64>,
    next: u64,
}

/// All objects, by collection and id; and what those that events tell of were, before they changed.
#[derive(Debug, Clone, Default)]
pub struct Collections(BTreeMap<String, Collection>, Before);

/// Objects of watched collections as they were before their first change; `None` for what wasn't there.
pub(super) type Before = BTreeMap<(String, String), Option<Item>>;

impl Collections {
    /// The objects of a collection, oldest first.
    pub fn all<'a>(&'a self, collection: &str) -> impl DoubleEndedIterator<Item = &'a Item> + use<'a> {
        self.0.get(collection).into_iter().flat_map(|found| found.items.values())
    }

    /// How many objects a collection has.
    #[must_use]
    pub fn count(&self, collection: &str) -> usize {
        self.0.get(collection).map_or(0, |found| found.items.len())
    }

    /// An object by its id.
    #[must_use]
    pub fn find(&self, collection: &str, id: &str) -> Option<&Item> {
        let found = self.0.get(collection)?;
        found.items.get(found.places.get(id)?)
    }

    /// An object by its id, to change it.
    pub fn find_mut(&mut self, collection: &str, id: &str) -> Option<&mut Item> {
        self.watch(collection, id);
        let found = self.0.get_mut(collection)?;
        found.items.get_mut(found.places.get(id)?)
    }

    /// Puts an object in at the end, or in the place of the one with its id.
    pub fn insert(&mut self, collection: &str, item: Item) {
        self.watch(collection, &item.id);
        let found = self.0.entry(collection.to_owned()).or_default();
        let place = *found.places.entry(item.id.clone()).or_insert(found.next);
        found.next = found.next.max(place.saturating_add(1));
        found.items.insert(place, item);
    }

    /// Takes an object out.
    pub fn remove(&mut self, collection: &str, id: &str) -> Option<Item> {
        self.watch(collection, id);
        let found = self.0.get_mut(collection)?;
        let place = found.places.remove(id)?;
        found.items.remove(&place)
    }

    /// Keeps what an object is before it changes, if events tell of its kind.
    fn watch(&mut self, collection: &str, id: &str) {
        if WATCHED.contains(&collection) {
            let now = self.find(collection, id).cloned();
            self.1.entry((collection.to_owned(), id.to_owned())).or_insert(now);
        }
    }

    /// What has changed since the last time, as it was.
    pub(super) fn take_before(&mut self) -> Before {
        std::mem::take(&mut self.1)
    }
}

/// Everything that a tenant remembers.
#[derive(Debug, Clone)]
pub struct State {
    /// The objects.
    pub objects: Collections,
    /// How they are linked.
    pub links: Links,
    /// The log records.
    pub records: Records,
    /// Chance, by the tenant's seed.
    pub dice: Dice,
    /// Identifiers of client assertions that were used, with the second in which each ends.
    pub spent: BTreeMap<String, i64>,
    /// What lags behind; is not written down.
    pub(super) past: Past,
}

/// The state as it is written down.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    objects: BTreeMap<String, Vec<Item>>,
    links: BTreeMap<String, Vec<Link>>,
    records: Records,
    dice: u64,
    spent: BTreeMap<String, i64>,
}

/// The form that `snapshot` writes.
const VERSION: u32 = 1;

/// A snapshot that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It has another form.
    #[error("not a snapshot of a tenant")]
    Form(#[source] serde_json::Error),
    /// It was written by another version.
    #[error("a snapshot of version {0}, not {VERSION}")]
    Version(u32),
    /// Its signing key can't be used.
    #[error("the snapshot has no usable signing key")]
    Key,
}

impl State {
    /// A state with nothing in it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            objects: Collections::default(),
            links: Links::default(),
            records: Records::default(),
            dice: Dice::new(seed),
            spent: BTreeMap::new(),
            past: Past::default(),
        }
    }

    /// The whole state as JSON, secrets included.
    ///
    /// # Errors
    /// None that is known; the writer's own.
    pub fn snapshot(&self) -> Result<Value, SnapshotError> {
        let objects = self.objects.0.iter();
        let written = Written {
            version: VERSION,
            objects: objects
                .map(|(name, found)| (name.clone(), found.items.values().cloned().collect()))
                .collect(),
            links: self.links.written(),
            records: self.records.clone(),
            dice: self.dice.state(),
            spent: self.spent.clone(),
        };
        serde_json::to_value(written).map_err(SnapshotError::Form)
    }

    /// The state that `snapshot` wrote.
    ///
    /// # Errors
    /// `Form` and `Version` for what is none.
    pub fn restore(snapshot: Value) -> Result<Self, SnapshotError> {
        let Written { version, objects, links, records, dice, spent } =
            serde_json::from_value(snapshot).map_err(SnapshotError::Form)?;
        if version != VERSION {
            return Err(SnapshotError::Version(version));
        }
        let mut state = Self { records, spent, ..Self::new(dice) };
        for (name, items) in objects {
            for item in items {
                state.objects.insert(&name, item);
            }
        }
        for (name, links) in links {
            for Link { left, right, data } in links {
                state.links.add(&name, &left, &right, data);
            }
        }
        state.objects.take_before();
        state.links.take_changes();
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(id: &str) -> Item {
        Item { id: id.to_owned(), shown: Map::new(), hidden: Map::new() }
    }

    #[test]
    fn objects_keep_their_order_and_their_place() {
        let mut objects = Collections::default();
        for id in ["z", "a", "m", "a"] {
            objects.insert("roles", item(id));
        }
        let ids: Vec<&str> = objects.all("roles").map(|item| item.id.as_str()).collect();
        assert_eq!(ids, ["z", "a", "m"]);
        assert!(objects.remove("roles", "a").is_some() && objects.find("roles", "a").is_none());
    }

    #[test]
    fn a_snapshot_brings_everything_back() {
        let mut state = State::new(3);
        state.objects.insert("roles", item("rol_1"));
        state.links.add("user_roles", "auth0|1", "rol_1", json!(1));
        state.dice.word();
        let snapshot = state.snapshot().unwrap();
        let mut again = State::restore(snapshot.clone()).unwrap();
        assert_eq!(again.snapshot().unwrap(), snapshot);
        assert_eq!(again.dice.word(), state.dice.word());
        assert!(again.links.has("user_roles", "auth0|1", "rol_1"));
    }

    #[test]
    fn a_snapshot_of_another_version_is_refused() {
        let mut snapshot = State::new(3).snapshot().unwrap();
        snapshot["version"] = json!(2);
        assert!(matches!(State::restore(snapshot), Err(SnapshotError::Version(2))));
    }
}
