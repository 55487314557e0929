//! An incident in which things go by other names.

use std::collections::{BTreeMap, BTreeSet};

use super::{ERASED, Incident, Line, Member, story};
use crate::{Entity, EntityKind};

/// What stands in the place of a line that can't be read.
const UNREADABLE: &str = "an entry of the log";

impl Incident {
    /// The incident with other names: `name` says what an entity is called, `None` that its own name stays. No text names a renamed
    /// entity as it was called before. What people wrote, and the title, are as they were.
    #[must_use]
    pub fn renamed(&self, name: &impl Fn(&Entity) -> Option<String>) -> Self {
        let mut known = Known::default();
        for member in &self.members {
            known.add(member);
        }
        let mut renamed = self.clone();
        for member in &mut renamed.members {
            member.rename(name, &known);
        }
        renamed
    }
}

/// Entities by their names as texts repeat them, which may be cut.
#[derive(Default)]
struct Known<'a> {
    accounts: BTreeMap<String, &'a Entity>,
    addresses: BTreeMap<String, &'a Entity>,
}

impl<'a> Known<'a> {
    fn add(&mut self, member: &'a Member) {
        for entity in member.users.iter().chain(&member.addresses).chain([&member.entity]) {
            let names = match entity.kind {
                EntityKind::User => &mut self.accounts,
                EntityKind::Address => &mut self.addresses,
                _ => continue,
            };
            names.insert(story::shown(&entity.name), entity);
        }
    }

    fn find(&self, kind: EntityKind, shown: &str) -> Entity {
        let names = if kind == EntityKind::User { &self.accounts } else { &self.addresses };
        names.get(shown).map_or_else(|| Entity::new(kind, shown), |entity| (*entity).clone())
    }
}

impl Member {
    fn rename(&mut self, name: &impl Fn(&Entity) -> Option<String>, known: &Known<'_>) {
        let renamed = |entity: &Entity| match name(entity).filter(|_| entity.name != ERASED) {
            Some(name) => Entity::new(entity.kind, &name),
            None => entity.clone(),
        };
        let all = |entities: &BTreeSet<Entity>| entities.iter().map(renamed).collect();
        self.entity = renamed(&self.entity);
        self.users = all(&self.users);
        self.addresses = all(&self.addresses);
        self.organizations = all(&self.organizations);
        self.person = self.person.as_ref().map(|person| renamed(&Entity::new(EntityKind::User, person)).name);
        for line in &mut self.lines {
            line.rename(&renamed, known);
        }
    }
}

impl Line {
    fn rename(&mut self, renamed: &impl Fn(&Entity) -> Entity, known: &Known<'_>) {
        if self.text == ERASED {
            return;
        }
        let Some((what, account, source)) = story::read_line(&self.text) else {
            UNREADABLE.clone_into(&mut self.text);
            return;
        };
        let mut text = what.to_owned();
        for (word, kind, shown) in
            [(story::FOR, EntityKind::User, account), (story::FROM, EntityKind::Address, source)]
        {
            let Some(shown) = shown else { continue };
            text.push_str(word);
            text.push_str(&story::shown(&renamed(&known.find(kind, shown)).name));
        }
        self.text = text;
    }
}
