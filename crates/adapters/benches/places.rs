//! Where an address is, by three databases and a list: what the watch asks for each entry, and a decision whose event does not tell.

#![expect(clippy::expect_used, reason = "a bench without its files must not go on")]

use std::{fs, hint::black_box, net::Ipv4Addr, sync::Arc};

use countersign_adapters::places::{NetworkList, PlaceFiles, Settings};
use countersign_app::places::{NetworkKind, Places};
use countersign_core::{Timestamp, testing::HeldClock};
use divan::{Bencher, counter::ItemsCount};
use serde_json::json;

#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the tests' writer, which ends where a test is wrong"
)]
#[path = "../tests/it/places/mmdb.rs"]
mod mmdb;

use mmdb::Mmdb;

fn main() {
    divan::main();
}

/// Networks in each file.
const NETWORKS: u32 = 50_000;

/// Addresses in one pass.
const ADDRESSES: u32 = 10_000;

/// The `n`th of some four million blocks, all over the range of addresses.
fn block(n: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(n.wrapping_mul(2_654_435_761) & 0xFFFF_FF00)
}

fn files() -> PlaceFiles {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: Vec<u8>| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a file");
        path
    };
    let city = json!({ "city": { "names": { "de": "Musterstadt", "en": "Springfield", "fr": "Ville" } }, "country": { "iso_code": "DE" },
        "location": { "latitude": 52.5, "longitude": 13.4, "accuracy_radius": 20, "time_zone": "Europe/Berlin" } });
    let records = [
        ("city", city),
        ("asn", json!({ "autonomous_system_number": 64_500, "autonomous_system_organization": "Example" })),
        ("anonymizers", json!({ "is_anonymous": true, "is_hosting_provider": true })),
    ];
    let [city, asn, anonymizers] = records.map(|(name, record)| {
        let all =
            (0..NETWORKS).fold(Mmdb::new("Bench"), |all, n| all.with(&format!("{}/24", block(n)), &record));
        Some(write(name, all.bytes()))
    });
    let list: String = (0..NETWORKS).map(|n| format!("{}/24\n", block(n + NETWORKS))).collect();
    let networks = vec![NetworkList { file: write("list", list.into_bytes()), kind: NetworkKind::Corporate }];
    let settings = Settings { city, asn, anonymizers, networks, systems: None };
    PlaceFiles::open(&settings, Arc::new(HeldClock::at(Timestamp::default()))).expect("the files are good")
}

#[divan::bench]
fn known(bencher: Bencher<'_, '_>) {
    ask(bencher, 0);
}

#[divan::bench]
fn unknown(bencher: Bencher<'_, '_>) {
    ask(bencher, 2 * NETWORKS);
}

fn ask(bencher: Bencher<'_, '_>, from: u32) {
    let files = files();
    bencher.counter(ItemsCount::new(ADDRESSES)).bench(|| {
        for n in from..from + ADDRESSES {
            black_box(files.locate(black_box(block(n)).into()));
        }
    });
}
