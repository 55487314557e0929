//! What the records of such databases say, as far as it is asked for; the names are those of GeoIP2, which others follow.

use countersign_app::places::{Country, NetworkKind, Place, Point};
use serde::Deserialize;
use serde_json::Number;

/// A record of a database of cities.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct City<'a> {
    #[serde(borrow)]
    country: Named<'a>,
    location: Location,
    #[serde(borrow)]
    traits: Traits<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    iso_code: Option<&'a str>,
}

/// Numbers are of different types in different databases.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Location {
    latitude: Option<Number>,
    longitude: Option<Number>,
    /// In kilometers.
    accuracy_radius: Option<Number>,
}

/// A record of a database of systems, of anonymizers or of connections; also a part of some records of cities.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Traits<'a> {
    autonomous_system_number: Option<Number>,
    is_anonymous: bool,
    is_anonymous_proxy: bool,
    is_anonymous_vpn: bool,
    is_hosting_provider: bool,
    is_public_proxy: bool,
    is_residential_proxy: bool,
    is_tor_exit_node: bool,
    connection_type: Option<&'a str>,
    user_type: Option<&'a str>,
}

impl City<'_> {
    pub(super) fn place(&self) -> Place {
        let Location { latitude, longitude, accuracy_radius } = &self.location;
        let degrees = |number: &Option<Number>| number.as_ref().and_then(Number::as_f64);
        let point = degrees(latitude).zip(degrees(longitude));
        let point = point.and_then(|(lat, lon)| Point::from_degrees(lat, lon));
        let radius = accuracy_radius.as_ref().filter(|_| point.is_some()).and_then(Number::as_u64);
        Place {
            country: self.country.iso_code.and_then(Country::new),
            point,
            accuracy_km: u16::try_from(radius.unwrap_or(0)).unwrap_or(u16::MAX),
            ..self.traits.place()
        }
    }
}

impl Traits<'_> {
    pub(super) fn place(&self) -> Place {
        let number = self.autonomous_system_number.as_ref().and_then(Number::as_u64);
        // Why not 0: it is reserved (RFC 7607).
        let asn = number.and_then(|number| u32::try_from(number).ok()).filter(|number| *number != 0);
        Place { asn, network: self.kind(), ..Place::default() }
    }

    fn kind(&self) -> NetworkKind {
        let hides = [
            self.is_anonymous_vpn,
            self.is_anonymous_proxy,
            self.is_public_proxy,
            self.is_residential_proxy,
            self.is_tor_exit_node,
        ];
        if hides.contains(&true) {
            return NetworkKind::Anonymizer;
        }
        // Why before `is_anonymous`: rented machines have both.
        if self.is_hosting_provider {
            return NetworkKind::Hosting;
        }
        if self.is_anonymous {
            return NetworkKind::Anonymizer;
        }
        let by_user = self.user_type.map_or(NetworkKind::Unknown, of_user);
        if by_user != NetworkKind::Unknown {
            return by_user;
        }
        self.connection_type.map_or(NetworkKind::Unknown, of_connection)
    }
}

/// The words of `user_type` (GeoIP2 Enterprise and Insights).
fn of_user(word: &str) -> NetworkKind {
    match word {
        "residential" => NetworkKind::Residential,
        "cellular" => NetworkKind::Mobile,
        "business" | "college" | "government" | "library" | "military" | "school" => NetworkKind::Corporate,
        "hosting" | "content_delivery_network" => NetworkKind::Hosting,
        "consumer_privacy_network" => NetworkKind::Anonymizer,
        _ => NetworkKind::Unknown,
    }
}

/// The words of `connection_type` (GeoIP2 Connection Type); by satellite a person may be anywhere.
fn of_connection(word: &str) -> NetworkKind {
    match word {
        "Cable/DSL" | "Dialup" => NetworkKind::Residential,
        "Cellular" => NetworkKind::Mobile,
        "Corporate" => NetworkKind::Corporate,
        _ => NetworkKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_who_is_behind_wins_over_rented_machines_and_these_over_the_rest() {
        let (vpn, hosting) = (true, true);
        let is_anonymous = true;
        let cases = [
            (
                Traits {
                    is_anonymous,
                    is_anonymous_vpn: vpn,
                    is_hosting_provider: hosting,
                    ..Traits::default()
                },
                NetworkKind::Anonymizer,
            ),
            (
                Traits { is_anonymous, is_hosting_provider: hosting, ..Traits::default() },
                NetworkKind::Hosting,
            ),
            (
                Traits { is_anonymous, user_type: Some("residential"), ..Traits::default() },
                NetworkKind::Anonymizer,
            ),
            (
                Traits {
                    user_type: Some("cellular"),
                    connection_type: Some("Corporate"),
                    ..Traits::default()
                },
                NetworkKind::Mobile,
            ),
            (
                Traits {
                    user_type: Some("traveler"),
                    connection_type: Some("Corporate"),
                    ..Traits::default()
                },
                NetworkKind::Corporate,
            ),
            (Traits { connection_type: Some("Satellite"), ..Traits::default() }, NetworkKind::Unknown),
        ];
        for (traits, kind) in cases {
            assert_eq!(traits.kind(), kind, "{traits:?}");
        }
    }

    #[test]
    fn a_point_off_the_map_has_no_accuracy_and_a_vast_radius_is_cut() {
        let city = |latitude, radius: u32| City {
            location: Location {
                latitude: Number::from_f64(latitude),
                longitude: Number::from_f64(13.4),
                accuracy_radius: Some(radius.into()),
            },
            ..City::default()
        };
        assert_eq!(city(90.5, 5).place(), Place::default());
        assert_eq!(city(52.5, 1_000_000).place().accuracy_km, u16::MAX);
    }
}
