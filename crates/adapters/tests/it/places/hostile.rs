//! Databases that somebody damaged or made to do harm: refused, or silent where they are wrong; never a panic, never without an end.

use std::net::{IpAddr, Ipv4Addr};

use countersign_adapters::places::PlaceFiles;
use countersign_app::places::{NetworkKind, Places};
use proptest::prelude::*;

use super::{Files, at, cities, city, mmdb::Mmdb};

/// Opens bytes as a database of cities and asks it for a thousand addresses.
fn ask(bytes: &[u8]) -> Option<PlaceFiles> {
    let mut files = Files::new().list("list", NetworkKind::Corporate, "AS64500\n");
    files.settings.city = Some(files.write("city", bytes));
    let open = PlaceFiles::open(&files.settings, super::clock()).ok()?;
    for n in 0..1_000_u32 {
        let v4 = Ipv4Addr::from_bits(0xC633_6400 ^ n.wrapping_mul(2_654_435_761));
        open.locate(IpAddr::V4(v4));
        open.locate(IpAddr::V6((u128::from(n) << 100).into()));
    }
    Some(open)
}

#[test]
fn a_file_that_was_cut_anywhere_is_refused_or_read() {
    let whole = cities().bytes();
    assert!(ask(&whole).is_some());
    for length in (0..whole.len()).step_by(7) {
        ask(&whole[..length]);
    }
    assert!(ask(&whole[..whole.len() / 2]).is_none(), "the metadata are at the end");
}

#[test]
fn pointers_in_a_circle_say_nothing_and_leave_the_rest() {
    // A pointer (type 1, 11 bits) to its own place, behind the two cities.
    let data = cities();
    let own = u16::try_from(data.data_len()).unwrap();
    let [high, low] = own.to_be_bytes();
    let circle = data.with_raw("192.0.2.0/24", &[0x20 | high, low]);
    let open = ask(&circle.bytes()).unwrap();
    assert_eq!(at(&open, "192.0.2.1"), None);
    assert!(at(&open, "198.51.100.1").is_some());
}

#[test]
fn maps_in_maps_without_an_end_say_nothing() {
    let deep = [0xE1, 0x41, b'a'].repeat(5_000);
    let record = city("DE", 52.5, 13.4, 20);
    let nested = Mmdb::new("Test-City").with("198.51.100.0/24", &record).with_raw("192.0.2.0/24", &deep);
    let open = ask(&nested.bytes()).unwrap();
    assert_eq!(at(&open, "192.0.2.1"), None);
}

#[test]
fn a_tree_that_leads_back_to_itself_ends() {
    let mut bytes = cities().bytes();
    // Every record of every node leads to the first node.
    let nodes = cities().node_count() * 6;
    bytes[..nodes].fill(0);
    assert!(ask(&bytes).is_none(), "no network has a country");
    // Each node leads to the next one on both sides, the last to an end: 2^96 ways that are all alike.
    let last = cities().node_count() - 1;
    for node in 0..last {
        let next = u32::try_from(node + 1).unwrap().to_be_bytes();
        bytes[node * 6..node * 6 + 3].copy_from_slice(&next[1..]);
        bytes[node * 6 + 3..node * 6 + 6].copy_from_slice(&next[1..]);
    }
    assert!(ask(&bytes).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn bytes_that_were_changed_break_nothing(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut bytes = cities().bytes();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        ask(&bytes);
    }

    #[test]
    fn the_data_and_the_metadata_may_be_anything(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = cities().bytes();
        let tree = cities().node_count() * 6 + 16;
        for (index, byte) in changes {
            let at = tree + index.index(bytes.len() - tree);
            bytes[at] = byte;
        }
        ask(&bytes);
    }
}
