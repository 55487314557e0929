//! Which types of second factors a person had, so that one that a thief enrolled vouches for nobody.

use countersign_core::Timestamp;

use super::{
    Profile,
    bytes::{Reader, Writer},
    decay,
};
use crate::{Features, hash};

/// Types remembered, the first that were seen; Auth0 knows nine.
pub(super) const MAX_FACTORS: usize = 10;

/// Seconds that a type must have been known before it vouches, if it came after the person: time in which somebody notices a
/// factor that is not theirs. Judgement: a week.
const PROBATION_S: i64 = 7 * 86_400;

/// Seconds after a person's first sign-in within which a type came with the person: people enroll one once they are in.
const BEGINNING_S: i64 = 86_400;

/// A type of factor, and the second of the confirmed sign-in in which it was first enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Factor {
    pub(super) key: u32,
    pub(super) since: i64,
}

impl Factor {
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.key(self.key);
        writer.put(self.since.unsigned_abs(), 5);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { key: reader.key()?, since: i64::try_from(reader.take(5)?).ok()? })
    }
}

impl Profile {
    /// Whether a passed challenge with this type of factor vouches for a sign-in of that time: it was enrolled in a confirmed
    /// sign-in a week before, or within a day of the person's first. Before any was confirmed the types that were enrolled as the
    /// sign-in began are all there is to go by, and they do.
    #[must_use]
    pub fn vouches(&self, factor: &str, features: &Features) -> bool {
        if !features.enrolled.iter().any(|enrolled| enrolled.as_str() == factor) {
            return false;
        }
        if self.sightings.is_empty() {
            return true;
        }
        let (key, at) = (hash::key(&[factor]), decay::seconds(features.at));
        let known = self.factors.iter().find(|known| known.key == key);
        known.is_some_and(|known| {
            let is_first = self.first_seen.is_some_and(|first| known.since <= first + BEGINNING_S);
            known.since.saturating_add(if is_first { 0 } else { PROBATION_S }) <= at
        })
    }

    /// Counts a type of factor as new: somebody enrolled one. Of a type that is not told (`None`) all are.
    ///
    /// What was first seen after that time stays as it is.
    pub fn enroll(&mut self, factor: Option<&str>, at: Timestamp) {
        let (key, at) = (factor.map(|factor| hash::key(&[factor])), decay::seconds(at));
        self.factors.retain(|known| known.since > at || key.is_some_and(|key| key != known.key));
    }

    /// Remembers the types that were enrolled at a confirmed sign-in.
    pub(super) fn add_factors(&mut self, features: &Features) {
        let since = decay::seconds(features.at);
        for factor in &features.enrolled {
            let key = hash::key(&[factor.as_str()]);
            let place = self.factors.binary_search_by_key(&key, |known| known.key);
            if let (Err(index), true) = (place, self.factors.len() < MAX_FACTORS) {
                self.factors.insert(index, Factor { key, since });
            }
        }
    }

    /// Forgets the types that were first seen in a sign-in that is taken back.
    pub(super) fn remove_factors(&mut self, features: &Features) {
        let since = decay::seconds(features.at);
        self.factors.retain(|known| known.since != since);
    }
}
