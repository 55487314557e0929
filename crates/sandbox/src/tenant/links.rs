//! Which objects belong to which.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::events::WATCHED_LINKS;

/// A link with what is said about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) left: String,
    pub(super) right: String,
    pub(super) data: Value,
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

    /// All links, by relation.
    pub(super) fn written(&self) -> BTreeMap<String, Vec<Link>> {
        self.0.iter().map(|(name, relation)| (name.clone(), relation.links())).collect()
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
    use super::*;

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
