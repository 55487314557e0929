//! A log in memory, for tests, examples and small exports.

use std::convert::Infallible;

use crate::{CHAIN_START, Frontier, Hash, StoredNode, chain, leaf_hash, proof::HashSource};

/// A whole log in memory, leaves and all; never for a log that grows.
#[derive(Debug, Clone, Default)]
pub struct MemoryLog {
    leaves: Vec<Vec<u8>>,
    hashes: Vec<Hash>,
    chains: Vec<Hash>,
    nodes: Vec<StoredNode>,
    frontier: Frontier,
}

impl MemoryLog {
    /// Appends a leaf.
    pub fn push(&mut self, leaf: &[u8]) {
        let hash = leaf_hash(leaf);
        let previous = self.chains.last().copied().unwrap_or(CHAIN_START);
        self.leaves.push(leaf.to_vec());
        self.hashes.push(hash);
        self.chains.push(chain(&previous, &hash));
        self.frontier.push(hash, &mut |node| self.nodes.push(node));
    }

    /// The frontier after the last leaf.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The leaves with the running chain at each, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], Hash)> {
        self.leaves.iter().map(Vec::as_slice).zip(self.chains.iter().copied())
    }
}

impl HashSource for MemoryLog {
    type Error = Infallible;

    fn leaves(&self, first: u64, count: u64) -> Result<Vec<Hash>, Infallible> {
        Ok(part(self.hashes.iter().copied(), first, count))
    }

    fn nodes(&self, level: u8, first: u64, count: u64) -> Result<Vec<Hash>, Infallible> {
        let of_level = self.nodes.iter().filter(|node| node.level == level);
        Ok(part(of_level.map(|node| node.hash), first, count))
    }
}

fn part(hashes: impl Iterator<Item = Hash>, first: u64, count: u64) -> Vec<Hash> {
    let [first, count] = [first, count].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    hashes.skip(first).take(count).collect()
}

/// The root by the recursion of RFC 6962, section 2.1, word for word; the yardstick for everything clever.
#[cfg(test)]
pub(crate) fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => crate::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(naive_split(leaves.len()));
            crate::node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

/// The largest power of two below `count`.
#[cfg(test)]
pub(crate) fn naive_split(count: usize) -> usize {
    let mut power = 1;
    while power * 2 < count {
        power *= 2;
    }
    power
}
