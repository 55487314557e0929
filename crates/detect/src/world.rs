//! What detectors share: what is known of relations between organizations, and of known attackers.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use crate::{DAY, HOUR, Person};

/// What a detector may look at beside the entry.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// What earlier entries showed of the account; `None` before its first login.
    pub person: Option<&'a Person<'a>>,
    /// Whether state may be kept of the account: it is known by its id, or its typed name came before. A detector that has state
    /// of it already goes on with it.
    pub is_admitted: bool,
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
    /// Clients of whoever installed us, each with the ids of the tokens that we wrote with: their changes are ours too, and the clients
    /// are not.
    pub installers: BTreeMap<String, BTreeSet<String>>,
}

impl Context {
    /// Whether two organizations are declared to share people.
    #[must_use]
    pub fn are_related(&self, one: &str, other: &str) -> bool {
        one == other || self.relations.iter().any(|group| group.contains(one) && group.contains(other))
    }
}

/// Sources of attacks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Marks {
    /// Those that detectors found, each with the newest time that one came from there.
    found: BTreeMap<Tag, Timestamp>,
    /// Those that people confirmed; given anew to whatever state is taken up.
    #[serde(skip)]
    confirmed: Vec<ConfirmedSource>,
}

/// Where an attack came from that people confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfirmedSource {
    /// The address, network or fingerprint, as [`Entity::source_tag`](crate::Entity::source_tag) has it.
    pub source: Tag,
    /// From this event time on.
    pub from: Timestamp,
    /// Until then, exclusive.
    pub until: Timestamp,
}

/// The most sources that are remembered.
const MAX_MARKS: usize = 10_000;

/// How long a source is remembered.
const MARK_LIFE: Micros = DAY;

impl Marks {
    /// Whether an attack came from there: found within a day before `at`, or confirmed by people for that time.
    #[must_use]
    pub fn is_marked(&self, source: Option<Tag>, at: Timestamp) -> bool {
        let Some(source) = source else { return false };
        let found = self.found.get(&source);
        found.is_some_and(|found| (0..=MARK_LIFE).contains(&at.since(*found)))
            || self.confirmed.iter().any(|one| one.source == source && (one.from..one.until).contains(&at))
    }

    /// Takes what people confirmed, in the place of what they had confirmed before.
    pub fn confirm(&mut self, sources: Vec<ConfirmedSource>) {
        self.confirmed = sources;
    }

    /// These marks with what people confirmed in `other`.
    #[must_use]
    pub(crate) fn confirmed_as(mut self, other: &Self) -> Self {
        self.confirmed.clone_from(&other.confirmed);
        self
    }

    /// Forgets what counts no more, but for what may come an hour late.
    pub fn forget(&mut self, now: Timestamp) {
        self.found.retain(|_, marked| now.since(*marked) <= MARK_LIFE + HOUR);
    }

    /// Remembers that an attack came from there.
    pub fn mark(&mut self, source: Tag, at: Timestamp) {
        let newest = self.found.entry(source).or_insert(at);
        *newest = at.max(*newest);
        if self.found.len() > MAX_MARKS {
            let limit = self.found.values().max().copied().unwrap_or(at).plus(-MARK_LIFE);
            self.found.retain(|_, marked| *marked >= limit);
            while self.found.len() > MAX_MARKS {
                let oldest =
                    self.found.iter().min_by_key(|(tag, marked)| (**marked, **tag)).map(|(tag, _)| *tag);
                let Some(oldest) = oldest else { break };
                self.found.remove(&oldest);
            }
        }
    }
}
