//! What the earlier sign-ins of a user, or requests of a client, looked like: capped, decayed counts of hashed values, in at most 2 KiB.

mod bytes;
mod codec;
pub(crate) mod decay;
mod factors;
pub(crate) mod histogram;
mod keys;
mod reading;
mod scopes;
mod started;

use countersign_core::Timestamp;

pub use codec::{MAX_PROFILE_BYTES, ProfileError};
use factors::Factor;
use histogram::{Counts, Histogram, MAX_CELL};
pub(crate) use keys::{Keys, browser_of};
pub(crate) use reading::Seen;
use scopes::Scopes;
pub(crate) use started::Started;

use crate::{Features, Place, learning, user_risk::UserRisk};

/// Confirmed sign-ins remembered one by one.
const MAX_SIGHTINGS: usize = 5;

/// Failures remembered one by one.
const MAX_FAILURES: usize = 16;

/// One user's or machine's history: a fold over records, changed by outcomes only and never by a decision.
///
/// Weights are thousandths of a sign-in, halve every 45 days, and are stored with forward decay. Values are stored as
/// hashes. Equal histories encode to equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    landmark_day: i64,
    first_seen: Option<i64>,
    total: u64,
    provisional: u64,
    countries: Histogram<8>,
    networks: Histogram<12>,
    blocks: Histogram<16>,
    machines: Histogram<6>,
    browsers: Histogram<12>,
    versions: Histogram<12>,
    languages: Histogram<6>,
    fingerprints: Histogram<10>,
    places: Histogram<8>,
    hours: Histogram<24>,
    audiences: Histogram<4>,
    scopes: Scopes,
    sightings: Vec<Sighting>,
    started: Vec<Started>,
    factors: Vec<Factor>,
    failures: Vec<i64>,
    failures_total: u32,
    user_risk: UserRisk,
    vouched: Option<i64>,
}

/// One confirmed sign-in: second, place or none, and the key of its decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sighting(i64, Option<(i32, i32)>, u64);

impl Sighting {
    fn of(features: &Features, key: u64) -> Self {
        let bounded =
            |place: Place| (place.lat.clamp(-900_000, 900_000), place.lon.clamp(-1_800_000, 1_800_000));
        Self(decay::seconds(features.at), features.place.map(bounded), key)
    }
}

impl Profile {
    /// Counts a sign-in with `weight_milli` thousandths (at most 1,000; 0 changes nothing); `key` names its decision.
    ///
    /// A weight below 1,000 is provisional. Of a person it is summed and nothing else: no value becomes known by it, or a
    /// thief's first visit would make his second look ordinary. Of a machine it counts in the histograms, displaces nothing
    /// and leaves no scope behind: asking often enough must not make a scope known.
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
        if full || features.machine.is_some() {
            self.each(&Keys::of(features), |histogram, key| histogram.add(key, amount, full));
        }
        if full {
            if let Some(machine) = &features.machine {
                self.scopes.add(machine, day.saturating_sub(self.landmark_day));
            }
            Started::of(features).inspect(|started| started.insert(&mut self.started));
            self.add_factors(features);
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
            Started::of(features).inspect(|started| self.started.retain(|other| other != started));
            self.remove_factors(features);
            let sighting = Sighting::of(features, key);
            if let Some(index) = self.sightings.iter().position(|other| *other == sighting) {
                self.sightings.remove(index);
            }
        } else {
            self.provisional = self.provisional.saturating_sub(amount);
        }
        if weight == learning::FULL_MILLI || features.machine.is_some() {
            self.each(&Keys::of(features), |histogram, key| histogram.remove(key, amount));
        }
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

    /// Begins anew what a clock that ran ahead has spoilt: whose landmark or latest sign-in lies more than a day after `now`.
    /// What is held against the person stays.
    ///
    /// Weights of the future would outweigh all that is added for years.
    pub fn settle(&mut self, now: Timestamp) {
        let latest = self.sightings.last().map_or(0, |sighting| sighting.0 / 86_400);
        if self.landmark_day.max(latest) > decay::day(now).saturating_add(1) {
            let vouched = self.vouched.filter(|second| *second <= decay::seconds(now));
            *self = Self { user_risk: std::mem::take(&mut self.user_risk), vouched, ..Self::default() };
        }
    }

    /// Counts a failed attempt; the latest 16 are kept one by one.
    pub fn failure(&mut self, at: Timestamp) {
        insert_latest(&mut self.failures, decay::seconds(at), MAX_FAILURES);
        self.failures_total = self.failures_total.saturating_add(1);
    }

    /// What was confirmed about the person; a machine's is empty.
    #[must_use]
    pub const fn user_risk(&self) -> &UserRisk {
        &self.user_risk
    }

    /// The same, to count a signal or to take one back.
    pub const fn user_risk_mut(&mut self) -> &mut UserRisk {
        &mut self.user_risk
    }

    /// Notes that a person vouched for the account: nothing of its sign-up that was known by then is held against it any more.
    pub fn vouch(&mut self, at: Timestamp) {
        self.vouched = Some(decay::seconds(at));
    }

    /// Takes back that a person vouched for the account: a later word was another.
    pub const fn doubt(&mut self) {
        self.vouched = None;
    }

    /// Whether a person vouched for the account at this time or later.
    #[must_use]
    pub fn is_vouched(&self, at: Timestamp) -> bool {
        self.vouched.is_some_and(|second| decay::seconds(at) <= second)
    }

    /// Does the same to each histogram whose feature is told.
    fn each(&mut self, keys: &Keys, change: impl Fn(&mut dyn Counts, u32)) {
        let cells: [(&mut dyn Counts, Option<u32>); 11] = [
            (&mut self.countries, keys.country),
            (&mut self.networks, keys.network),
            (&mut self.blocks, keys.block),
            (&mut self.machines, keys.machine),
            (&mut self.browsers, keys.browser),
            (&mut self.versions, keys.version),
            (&mut self.languages, keys.language),
            (&mut self.fingerprints, keys.fingerprint),
            (&mut self.places, keys.place),
            (&mut self.hours, keys.hour),
            (&mut self.audiences, keys.audience),
        ];
        for (histogram, key) in cells {
            key.inspect(|key| change(histogram, *key));
        }
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
        self.blocks.halve(halvings);
        self.machines.halve(halvings);
        self.browsers.halve(halvings);
        self.versions.halve(halvings);
        self.languages.halve(halvings);
        self.fingerprints.halve(halvings);
        self.places.halve(halvings);
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
