//! How many others did the same lately: bounded counters in memory, hints and never authoritative.

mod ring;
mod sightings;

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::Timestamp;
use ring::Ring;
use serde::{Deserialize, Serialize};
pub(crate) use sightings::Kind;
pub use sightings::Sightings;

/// An hour in seconds.
const HOUR_S: i64 = 3_600;

/// A day in seconds: nothing older is counted.
const DAY_S: i64 = 86_400;

/// Most keys of one counter; the one that was quiet longest goes first. Judgement: some 10 MiB a counter when full.
const MAX_KEYS: usize = 16_384;

/// How many other accounts were seen with the same key; each at most 32, which reads "32 or more".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Readings {
    /// Sign-ups from the block in an hour.
    pub block_hour: u16,
    /// Sign-ups from the block in 24 hours.
    pub block_day: u16,
    /// Sign-ups at the e-mail domain in an hour.
    pub domain_hour: u16,
    /// Sign-ups at the e-mail domain in 24 hours.
    pub domain_day: u16,
    /// Sign-ups with the same TLS fingerprint in an hour.
    pub ja4_hour: u16,
    /// Sign-ups with the same TLS fingerprint in 24 hours.
    pub ja4_day: u16,
    /// Sign-ups with the local part's pattern in an hour.
    pub skeleton_hour: u16,
    /// Sign-ups with the local part's pattern in 24 hours.
    pub skeleton_day: u16,
    /// Accounts reset from the block in 24 hours.
    pub resets_day: u16,
    /// Accounts at which sign-ins failed from the block in 24 hours.
    pub failures_day: u16,
    /// Accounts at which sign-ins failed with the TLS fingerprint in 24 hours.
    pub ja4_failures_day: u16,
    /// Accounts at which sign-ins failed from the network in 24 hours.
    pub network_failures_day: u16,
    /// Accounts that signed in from the block in 24 hours.
    pub block_successes_day: u16,
    /// Accounts that signed in with the TLS fingerprint in 24 hours.
    pub ja4_successes_day: u16,
}

impl Readings {
    /// Whether nobody else did anything alike.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The counters of one tenant; bounded in memory whatever comes, forgotten by a restart.
///
/// Whoever fills them with noise can make us forget, which is why no decision may rest on them alone.
#[derive(Debug, Clone, Default)]
pub struct Velocity {
    sign_ups: [Counter; 4],
    resets: Counter,
    failures: Counter,
    ja4_failures: Counter,
    network_failures: Counter,
    successes: Counter,
    ja4_successes: Counter,
    networks: BTreeMap<u32, u32>,
}

impl Velocity {
    /// What others did alike before `at`; what happens at `at` itself is not there unless noted.
    #[must_use]
    pub fn read(&self, sightings: &Sightings, at: Timestamp) -> Readings {
        let (seconds, own) = (at.seconds(), sightings.account);
        let [block, domain, ja4, skeleton] = &self.sign_ups;
        let count =
            |counter: &Counter, key: Option<u32>, within: i64| counter.others(key, own, seconds, within);
        Readings {
            block_hour: count(block, sightings.block, HOUR_S),
            block_day: count(block, sightings.block, DAY_S),
            domain_hour: count(domain, sightings.domain, HOUR_S),
            domain_day: count(domain, sightings.domain, DAY_S),
            ja4_hour: count(ja4, sightings.ja4, HOUR_S),
            ja4_day: count(ja4, sightings.ja4, DAY_S),
            skeleton_hour: count(skeleton, sightings.skeleton, HOUR_S),
            skeleton_day: count(skeleton, sightings.skeleton, DAY_S),
            resets_day: count(&self.resets, sightings.block, DAY_S),
            failures_day: count(&self.failures, sightings.block, DAY_S),
            ja4_failures_day: count(&self.ja4_failures, sightings.ja4, DAY_S),
            network_failures_day: count(&self.network_failures, sightings.network, DAY_S),
            block_successes_day: count(&self.successes, sightings.block, DAY_S),
            ja4_successes_day: count(&self.ja4_successes, sightings.ja4, DAY_S),
        }
    }

    /// Counts a transaction; one that is no sign-up, reset or failure changes nothing.
    pub fn note(&mut self, sightings: &Sightings, at: Timestamp) {
        let (seconds, account) = (at.seconds(), sightings.account);
        match sightings.kind {
            Kind::Nothing => {}
            Kind::SignUp => {
                let keys = [sightings.block, sightings.domain, sightings.ja4, sightings.skeleton];
                for (counter, key) in self.sign_ups.iter_mut().zip(keys) {
                    counter.note(key, account, seconds);
                }
            }
            Kind::Reset => self.resets.note(sightings.block, account, seconds),
            Kind::Failure => {
                let network = sightings.block.and_then(|block| self.networks.get(&block).copied());
                self.failures.note(sightings.block, account, seconds);
                self.network_failures.note(network, account, seconds);
                self.ja4_failures.note(sightings.ja4, account, seconds);
            }
            Kind::Success => {
                if let Some((block, network)) = sightings.block.zip(sightings.network) {
                    self.networks.insert(block, network);
                }
                self.successes.note(sightings.block, account, seconds);
                self.ja4_successes.note(sightings.ja4, account, seconds);
            }
        }
    }
}

/// Accounts by key, with the keys in the order in which they were last touched.
#[derive(Debug, Clone, Default)]
struct Counter {
    rings: BTreeMap<u32, Ring>,
    quiet: BTreeSet<(i64, u32)>,
}

impl Counter {
    fn others(&self, key: Option<u32>, own: u32, now: i64, within: i64) -> u16 {
        key.and_then(|key| self.rings.get(&key)).map_or(0, |ring| ring.others(own, now, within))
    }

    fn note(&mut self, key: Option<u32>, account: u32, now: i64) {
        let Some(key) = key else { return };
        let ring = self.rings.entry(key).or_default();
        self.quiet.remove(&(ring.latest(), key));
        ring.note(account, now);
        self.quiet.insert((ring.latest(), key));
        if self.rings.len() > MAX_KEYS
            && let Some((_, quietest)) = self.quiet.pop_first()
        {
            self.rings.remove(&quietest);
        }
    }
}

#[cfg(test)]
mod tests;
