//! The right edge of a growing tree: all that is needed to append and to know the root.

use crate::{EMPTY_ROOT, Hash, MAX_SIZE, node_hash, tile::TILE_HEIGHT};

/// The root of a complete subtree whose height is a multiple of 8, to be kept so that proofs read few hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredNode {
    /// The tile level: 1 covers 256 leaves, 2 covers 65,536, up to 7.
    pub level: u8,
    /// The place among the nodes of its level, from 0.
    pub index: u64,
    /// The subtree's root.
    pub hash: Hash,
}

/// The size of a tree and the roots of its complete subtrees, largest first.
///
/// Takes 8 bytes and 32 for each one bit of the size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    // INVARIANT: one root for each one bit of `size`, the highest bit first.
    roots: Vec<Hash>,
}

/// Bytes that are not an encoded frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// The number of bytes does not follow from the size that the first eight state.
    #[error("a frontier of `{bytes}` bytes does not fit the size that it states")]
    Length {
        /// How many bytes there are.
        bytes: usize,
    },
    /// More leaves than `MAX_SIZE`.
    #[error("a tree has at most {MAX_SIZE} leaves, not `{size}`")]
    Size {
        /// The size that was stated.
        size: u64,
    },
}

impl Frontier {
    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree (RFC 6962, section 2.1); `EMPTY_ROOT` without leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        bag(&self.roots)
    }

    /// Appends the leaf with this hash and hands each subtree to be kept, lowest first, to `on_node`.
    ///
    /// Makes one node hash on average, 63 at worst, and allocates only when the frontier outgrows its vector.
    pub fn push(&mut self, leaf: Hash, on_node: &mut dyn FnMut(StoredNode)) {
        let mut node = leaf;
        for height in 1..=self.size.trailing_ones() {
            let Some(left) = self.roots.pop() else { break };
            node = node_hash(&left, &node);
            if height % TILE_HEIGHT == 0 {
                let level = u8::try_from(height / TILE_HEIGHT).unwrap_or(u8::MAX);
                on_node(StoredNode { level, index: self.size >> height, hash: node });
            }
        }
        self.roots.push(node);
        self.size = self.size.wrapping_add(1);
    }

    /// The frontier as bytes: the size in 8 bytes, big-endian, then the roots, largest subtree first.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + 32 * self.roots.len());
        bytes.extend_from_slice(&self.size.to_be_bytes());
        for root in &self.roots {
            bytes.extend_from_slice(root.as_bytes());
        }
        bytes
    }

    /// Reads what `encode` wrote; each frontier has exactly one encoding.
    ///
    /// # Errors
    /// `FrontierError::Length` when bytes lack or are left over, `FrontierError::Size` above `MAX_SIZE`.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrontierError> {
        let length = FrontierError::Length { bytes: bytes.len() };
        let (size, rest) = bytes.split_first_chunk::<8>().ok_or(length)?;
        let size = u64::from_be_bytes(*size);
        if size > MAX_SIZE {
            return Err(FrontierError::Size { size });
        }
        let (roots, left_over) = rest.as_chunks::<32>();
        if !left_over.is_empty() || u32::try_from(roots.len()) != Ok(size.count_ones()) {
            return Err(length);
        }
        Ok(Self { size, roots: roots.iter().copied().map(Hash::new).collect() })
    }
}

/// Joins the roots of complete subtrees, largest first, into the root of them all; `EMPTY_ROOT` without any.
pub(crate) fn bag(roots: &[Hash]) -> Hash {
    roots.iter().rev().copied().reduce(|right, left| node_hash(&left, &right)).unwrap_or(EMPTY_ROOT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{leaf_hash, testing::naive_root};

    /// The leaves of the reference trees of Certificate Transparency, for which RFC 6962 was written.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];

    /// Their roots at the sizes 1 to 8.
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn grown(leaves: &[Hash]) -> (Frontier, Vec<StoredNode>) {
        let (mut frontier, mut nodes) = (Frontier::default(), Vec::new());
        for leaf in leaves {
            frontier.push(*leaf, &mut |node| nodes.push(node));
        }
        (frontier, nodes)
    }

    fn numbered(count: u64) -> Vec<Hash> {
        (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let mut frontier = Frontier::default();
        for (leaf, root) in LEAVES.iter().zip(ROOTS) {
            frontier.push(leaf_hash(leaf), &mut |_| {});
            let hex: String = frontier.root().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, root, "size {}", frontier.size());
        }
    }

    #[test]
    fn each_completed_tile_is_reported_once() {
        let leaves = numbered(65_536 + 256);
        let (_, nodes) = grown(&leaves);
        let places: Vec<_> = nodes.iter().map(|node| (node.level, node.index)).collect();
        let mut expected: Vec<_> = (0..256).map(|index| (1, index)).collect();
        expected.extend([(2, 0), (1, 256)]);
        assert_eq!(places, expected);
        for node in &nodes {
            let span = 256_usize.pow(u32::from(node.level));
            let first = usize::try_from(node.index).unwrap() * span;
            assert_eq!(node.hash, naive_root(&leaves[first..first + span]));
        }
    }

    #[test]
    fn a_damaged_encoding_is_refused() {
        let bytes = grown(&numbered(5)).0.encode();
        for cut in 0..bytes.len() {
            assert!(Frontier::decode(&bytes[..cut]).is_err(), "{cut} bytes");
        }
        assert_eq!(Frontier::decode(&[&bytes[..], &[0]].concat()), Err(FrontierError::Length { bytes: 73 }));
        assert_eq!(Frontier::decode(&[0xff; 8 + 64 * 32]), Err(FrontierError::Size { size: u64::MAX }));
    }

    proptest! {
        #[test]
        fn the_root_equals_the_naive_one_and_survives_storage(count in 0_u64..1_000) {
            let leaves = numbered(count);
            let (frontier, _) = grown(&leaves);
            prop_assert_eq!(frontier.size(), count);
            prop_assert_eq!(frontier.root(), naive_root(&leaves));
            prop_assert_eq!(Frontier::decode(&frontier.encode()), Ok(frontier));
        }
    }
}
