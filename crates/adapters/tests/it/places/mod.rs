//! Where addresses are by the operator's files: what they say together, what can't be used, and what follows at the whole service.

mod fuzz;
mod hostile;
mod mmdb;
mod reading;
mod service;

use std::{fs, net::IpAddr, path::PathBuf, sync::Arc};

use countersign_adapters::places::{NetworkList, PlaceFiles, Settings};
use countersign_app::places::{NetworkKind, Place, Places};
use countersign_core::{Clock, Timestamp, testing::HeldClock};
use serde_json::{Value, json};
use tempfile::TempDir;

use mmdb::Mmdb;

/// Files in a folder of their own.
struct Files {
    folder: TempDir,
    settings: Settings,
}

impl Files {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), settings: Settings::default() }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let (path, new) = (self.folder.path().join(name), self.folder.path().join("new"));
        fs::write(&new, bytes).unwrap();
        fs::rename(new, &path).unwrap();
        path
    }

    fn city(mut self, database: &Mmdb) -> Self {
        self.settings.city = Some(self.write("city", database.bytes()));
        self
    }

    fn asn(mut self, database: &Mmdb) -> Self {
        self.settings.asn = Some(self.write("asn", database.bytes()));
        self
    }

    fn anonymizers(mut self, database: &Mmdb) -> Self {
        self.settings.anonymizers = Some(self.write("anonymizers", database.bytes()));
        self
    }

    fn list(mut self, name: &str, kind: NetworkKind, text: &str) -> Self {
        let file = self.write(name, text);
        self.settings.networks.push(NetworkList { file, kind });
        self
    }

    fn table(mut self, text: &str) -> Self {
        self.settings.systems = Some(self.write("systems", text));
        self
    }

    fn open(&self) -> PlaceFiles {
        PlaceFiles::open(&self.settings, clock()).unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn faults(&self) -> Vec<String> {
        let faults = PlaceFiles::open(&self.settings, clock()).err().unwrap();
        let folder = format!("{}/", self.folder.path().display());
        faults.to_string().lines().map(|line| line.replace(&folder, "")).collect()
    }
}

/// A clock that stands at a time that tests know.
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(HeldClock::at(Timestamp::from_seconds(1_787_212_800)))
}

fn city(country: &str, latitude: f64, longitude: f64, radius: u32) -> Value {
    json!({
        "city": { "names": { "en": "A name that nobody asks for, longer than 29 bytes" } },
        "country": { "iso_code": country },
        "location": { "latitude": latitude, "longitude": longitude, "accuracy_radius": radius },
        "subdivisions": [{ "iso_code": "XX" }],
    })
}

/// Berlin at 198.51.100.0/24, Sydney at 203.0.113.0/24.
fn cities() -> Mmdb {
    Mmdb::new("Test-City")
        .with("198.51.100.0/24", &city("DE", 52.5, 13.4, 20))
        .with("203.0.113.0/24", &city("AU", -33.9, 151.2, 50))
}

fn asns() -> Mmdb {
    let record = |number: u32| json!({ "autonomous_system_number": number, "autonomous_system_organization": "Example" });
    Mmdb::new("Test-ASN").with("198.51.100.0/22", &record(64_500)).with("203.0.113.0/24", &record(64_501))
}

fn at(files: &PlaceFiles, address: &str) -> Option<Place> {
    files.locate(address.parse::<IpAddr>().unwrap())
}
