//! Where addresses are, by the operator's own files: databases in the MaxMind DB format, and lists of networks.
//!
//! A record that can't be decoded says nothing. Nothing here tells an address in an error or a log line.

mod database;
mod files;
mod networks;
mod record;
mod systems;

use std::{net::IpAddr, path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use countersign_app::{
    places::{NetworkKind, Place, Places},
    reference::DataSet,
};
use countersign_core::{Clock, Timestamp};
use parking_lot::Mutex;

use self::files::{Loaded, Sources};
pub use self::files::{MAX_DATABASE_BYTES, MAX_LIST_BYTES};
use crate::files::Faults;

/// Which files there are.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// A database of countries and coordinates; `None`: nobody knows where an address is.
    pub city: Option<PathBuf>,
    /// A database of autonomous systems.
    pub asn: Option<PathBuf>,
    /// A database of what hides who is behind an address, or of kinds of connections.
    pub anonymizers: Option<PathBuf>,
    /// The operator's own lists of networks; of two lists with the same network the earlier one holds.
    pub networks: Vec<NetworkList>,
    /// A table of autonomous systems and their categories, which counts less than the lists.
    pub systems: Option<PathBuf>,
}

/// A list of networks of one kind: a network or `AS64500` a line, comments behind `#`.
#[derive(Debug, Clone)]
pub struct NetworkList {
    /// The file.
    pub file: PathBuf,
    /// What they are.
    pub kind: NetworkKind,
}

/// The files as they were last read.
pub struct PlaceFiles {
    clock: Arc<dyn Clock>,
    sources: Mutex<Sources>,
    loaded: ArcSwap<Loaded>,
    sets: ArcSwap<Vec<DataSet>>,
}

impl PlaceFiles {
    /// Reads all files.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, Faults> {
        let mut sources = Sources::new(settings);
        let (loaded, faults) = sources.look(&Loaded::default(), clock.now());
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        let loaded = ArcSwap::from_pointee(loaded.unwrap_or_default());
        let sets = ArcSwap::from_pointee(sources.sets());
        Ok(Self { clock, sources: Mutex::new(sources), loaded, sets })
    }

    /// Reads again what was replaced since the last look, and puts what can be used in force at once; says whether anything
    /// was. It blocks while it reads.
    ///
    /// # Errors
    /// What is wrong with a file that was replaced, told once; the one before holds on. The others are in force.
    pub fn look_again(&self) -> Result<bool, Faults> {
        let mut sources = self.sources.lock();
        let (loaded, faults) = sources.look(&self.loaded.load(), self.clock.now());
        let is_other = loaded.is_some();
        if let Some(loaded) = loaded {
            self.loaded.store(Arc::new(loaded));
        }
        self.sets.store(Arc::new(sources.sets()));
        if faults.is_empty() { Ok(is_other) } else { Err(Faults(faults)) }
    }

    /// The databases in force by the key of their setting, and when each was built by its own account.
    #[must_use]
    pub fn built(&self) -> Vec<(&'static str, Timestamp)> {
        self.loaded.load().databases.iter().map(|(role, database)| (role.key(), database.built())).collect()
    }
}

impl Places for PlaceFiles {
    fn locate(&self, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let loaded = self.loaded.load();
        let found = loaded.databases.values().filter_map(|database| database.find(address));
        let mut place = found.fold(Place::default(), join);
        if let Some(kind) = loaded.networks.kind(address, place.asn) {
            place.network = kind;
        }
        (place != Place::default()).then_some(place)
    }

    fn kind_of(&self, system: u32) -> Option<NetworkKind> {
        self.loaded.load().networks.kind_of(system)
    }

    fn version(&self) -> Option<Arc<str>> {
        self.loaded.load().version.clone()
    }

    fn sets(&self) -> Vec<DataSet> {
        self.sets.load().as_ref().clone()
    }
}

/// What two files know: of the place the first one, of the network the second one, which is about networks.
fn join(first: Place, second: Place) -> Place {
    let (point, accuracy_km) = match first.point {
        Some(_) => (first.point, first.accuracy_km),
        None => (second.point, second.accuracy_km),
    };
    let network = if second.network == NetworkKind::Unknown { first.network } else { second.network };
    Place {
        country: first.country.or(second.country),
        point,
        accuracy_km,
        asn: second.asn.or(first.asn),
        network,
    }
}
