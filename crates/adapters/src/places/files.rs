//! The files of places, and what they say together.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use countersign_app::{
    places::NetworkKind,
    reference::{DataSet, named},
};
use countersign_core::Timestamp;

use super::{
    Settings,
    database::{Database, Role},
    networks::{Entries, Networks},
    systems::{self, Systems},
};
use crate::files::{Fault, Parsed, Source, Why, text, version, whole};

/// The longest database that is read, in bytes; judgement: it has to fit into memory twice while it is replaced.
pub const MAX_DATABASE_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// The longest list that is read, in bytes: some four million networks.
pub const MAX_LIST_BYTES: u64 = 64 * 1024 * 1024;

const NETWORKS: &str = "places.networks";
const LINE: &str = "neither a network, such as `198.51.100.0/24`, nor a system, such as `AS64500`";

/// What is known of addresses.
#[derive(Clone, Default)]
pub(super) struct Loaded {
    pub(super) databases: BTreeMap<Role, Arc<Database>>,
    pub(super) networks: Arc<Networks>,
    /// Which content of which file this is; `None` without files.
    pub(super) version: Option<Arc<str>>,
}

/// The files.
pub(super) struct Sources {
    databases: Vec<(Role, Source<Database>)>,
    lists: Vec<(NetworkKind, Source<Entries>)>,
    systems: Option<Source<Systems>>,
}

impl Sources {
    pub(super) fn new(settings: &Settings) -> Self {
        let database = |role| {
            let source = Source::new(Role::setting(role), settings.of(role)?, MAX_DATABASE_BYTES);
            Some((role, source))
        };
        let list = |(n, list): (usize, &super::NetworkList)| {
            (list.kind, Source::nth(NETWORKS, n, &list.file, MAX_LIST_BYTES))
        };
        let systems = settings.systems.as_deref();
        Self {
            databases: Role::ALL.into_iter().filter_map(database).collect(),
            lists: settings.networks.iter().enumerate().map(list).collect(),
            systems: systems.map(|file| Source::new("places.systems", file, MAX_LIST_BYTES)),
        }
    }

    /// Reads what was replaced since; `None` when there is nothing new in force.
    pub(super) fn look(&mut self, before: &Loaded, now: Timestamp) -> (Option<Loaded>, Vec<Fault>) {
        let mut faults = Vec::new();
        let mut taken = |looked: Result<bool, Vec<Fault>>| {
            looked.unwrap_or_else(|found| {
                faults.extend(found);
                false
            })
        };
        let (mut is_other, mut has_other_networks) = (false, false);
        for (role, source) in &mut self.databases {
            is_other |= taken(source.look(now, |bytes| database(*role, bytes)));
        }
        for (kind, source) in &mut self.lists {
            has_other_networks |= taken(source.look(now, |bytes| list(*kind, bytes)));
        }
        if let Some(source) = &mut self.systems {
            has_other_networks |= taken(source.look(now, |bytes| systems::read(&bytes)));
        }
        let loaded = (is_other || has_other_networks).then(|| Loaded {
            databases: self
                .databases
                .iter()
                .filter_map(|(role, source)| Some((*role, Arc::clone(source.value()?))))
                .collect(),
            networks: if has_other_networks {
                Arc::new(self.networks())
            } else {
                Arc::clone(&before.networks)
            },
            version: self.version(),
        });
        (loaded, faults)
    }

    /// All lists together: which network holds depends on each.
    fn networks(&self) -> Networks {
        let lists = self.lists.iter().filter_map(|(_, source)| source.value());
        let systems = self.systems.as_ref().and_then(Source::value);
        Networks::of(lists.map(AsRef::as_ref), systems.map(AsRef::as_ref))
    }

    /// How each file stands.
    pub(super) fn sets(&self) -> Vec<DataSet> {
        let databases = self.databases.iter().map(|(_, source)| source.set());
        let lists = self.lists.iter().map(|(_, source)| source.set());
        databases.chain(lists).chain([self.systems.as_ref().and_then(Source::set)]).flatten().collect()
    }

    fn version(&self) -> Option<Arc<str>> {
        let of = |setting: &'static str, version: Option<&str>| Some((setting, version?.to_owned()));
        let databases =
            self.databases.iter().filter_map(|(role, source)| of(role.setting(), source.version()));
        // Why one for all: there may be many, and a record names them each time.
        let lists: Vec<&str> = self.lists.iter().filter_map(|(_, source)| source.version()).collect();
        let lists = (!lists.is_empty()).then(|| (NETWORKS, version(lists.join(" ").as_bytes())));
        let systems = self.systems.as_ref().and_then(|source| of("places.systems", source.version()));
        let all: Vec<_> = databases.chain(lists).chain(systems).collect();
        named(all.iter().map(|(setting, version)| (*setting, version.as_str())))
    }
}

impl Settings {
    fn of(&self, role: Role) -> Option<&Path> {
        let file = match role {
            Role::City => &self.city,
            Role::Asn => &self.asn,
            Role::Anonymizers => &self.anonymizers,
        };
        file.as_deref()
    }
}

fn database(role: Role, bytes: Vec<u8>) -> Result<Parsed<Database>, Vec<Why>> {
    let database = Database::parse(role, bytes).map_err(|why| vec![why])?;
    Ok(Parsed { entries: database.nodes(), value: database })
}

fn list(kind: NetworkKind, bytes: Vec<u8>) -> Result<Parsed<Entries>, Vec<Why>> {
    let (entries, faults) = Entries::read(&text(bytes)?, kind);
    let count = entries.len();
    whole(entries, count, faults, LINE)
}
