//! A stable hash for tags and histogram keys; no protection against someone who wants two inputs to collide.

use std::io;

/// FNV-1a, 64 bits (Fowler, Noll, Vo; constants of draft-eastlake-fnv): the same on every machine and in every release.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(crate) const fn finish(self) -> u64 {
        self.0
    }
}

impl io::Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A histogram key of 32 bits for `parts` in order: the 64 bits folded as the draft advises.
///
/// Why no more bits: a user has at most a dozen values, and whoever can choose a value freely can choose the user's own.
pub(crate) fn key(parts: &[&str]) -> u32 {
    let mut fnv = Fnv::new();
    for part in parts {
        fnv.update(part.as_bytes());
        fnv.update(&[0]);
    }
    let folded = (fnv.finish() >> 32) ^ (fnv.finish() & 0xffff_ffff);
    u32::try_from(folded).unwrap_or(u32::MAX)
}

/// A key of two keys in order.
pub(crate) fn mix(one: u32, other: u32) -> u32 {
    let mut fnv = Fnv::new();
    fnv.update(&one.to_le_bytes());
    fnv.update(&other.to_le_bytes());
    let folded = (fnv.finish() >> 32) ^ (fnv.finish() & 0xffff_ffff);
    u32::try_from(folded).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        // Test vectors of draft-eastlake-fnv, appendix C.
        assert_eq!(Fnv::new().finish(), 0xcbf2_9ce4_8422_2325);
        let mut fnv = Fnv::new();
        fnv.update(b"foobar");
        assert_eq!(fnv.finish(), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
    }
}
