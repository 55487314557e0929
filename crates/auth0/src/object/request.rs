//! The request and the place it came from.

use serde_json::Number;

use super::Body;
use crate::Dictionary;

object! {
    /// The HTTP request that started or continued the transaction.
    Request {
        required {
            /// The address that the request came from, IPv4 or IPv6 as text; the application's own address when it
            /// calls from a back end without a trusted `auth0-forwarded-for`.
            ip: String,
        }
        maybe {
            /// The autonomous system number of `ip`, in decimal digits.
            asn: String,
            /// The body's fields; the shipped Actions never send them. Documented as always present.
            body: Body,
            /// The place that `ip` is in; may be empty. Documented as always present.
            geoip: GeoIp,
            /// The host name that was called: the tenant's or a custom domain.
            hostname: String,
            /// The language of the user's browser, such as `en`.
            language: String,
            /// The HTTP method, such as `POST`. Documented as always present.
            method: String,
            /// The query's parameters; a dictionary on purpose. Documented as always present.
            query: Dictionary,
            /// The `User-Agent` header as it was sent.
            user_agent: String,
        }
    }
}

object! {
    /// The place of an address, as far as Auth0 knows it.
    GeoIp {
        maybe {
            /// The city, in English.
            #[serde(rename = "cityName")]
            city_name: String,
            /// The continent, two letters.
            #[serde(rename = "continentCode")]
            continent_code: String,
            /// The country, ISO 3166-1 alpha-2.
            #[serde(rename = "countryCode")]
            country_code: String,
            /// The country, ISO 3166-1 alpha-3.
            #[serde(rename = "countryCode3")]
            country_code3: String,
            /// The country, in English.
            #[serde(rename = "countryName")]
            country_name: String,
            /// Degrees north, -90 to 90; a JSON number, so that `39` stays `39`.
            latitude: Number,
            /// Degrees east, -180 to 180; a JSON number, so that `8` stays `8`.
            longitude: Number,
            /// The subdivision of the country, the part of its ISO 3166-2 code after the hyphen.
            #[serde(rename = "subdivisionCode")]
            subdivision_code: String,
            /// The subdivision of the country, in English.
            #[serde(rename = "subdivisionName")]
            subdivision_name: String,
            /// The time zone, an IANA name.
            #[serde(rename = "timeZone")]
            time_zone: String,
        }
    }
}

impl GeoIp {
    /// The latitude and longitude in degrees; `None` unless both are there and on the globe.
    #[must_use]
    pub fn coordinates(&self) -> Option<(f64, f64)> {
        let latitude = self.latitude.as_option()?.as_f64()?;
        let longitude = self.longitude.as_option()?.as_f64()?;
        let on_globe = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        on_globe.then_some((latitude, longitude))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_there_together_and_on_the_globe() {
        for (text, expected) in [
            (r#"{"latitude":39.8,"longitude":-89}"#, Some((39.8, -89.0))),
            (r#"{"latitude":39.8}"#, None),
            (r#"{"latitude":39.8,"longitude":null}"#, None),
            (r#"{"latitude":90.1,"longitude":0}"#, None),
        ] {
            let geoip: GeoIp = serde_json::from_str(text).unwrap();
            assert_eq!(geoip.coordinates(), expected, "{text}");
            assert_eq!(serde_json::to_string(&geoip).unwrap(), text);
        }
    }
}
