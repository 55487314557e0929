//! Seeded chance: the same seed gives the same tenant, the same history and the same attacks.

use crate::scenario::Share;

/// A small seeded generator (`SplitMix64`: Steele, Lea, Flood 2014); repeatable, never for anything secret.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// A generator whose whole sequence follows from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator for what follows from a name alone (FNV-1a, 64 bits).
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let hash = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        Self(hash)
    }

    /// Where the sequence stands: `Dice::new` of it goes on from here.
    #[must_use]
    pub const fn state(&self) -> u64 {
        self.0
    }

    /// The next 64 well-mixed bits.
    pub const fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A number from 0 to `bound` - 1; 0 when `bound` is 0. The bias for small bounds is below 2^-32.
    pub fn below(&mut self, bound: u32) -> u32 {
        let scaled = (self.word() >> 32) * u64::from(bound);
        u32::try_from(scaled >> 32).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included; `low` when they are the wrong way round.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low.saturating_add(self.below(high.saturating_sub(low).saturating_add(1)))
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// True in a share of all cases.
    pub fn happens(&mut self, share: Share) -> bool {
        self.below(Share::ALL.millionths()) < share.millionths()
    }

    /// `first` or one of `others`, each equally often.
    pub fn pick<T: Copy>(&mut self, first: T, others: &[T]) -> T {
        let bound = u32::try_from(others.len()).unwrap_or(0).saturating_add(1);
        let place = usize::try_from(self.below(bound)).unwrap_or(0);
        place.checked_sub(1).and_then(|n| others.get(n)).copied().unwrap_or(first)
    }

    /// A text of `length` characters out of `alphabet`, which is ASCII.
    pub fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        let first = alphabet.first().copied().unwrap_or(b'0');
        let rest = alphabet.get(1..).unwrap_or_default();
        (0..length).map(|_| char::from(self.pick(first, rest))).collect()
    }

    /// `length` lower-case hexadecimal digits.
    pub fn hex(&mut self, length: usize) -> String {
        self.text(b"0123456789abcdef", length)
    }

    /// `length` letters and digits, the alphabet of Auth0's own identifiers.
    pub fn alphanumeric(&mut self, length: usize) -> String {
        self.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sequence() {
        let (mut one, mut two, mut other) = (Dice::new(7), Dice::new(7), Dice::new(8));
        let sequence = one.hex(40);
        assert_eq!(sequence, two.hex(40));
        assert_ne!(sequence, other.hex(40));
    }

    #[test]
    fn numbers_stay_in_their_bounds_and_reach_both_ends() {
        let mut dice = Dice::new(1);
        let drawn: Vec<u32> = (0..500).map(|_| dice.between(3, 6)).collect();
        assert!(drawn.iter().all(|n| (3..=6).contains(n)));
        assert!(drawn.contains(&3) && drawn.contains(&6));
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn every_item_is_picked_sooner_or_later() {
        let mut dice = Dice::new(1);
        let picked: Vec<char> = (0..200).map(|_| dice.pick('a', &['b', 'c'])).collect();
        assert!(['a', 'b', 'c'].iter().all(|item| picked.contains(item)));
    }
}
