//! What kind of network an address or an autonomous system belongs to.

use serde::{Deserialize, Serialize};

/// What kind of network it is.
///
/// The order is that of stored states: a new kind stands at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkKind {
    /// Nobody knows.
    #[default]
    Unknown,
    /// Homes, and whatever else a provider of access connects.
    Residential,
    /// A carrier's gateway for phones.
    Mobile,
    /// An organization's egress.
    #[serde(alias = "corporate_egress")]
    Corporate,
    /// Rented machines.
    Hosting,
    /// A proxy or Tor exit that hides who is behind it.
    Anonymizer,
    /// A VPN that anyone can rent.
    Vpn,
    /// A security service that many organizations send their people's traffic through.
    Gateway,
}

impl NetworkKind {
    /// Whether the address says little of where the person is: many share it, from anywhere.
    #[must_use]
    pub const fn hides_place(self) -> bool {
        matches!(self, Self::Mobile | Self::Hosting | Self::Anonymizer | Self::Vpn | Self::Gateway)
    }

    /// Whether it is there to hide who is behind it.
    #[must_use]
    pub const fn hides_person(self) -> bool {
        matches!(self, Self::Anonymizer | Self::Vpn)
    }

    /// The kind that a list calls by this word, in any case; `None` for a word that no list uses.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "unknown" => Self::Unknown,
            "residential" | "isp" => Self::Residential,
            "mobile" => Self::Mobile,
            "corporate" | "business" => Self::Corporate,
            "hosting" => Self::Hosting,
            "anonymizer" | "proxy" | "tor" => Self::Anonymizer,
            "vpn" => Self::Vpn,
            "gateway" | "sase" => Self::Gateway,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [NetworkKind; 8] = [
        NetworkKind::Unknown,
        NetworkKind::Residential,
        NetworkKind::Mobile,
        NetworkKind::Corporate,
        NetworkKind::Hosting,
        NetworkKind::Anonymizer,
        NetworkKind::Vpn,
        NetworkKind::Gateway,
    ];

    #[test]
    fn a_list_may_call_each_kind_by_the_name_that_the_configuration_has() {
        for kind in ALL {
            let written = serde_json::to_string(&kind).unwrap();
            assert_eq!(NetworkKind::of_word(written.trim_matches('"')), Some(kind));
        }
        assert_eq!(NetworkKind::of_word(" SASE "), Some(NetworkKind::Gateway));
        assert_eq!(NetworkKind::of_word("cloud of some kind"), None);
    }

    #[test]
    fn what_hides_the_person_hides_the_place_too() {
        assert!(ALL.into_iter().all(|kind| kind.hides_place() || !kind.hides_person()));
        assert!(NetworkKind::Gateway.hides_place() && !NetworkKind::Gateway.hides_person());
        assert!(!NetworkKind::Corporate.hides_place());
    }
}
