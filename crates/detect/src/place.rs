//! Where an address is and what kind of network it belongs to.

use countersign_auth0::log::Location;
pub use countersign_risk::NetworkKind;
use countersign_risk::Place as Point;
use serde::{Deserialize, Serialize};

/// Where an address is, as far as somebody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The country.
    pub country: Option<Country>,
    /// The point.
    pub point: Option<Point>,
    /// The point's accuracy radius in kilometers; 0 when not told.
    pub accuracy_km: u16,
    /// The autonomous system.
    pub asn: Option<u32>,
    /// What kind of network it is.
    pub network: NetworkKind,
}

/// A country by two capital letters (ISO 3166-1 alpha-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Country([u8; 2]);

impl Country {
    /// Two ASCII letters in any case; `None` for anything else.
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let [a, b] = code.as_bytes() else { return None };
        let letter = |byte: &u8| byte.is_ascii_alphabetic().then(|| byte.to_ascii_uppercase());
        Some(Self([letter(a)?, letter(b)?]))
    }

    /// The two letters as a number.
    pub(crate) const fn number(self) -> u32 {
        let Self([a, b]) = self;
        u16::from_be_bytes([a, b]) as u32
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl Place {
    /// What the entry itself tells.
    #[must_use]
    pub fn told(location: &Location<'_>) -> Option<Self> {
        let country = location.country_code.as_deref().and_then(Country::new);
        let point = location.latitude.zip(location.longitude);
        let point = point.and_then(|(lat, lon)| Point::from_degrees(lat, lon));
        (country.is_some() || point.is_some()).then(|| Self { country, point, ..Self::default() })
    }

    /// What was looked up, completed by what was told.
    #[must_use]
    pub fn join(found: Option<Self>, told: Option<Self>) -> Option<Self> {
        let (Some(found), Some(told)) = (found, told) else { return found.or(told) };
        Some(Self { country: found.country.or(told.country), point: found.point.or(told.point), ..found })
    }
}
