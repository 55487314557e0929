//! Where addresses are, by reference data that the operator supplies: for the watch, and for decisions whose event does not tell.

use std::{net::IpAddr, sync::Arc};

pub use countersign_detect::{Country, NetworkKind, Place};
/// A point on the earth.
pub use countersign_risk::Place as Point;
use countersign_risk::{Located, Short};

use crate::{App, reference::DataSet};

/// The widest radius of accuracy with which a point counts in a decision, in kilometers (judgement; the model grants positions
/// an error of 100 km). Where a database knows the country alone it gives its middle, from which every journey would look long.
const MAX_ACCURACY_KM: u16 = 200;

/// Reference data of addresses.
pub trait Places: Send + Sync {
    /// Where an address is, an IPv4 address as such; `None` where nothing is known of it.
    ///
    /// It is asked while somebody waits: it neither blocks nor fails.
    fn locate(&self, address: IpAddr) -> Option<Place>;

    /// What kind of network an autonomous system is, as quickly; `None` where nothing is known of it.
    fn kind_of(&self, system: u32) -> Option<NetworkKind>;

    /// Which data answer now, in one line for a record; `None` without any.
    fn version(&self) -> Option<Arc<str>>;

    /// How each file stands.
    fn sets(&self) -> Vec<DataSet>;
}

impl App {
    /// Where an address is; `None` where nobody knows.
    pub(crate) fn locate(&self, address: IpAddr) -> Option<Place> {
        self.ports.places.as_ref()?.locate(address)
    }

    /// The same for a decision; without the point where the network hides where the person is, and where it is a guess.
    pub(crate) fn located(&self, address: IpAddr) -> Option<Located> {
        let Place { country, point, accuracy_km, asn, network } = self.locate(address)?;
        let is_there = !network.hides_place() && accuracy_km <= MAX_ACCURACY_KM;
        let country = country.map(|country| Short::new(country.as_str()));
        let kind = Some(network).filter(|kind| *kind != NetworkKind::Unknown);
        Some(Located { country, place: point.filter(|_| is_there), asn, kind })
    }

    /// What kind of network an autonomous system is; `None` where nobody knows.
    pub(crate) fn kind_of(&self, system: u32) -> Option<NetworkKind> {
        self.ports.places.as_ref()?.kind_of(system)
    }

    /// What is read with places as they are, and which data those are: read again where files were replaced meanwhile.
    pub(crate) fn by_places<T>(&self, read: impl Fn() -> T) -> (T, Option<Arc<str>>) {
        let version = || self.ports.places.as_ref().and_then(|places| places.version());
        loop {
            let (before, found) = (version(), read());
            if version() == before {
                return (found, before);
            }
        }
    }
}
