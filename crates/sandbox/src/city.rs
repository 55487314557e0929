//! Places with what a location database says about them.

use serde_json::{Value, json};

/// A place as `event.request.geoip` describes it; coordinates are those of the city's center, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct City {
    /// The English name.
    pub name: &'static str,
    /// Two letters, such as `NA`.
    pub continent: &'static str,
    /// ISO 3166-1: two letters, three letters, the English name.
    pub country: (&'static str, &'static str, &'static str),
    /// ISO 3166-2 without the country, and its name.
    pub subdivision: (&'static str, &'static str),
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// The name in the time zone database.
    pub time_zone: &'static str,
    /// Hours ahead of UTC in winter; the stand-in keeps winter time all year.
    pub utc_offset_hours: i64,
}

const US: (&str, &str, &str) = ("US", "USA", "United States");
const FRANCE: (&str, &str, &str) = ("FR", "FRA", "France");

macro_rules! cities {
    ($($name:ident = $text:literal, $continent:literal, $country:expr, ($sub:literal, $subname:literal),
        $lat:literal, $lon:literal, $zone:literal, $offset:literal;)+) => {
        $(pub(crate) const $name: City = City {
            name: $text, continent: $continent, country: $country, subdivision: ($sub, $subname),
            latitude: $lat, longitude: $lon, time_zone: $zone, utc_offset_hours: $offset,
        };)+

        /// Every place that a scenario can name.
        pub(crate) const CITIES: [City; [$($text),+].len()] = [$($name),+];
    };
}

cities! {
    // Where people live and work.
    CHICAGO = "Chicago", "NA", US, ("IL", "Illinois"), 41.8781, -87.6298, "America/Chicago", -6;
    EVANSTON = "Evanston", "NA", US, ("IL", "Illinois"), 42.0451, -87.6877, "America/Chicago", -6;
    NAPERVILLE = "Naperville", "NA", US, ("IL", "Illinois"), 41.7508, -88.1535, "America/Chicago", -6;
    LYON = "Lyon", "EU", FRANCE, ("ARA", "Auvergne-Rhone-Alpes"), 45.7640, 4.8357, "Europe/Paris", 1;
    VILLEURBANNE = "Villeurbanne", "EU", FRANCE, ("ARA", "Auvergne-Rhone-Alpes"), 45.7719, 4.8902, "Europe/Paris", 1;
    VIENNE = "Vienne", "EU", FRANCE, ("ARA", "Auvergne-Rhone-Alpes"), 45.5255, 4.8740, "Europe/Paris", 1;
    SINGAPORE = "Singapore", "AS", ("SG", "SGP", "Singapore"), ("01", "Central Singapore"), 1.2897, 103.8501, "Asia/Singapore", 8;
    JOHOR_BAHRU = "Johor Bahru", "AS", ("MY", "MYS", "Malaysia"), ("01", "Johor"), 1.4927, 103.7414, "Asia/Kuala_Lumpur", 8;
    // Where they travel.
    NEW_YORK = "New York", "NA", US, ("NY", "New York"), 40.7128, -74.0060, "America/New_York", -5;
    DENVER = "Denver", "NA", US, ("CO", "Colorado"), 39.7392, -104.9903, "America/Denver", -7;
    BERLIN = "Berlin", "EU", ("DE", "DEU", "Germany"), ("BE", "Berlin"), 52.5200, 13.4050, "Europe/Berlin", 1;
    MADRID = "Madrid", "EU", ("ES", "ESP", "Spain"), ("MD", "Madrid"), 40.4168, -3.7038, "Europe/Madrid", 1;
    BANGKOK = "Bangkok", "AS", ("TH", "THA", "Thailand"), ("10", "Bangkok"), 13.7563, 100.5018, "Asia/Bangkok", 7;
    JAKARTA = "Jakarta", "AS", ("ID", "IDN", "Indonesia"), ("JK", "Jakarta"), -6.2088, 106.8456, "Asia/Jakarta", 7;
    // Where rented machines stand.
    TORONTO = "Toronto", "NA", ("CA", "CAN", "Canada"), ("ON", "Ontario"), 43.6532, -79.3832, "America/Toronto", -5;
    SAO_PAULO = "Sao Paulo", "SA", ("BR", "BRA", "Brazil"), ("SP", "Sao Paulo"), -23.5505, -46.6333, "America/Sao_Paulo", -3;
    JOHANNESBURG = "Johannesburg", "AF", ("ZA", "ZAF", "South Africa"), ("GP", "Gauteng"), -26.2041, 28.0473, "Africa/Johannesburg", 2;
    REYKJAVIK = "Reykjavik", "EU", ("IS", "ISL", "Iceland"), ("1", "Capital Region"), 64.1466, -21.9426, "Atlantic/Reykjavik", 0;
    OSAKA = "Osaka", "AS", ("JP", "JPN", "Japan"), ("27", "Osaka"), 34.6937, 135.5023, "Asia/Tokyo", 9;
    AUCKLAND = "Auckland", "OC", ("NZ", "NZL", "New Zealand"), ("AUK", "Auckland"), -36.8509, 174.7645, "Pacific/Auckland", 12;
}

impl City {
    /// The place as `event.request.geoip`.
    #[must_use]
    pub fn geoip(&self) -> Value {
        json!({
            "cityName": self.name,
            "continentCode": self.continent,
            "countryCode": self.country.0,
            "countryCode3": self.country.1,
            "countryName": self.country.2,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "subdivisionCode": self.subdivision.0,
            "subdivisionName": self.subdivision.1,
            "timeZone": self.time_zone,
        })
    }

    /// The great-circle distance to `other` in kilometers (haversine; mean Earth radius 6,371.0 km, IUGG).
    #[must_use]
    pub fn distance_km(&self, other: &Self) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_lat = (to - from) / 2.0;
        let half_lon = (other.longitude - self.longitude).to_radians() / 2.0;
        let chord = half_lat.sin().powi(2) + from.cos() * to.cos() * half_lon.sin().powi(2);
        2.0 * 6371.0 * chord.sqrt().min(1.0).asin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_an_atlas() {
        assert!((CHICAGO.distance_km(&NEW_YORK) - 1144.0).abs() < 10.0);
        assert!((SINGAPORE.distance_km(&LYON) - 10_500.0).abs() < 150.0);
        assert!(LYON.distance_km(&LYON) < 0.001);
    }
}
