//! Proofs that a leaf is in a tree, and that one tree extends another.

mod verify;

#[cfg(test)]
mod tests;

pub use verify::{verify_consistency, verify_inclusion};

use crate::{
    Hash, MAX_SIZE,
    frontier::bag,
    node_hash,
    tile::{TILE_HEIGHT, TILE_WIDTH, Tile},
};

/// Where the hashes of a log are kept: a database, a directory, or memory.
///
/// Each request lies within one tile, so it asks for at most 256 hashes. A source hands out exactly `count` hashes in
/// order of their index; fewer count as a fault of the source.
pub trait HashSource {
    /// Why hashes could not be read.
    type Error;

    /// The hashes of the leaves `first..first + count`.
    ///
    /// # Errors
    /// When they could not be read.
    fn leaves(&self, first: u64, count: u64) -> Result<Vec<Hash>, Self::Error>;

    /// The stored nodes `first..first + count` of `level` (1 or above).
    ///
    /// # Errors
    /// When they could not be read.
    fn nodes(&self, level: u8, first: u64, count: u64) -> Result<Vec<Hash>, Self::Error>;
}

/// A proof that can't be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError<E> {
    /// The leaf is not in the tree.
    #[error("leaf `{index}` is not in a tree of `{size}` leaves")]
    Outside {
        /// The leaf asked for.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The later tree is the smaller one.
    #[error("a tree of `{new}` leaves can't extend one of `{old}`")]
    Order {
        /// The earlier size.
        old: u64,
        /// The later size.
        new: u64,
    },
    /// More leaves than `MAX_SIZE`.
    #[error("a tree has at most {MAX_SIZE} leaves, not `{size}`")]
    Size {
        /// The size asked for.
        size: u64,
    },
    /// The source gave another number of hashes than it was asked for.
    #[error("the source gave `{found}` hashes of level `{level}` from `{first}` on, not `{count}`")]
    Short {
        /// 0 for leaves, else the level of the stored nodes.
        level: u8,
        /// The first index asked for.
        first: u64,
        /// How many were asked for.
        count: u64,
        /// How many came.
        found: usize,
    },
    /// The source could not be read.
    #[error("the hashes of the log could not be read")]
    Source(#[source] E),
}

/// Proves that the leaf at `index` is in the tree of `size` leaves (RFC 6962, section 2.1.1).
///
/// The proof runs from the leaf's sibling up to a child of the root and has at most 63 hashes. Reads at most two tiles a
/// level: the one above the leaf and the last.
///
/// # Errors
/// `Outside` when `index >= size`, `Size` above `MAX_SIZE`, `Source` and `Short` when hashes are missing.
pub fn inclusion_proof<S: HashSource>(
    source: &S,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofError<S::Error>> {
    if index >= size {
        return Err(ProofError::Outside { index, size });
    }
    let mut tiles = Tiles::new(source, size)?;
    let mut proof = Vec::new();
    let (mut low, mut high) = (0, size);
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            proof.push(tiles.range(middle, high)?);
            high = middle;
        } else {
            proof.push(tiles.range(low, middle)?);
            low = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Proves that the tree of `new` leaves extends the tree of `old` leaves (RFC 6962, section 2.1.2).
///
/// The proof is empty when `old` is 0 or equals `new`, and has at most 64 hashes. Reads at most two tiles a level.
///
/// # Errors
/// `Order` when `old > new`, `Size` above `MAX_SIZE`, `Source` and `Short` when hashes are missing.
pub fn consistency_proof<S: HashSource>(
    source: &S,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, ProofError<S::Error>> {
    if old > new {
        return Err(ProofError::Order { old, new });
    }
    let mut tiles = Tiles::new(source, new)?;
    let mut proof = Vec::new();
    if old == 0 {
        return Ok(proof);
    }
    let (mut low, mut high) = (0, new);
    while old != high {
        let middle = low + split(high - low);
        if old <= middle {
            proof.push(tiles.range(middle, high)?);
            high = middle;
        } else {
            proof.push(tiles.range(low, middle)?);
            low = middle;
        }
    }
    // From zero on, what is left is the old tree itself, whose root the verifier has.
    if low > 0 {
        proof.push(tiles.range(low, high)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The greatest power of two below `count`, which is at least 2: where RFC 6962 splits a tree.
const fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The tiles of one tree that a proof has read so far.
struct Tiles<'s, S> {
    source: &'s S,
    size: u64,
    read: Vec<(u8, u64, Vec<Hash>)>,
}

impl<'s, S: HashSource> Tiles<'s, S> {
    fn new(source: &'s S, size: u64) -> Result<Self, ProofError<S::Error>> {
        if size > MAX_SIZE {
            return Err(ProofError::Size { size });
        }
        Ok(Self { source, size, read: Vec::new() })
    }

    /// The root over the leaves `low..high`.
    fn range(&mut self, low: u64, high: u64) -> Result<Hash, ProofError<S::Error>> {
        let mut roots = Vec::new();
        let mut at = low;
        while at < high {
            // INVARIANT: splits leave `low` a multiple of each power of two that fits into the range.
            let height = (high - at).ilog2();
            roots.push(self.subtree(height, at >> height)?);
            at += 1 << height;
        }
        Ok(bag(&roots))
    }

    /// The root of a complete subtree, `index` counting the subtrees of this `height` from the left.
    fn subtree(&mut self, height: u32, index: u64) -> Result<Hash, ProofError<S::Error>> {
        let level = u8::try_from(height / TILE_HEIGHT).unwrap_or(u8::MAX);
        let count = 1 << (height % TILE_HEIGHT);
        let first = index << (height % TILE_HEIGHT);
        let hashes = self.tile(level, first / TILE_WIDTH)?;
        let skip = usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX);
        let mut row: Vec<Hash> = hashes.iter().skip(skip).take(count).copied().collect();
        if row.len() != count {
            return Err(ProofError::Short {
                level,
                first,
                count: 1 << (height % TILE_HEIGHT),
                found: row.len(),
            });
        }
        while row.len() > 1 {
            row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
        }
        Ok(bag(&row))
    }

    fn tile(&mut self, level: u8, index: u64) -> Result<&[Hash], ProofError<S::Error>> {
        let known = self.read.iter().position(|(at_level, at, _)| (*at_level, *at) == (level, index));
        let place = match known {
            Some(place) => place,
            None => {
                let hashes = match Tile::of(level, index, self.size) {
                    Some(tile) => tile.read(self.source)?,
                    None => Vec::new(),
                };
                self.read.push((level, index, hashes));
                self.read.len() - 1
            }
        };
        Ok(self.read.get(place).map_or(&[], |(_, _, hashes)| hashes.as_slice()))
    }
}
