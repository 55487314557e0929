//! Where addresses are, by the operator's own files: databases in the MaxMind DB format, and lists of networks.
//!
//! Files are read whole, checked when they are opened, and read again when they were replaced; one that can't be used then
//! leaves the one before. A record that can't be decoded says nothing. Nothing here tells an address in an error or a log line.

mod database;
mod error;
mod files;
mod networks;
mod record;

use std::{net::IpAddr, path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use countersign_app::places::{NetworkKind, Place, Places};
use countersign_core::Timestamp;
use parking_lot::Mutex;

use self::files::{Loaded, Seen};
pub use self::{
    error::{Fault, Faults, Why},
    files::{MAX_DATABASE_BYTES, MAX_LIST_BYTES},
};

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
    settings: Settings,
    loaded: ArcSwap<Loaded>,
    seen: Mutex<Seen>,
}

impl PlaceFiles {
    /// Reads all files.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub fn open(settings: Settings) -> Result<Self, Faults> {
        let mut seen = Seen::default();
        let (loaded, faults) = seen.read(&settings, &Loaded::default());
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        Ok(Self {
            settings,
            loaded: ArcSwap::from_pointee(loaded.unwrap_or_default()),
            seen: Mutex::new(seen),
        })
    }

    /// Reads again what was replaced since the last look, and puts what can be used in force at once; says whether anything
    /// was. It blocks while it reads.
    ///
    /// # Errors
    /// What is wrong with a file that was replaced, told once; the one before holds on. The others are in force.
    pub fn look_again(&self) -> Result<bool, Faults> {
        let mut seen = self.seen.lock();
        let (loaded, faults) = seen.read(&self.settings, &self.loaded.load());
        let is_other = loaded.is_some();
        if let Some(loaded) = loaded {
            self.loaded.store(Arc::new(loaded));
        }
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
