//! Networks: addresses and autonomous systems that are reserved for documentation, so that nobody real is named.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::dice::Dice;

/// The /24 that stands for a part of the world (RFC 5737): the Americas, Europe and Africa, Asia and Oceania.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// 192.0.2.0/24.
    Americas,
    /// 198.51.100.0/24.
    EuropeAfrica,
    /// 203.0.113.0/24.
    AsiaPacific,
}

impl Region {
    /// The region of a continent's two-letter code; Asia and Oceania for any other text.
    #[must_use]
    pub fn of_continent(code: &str) -> Self {
        match code {
            "NA" | "SA" => Self::Americas,
            "EU" | "AF" => Self::EuropeAfrica,
            _ => Self::AsiaPacific,
        }
    }

    const fn address(self, host: u8) -> IpAddr {
        IpAddr::V4(match self {
            Self::Americas => Ipv4Addr::new(192, 0, 2, host),
            Self::EuropeAfrica => Ipv4Addr::new(198, 51, 100, host),
            Self::AsiaPacific => Ipv4Addr::new(203, 0, 113, host),
        })
    }
}

/// The addresses that a network hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// A run of `count` addresses of the region's /24, from host number `first`; the run ends at 254.
    V4 {
        /// Whose /24.
        region: Region,
        /// The lowest host number, 1 to 254.
        first: u8,
        /// How many addresses follow each other, at least 1.
        count: u8,
    },
    /// One /48 below 2001:db8::/32 (RFC 3849), with a new interface identifier each time (RFC 8981).
    V6 {
        /// The third group of the address, so the /48.
        site: u16,
    },
}

/// A network as a sign-in shows it: an autonomous system and the pool an address is drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// The autonomous system's number: 64496 to 64511 or 65536 to 65551 (RFC 5398).
    pub asn: u32,
    /// Where its addresses come from.
    pub pool: Pool,
}

impl Network {
    /// A network of `count` neighboring IPv4 addresses.
    #[must_use]
    pub const fn v4(asn: u32, region: Region, first: u8, count: u8) -> Self {
        Self { asn, pool: Pool::V4 { region, first, count } }
    }

    /// A network of one IPv6 site.
    #[must_use]
    pub const fn v6(asn: u32, site: u16) -> Self {
        Self { asn, pool: Pool::V6 { site } }
    }

    /// An address of this network, drawn anew.
    #[must_use]
    pub fn address(&self, dice: &mut Dice) -> IpAddr {
        match self.pool {
            Pool::V4 { region, first, count } => {
                let offset = u8::try_from(dice.below(u32::from(count))).unwrap_or(0);
                region.address(first.saturating_add(offset).clamp(1, 254))
            }
            Pool::V6 { site } => {
                let [a, b, c, d, e, f, g, h] = dice.word().to_be_bytes();
                let group = |high, low| u16::from_be_bytes([high, low]);
                let (one, two, three, four) = (group(a, b), group(c, d), group(e, f), group(g, h));
                IpAddr::V6(Ipv6Addr::new(0x2001, 0x0db8, site, 0, one, two, three, four))
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Whether an address lies in a range that is reserved for documentation.
    pub(crate) fn is_documentation(address: IpAddr) -> bool {
        match address {
            IpAddr::V4(v4) => {
                let [a, b, c, host] = v4.octets();
                [[192, 0, 2], [198, 51, 100], [203, 0, 113]].contains(&[a, b, c]) && (1..=254).contains(&host)
            }
            IpAddr::V6(v6) => v6.segments()[..2] == [0x2001, 0x0db8],
        }
    }

    #[test]
    fn addresses_stay_in_documentation_ranges_even_at_the_edge() {
        let mut dice = Dice::new(3);
        for network in [
            Network::v4(64496, Region::Americas, 250, 40),
            Network::v4(64496, Region::AsiaPacific, 0, 0),
            Network::v6(64496, 0xffff),
        ] {
            for _ in 0..200 {
                let address = network.address(&mut dice);
                assert!(is_documentation(address), "{address}");
            }
        }
    }
}
