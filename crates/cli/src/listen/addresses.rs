//! How many connections each peer address has open, in memory only.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use countersign_server::PeerAddress;
use parking_lot::Mutex;

/// Counts of open connections; one entry for each address that has any.
pub struct Addresses {
    most: usize,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection in the count; leaves it when it goes.
pub struct Held {
    address: IpAddr,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Addresses {
    /// At most so many connections of one address.
    pub fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// Counts a connection in; `None` when its address has as many as it may.
    pub fn hold(&self, address: IpAddr) -> Option<Held> {
        let address = PeerAddress(address).network();
        let mut open = self.open.lock();
        let count = open.entry(address).or_insert(0);
        // Why not on loopback: behind a proxy on this machine everybody comes from there.
        if *count >= self.most && !address.is_loopback() {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Held { address, open: Arc::clone(&self.open) })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_connections_and_gets_its_places_back() {
        let addresses = Addresses::new(2);
        let held = [(); 2].map(|()| addresses.hold(address("192.0.2.1")).unwrap());
        assert!(addresses.hold(address("192.0.2.1")).is_none());
        assert!(addresses.hold(address("::ffff:192.0.2.1")).is_none(), "the same address in another form");
        assert!(addresses.hold(address("192.0.2.2")).is_some());
        drop(held);
        assert!(addresses.hold(address("192.0.2.1")).is_some());
        assert!(addresses.open.lock().is_empty(), "nobody is remembered");
    }

    #[test]
    fn a_network_of_version_6_counts_as_one_address() {
        let addresses = Addresses::new(1);
        let _held = addresses.hold(address("2001:db8::1")).unwrap();
        assert!(addresses.hold(address("2001:db8::ffff")).is_none());
        assert!(addresses.hold(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn loopback_has_no_limit() {
        let addresses = Addresses::new(1);
        for text in ["127.0.0.1", "::1"] {
            let held = [(); 3].map(|()| addresses.hold(address(text)));
            assert!(held.iter().all(Option::is_some), "{text}");
        }
    }
}
