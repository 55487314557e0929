//! Networks: `203.0.113.0/24`, `2001:db8::/32`, and a single address as the smallest.

use std::net::IpAddr;

/// An address with the length of its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    bits: u128,
    prefix: u32,
    width: u32,
}

impl Network {
    /// Reads a network; `None` for anything else. Bits behind the prefix are passed over.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (address, prefix) = text.split_once('/').map_or((text, None), |(at, prefix)| (at, Some(prefix)));
        let written: IpAddr = address.parse().ok()?;
        // Why canonical only without a prefix: a prefix counts in the family that was written.
        let address = if prefix.is_none() { written.to_canonical() } else { written };
        let (bits, width) = match address {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        };
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
            None => width,
        };
        (prefix <= width).then_some(Self { bits, prefix, width })
    }

    /// Whether `other` lies wholly within.
    pub(super) fn contains(self, other: Self) -> bool {
        let behind = self.width - self.prefix;
        let head = |bits: u128| bits.checked_shr(behind).unwrap_or(0);
        self.width == other.width && other.prefix >= self.prefix && head(self.bits) == head(other.bits)
    }
}
