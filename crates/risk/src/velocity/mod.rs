//! How many others did the same lately: bounded counters in memory, hints and never authoritative.

mod ring;
mod sightings;

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::Timestamp;
use ring::Ring;
use serde::{Deserialize, Serialize};
pub(crate) use sightings::Kind;
pub use sightings::Sightings;

use crate::features::is_zero;

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
    /// Sign-ups with the same full name in an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub name_hour: u16,
    /// Sign-ups with the same full name in 24 hours.
    #[serde(skip_serializing_if = "is_zero")]
    pub name_day: u16,
    /// Sign-ups from the /16 (IPv4) or /32 (IPv6) around the block in an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub range_hour: u16,
    /// Sign-ups from the /16 (IPv4) or /32 (IPv6) around the block in 24 hours.
    #[serde(skip_serializing_if = "is_zero")]
    pub range_day: u16,
    /// Accounts of which transactions from the block were called fraudulent in 24 hours.
    #[serde(skip_serializing_if = "is_zero")]
    pub frauds_day: u16,
    /// Other blocks that the machine's client was seen from in an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub client_blocks_hour: u16,
    /// Requests of the machine's client in an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub client_requests_hour: u16,
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
    sign_ups: [Counter; 6],
    resets: Counter,
    failures: Counter,
    frauds: Counter,
    client_blocks: Counter,
    client_requests: Counter,
}

impl Velocity {
    /// What others did alike before `at`; what happens at `at` itself is not there unless noted.
    #[must_use]
    pub fn read(&self, sightings: &Sightings, at: Timestamp) -> Readings {
        let (seconds, own) = (at.seconds(), sightings.account);
        let [block, domain, ja4, skeleton, name, range] = &self.sign_ups;
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
            name_hour: count(name, sightings.name, HOUR_S),
            name_day: count(name, sightings.name, DAY_S),
            range_hour: count(range, sightings.range, HOUR_S),
            range_day: count(range, sightings.range, DAY_S),
            frauds_day: count(&self.frauds, sightings.block, DAY_S),
            client_blocks_hour: sightings
                .block
                .map_or(0, |own| self.client_blocks.others(sightings.client, own, seconds, HOUR_S)),
            client_requests_hour: count(&self.client_requests, sightings.client, HOUR_S),
        }
    }

    /// Counts a transaction; one that is nothing of a [`Kind`] changes nothing.
    pub fn note(&mut self, sightings: &Sightings, at: Timestamp) {
        let (seconds, account) = (at.seconds(), sightings.account);
        match sightings.kind {
            Kind::Nothing => {}
            Kind::SignUp => {
                let keys = [
                    sightings.block,
                    sightings.domain,
                    sightings.ja4,
                    sightings.skeleton,
                    sightings.name,
                    sightings.range,
                ];
                for (counter, key) in self.sign_ups.iter_mut().zip(keys) {
                    counter.note(key, account, seconds);
                }
            }
            Kind::Reset => self.resets.note(sightings.block, account, seconds),
            Kind::Failure => self.failures.note(sightings.block, account, seconds),
            Kind::Fraud => self.frauds.note(sightings.block, account, seconds),
            Kind::Request => {
                if let Some(block) = sightings.block {
                    self.client_blocks.note(sightings.client, block, seconds);
                }
                self.client_requests.note(sightings.client, moment(at), seconds);
            }
        }
    }
}

/// What tells one request of a client from its others: the 32 low bits of its microsecond, which come again in 71 minutes.
fn moment(at: Timestamp) -> u32 {
    u32::try_from(at.micros() & 0xffff_ffff).unwrap_or(0)
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
