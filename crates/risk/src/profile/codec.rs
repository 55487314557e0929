//! A profile as bytes.

use serde::Deserialize;

use super::{MAX_FAILURES, MAX_SIGHTINGS, Profile};

/// The most that a profile takes as bytes, in any state that this module accepts or makes.
pub const MAX_PROFILE_BYTES: usize = 2_048;

/// Version of the encoding; another one is refused.
pub(super) const VERSION: u8 = 1;

/// No sum of weights is above this (14 digits).
const MAX_SUM: u64 = 99_999_999_999_999;

/// Bytes that are no profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not the JSON of a profile; what it was is not told, since it may be personal.
    #[error("the bytes are not a profile")]
    Malformed,
    /// A profile of another version.
    #[error("profile version `{0}` is not known; known is `{VERSION}`")]
    Version(u64),
    /// A profile that breaks its own limits.
    #[error("the profile breaks its limits of size, order or range")]
    Bounds,
}

impl Profile {
    /// The profile as JSON of at most 2,048 bytes; equal profiles give equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // INVARIANT: integers, options and sequences only; such a value always serializes.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Profile::encode`] wrote.
    ///
    /// # Errors
    /// `Version` for a profile of another version, `Bounds` when it breaks its limits, `Malformed` for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProfileError> {
        #[derive(Deserialize)]
        struct Head {
            v: u64,
        }
        if bytes.len() > MAX_PROFILE_BYTES {
            return Err(ProfileError::Bounds);
        }
        match serde_json::from_slice::<Self>(bytes) {
            Ok(profile) if profile.v != VERSION => Err(ProfileError::Version(profile.v.into())),
            Ok(profile) if profile.is_sound() => Ok(profile),
            Ok(_) => Err(ProfileError::Bounds),
            Err(_) => match serde_json::from_slice::<Head>(bytes) {
                Ok(head) if head.v != u64::from(VERSION) => Err(ProfileError::Version(head.v)),
                _ => Err(ProfileError::Malformed),
            },
        }
    }

    /// Whether the profile is as this module leaves profiles.
    fn is_sound(&self) -> bool {
        let second = |second: &i64| (0..=9_999_999_999).contains(second);
        let place = |(lat, lon): (i32, i32)| lat.unsigned_abs() <= 900_000 && lon.unsigned_abs() <= 1_800_000;
        (0..=200_000).contains(&self.landmark_day)
            && self.first_seen.as_ref().is_none_or(second)
            && self.total <= MAX_SUM
            && self.provisional <= MAX_SUM
            && self.countries.is_sound()
            && self.countries.distinct() <= self.room().0
            && self.networks.is_sound()
            && self.machines.is_sound()
            && self.browsers.is_sound()
            && self.browsers.distinct() <= self.room().1
            && self.hours.is_sound()
            && self.hours.keys().all(|hour| hour < 24)
            && self.audiences.is_sound()
            && self.scopes.is_sound()
            && (self.machines.is_empty() || !self.is_machine())
            && self.sightings.len() <= MAX_SIGHTINGS
            && self.sightings.is_sorted()
            && self.sightings.iter().all(|sighting| second(&sighting.0) && sighting.1.is_none_or(place))
            && self.failures.len() <= MAX_FAILURES
            && self.failures.is_sorted()
            && self.failures.iter().all(second)
    }

    /// Holds the sums within their limits.
    pub(super) const fn bounded(sum: u64) -> u64 {
        if sum > MAX_SUM { MAX_SUM } else { sum }
    }
}
