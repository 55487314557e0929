//! Chance that is the same in each run.

/// SplitMix64 (Steele, Lea, Flood 2014): the same moments in each run.
pub struct Dice(pub u64);

impl Dice {
    /// A number from 0 to below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) % bound
    }
}
