//! Chance, places and events of the generated sequences.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex},
};

use countersign_core::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The first second of a world: 2026-06-01T00:00:00Z.
pub(super) const START: i64 = 1_780_272_000;
pub(super) const HOUR: i64 = 3_600;
pub(super) const DAY: i64 = 86_400;

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the same on every machine.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of `range`.
    pub(super) fn within(&mut self, range: std::ops::Range<i64>) -> i64 {
        let width = u64::try_from(range.end - range.start).unwrap();
        range.start + i64::try_from(self.next() % width).unwrap()
    }

    /// True in so many of a hundred.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.next() % u64::try_from(items.len()).unwrap()).unwrap()]
    }

    /// So many letters of `alphabet`.
    pub(super) fn text(&mut self, alphabet: &str, length: i64) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length).map(|_| self.pick(&letters)).collect()
    }
}

/// Where somebody is: a block of addresses in a country.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) block: [i64; 3],
    pub(super) country: &'static str,
    pub(super) language: &'static str,
    pub(super) place: (f64, f64),
    pub(super) asn: i64,
}

const COUNTRIES: &[(&str, &str, f64, f64)] = &[
    ("DE", "de-DE", 50.1, 8.7),
    ("US", "en-US", 40.7, -74.0),
    ("GB", "en-GB", 51.5, -0.1),
    ("FR", "fr-FR", 48.9, 2.4),
    ("PL", "pl-PL", 52.2, 21.0),
    ("BR", "pt-BR", -23.5, -46.6),
    ("IN", "hi-IN", 19.1, 72.9),
    ("VN", "vi-VN", 10.8, 106.7),
    ("JP", "ja-JP", 35.7, 139.7),
    ("NG", "en-NG", 6.5, 3.4),
    ("TR", "tr-TR", 41.0, 29.0),
    ("NL", "nl-NL", 52.4, 4.9),
];

impl Site {
    pub(super) fn any(rng: &mut Rng) -> Self {
        let (country, language, lat, lon) = rng.pick(COUNTRIES);
        Self {
            block: [rng.within(20..220), rng.within(0..256), rng.within(0..256)],
            country,
            language,
            place: (lat, lon),
            asn: rng.within(1_000..60_000),
        }
    }

    /// Another block, of another provider, in the same city.
    pub(super) fn nearby(&self, rng: &mut Rng) -> Self {
        Self { country: self.country, language: self.language, place: self.place, ..Self::any(rng) }
    }

    /// Somewhere in another country.
    pub(super) fn abroad(&self, rng: &mut Rng) -> Self {
        loop {
            let site = Self::any(rng);
            if site.country != self.country {
                return site;
            }
        }
    }

    /// Another block of the same range.
    pub(super) fn sibling(&self, rng: &mut Rng) -> Self {
        Self { block: [self.block[0], self.block[1], rng.within(0..256)], ..self.clone() }
    }

    pub(super) fn ip(&self, host: i64) -> String {
        let [a, b, c] = self.block;
        format!("{a}.{b}.{c}.{}", host.rem_euclid(250) + 2)
    }
}

pub(super) const BROWSERS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
];

/// The request of an event; `language` is told where it is.
pub(super) fn request(site: &Site, host: i64, agent: &str) -> Value {
    let (latitude, longitude) = site.place;
    json!({
        "ip": site.ip(host),
        "user_agent": agent,
        "language": site.language,
        "geoip": {"countryCode": site.country, "latitude": latitude, "longitude": longitude},
    })
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(START + second)
}

/// An event of the fixtures as the Action sends it, without Auth0's own assessment, with `patch` laid over it; what
/// names a user is replaced as a whole.
pub(super) fn event<T: DeserializeOwned>(fixture: &'static str, patch: &Value) -> T {
    static READ: LazyLock<Mutex<BTreeMap<&'static str, Value>>> = LazyLock::new(Mutex::default);
    let mut event: Value =
        READ.lock().unwrap().entry(fixture).or_insert_with(|| serde_json::from_str(fixture).unwrap()).clone();
    for (object, field) in [
        ("authentication", "riskAssessment"),
        ("request", "body"),
        ("transaction", "actor_token"),
        ("transaction", "subject_token"),
    ] {
        if let Some(object) = event.get_mut(object).and_then(Value::as_object_mut) {
            object.remove(field);
        }
    }
    if patch.get("user").is_some() {
        event["user"] = json!({});
    }
    overlay(&mut event, patch);
    serde_json::from_value(event).unwrap()
}

fn overlay(value: &mut Value, patch: &Value) {
    match (value, patch) {
        (Value::Object(fields), Value::Object(patch)) => {
            for (name, patch) in patch {
                overlay(fields.entry(name).or_insert(Value::Null), patch);
            }
        }
        (value, patch) => *value = patch.clone(),
    }
}
