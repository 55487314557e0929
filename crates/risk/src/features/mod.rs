//! What is known of one transaction: all that an assessment reads, and all that a record must keep to replay it.

mod machine;
mod posture;
mod reset;
mod session;
mod shares;
mod sign_up;

use std::collections::BTreeSet;

use countersign_core::{Channel, Timestamp};
pub use machine::{Actor, Exchange, Machine};
pub(crate) use machine::{digest, kind_digest};
pub use posture::{DevicePosture, PosturePlace, PostureStatus};
pub use reset::Reset;
pub(crate) use reset::is_zero;
use serde::{Deserialize, Deserializer, Serialize};
pub use session::{Initial, SessionOf};
pub use shares::{Share, Shares};
pub use sign_up::{DomainKind, LookAlike, NameFit, SignUp, Variant};

use crate::{NetworkKind, Profile, Readings, Short, number};

/// The most factor types kept; Auth0 knows nine.
const MAX_ENROLLED: usize = 16;

/// The features of one transaction, bounded in size and without the address, the e-mail or any other name of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// When the request arrived; Auth0's event has no time of its own.
    pub at: Timestamp,
    /// By which road the sign-in came.
    pub channel: Channel,
    /// Whether it is the sign-in of a person, which the shapes of [`LoginModel`](crate::LoginModel) weigh.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_login: bool,
    /// Country as two upper-case letters (ISO 3166-1); `None` when neither Auth0 nor reference data place the
    /// address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Short>,
    /// Network as `as64500`, else the block; `None` without either, and where nobody tells a system though the
    /// person's history is made of those (resets, phone messages).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Short>,
    /// The address's /24 (IPv4) or /48 (IPv6) block, such as `203.0.113.0/24`; `None` when there was no valid address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<Short>,
    /// Where the address is thought to be; `None` when nobody placed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Hour of the day by the sun, 0 to 23: UTC plus an hour per 15 degrees of longitude; `None` without a place.
    ///
    /// Off by up to two hours from the legal time (China, Spain, summer time); what counts is that it is off alike each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_hour: Option<u8>,
    /// The client program and machine by the user agent; `None` when none was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// JA4 fingerprint of the TLS client; `None` outside Auth0's own edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja4: Option<Short>,
    /// Auth0's own risk assessment; `None` on tenants without Adaptive MFA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth0: Option<Auth0Risk>,
    /// Sign-ins so far by Auth0's count, this one included; `None` when not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logins_count: Option<u64>,
    /// The browser's language as the request names it, in lower case; `None` when it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Short>,
    /// The kind of the network; `None` when no list names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_kind: Option<NetworkKind>,
    /// The session or refresh token; `None` when the event names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionOf>,
    /// How common all this is among others; `None` where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<Shares>,
    /// What others did alike.
    #[serde(default, skip_serializing_if = "Readings::is_empty")]
    pub readings: Readings,
    /// Whether the sign-in continues a session that began over a minute ago; `None` when Auth0 named no start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_known: Option<bool>,
    /// Types of the factors that were enrolled at that time, at most 16, sorted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "few")]
    pub enrolled: BTreeSet<Short>,
    /// What the tenant tells of the machine; `None` where it tells nothing that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_posture: Option<DevicePosture>,
    /// Which useful signals were absent: lowers the confidence; see [`Features::note_missing`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub missing: BTreeSet<Signal>,
    /// Whether a sign-in is one of the account's first: none was confirmed before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_new_account: bool,
    /// Whether the account's sign-up would have been challenged or refused, and no sign-in was confirmed since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owes_challenge: bool,
    /// What a sign-up or a first sign-in tells of the new account; `None` anywhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_up: Option<SignUp>,
    /// What a password's reset or change tells; `None` anywhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<Reset>,
    /// What a machine's request tells, whose client then stands in place of the person; `None` for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_false(value: &bool) -> bool {
    !*value
}

fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Short>, D::Error> {
    Ok(BTreeSet::deserialize(deserializer)?.into_iter().take(MAX_ENROLLED).collect())
}

impl Features {
    /// Features that know only when and by which road; every signal counts as missing.
    #[must_use]
    pub fn new(at: Timestamp, channel: Channel) -> Self {
        let mut features = Self {
            at,
            channel,
            is_login: false,
            country: None,
            network: None,
            block: None,
            place: None,
            local_hour: None,
            device: None,
            ja4: None,
            auth0: None,
            logins_count: None,
            language: None,
            network_kind: None,
            session: None,
            shares: None,
            readings: Readings::default(),
            session_known: None,
            enrolled: BTreeSet::new(),
            device_posture: None,
            missing: BTreeSet::new(),
            is_new_account: false,
            owes_challenge: false,
            sign_up: None,
            reset: None,
            machine: None,
        };
        features.note_missing();
        features
    }

    /// Sets `missing` from the fields as they are now; call it after changing one.
    pub fn note_missing(&mut self) {
        let absent = [
            (Signal::Country, self.country.is_none()),
            (Signal::Network, self.network.is_none()),
            (Signal::Place, self.place.is_none()),
            (Signal::Device, self.device.is_none()),
            (Signal::Ja4, self.ja4.is_none()),
            (Signal::Auth0, self.auth0.is_none()),
            (Signal::LoginsCount, self.logins_count.is_none()),
        ];
        self.missing = absent.into_iter().filter(|(_, absent)| *absent).map(|(signal, _)| signal).collect();
    }

    /// The sign-up's features while the account is new; `None` once a sign-in was confirmed, whatever the event says of
    /// the number of logins.
    pub(crate) fn new_account(&self, profile: Option<&Profile>) -> Option<&SignUp> {
        let is_new = profile.is_none_or(|profile| profile.last_seen().is_none());
        self.sign_up.as_ref().filter(|_| is_new)
    }

    /// The same without what would lead back to the address: its block and place, networks that are blocks, and those that the
    /// session was used from.
    #[must_use]
    pub fn without_address(self) -> Self {
        let session = self.session.map(|session| SessionOf {
            initial: session.initial.map(Initial::without_address),
            last: session.last.map(Initial::without_address),
            ..session
        });
        let network = self.network.filter(is_system);
        Self { network, block: None, place: None, session, ..self }
    }

    /// Adds enrolled factor types until there are 16.
    pub fn enroll<'a>(&mut self, factors: impl IntoIterator<Item = &'a str>) {
        for factor in factors {
            if self.enrolled.len() >= MAX_ENROLLED {
                return;
            }
            self.enrolled.insert(Short::new(factor));
        }
    }
}

/// Whether a network is named by its number; otherwise it is a block of addresses.
fn is_system(network: &Short) -> bool {
    network.as_str().strip_prefix("as").is_some_and(|digits| digits.parse::<u32>().is_ok())
}

/// A signal that makes an assessment better when present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// `country`.
    Country,
    /// `network`.
    Network,
    /// `place`.
    Place,
    /// `device`.
    Device,
    /// `ja4`.
    Ja4,
    /// `auth0`.
    Auth0,
    /// `logins_count`.
    LoginsCount,
}

/// A point on the earth in ten-thousandths of a degree (about 11 m).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Latitude, north positive, within ±900,000.
    pub lat: i32,
    /// Longitude, east positive, within ±1,800,000.
    pub lon: i32,
}

impl Place {
    /// The point at `lat` and `lon` degrees; `None` when they are not numbers or lie off the map.
    #[must_use]
    pub fn from_degrees(lat: f64, lon: f64) -> Option<Self> {
        if !((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon)) {
            return None;
        }
        let unit = |degrees: f64| i32::try_from(number::nearest(degrees * 10_000.0)).ok();
        Some(Self { lat: unit(lat)?, lon: unit(lon)? })
    }

    /// Great-circle distance in kilometers, by the haversine formula on a sphere of 6,371 km (IUGG mean radius).
    #[must_use]
    pub fn distance_km(self, other: Self) -> f64 {
        let radians =
            |units: i32, most: i32| f64::from(units.clamp(-most, most)) * core::f64::consts::PI / 1_800_000.0;
        let (lat1, lat2) = (radians(self.lat, 900_000), radians(other.lat, 900_000));
        let half_lat = libm::sin((lat2 - lat1) / 2.0);
        let half_lon = libm::sin((radians(other.lon, 1_800_000) - radians(self.lon, 1_800_000)) / 2.0);
        let chord = half_lat * half_lat + libm::cos(lat1) * libm::cos(lat2) * half_lon * half_lon;
        2.0 * 6_371.0 * libm::asin(libm::sqrt(chord.clamp(0.0, 1.0)))
    }

    /// Hour of the day by the sun at this place, 0 to 23: four minutes per degree of longitude.
    #[must_use]
    pub fn local_hour(self, at: Timestamp) -> u8 {
        let shift_s = i64::from(self.lon.clamp(-1_800_000, 1_800_000)) * 240 / 10_000;
        u8::try_from(at.seconds().saturating_add(shift_s).rem_euclid(86_400) / 3_600).unwrap_or(0)
    }
}

/// A client program on a kind of machine, coarse enough to survive updates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Family of the browser or program in lower case, such as `chrome`; `other` when not recognized.
    pub browser: Short,
    /// Major version; 0 when not told.
    pub major: u32,
    /// Operating system in lower case, such as `windows`; `other` when not recognized.
    pub os: Short,
    /// Kind of machine.
    pub class: DeviceClass,
    /// Whether the agent names itself as a program without a person.
    pub automation: bool,
}

/// A kind of machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceClass {
    /// Desk or lap.
    Desktop,
    /// Phone.
    Mobile,
    /// Tablet.
    Tablet,
    /// A program without a person.
    Automation,
    /// Not recognized.
    Other,
}

impl DeviceClass {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
            Self::Tablet => "tablet",
            Self::Automation => "automation",
            Self::Other => "other",
        }
    }
}

/// What Auth0's own `riskAssessment` said, as its own words; unknown words are kept and count nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Auth0Risk {
    /// Overall confidence that the sign-in is genuine: `low` means high risk; `None` when not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Short>,
    /// Code of `NewDevice`; `None` when that assessor did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_device: Option<Short>,
    /// Code of `ImpossibleTravel`; `None` when that assessor did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impossible_travel: Option<Short>,
    /// Code of `UntrustedIP`; `None` when that assessor did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untrusted_ip: Option<Short>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_address_nothing_leads_back_to_it() {
        let used = || {
            Some(Initial {
                network: Some("203.0.113.0/24".into()),
                block: Some("203.0.113.0/24".into()),
                device: None,
            })
        };
        let features = Features {
            network: Some("198.51.100.0/24".into()),
            block: Some("198.51.100.0/24".into()),
            place: Place::from_degrees(50.1, 8.7),
            session: Some(SessionOf { key: 7, initial: used(), last: used() }),
            ..Features::new(Timestamp::from_seconds(0), Channel::Interactive)
        };
        let text = serde_json::to_string(&features.clone().without_address()).unwrap();
        assert!(
            !text.contains("203.0.113") && !text.contains("198.51") && !text.contains("\"place\":"),
            "{text}"
        );
        let numbered = Features { network: Some("as64500".into()), ..features }.without_address();
        assert_eq!(numbered.network, Some("as64500".into()));
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        let london = Place::from_degrees(51.5074, -0.1278).unwrap();
        let new_york = Place::from_degrees(40.7128, -74.006).unwrap();
        assert!((london.distance_km(new_york) - 5_570.0).abs() < 5.0);
        let (west, east) = (Place { lat: 0, lon: -1_799_000 }, Place { lat: 0, lon: 1_799_000 });
        assert!(west.distance_km(east) < 23.0, "the date line is no border");
    }

    #[test]
    fn points_off_the_map_are_no_places() {
        assert_eq!(Place::from_degrees(f64::NAN, 0.0), None);
        assert_eq!(Place::from_degrees(91.0, 0.0), None);
        assert_eq!(Place::from_degrees(0.0, f64::INFINITY), None);
    }

    #[test]
    fn the_local_hour_follows_the_sun() {
        let noon: Timestamp = "2026-08-20T12:00:00Z".parse().unwrap();
        assert_eq!(Place { lat: 0, lon: 0 }.local_hour(noon), 12);
        assert_eq!(Place { lat: 0, lon: 1_350_000 }.local_hour(noon), 21);
        assert_eq!(Place { lat: 0, lon: -1_800_000 }.local_hour(noon), 0);
        assert_eq!(Place { lat: 0, lon: i32::MAX }.local_hour(Timestamp::from_micros(i64::MAX)), 16);
    }

    #[test]
    fn features_survive_a_record() {
        let features = crate::samples::ordinary();
        let text = serde_json::to_string(&features).unwrap();
        assert_eq!(serde_json::from_str::<Features>(&text).unwrap(), features);
    }

    #[test]
    fn a_hostile_record_is_bounded() {
        let long = "x".repeat(10_000);
        let factors: Vec<String> = (0..1_000).map(|n| format!("\"f{n}\"")).collect();
        let text = format!(
            r#"{{"at":"2026-08-20T12:00:00Z","channel":"interactive","country":"{long}","enrolled":[{}]}}"#,
            factors.join(",")
        );
        let features: Features = serde_json::from_str(&text).unwrap();
        assert_eq!(features.country.unwrap().as_str().len(), 64);
        assert_eq!(features.enrolled.len(), 16);
    }
}
