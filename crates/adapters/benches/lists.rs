//! Lists as long as the longest that are published: how long they take to be read, and what a look costs.

#![expect(clippy::expect_used, reason = "a bench without its files must not go on")]

use std::{fs, hint::black_box, net::Ipv4Addr, path::PathBuf, sync::Arc};

use countersign_adapters::{
    domains::{self, DomainFiles},
    places::{self, NetworkList, PlaceFiles},
};
use countersign_app::{
    places::{NetworkKind, Places},
    reference::Domains,
};
use countersign_core::{Clock, Timestamp, testing::HeldClock};
use countersign_risk::{Reference, ReferenceLists};
use divan::{Bencher, counter::ItemsCount};
use tempfile::TempDir;

fn main() {
    divan::main();
}

/// Networks in the list, and rows in the table of systems.
const NETWORKS: u32 = 1_000_000;
const SYSTEMS: u32 = 100_000;

/// Domains in the list.
const DOMAINS: u32 = 200_000;

/// Looks in one pass.
const LOOKS: u32 = 10_000;

fn clock() -> Arc<dyn Clock> {
    Arc::new(HeldClock::at(Timestamp::default()))
}

/// The `n`th of many blocks all over the range of addresses.
fn block(n: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(n.wrapping_mul(2_654_435_761) & 0xFFFF_FF00)
}

fn written(folder: &TempDir, name: &str, lines: impl Iterator<Item = String>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, lines.collect::<String>()).expect("a file");
    path
}

fn place_settings(folder: &TempDir) -> places::Settings {
    let list = written(folder, "networks", (0..NETWORKS).map(|n| format!("{}/24\n", block(n))));
    let rows = (1..=SYSTEMS).map(|n| format!("{n},Example {n},hosting\n"));
    let table = written(folder, "systems", std::iter::once("asn,name,category\n".to_owned()).chain(rows));
    places::Settings {
        networks: vec![NetworkList { file: list, kind: NetworkKind::Hosting }],
        systems: Some(table),
        ..places::Settings::default()
    }
}

fn domain_settings(folder: &TempDir) -> domains::Settings {
    let disposable = written(folder, "disposable", (0..DOMAINS).map(|n| format!("burner-{n}.example\n")));
    domains::Settings { disposable: Some(disposable), ..domains::Settings::default() }
}

#[divan::bench(sample_count = 5)]
fn load_networks(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = place_settings(&folder);
    bencher.bench(|| PlaceFiles::open(&settings, clock()).expect("the files are good"));
}

#[divan::bench(sample_count = 5)]
fn load_domains(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = domain_settings(&folder);
    bencher.bench(|| DomainFiles::open(&settings, clock()).expect("the files are good"));
}

#[divan::bench]
fn find_address(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let files = PlaceFiles::open(&place_settings(&folder), clock()).expect("the files are good");
    bencher.counter(ItemsCount::new(LOOKS)).bench(|| {
        for n in 0..LOOKS {
            black_box(files.locate(black_box(block(n * 97)).into()));
        }
    });
}

#[divan::bench]
fn find_system(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let files = PlaceFiles::open(&place_settings(&folder), clock()).expect("the files are good");
    bencher.counter(ItemsCount::new(LOOKS)).bench(|| {
        for n in 0..LOOKS {
            black_box(files.kind_of(black_box(n.wrapping_mul(2_654_435_761) % (2 * SYSTEMS))));
        }
    });
}

/// Reads the address and its domain too, which is most of it.
#[divan::bench]
fn find_domain(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let files = DomainFiles::open(&domain_settings(&folder), clock()).expect("the files are good");
    let reference = Reference::with(&ReferenceLists::default(), &files.lists().domains);
    let addresses: Vec<String> = (0..LOOKS).map(|n| format!("pat@mail.burner-{}.example", n * 40)).collect();
    bencher.counter(ItemsCount::new(LOOKS)).bench(|| {
        for address in &addresses {
            black_box(reference.is_disposable(black_box(address)));
        }
    });
}
