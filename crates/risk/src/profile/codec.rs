//! A profile as bytes.
//!
//! A version, then in this order: the landmark's day, the first sight, the sums, the histograms (each a count and its
//! cells, key before weight), the confirmed sign-ins, the sessions, the failures, the scopes; then, where the
//! version says so, the types of second factors, the signals of the user's risk with when the password was last changed, and when a
//! person vouched for the account.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    MAX_FAILURES, MAX_SIGHTINGS, Profile, Sighting, Started,
    bytes::{Reader, Writer},
    factors::{Factor, MAX_FACTORS},
    histogram::Histogram,
    scopes::Scopes,
    started::MAX_STARTED,
};
use crate::user_risk::{UserRisk, UserSignal, UserSignalKind};

/// The most that a profile takes as bytes, in any state that this module accepts or makes.
pub const MAX_PROFILE_BYTES: usize = 2_048;

/// Version of the encoding of a profile with nothing beside its history. Others up to [`LAST`] add one for user risk, two for
/// factors and four for an account that was vouched for; what is beyond is refused.
const PLAIN: u64 = 2;

/// The version with all of them.
const LAST: u64 = 9;

/// No sum of weights is above this (seven bytes hold it).
const MAX_SUM: u64 = 99_999_999_999_999;

/// No second is above this (five bytes hold it).
const MAX_SECOND: i64 = 9_999_999_999;

/// Bytes that are no profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not a profile; what it was is not told, since it may be personal.
    #[error("the bytes are not a profile")]
    Malformed,
    /// A profile of another version.
    #[error("profile version `{0}` is not known; known are `{PLAIN}` to `{LAST}`")]
    Version(u64),
    /// A profile that breaks its own limits.
    #[error("the profile breaks its limits of size, order or range")]
    Bounds,
}

impl Profile {
    /// The profile as at most 2,048 bytes; equal profiles give equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.put(self.version(), 1);
        writer.put(self.landmark_day.unsigned_abs(), 4);
        writer.put(self.first_seen.map_or(0, |second| second.unsigned_abs() + 1), 5);
        writer.put(self.total, 7);
        writer.put(self.provisional, 7);
        writer.key(self.failures_total);
        write(&mut writer, &self.countries);
        write(&mut writer, &self.networks);
        write(&mut writer, &self.blocks);
        write(&mut writer, &self.machines);
        write(&mut writer, &self.browsers);
        write(&mut writer, &self.versions);
        write(&mut writer, &self.languages);
        write(&mut writer, &self.fingerprints);
        write(&mut writer, &self.places);
        write(&mut writer, &self.hours);
        write(&mut writer, &self.audiences);
        writer.count(self.sightings.len());
        self.sightings.iter().for_each(|sighting| sighting.write(&mut writer));
        writer.count(self.started.len());
        self.started.iter().for_each(|started| started.write(&mut writer));
        writer.count(self.failures.len());
        self.failures.iter().for_each(|second| writer.put(second.unsigned_abs(), 5));
        let scopes = self.scopes.pack();
        writer.put(u64::try_from(scopes.len()).unwrap_or(0), 2);
        writer.0.extend(scopes);
        if !self.factors.is_empty() {
            writer.count(self.factors.len());
            self.factors.iter().for_each(|factor| factor.write(&mut writer));
        }
        if !self.user_risk.is_empty() {
            self.user_risk.write(&mut writer);
        }
        if let Some(second) = self.vouched {
            writer.put(second.unsigned_abs(), 5);
        }
        writer.0
    }

    fn version(&self) -> u64 {
        PLAIN
            + u64::from(!self.user_risk.is_empty())
            + 2 * u64::from(!self.factors.is_empty())
            + 4 * u64::from(self.vouched.is_some())
    }

    /// Reads what [`Profile::encode`] wrote.
    ///
    /// # Errors
    /// `Version` for a profile of another version, `Bounds` when it breaks its limits, `Malformed` for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProfileError> {
        if bytes.len() > MAX_PROFILE_BYTES {
            return Err(ProfileError::Bounds);
        }
        let mut reader = Reader(bytes);
        let version = match reader.take(1) {
            Some(version @ PLAIN..=LAST) => version,
            Some(version) => return Err(ProfileError::Version(version)),
            None => return Err(ProfileError::Malformed),
        };
        let profile = Self::parse(&mut reader, version - PLAIN)
            .filter(|_| reader.is_at_end())
            .ok_or(ProfileError::Malformed)?;
        // INVARIANT: a profile has one encoding.
        if profile.is_sound() && profile.version() == version {
            Ok(profile)
        } else {
            Err(ProfileError::Bounds)
        }
    }

    fn parse(reader: &mut Reader<'_>, parts: u64) -> Option<Self> {
        Some(Self {
            landmark_day: i64::try_from(reader.take(4)?).ok()?,
            first_seen: reader.take(5)?.checked_sub(1).and_then(|second| i64::try_from(second).ok()),
            total: reader.take(7)?,
            provisional: reader.take(7)?,
            failures_total: reader.key()?,
            countries: read(reader)?,
            networks: read(reader)?,
            blocks: read(reader)?,
            machines: read(reader)?,
            browsers: read(reader)?,
            versions: read(reader)?,
            languages: read(reader)?,
            fingerprints: read(reader)?,
            places: read(reader)?,
            hours: read(reader)?,
            audiences: read(reader)?,
            sightings: repeat(reader, Sighting::read)?,
            started: repeat(reader, Started::read)?,
            failures: repeat(reader, |reader| i64::try_from(reader.take(5)?).ok())?,
            scopes: {
                let size = usize::try_from(reader.take(2)?).ok()?;
                Scopes::unpack(reader.slice(size)?)?
            },
            factors: if parts & 2 > 0 { repeat(reader, Factor::read)? } else { Vec::new() },
            user_risk: if parts & 1 > 0 { UserRisk::read(reader)? } else { UserRisk::default() },
            vouched: if parts & 4 > 0 { Some(i64::try_from(reader.take(5)?).ok()?) } else { None },
        })
    }

    /// Whether the profile is as this module leaves profiles.
    fn is_sound(&self) -> bool {
        let second = |second: &i64| (0..=MAX_SECOND).contains(second);
        let place = |(lat, lon): (i32, i32)| lat.unsigned_abs() <= 900_000 && lon.unsigned_abs() <= 1_800_000;
        (0..=200_000).contains(&self.landmark_day)
            && self.first_seen.as_ref().is_none_or(second)
            && self.total <= MAX_SUM
            && self.provisional <= MAX_SUM
            && self.countries.is_sound()
            && self.networks.is_sound()
            && self.blocks.is_sound()
            && self.machines.is_sound()
            && self.browsers.is_sound()
            && self.versions.is_sound()
            && self.languages.is_sound()
            && self.fingerprints.is_sound()
            && self.places.is_sound()
            && self.hours.is_sound()
            && self.hours.keys().all(|hour| hour < 24)
            && self.audiences.is_sound()
            && self.scopes.is_sound()
            && self.sightings.len() <= MAX_SIGHTINGS
            && self.sightings.is_sorted()
            && self.sightings.iter().all(|sighting| second(&sighting.0) && sighting.1.is_none_or(place))
            && self.started.len() <= MAX_STARTED
            && self.factors.len() <= MAX_FACTORS
            && self.factors.is_sorted_by(|a, b| a.key < b.key)
            && self.factors.iter().all(|factor| second(&factor.since))
            && self.failures.len() <= MAX_FAILURES
            && self.failures.is_sorted()
            && self.failures.iter().all(second)
            && self.user_risk.is_sound(second)
            && self.vouched.as_ref().is_none_or(second)
    }

    /// Holds the sums within their limits.
    pub(super) const fn bounded(sum: u64) -> u64 {
        if sum > MAX_SUM { MAX_SUM } else { sum }
    }
}

fn write<const CAP: usize>(writer: &mut Writer, histogram: &Histogram<CAP>) {
    writer.count(histogram.distinct());
    for (key, weight) in histogram.cells() {
        writer.key(*key);
        writer.put(*weight, 4);
    }
}

fn read<const CAP: usize>(reader: &mut Reader<'_>) -> Option<Histogram<CAP>> {
    let cells = repeat(reader, |reader| Some((reader.key()?, reader.take(4)?)))?;
    Some(Histogram::from_cells(cells))
}

fn repeat<T>(reader: &mut Reader<'_>, mut one: impl FnMut(&mut Reader<'_>) -> Option<T>) -> Option<Vec<T>> {
    (0..reader.count()?).map(|_| one(reader)).collect()
}

impl Sighting {
    fn write(&self, writer: &mut Writer) {
        let Self(second, place, key) = self;
        let unsigned = |value: i32| u64::from(value.cast_unsigned());
        writer.put(second.unsigned_abs(), 5);
        writer.put(u64::from(place.is_some()), 1);
        let (lat, lon) = place.unwrap_or_default();
        writer.put(unsigned(lat), 4);
        writer.put(unsigned(lon), 4);
        writer.put(*key, 8);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let second = i64::try_from(reader.take(5)?).ok()?;
        let is_placed = reader.take(1)? == 1;
        let place = (reader.key()?.cast_signed(), reader.key()?.cast_signed());
        Some(Self(second, is_placed.then_some(place), reader.take(8)?))
    }
}

impl Started {
    fn write(&self, writer: &mut Writer) {
        let Self { session, country, network, block, browser, fingerprint } = *self;
        for key in [session, country, network, block, browser, fingerprint] {
            writer.key(key);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            session: reader.key()?,
            country: reader.key()?,
            network: reader.key()?,
            block: reader.key()?,
            browser: reader.key()?,
            fingerprint: reader.key()?,
        })
    }
}

impl UserRisk {
    fn write(&self, writer: &mut Writer) {
        writer.count(self.signals.len());
        for UserSignal { second, kind, key, weight } in &self.signals {
            let number = UserSignalKind::ALL.iter().position(|other| other == kind).unwrap_or(0);
            writer.put(u64::try_from(number).unwrap_or(0), 1);
            writer.put(second.unsigned_abs(), 5);
            writer.put((*weight).into(), 1);
            writer.put(*key, 8);
        }
        writer.put(self.changed.map_or(0, |second| second.unsigned_abs() + 1), 5);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let signals = repeat(reader, |reader| {
            let kind = *UserSignalKind::ALL.get(reader.count()?)?;
            let second = i64::try_from(reader.take(5)?).ok()?;
            let weight = u8::try_from(reader.take(1)?).ok()?;
            Some(UserSignal { second, kind, key: reader.take(8)?, weight })
        })?;
        let changed = reader.take(5)?.checked_sub(1).and_then(|second| i64::try_from(second).ok());
        Some(Self { signals, changed })
    }
}

/// As base64 for addresses (RFC 4648, section 5) without padding.
impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.encode()))
    }
}

impl<'de> Deserialize<'de> for Profile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD
            .decode(text.as_bytes())
            .map_err(|_| D::Error::custom("the profile is not base64"))?;
        Self::decode(&bytes).map_err(D::Error::custom)
    }
}
