//! What the terms read of a profile.

use countersign_core::Timestamp;

use super::{Profile, Started, decay, histogram::Histogram, keys};
use crate::{Machine, Place, number};

/// Weight at which a value is known to the person, in sign-ins: a confirmed one counts more for 45 days.
const LEAST_KNOWN: f64 = 0.5;

/// How often one value was seen, of how many sign-ins that told the feature; decayed to the time of asking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    /// Weight of this value in sign-ins.
    pub(crate) weight: f64,
    /// Weight of all values in sign-ins.
    pub(crate) total: f64,
    /// Different values held, at least 1.
    pub(crate) distinct: f64,
}

impl Seen {
    /// Whether the value is the person's: in a confirmed sign-in of the last 45 days, or oftener before.
    pub(crate) fn is_known(self) -> bool {
        self.weight >= LEAST_KNOWN
    }
}

/// How well the scopes that a machine asks for are known, of the confirmed requests that told theirs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Asked {
    /// Scopes that were never seen, one for all that are not kept.
    pub(crate) unseen: usize,
    /// The scope seen least; `distinct` counts what the client may ask for as if each request had one scope.
    pub(crate) least: Seen,
}

impl Profile {
    /// Weight of the confirmed sign-ins as of `at`, in sign-ins: the provisional ones make nobody better known.
    pub(crate) fn history(&self, at: Timestamp) -> f64 {
        self.read(self.total.saturating_sub(self.provisional), at)
    }

    /// The same in thousandths.
    #[must_use]
    pub fn total_milli(&self, at: Timestamp) -> u32 {
        as_milli(self.history(at))
    }

    /// Weight of the provisional credits as of `at`, in thousandths: what [`learning::weight`](crate::learning::weight) caps.
    #[must_use]
    pub fn provisional_milli(&self, at: Timestamp) -> u32 {
        as_milli(self.read(self.provisional, at))
    }

    /// When the first sign-in that is still counted was credited first; `None` without any.
    #[must_use]
    pub fn first_seen(&self) -> Option<Timestamp> {
        self.first_seen.map(Timestamp::from_seconds)
    }

    /// Time of the latest confirmed sign-in, to the second; `None` without any.
    #[must_use]
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.sightings.last().map(|sighting| Timestamp::from_seconds(sighting.0))
    }

    /// Failed attempts ever counted; saturates.
    #[must_use]
    pub const fn failures_total(&self) -> u32 {
        self.failures_total
    }

    pub(crate) fn country(&self, key: u32, at: Timestamp) -> Seen {
        self.seen(&self.countries, key, at)
    }

    pub(crate) fn network(&self, key: u32, at: Timestamp) -> Seen {
        self.seen(&self.networks, key, at)
    }

    pub(crate) fn machine(&self, key: u32, at: Timestamp) -> Seen {
        self.seen(&self.machines, key, at)
    }

    pub(crate) fn browser(&self, key: u32, at: Timestamp) -> Seen {
        self.seen(&self.browsers, key, at)
    }

    pub(crate) fn block(&self, key: u32, at: Timestamp) -> Seen {
        self.seen(&self.blocks, key, at)
    }

    pub(crate) fn language(&self, key: u32, at: Timestamp) -> Seen {
        self.seen(&self.languages, key, at)
    }

    pub(crate) fn fingerprint(&self, key: u32, at: Timestamp) -> Seen {
        self.seen(&self.fingerprints, key, at)
    }

    /// The newest major version seen of a browser on a system; `None` when none was.
    pub(crate) fn newest_version(&self, browser: u32) -> Option<u32> {
        self.versions.keys().filter_map(|key| keys::major_of(key, browser)).max()
    }

    /// The places that were seen, to a tenth of a degree.
    pub(crate) fn known_places(&self) -> impl Iterator<Item = Place> + '_ {
        self.places.keys().filter_map(keys::place_of)
    }

    /// What a session or refresh token was like when it began; `None` when that was not seen or not confirmed.
    pub(crate) fn started(&self, session: u32) -> Option<&Started> {
        self.started.iter().find(|started| started.session == session)
    }

    pub(crate) fn hour(&self, hour: u32, at: Timestamp) -> Seen {
        self.seen(&self.hours, hour, at)
    }

    pub(crate) fn audience(&self, key: u32, at: Timestamp) -> Seen {
        self.seen(&self.audiences, key, at)
    }

    /// How well the scopes of `machine` are known; `None` when either side has none.
    pub(crate) fn scopes(&self, machine: &Machine, at: Timestamp) -> Option<Asked> {
        let found = self.scopes.find(machine).filter(|_| !self.scopes.is_empty())?;
        let (all, distinct) = self.scopes.variety();
        let per_request = number::real_unsigned(all) / number::real_unsigned(self.scopes.requests());
        let distinct = number::real(i64::try_from(distinct).unwrap_or(0)) / per_request;
        let read = |sixteenths| self.read_sixteenths(sixteenths, at);
        let least =
            Seen { weight: read(found.least), total: self.scoped_history(at), distinct: distinct.max(1.0) };
        Some(Asked { unseen: found.unseen, least })
    }

    /// Weight of the confirmed requests that told their scopes as of `at`, in requests.
    pub(crate) fn scoped_history(&self, at: Timestamp) -> f64 {
        self.read_sixteenths(self.scopes.requests(), at)
    }

    /// Whether a scope was ever confirmed.
    pub(crate) fn holds_scope(&self, scope: &str) -> bool {
        self.scopes.holds(scope)
    }

    /// Seconds and place of the remembered confirmed sign-ins that had a place, earliest first.
    pub(crate) fn places(&self) -> impl Iterator<Item = (i64, Place)> + '_ {
        self.sightings
            .iter()
            .filter_map(|sighting| sighting.1.map(|(lat, lon)| (sighting.0, Place { lat, lon })))
    }

    /// Ages of the remembered failures at `at` in seconds, 0 for those after it.
    pub(crate) fn failure_ages(&self, at: Timestamp) -> impl Iterator<Item = i64> + '_ {
        self.failures.iter().map(move |second| decay::seconds(at).saturating_sub(*second).max(0))
    }

    fn seen<const CAP: usize>(&self, histogram: &Histogram<CAP>, key: u32, at: Timestamp) -> Seen {
        let scale = self.scale(at);
        Seen {
            weight: read(histogram.weight(key), scale),
            total: read(histogram.total(), scale),
            distinct: number::real(i64::try_from(histogram.distinct()).unwrap_or(0)).max(1.0),
        }
    }

    /// A stored weight as of `at`, in sign-ins.
    fn read(&self, scaled: u64, at: Timestamp) -> f64 {
        read(scaled, self.scale(at))
    }

    /// What a stored thousandth of a sign-in of `at` would be.
    fn scale(&self, at: Timestamp) -> u64 {
        decay::scale(decay::day(at).saturating_sub(self.landmark_day)).max(1)
    }

    /// A stored weight in sixteenths of a request as of `at`, in requests.
    fn read_sixteenths(&self, scaled: u64, at: Timestamp) -> f64 {
        self.read(scaled.saturating_mul(4_000), at)
    }
}

/// A stored weight in sign-ins by the scale of the time of asking.
fn read(scaled: u64, scale: u64) -> f64 {
    number::real_unsigned(scaled) / number::real_unsigned(scale) / 1000.0
}

fn as_milli(sign_ins: f64) -> u32 {
    u32::try_from(number::nearest(sign_ins * 1000.0)).unwrap_or(u32::MAX)
}
