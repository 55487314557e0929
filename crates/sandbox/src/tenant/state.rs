//! What a tenant holds: objects of JSON by collection and id, how they are linked, its log records and its chance.
//!
//! An `Item` has two sides: `shown` is what the API answers, `hidden` what it never does (secrets, hashes).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    events::{WATCHED, WATCHED_LINKS},
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

/// A link with what is said about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Link {
    left: String,
    right: String,
    data: Value,
}

/// Which objects belong to which, by the name of the relation: users and their roles, roles and their permissions; and
/// which links came and went of those that events tell of.
#[derive(Debug, Clone, Default)]
pub struct Links(BTreeMap<String, Relation>, Vec<LinkChange>);

/// A link that came or went.
#[derive(Debug, Clone)]
pub(super) struct LinkChange {
    pub(super) relation: String,
    pub(super) left: String,
    pub(super) right: String,
    pub(super) data: Value,
    pub(super) is_new: bool,
}

#[derive(Debug, Clone, Default)]
struct Relation {
    /// By left: the rights in the order in which they came.
    forward: BTreeMap<String, Vec<(String, Value)>>,
    /// By right: the lefts in the order in which they came.
    backward: BTreeMap<String, Vec<String>>,
}

impl Links {
    /// Links `left` to `right`; false when they were linked, which keeps what was said.
    pub fn add(&mut self, relation: &str, left: &str, right: &str, data: Value) -> bool {
        let found = self.0.entry(relation.to_owned()).or_default();
        let rights = found.forward.entry(left.to_owned()).or_default();
        if rights.iter().any(|(other, _)| other == right) {
            return false;
        }
        rights.push((right.to_owned(), data.clone()));
        if WATCHED_LINKS.contains(&relation) {
            self.1.push(LinkChange {
                relation: relation.to_owned(),
                left: left.to_owned(),
                right: right.to_owned(),
                data,
                is_new: true,
            });
        }
        found.backward.entry(right.to_owned()).or_default().push(left.to_owned());
        true
    }

    /// Whether the two are linked.
    #[must_use]
    pub fn has(&self, relation: &str, left: &str, right: &str) -> bool {
        self.rights(relation, left).any(|(other, _)| other == right)
    }

    /// What `left` is linked to, with what is said about each link.
    pub fn rights<'a>(
        &'a self,
        relation: &str,
        left: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        let found = self.0.get(relation).and_then(|relation| relation.forward.get(left));
        found.into_iter().flatten().map(|(right, data)| (right.as_str(), data))
    }

    /// What is linked to `right`.
    pub fn lefts<'a>(&'a self, relation: &str, right: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let found = self.0.get(relation).and_then(|relation| relation.backward.get(right));
        found.into_iter().flatten().map(String::as_str)
    }

    /// Undoes a link; false when there was none.
    pub fn remove(&mut self, relation: &str, left: &str, right: &str) -> bool {
        let Some(found) = self.0.get_mut(relation) else { return false };
        let Some(rights) = found.forward.get_mut(left) else { return false };
        let Some(place) = rights.iter().position(|(other, _)| other == right) else { return false };
        let (_, data) = rights.remove(place);
        if let Some(lefts) = found.backward.get_mut(right) {
            lefts.retain(|other| other != left);
        }
        if WATCHED_LINKS.contains(&relation) {
            self.1.push(LinkChange {
                relation: relation.to_owned(),
                left: left.to_owned(),
                right: right.to_owned(),
                data,
                is_new: false,
            });
        }
        true
    }

    /// Which links came and went since the last time, in order.
    pub(super) fn take_changes(&mut self) -> Vec<LinkChange> {
        std::mem::take(&mut self.1)
    }

    /// Undoes all links of a relation that begin or end at `id`.
    pub fn forget(&mut self, relation: &str, id: &str) {
        let rights: Vec<String> = self.rights(relation, id).map(|(right, _)| right.to_owned()).collect();
        let lefts: Vec<String> = self.lefts(relation, id).map(str::to_owned).collect();
        for right in rights {
            self.remove(relation, id, &right);
        }
        for left in lefts {
            self.remove(relation, &left, id);
        }
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
        let links = self.links.0.iter();
        let written = Written {
            version: VERSION,
            objects: objects
                .map(|(name, found)| (name.clone(), found.items.values().cloned().collect()))
                .collect(),
            links: links.map(|(name, relation)| (name.clone(), relation.links())).collect(),
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

impl Relation {
    fn links(&self) -> Vec<Link> {
        let links = self.forward.iter().flat_map(|(left, rights)| {
            rights.iter().map(|(right, data)| Link {
                left: left.clone(),
                right: right.clone(),
                data: data.clone(),
            })
        });
        links.collect()
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

    #[test]
    fn links_are_forgotten_from_both_ends() {
        let mut links = Links::default();
        assert!(links.add("r", "a", "b", Value::Null) && !links.add("r", "a", "b", Value::Null));
        links.add("r", "a", "c", Value::Null);
        links.forget("r", "b");
        assert!(!links.has("r", "a", "b") && links.has("r", "a", "c"));
        links.forget("r", "a");
        assert_eq!(links.lefts("r", "c").count(), 0);
    }
}
