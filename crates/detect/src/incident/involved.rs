//! Who and what an alert is about.

use std::collections::BTreeSet;

use countersign_privacy::{Tag, Tagger};

use crate::{Alert, Entity, EntityKind, Event, told};

/// Who and what an alert is about: its own entity, and what the entries name that show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Involved {
    /// Accounts by their user ids.
    pub users: BTreeSet<Entity>,
    /// Names that were typed where the entry tells no user id.
    pub names: BTreeSet<Entity>,
    /// Names that stand beside a user id: they join, and count no account twice.
    pub aliases: BTreeSet<Entity>,
    /// Addresses.
    pub addresses: BTreeSet<Entity>,
    /// Networks.
    pub networks: BTreeSet<Entity>,
    /// Organizations.
    pub organizations: BTreeSet<Entity>,
    /// Clients.
    pub clients: BTreeSet<Entity>,
    /// Clients that acted for themselves: their entries tell of no account.
    pub machines: BTreeSet<Entity>,
    /// What the detector says that it is about.
    pub own: Option<Entity>,
}

impl Involved {
    /// Who and what `alert` is about, by the entries that show it.
    #[must_use]
    pub fn new<'a, 'e: 'a>(alert: &Alert, evidence: impl IntoIterator<Item = &'a Event<'e>>) -> Self {
        let mut involved = Self { own: Some(alert.entity.clone()), ..Self::default() };
        involved.add_own(&alert.entity);
        for event in evidence {
            involved.add(event);
        }
        involved
    }

    fn add_own(&mut self, entity: &Entity) {
        let among = match entity.kind {
            EntityKind::Address => &mut self.addresses,
            EntityKind::Network => &mut self.networks,
            EntityKind::Organization => &mut self.organizations,
            EntityKind::Client => &mut self.clients,
            // Why not users: the entity does not tell a user id from a name, the entries do.
            EntityKind::User | EntityKind::Fingerprint | EntityKind::Tenant | EntityKind::Other => return,
        };
        among.insert(entity.clone());
    }

    fn add(&mut self, event: &Event<'_>) {
        let user = |text: &str| Entity::new(EntityKind::User, text);
        let id = told(event.log.fields.user_id.as_ref()).map(user);
        let name = told(event.log.fields.user_name.as_ref()).map(user);
        let client = event.client();
        if id.is_none() && name.is_none() {
            self.machines.extend(client.clone());
        }
        let names = if id.is_some() { &mut self.aliases } else { &mut self.names };
        names.extend(name);
        self.users.extend(id);
        self.addresses.extend(event.source());
        self.networks.extend(event.network());
        self.organizations.extend(event.organization());
        self.clients.extend(client);
    }

    /// The accounts, each once as far as the entries tell: by user id, else by the name that was typed.
    pub fn accounts(&self) -> impl Iterator<Item = &Entity> {
        let nameless = self.names.iter().filter(|name| !self.aliases.contains(name));
        let own = self.own.iter().filter(|own| own.kind == EntityKind::User);
        let own = own.filter(|own| {
            !self.users.contains(own) && !self.aliases.contains(own) && !self.names.contains(own)
        });
        self.users.iter().chain(nameless).chain(own)
    }

    /// The user id of the one account that it is about; `None` where there are several, or none is known by its id.
    #[must_use]
    pub fn person(&self) -> Option<&str> {
        let mut accounts = self.accounts();
        let one = accounts.next().filter(|one| self.users.contains(one))?;
        accounts.next().is_none().then_some(&*one.name)
    }

    /// What joins alerts, as keyed tags: accounts, names, addresses, networks, clients that acted for themselves, and the
    /// detector's own entity. Organization and tenant alone never do, nor does a client that people sign in to: all that happens
    /// at an application would be one incident.
    #[must_use]
    pub fn keys(&self, tagger: &Tagger) -> BTreeSet<Tag> {
        let own = self.own.iter().filter(|own| {
            !matches!(own.kind, EntityKind::Organization | EntityKind::Tenant | EntityKind::Other)
        });
        [&self.users, &self.names, &self.aliases, &self.addresses, &self.networks, &self.machines]
            .into_iter()
            .flatten()
            .chain(own)
            .map(|entity| entity.tag(tagger))
            .collect()
    }
}
