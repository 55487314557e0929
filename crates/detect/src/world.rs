//! What detectors share: what is known of relations between organizations, and of known attackers.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use crate::{DAY, Person};

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
