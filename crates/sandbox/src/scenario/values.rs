//! Values of a scenario that have bounds or a list of words.

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use crate::{
    city::{CITIES, City},
    device::Browser,
};

/// A whole number within bounds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole<const LOW: u16, const HIGH: u16>(pub(crate) u16);

impl<'de, const LOW: u16, const HIGH: u16> Deserialize<'de> for Whole<LOW, HIGH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number<const LOW: u16, const HIGH: u16>;
        impl<const LOW: u16, const HIGH: u16> Visitor<'_> for Number<LOW, HIGH> {
            type Value = Whole<LOW, HIGH>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "a whole number from {LOW} to {HIGH}")
            }

            fn visit_i64<E: de::Error>(self, given: i64) -> Result<Self::Value, E> {
                let number = u16::try_from(given).ok().filter(|number| (LOW..=HIGH).contains(number));
                number.map(Whole).ok_or_else(|| E::invalid_value(de::Unexpected::Signed(given), &self))
            }
        }
        deserializer.deserialize_i64(Number::<LOW, HIGH>)
    }
}

/// A share of all, from 0 to 1, kept in millionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share(u32);

impl Share {
    /// None.
    pub const NONE: Self = Self(0);
    /// All.
    pub const ALL: Self = Self(1_000_000);

    /// A share by its decimal; `None` beyond 0 to 1.
    #[must_use]
    pub fn new(decimal: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&decimal) {
            return None;
        }
        let wanted = (decimal * 1e6).round();
        // Why by halves: there is no lossless conversion from a float.
        let (mut low, mut high) = (0_u32, 1_000_000_u32);
        while low < high {
            let middle = low.midpoint(high);
            if f64::from(middle) < wanted { low = middle + 1 } else { high = middle }
        }
        Some(Self(low))
    }

    /// So many millionths, at most all.
    pub(crate) const fn millionth(count: u32) -> Self {
        Self(if count > Self::ALL.0 { Self::ALL.0 } else { count })
    }

    /// In millionths.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Decimal;
        impl Visitor<'_> for Decimal {
            type Value = Share;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number from 0 to 1")
            }

            fn visit_f64<E: de::Error>(self, given: f64) -> Result<Share, E> {
                Share::new(given).ok_or_else(|| E::invalid_value(de::Unexpected::Float(given), &self))
            }

            fn visit_i64<E: de::Error>(self, given: i64) -> Result<Share, E> {
                match given {
                    0 => Ok(Share::NONE),
                    1 => Ok(Share::ALL),
                    _ => Err(E::invalid_value(de::Unexpected::Signed(given), &self)),
                }
            }
        }
        deserializer.deserialize_f64(Decimal)
    }
}

/// A network's number of those that are reserved for documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct Asn(pub(crate) u32);

impl TryFrom<i64> for Asn {
    type Error = String;

    fn try_from(given: i64) -> Result<Self, String> {
        let number = u32::try_from(given).ok();
        let reserved = number.filter(|n| (64_496..=64_511).contains(n) || (65_536..=65_551).contains(n));
        reserved.map(Self).ok_or_else(|| {
            format!("network {given} may be somebody's; 64496 to 64511 and 65536 to 65551 are nobody's")
        })
    }
}

/// A city by its name.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Town(pub(crate) City);

impl TryFrom<String> for Town {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let found = CITIES.iter().find(|city| city.name == text);
        found.map(|city| Self(*city)).ok_or_else(|| format!("unknown city `{text}`; one of {}", towns()))
    }
}

fn towns() -> String {
    CITIES.map(|city| city.name).join(", ")
}

/// Where somebody lives: a city, or any of the cities of a country of two letters.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Home {
    pub(crate) first: City,
    pub(crate) others: Vec<City>,
}

impl TryFrom<String> for Home {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut cities = CITIES.iter().copied().filter(|city| city.name == text || city.country.0 == text);
        let Some(first) = cities.next() else {
            return Err(format!(
                "`{text}` is neither a known city nor the two letters of one's country; cities: {}",
                towns()
            ));
        };
        Ok(Self { first, others: cities.collect() })
    }
}

/// What people use; programs are an attacker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Machine {
    ChromeWindows,
    ChromeMac,
    EdgeWindows,
    FirefoxLinux,
    SafariMac,
    SafariPhone,
    ChromeAndroid,
    Handheld,
}

impl From<Machine> for Browser {
    fn from(machine: Machine) -> Self {
        match machine {
            Machine::ChromeWindows => Self::ChromeWindows,
            Machine::ChromeMac => Self::ChromeMac,
            Machine::EdgeWindows => Self::EdgeWindows,
            Machine::FirefoxLinux => Self::FirefoxLinux,
            Machine::SafariMac => Self::SafariMac,
            Machine::SafariPhone => Self::SafariPhone,
            Machine::ChromeAndroid => Self::ChromeAndroid,
            Machine::Handheld => Self::Handheld,
        }
    }
}

/// A name that stands in identifiers and addresses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Slug(pub(crate) String);

impl TryFrom<String> for Slug {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if text.len() <= 50 && text.split('-').all(is_word) {
            return Ok(Self(text));
        }
        Err(format!(
            "`{text}` is no name of at most 50 lower-case letters and digits with single hyphens between them"
        ))
    }
}

/// A person's first and last name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct FullName {
    pub(crate) given: String,
    pub(crate) family: String,
}

impl TryFrom<String> for FullName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_name = |name: &str| {
            (1..=30).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
        };
        match text.split_once(' ') {
            Some((given, family)) if is_name(given) && is_name(family) => {
                Ok(Self { given: given.to_owned(), family: family.to_owned() })
            }
            _ => {
                Err(format!("`{text}` is no first and last name of ASCII letters with a space between them"))
            }
        }
    }
}
