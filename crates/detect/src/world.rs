//! What detectors share: what is known of the person, of relations between organizations, and of known attackers.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use crate::{Country, DAY, Event};

/// What a detector may look at beside the entry.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// What earlier entries showed of the account; `None` before its first login.
    pub person: Option<&'a Person>,
    /// Which addresses and fingerprints attacks came from.
    pub marks: &'a Marks,
    /// What the operator and the tenant's configuration say.
    pub context: &'a Context,
}

/// What the operator and the tenant's configuration say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// Groups of organizations (`org_…`) whose members may be the same people.
    pub relations: Vec<BTreeSet<String>>,
    /// The Actions whose absence from their trigger is tampering: our own.
    pub guarded_actions: BTreeSet<String>,
    /// Shares of the tenant's logins that have a JA4 fingerprint, 0 to 1, where they are known from elsewhere.
    pub fingerprint_shares: BTreeMap<String, f64>,
    /// Networks that many honest people share, or that monitor us: never the source of an attack on their own.
    pub trusted_networks: BTreeSet<String>,
    /// E-mail domains of the operator's own staff, in lower case.
    pub staff_domains: BTreeSet<String>,
    /// Our own clients at the tenant, each with the ids (`jti`) of the tokens that we hold: what they change is our own doing, and a
    /// finding about it is of low severity. A stolen secret gives a token that is not among them.
    pub own_clients: BTreeMap<String, BTreeSet<String>>,
}

impl Context {
    /// Whether two organizations are declared to share people.
    #[must_use]
    pub fn are_related(&self, one: &str, other: &str) -> bool {
        one == other || self.relations.iter().any(|group| group.contains(one) && group.contains(other))
    }
}

/// How many different values of each sort are remembered of an account.
const REMEMBERED: usize = 8;

/// What logins have shown of an account, before the entry at hand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// The first login; absent before it.
    pub first: Option<Timestamp>,
    /// The newest login.
    pub last: Option<Timestamp>,
    /// Logins.
    pub logins: u32,
    /// Devices.
    pub devices: Known<Tag>,
    /// Networks: /24 and /64.
    pub networks: Known<Tag>,
    /// Autonomous systems.
    pub systems: Known<u32>,
    /// Countries.
    pub countries: Known<Country>,
}

/// The values of one sort that were seen, the newest few.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Known<T>(Vec<Sighting<T>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// When a value was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting<T> {
    /// The value.
    pub value: T,
    /// When first.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
    /// On how many days (UTC).
    pub days: u16,
}

impl<T: Copy + PartialEq> Known<T> {
    /// When `value` was seen; `None` when it was not, or is forgotten.
    #[must_use]
    pub fn find(&self, value: T) -> Option<&Sighting<T>> {
        self.0.iter().find(|sighting| sighting.value == value)
    }

    /// Whether `value` was seen on at least `days` days before `at`.
    #[must_use]
    pub fn is_familiar(&self, value: Option<T>, days: u16, at: Timestamp) -> bool {
        let Some(value) = value else { return false };
        self.find(value).is_some_and(|seen| seen.days >= days && seen.first < at)
    }

    /// The values with their times.
    pub fn iter(&self) -> impl Iterator<Item = &Sighting<T>> {
        self.0.iter()
    }

    fn see(&mut self, value: Option<T>, at: Timestamp) {
        let Some(value) = value else { return };
        if let Some(seen) = self.0.iter_mut().find(|sighting| sighting.value == value) {
            let is_new_day = at.days() > seen.last.days() || at.days() < seen.first.days();
            seen.days = seen.days.saturating_add(u16::from(is_new_day));
            seen.first = seen.first.min(at);
            seen.last = seen.last.max(at);
            return;
        }
        if self.0.len() >= REMEMBERED {
            let oldest = self.0.iter().enumerate().min_by_key(|(_, sighting)| (sighting.days, sighting.last));
            if let Some((index, _)) = oldest {
                self.0.remove(index);
            }
        }
        self.0.push(Sighting { value, first: at, last: at, days: 1 });
    }
}

impl Person {
    /// Learns from a login.
    pub fn see(&mut self, event: &Event<'_>) {
        let at = event.at();
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = self.last.max(Some(at));
        self.logins = self.logins.saturating_add(1);
        self.devices.see(event.tags.device, at);
        self.networks.see(event.tags.network, at);
        let place = event.place.unwrap_or_default();
        self.systems.see(place.asn, at);
        self.countries.see(place.country, at);
    }

    /// Whether the account was first seen less than `span` before `at`, so that "unseen" means little.
    #[must_use]
    pub fn is_learning(&self, at: Timestamp, span: Micros) -> bool {
        self.first.is_none_or(|first| at.since(first) < span)
    }
}

/// Sources of attacks, each with the newest time that one came from there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Marks(BTreeMap<Tag, Timestamp>);

/// The most sources that are remembered.
const MAX_MARKS: usize = 10_000;

/// How long a source is remembered.
const MARK_LIFE: Micros = DAY;

impl Marks {
    /// Whether an attack came from there within a day before `at`.
    #[must_use]
    pub fn is_marked(&self, source: Option<Tag>, at: Timestamp) -> bool {
        let marked = source.and_then(|source| self.0.get(&source));
        marked.is_some_and(|marked| (0..=MARK_LIFE).contains(&at.since(*marked)))
    }

    /// Remembers that an attack came from there.
    pub fn mark(&mut self, source: Tag, at: Timestamp) {
        let newest = self.0.entry(source).or_insert(at);
        *newest = at.max(*newest);
        if self.0.len() > MAX_MARKS {
            let limit = self.0.values().max().copied().unwrap_or(at).plus(-MARK_LIFE);
            self.0.retain(|_, marked| *marked >= limit);
            while self.0.len() > MAX_MARKS {
                let oldest = self.0.iter().min_by_key(|(tag, marked)| (**marked, **tag)).map(|(tag, _)| *tag);
                let Some(oldest) = oldest else { break };
                self.0.remove(&oldest);
            }
        }
    }
}
