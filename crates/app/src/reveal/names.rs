//! By what names people and addresses go in what is shown: aliases, until somebody opens them.

use std::collections::BTreeSet;

use countersign_core::SubjectId;
use countersign_detect::{Entity, EntityKind, incident::ERASED};
use countersign_privacy::{Alias, Aliases, Epoch};
use serde_json::{Value, json};

use super::Asked;
use crate::{App, Error, Tenant, access::Permit, incidents::EntityTag};

/// What stands in the place of a text that people wrote.
pub const MASKED_TEXT: &str = "[free_text]";

/// Parts of an incident that are opened together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Accounts: user ids, and names that were typed.
    Accounts,
    /// Where it came from: addresses, networks, TLS fingerprints.
    Sources,
    /// What a rule groups by that is none of these.
    Others,
    /// What people wrote: comments, and why it was closed.
    Texts,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Accounts, Self::Sources, Self::Others, Self::Texts];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Sources => "sources",
            Self::Others => "others",
            Self::Texts => "texts",
        }
    }

    /// The parts that are asked for, each at the most once.
    pub(crate) fn all_of(permit: &Permit, asked: Asked<'_>) -> Result<BTreeSet<Self>, Error> {
        super::check(permit, asked)?;
        let part = |field: &String| Self::ALL.into_iter().find(|part| part.as_str() == field);
        let parts: BTreeSet<Self> =
            asked.fields.iter().map(part).collect::<Option<_>>().ok_or(Error::Fields)?;
        if parts.len() == asked.fields.len() { Ok(parts) } else { Err(Error::Fields) }
    }

    /// The part that an entity of this kind belongs to; `None` for what names nobody: the tenant, its organizations and clients.
    #[must_use]
    pub const fn of(kind: EntityKind) -> Option<Self> {
        match kind {
            EntityKind::User => Some(Self::Accounts),
            EntityKind::Address | EntityKind::Network | EntityKind::Fingerprint => Some(Self::Sources),
            EntityKind::Other => Some(Self::Others),
            EntityKind::Organization | EntityKind::Client | EntityKind::Tenant => None,
        }
    }
}

/// How long aliases are in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aliased {
    /// Whole, for programs.
    Whole,
    /// Their beginning, for people.
    Short,
}

/// What is called how.
#[derive(Clone)]
pub(crate) struct Names<'a> {
    tenant: &'a Tenant,
    aliases: Aliases,
    aliased: Aliased,
    open: BTreeSet<Part>,
}

/// An entity as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownEntity {
    /// What sort of thing, and what it is called here.
    pub entity: Entity,
    /// The alias that stands for it everywhere; `None` for what names nobody.
    pub alias: Option<String>,
    /// By which incidents and alerts about it are found.
    pub tag: EntityTag,
    /// Of an account: the pseudonym by which decisions and log entries about it are found.
    pub subject: Option<SubjectId>,
}

impl ShownEntity {
    /// The entity in the form of the API.
    #[must_use]
    pub fn view(&self) -> Value {
        let Self { entity, tag, subject, .. } = self;
        let mut view = json!({ "kind": entity.kind, "name": entity.name, "entity": tag.to_string() });
        if let (Some(view), Some(subject)) = (view.as_object_mut(), subject) {
            view.insert("subject".to_owned(), json!(subject));
        }
        view
    }
}

impl<'a> Names<'a> {
    /// Everything by its alias.
    pub(crate) fn new(tenant: &'a Tenant, aliased: Aliased) -> Self {
        Self { tenant, aliases: App::inner_aliases(tenant), aliased, open: BTreeSet::new() }
    }

    /// The same, with these parts by their own names.
    pub(crate) fn with(self, open: BTreeSet<Part>) -> Self {
        Self { open, ..self }
    }

    pub(crate) fn is_open(&self, part: Part) -> bool {
        self.open.contains(&part)
    }

    /// The alias of an entity; `None` for what names nobody.
    pub(crate) fn alias(&self, entity: &Entity) -> Option<Alias> {
        Part::of(entity.kind).filter(|_| entity.name != ERASED)?;
        Some(match entity.kind {
            EntityKind::User => self.aliases.of_account(&entity.name),
            _ => self.aliases.of_id(&entity.name),
        })
    }

    /// What an entity is called instead of its own name; `None`: its own name stays.
    pub(crate) fn name(&self, entity: &Entity) -> Option<String> {
        let part = Part::of(entity.kind)?;
        let alias = self.alias(entity).filter(|_| !self.open.contains(&part))?;
        Some(match self.aliased {
            Aliased::Whole => alias.to_string(),
            Aliased::Short => alias.short(),
        })
    }

    pub(crate) fn shown(&self, entity: &Entity) -> ShownEntity {
        let named = self.name(entity).map_or_else(|| entity.clone(), |name| Entity::new(entity.kind, &name));
        ShownEntity {
            entity: named,
            alias: self.alias(entity).map(|alias| alias.to_string()),
            tag: App::entity_tag(self.tenant, entity),
            subject: App::entity_subject(self.tenant, entity).filter(|_| entity.name != ERASED),
        }
    }
}

impl App {
    /// Makes the aliases by which people and addresses go for those who work with Countersign: always the same, so that one entity can be
    /// followed. What goes outside has [`App::alias`].
    #[must_use]
    pub fn inner_aliases(tenant: &Tenant) -> Aliases {
        tenant.keys.aliases(Epoch::ALWAYS)
    }

    /// An entity as it is shown to whoever did not open it.
    #[must_use]
    pub fn shown_entity(tenant: &Tenant, entity: &Entity, aliased: Aliased) -> ShownEntity {
        Names::new(tenant, aliased).shown(entity)
    }
}
