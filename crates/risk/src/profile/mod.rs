//! What the earlier sign-ins of a user, or requests of a client, looked like: capped, decayed counts of hashed values, in at most 2 KiB.

mod codec;
pub(crate) mod decay;
mod histogram;
mod reading;
mod scopes;

use countersign_core::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};

pub use codec::{MAX_PROFILE_BYTES, ProfileError};
use histogram::{Histogram, MAX_CELL};
pub(crate) use reading::Seen;
use scopes::Scopes;

use crate::{Features, Machine, Place, hash, learning};

/// Confirmed sign-ins remembered one by one.
const MAX_SIGHTINGS: usize = 5;

/// Failures remembered one by one.
const MAX_FAILURES: usize = 16;

/// Countries remembered, unless scopes take the room.
const MAX_COUNTRIES: usize = 8;

/// Programs remembered, unless scopes take the room.
const MAX_BROWSERS: usize = 12;

/// Countries remembered beside scopes.
const MAX_MACHINE_COUNTRIES: usize = 6;

/// Programs remembered beside scopes; a client mostly has one.
const MAX_MACHINE_BROWSERS: usize = 4;

/// One user's or machine's history: a fold over records, changed by outcomes only and never by a decision.
///
/// Weights are thousandths of a sign-in, halve every 45 days, and are stored with forward decay. Values are stored as
/// hashes. Equal histories encode to equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    v: u8,
    #[serde(rename = "l", default)]
    landmark_day: i64,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    first_seen: Option<i64>,
    #[serde(rename = "t", default)]
    total: u64,
    #[serde(rename = "p", default)]
    provisional: u64,
    #[serde(rename = "c", default, skip_serializing_if = "Histogram::is_empty")]
    countries: Histogram<MAX_COUNTRIES>,
    #[serde(rename = "n", default, skip_serializing_if = "Histogram::is_empty")]
    networks: Histogram<12>,
    #[serde(rename = "o", default, skip_serializing_if = "Histogram::is_empty")]
    machines: Histogram<6>,
    #[serde(rename = "b", default, skip_serializing_if = "Histogram::is_empty")]
    browsers: Histogram<MAX_BROWSERS>,
    #[serde(rename = "h", default, skip_serializing_if = "Histogram::is_empty")]
    hours: Histogram<24>,
    #[serde(rename = "a", default, skip_serializing_if = "Histogram::is_empty")]
    audiences: Histogram<4>,
    #[serde(rename = "r", default, skip_serializing_if = "Scopes::is_empty")]
    scopes: Scopes,
    /// Counts of whole sets of scopes, which older profiles hold; a set can't be taken apart.
    #[serde(rename = "q", default, skip_serializing, deserialize_with = "ignored")]
    _sets: (),
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    sightings: Vec<Sighting>,
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    failures: Vec<i64>,
    #[serde(rename = "y", default)]
    failures_total: u32,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            v: codec::VERSION,
            landmark_day: 0,
            first_seen: None,
            total: 0,
            provisional: 0,
            countries: Histogram::default(),
            networks: Histogram::default(),
            machines: Histogram::default(),
            browsers: Histogram::default(),
            hours: Histogram::default(),
            audiences: Histogram::default(),
            scopes: Scopes::default(),
            _sets: (),
            sightings: Vec::new(),
            failures: Vec::new(),
            failures_total: 0,
        }
    }
}

fn ignored<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    IgnoredAny::deserialize(deserializer).map(drop)
}

/// One confirmed sign-in: second, place or none, and the key of its decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Sighting(i64, Option<(i32, i32)>, u64);

impl Sighting {
    fn of(features: &Features, key: u64) -> Self {
        let bounded =
            |place: Place| (place.lat.clamp(-900_000, 900_000), place.lon.clamp(-1_800_000, 1_800_000));
        Self(decay::seconds(features.at), features.place.map(bounded), key)
    }
}

/// The histogram keys of one sign-in; `None` where the feature is missing, and for a machine its kind of device, which
/// its program tells as well.
pub(crate) struct Keys {
    pub(crate) country: Option<u32>,
    pub(crate) network: Option<u32>,
    pub(crate) machine: Option<u32>,
    pub(crate) browser: Option<u32>,
    pub(crate) hour: Option<u32>,
    pub(crate) audience: Option<u32>,
}

impl Keys {
    pub(crate) fn of(features: &Features) -> Self {
        let device = features.device.as_ref();
        let machine = features.machine.as_ref();
        let person = device.filter(|_| machine.is_none());
        Self {
            country: features.country.as_ref().map(|country| hash::key(&[country.as_str()])),
            network: features.network.as_ref().map(|network| hash::key(&[network.as_str()])),
            machine: person.map(|device| hash::key(&[device.os.as_str(), device.class.as_str()])),
            browser: device.map(|device| {
                hash::key(&[device.os.as_str(), device.class.as_str(), device.browser.as_str()])
            }),
            hour: features.local_hour.map(|hour| u32::from(hour % 24)),
            audience: machine.and_then(|machine| Some(hash::key(&[machine.audience.as_ref()?.as_str()]))),
        }
    }
}

impl Profile {
    /// Counts a sign-in with `weight_milli` thousandths (at most 1,000; 0 changes nothing); `key` names its decision.
    ///
    /// A weight below 1,000 is provisional: it is summed apart, displaces nothing and leaves neither a place
    /// nor a scope behind: asking often enough must not make a scope known.
    pub fn credit(&mut self, features: &Features, key: u64, weight_milli: u32) {
        let weight = weight_milli.min(learning::FULL_MILLI);
        if weight == 0 {
            return;
        }
        let day = decay::day(features.at);
        if self.is_unused() {
            self.landmark_day = day;
        }
        self.move_landmark(day);
        self.first_seen.get_or_insert(decay::seconds(features.at));
        let amount = self.amount(day, weight);
        let full = weight == learning::FULL_MILLI;
        self.total = Self::bounded(self.total.saturating_add(amount));
        if !full {
            self.provisional = Self::bounded(self.provisional.saturating_add(amount));
        }
        let keys = Keys::of(features);
        let (countries, browsers) = self.room();
        keys.country.inspect(|key| self.countries.add_within(countries, *key, amount, full));
        keys.network.inspect(|key| self.networks.add(*key, amount, full));
        keys.browser.inspect(|key| self.browsers.add_within(browsers, *key, amount, full));
        keys.hour.inspect(|key| self.hours.add(*key, amount, full));
        // INVARIANT: a profile holds kinds of device or what a machine asks for, never both; so it stays within 2 KiB.
        if !self.is_machine() {
            keys.machine.inspect(|key| self.machines.add(*key, amount, full));
        }
        if self.machines.is_empty() {
            keys.audience.inspect(|key| self.audiences.add(*key, amount, full));
            self.add_scopes(features.machine.as_ref().filter(|_| full), day);
        }
        if full {
            insert_latest(&mut self.sightings, Sighting::of(features, key), MAX_SIGHTINGS);
        }
    }

    /// Takes a credit of the same features, key and weight back.
    ///
    /// Exact, unless the credit displaced a value, met a cap, or the history has since been rescaled (once in some
    /// three months), which leaves a rounding below one in a hundred of the weight.
    pub fn debit(&mut self, features: &Features, key: u64, weight_milli: u32) {
        let weight = weight_milli.min(learning::FULL_MILLI);
        if weight == 0 {
            return;
        }
        let day = decay::day(features.at);
        let amount = self.amount(day, weight);
        self.total = self.total.saturating_sub(amount);
        if weight == learning::FULL_MILLI {
            let machine = features.machine.as_ref();
            machine.inspect(|machine| self.scopes.remove(machine, day.saturating_sub(self.landmark_day)));
            let sighting = Sighting::of(features, key);
            if let Some(index) = self.sightings.iter().position(|other| *other == sighting) {
                self.sightings.remove(index);
            }
        } else {
            self.provisional = self.provisional.saturating_sub(amount);
        }
        let keys = Keys::of(features);
        keys.country.inspect(|key| self.countries.remove(*key, amount));
        keys.network.inspect(|key| self.networks.remove(*key, amount));
        keys.machine.inspect(|key| self.machines.remove(*key, amount));
        keys.browser.inspect(|key| self.browsers.remove(*key, amount));
        keys.hour.inspect(|key| self.hours.remove(*key, amount));
        keys.audience.inspect(|key| self.audiences.remove(*key, amount));
        if self.is_unused() {
            self.landmark_day = 0;
            self.first_seen = None;
        }
    }

    /// Changes the weight of a sign-in from what it was granted to what it now deserves.
    pub fn regrant(&mut self, features: &Features, key: u64, from_milli: u32, to_milli: u32) {
        if from_milli != to_milli {
            self.debit(features, key, from_milli);
            self.credit(features, key, to_milli);
        }
    }

    /// Counts a failed attempt; the latest 16 are kept one by one.
    pub fn failure(&mut self, at: Timestamp) {
        insert_latest(&mut self.failures, decay::seconds(at), MAX_FAILURES);
        self.failures_total = self.failures_total.saturating_add(1);
    }

    /// Counts the scopes of a confirmed request, which take room from the countries and programs.
    fn add_scopes(&mut self, machine: Option<&Machine>, day: i64) {
        machine.inspect(|machine| self.scopes.add(machine, day.saturating_sub(self.landmark_day)));
        let (countries, browsers) = self.room();
        self.countries.trim(countries);
        self.browsers.trim(browsers);
    }

    /// How many countries and programs there is room for.
    const fn room(&self) -> (usize, usize) {
        if self.scopes.is_empty() {
            (MAX_COUNTRIES, MAX_BROWSERS)
        } else {
            (MAX_MACHINE_COUNTRIES, MAX_MACHINE_BROWSERS)
        }
    }

    const fn is_machine(&self) -> bool {
        !(self.audiences.is_empty() && self.scopes.is_empty())
    }

    fn is_unused(&self) -> bool {
        self.total == 0 && self.sightings.is_empty()
    }

    fn amount(&self, day: i64, weight_milli: u32) -> u64 {
        decay::scale(day.saturating_sub(self.landmark_day))
            .saturating_mul(u64::from(weight_milli))
            .min(MAX_CELL)
    }

    fn move_landmark(&mut self, day: i64) {
        let halvings = decay::overdue(self.landmark_day, day);
        if halvings == 0 {
            return;
        }
        self.landmark_day += i64::from(halvings) * decay::HALF_LIFE_DAYS;
        self.total = self.total.checked_shr(halvings).unwrap_or(0);
        self.provisional = self.provisional.checked_shr(halvings).unwrap_or(0);
        self.countries.halve(halvings);
        self.networks.halve(halvings);
        self.machines.halve(halvings);
        self.browsers.halve(halvings);
        self.hours.halve(halvings);
        self.audiences.halve(halvings);
        self.scopes.halve(halvings);
    }
}

/// Inserts `item` in order and drops the earliest beyond `most`.
fn insert_latest<T: Ord>(items: &mut Vec<T>, item: T, most: usize) {
    let index = items.partition_point(|other| *other <= item);
    items.insert(index, item);
    if items.len() > most {
        items.remove(0);
    }
}

#[cfg(test)]
mod tests;
