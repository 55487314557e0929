use std::cell::RefCell;

use proptest::prelude::*;

use super::*;
use crate::{
    leaf_hash,
    testing::{MemoryLog, naive_root, naive_split},
};

/// RFC 6962, section 2.1.1, word for word.
fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(naive_split(leaves.len()));
    let (mut path, sibling) = if index < left.len() {
        (naive_path(index, left), naive_root(right))
    } else {
        (naive_path(index - left.len(), right), naive_root(left))
    };
    path.push(sibling);
    path
}

/// RFC 6962, section 2.1.2, word for word; `whole` is the flag `b`.
fn naive_subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let (left, right) = leaves.split_at(naive_split(leaves.len()));
    let (mut path, sibling) = if old <= left.len() {
        (naive_subproof(old, left, whole), naive_root(right))
    } else {
        (naive_subproof(old - left.len(), right, false), naive_root(left))
    };
    path.push(sibling);
    path
}

/// On which sides the siblings of a leaf stand, from below; `None` for a leaf that isn't there.
///
/// Two sizes of the same shape accept the same proof and root: that is why a size counts only when it is signed.
fn shape(index: u64, size: u64) -> Option<Vec<bool>> {
    if index >= size {
        return None;
    }
    if size == 1 {
        return Some(Vec::new());
    }
    let middle = split(size);
    let (mut sides, side) = if index < middle {
        (shape(index, middle)?, false)
    } else {
        (shape(index - middle, size - middle)?, true)
    };
    sides.push(side);
    Some(sides)
}

/// The same for a consistency proof: the sides, and whether the old tree is itself the first hash.
fn growth_shape(old: u64, new: u64) -> Option<(Vec<bool>, bool)> {
    fn sides(old: u64, size: u64, whole: bool) -> (Vec<bool>, bool) {
        if old == size {
            return (Vec::new(), whole);
        }
        let middle = split(size);
        let ((mut below, whole), side) = if old <= middle {
            (sides(old, middle, whole), false)
        } else {
            (sides(old - middle, size - middle, false), true)
        };
        below.push(side);
        (below, whole)
    }
    (0 < old && old <= new).then(|| sides(old, new, true))
}

fn log(count: u64) -> MemoryLog {
    let mut log = MemoryLog::default();
    for number in 0..count {
        log.push(&number.to_be_bytes());
    }
    log
}

fn hashes(count: u64) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

fn flipped(hash: &Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8 % 32] ^= 1 << (bit % 8);
    Hash::new(bytes)
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

/// A log that counts what it is asked for.
struct Counting<'l> {
    log: &'l MemoryLog,
    requests: RefCell<Vec<(u8, u64)>>,
}

impl HashSource for Counting<'_> {
    type Error = std::convert::Infallible;

    fn leaves(&self, first: u64, count: u64) -> Result<Vec<Hash>, Self::Error> {
        self.requests.borrow_mut().push((0, count));
        self.log.leaves(first, count)
    }

    fn nodes(&self, level: u8, first: u64, count: u64) -> Result<Vec<Hash>, Self::Error> {
        self.requests.borrow_mut().push((level, count));
        self.log.nodes(level, first, count)
    }
}

/// A log that has lost its last hash of each kind.
struct Lossy(MemoryLog);

impl HashSource for Lossy {
    type Error = std::convert::Infallible;

    fn leaves(&self, first: u64, count: u64) -> Result<Vec<Hash>, Self::Error> {
        self.0.leaves(first, count - 1)
    }

    fn nodes(&self, level: u8, first: u64, count: u64) -> Result<Vec<Hash>, Self::Error> {
        self.0.nodes(level, first, count)
    }
}

#[test]
fn all_proofs_of_small_trees_are_the_naive_ones() {
    let (log, leaves) = (log(40), hashes(40));
    for size in 1..=40 {
        let root = naive_root(&leaves[..usize_of(size)]);
        for index in 0..size {
            let proof = inclusion_proof(&log, index, size).unwrap();
            assert_eq!(proof, naive_path(usize_of(index), &leaves[..usize_of(size)]), "{index} of {size}");
            assert!(verify_inclusion(&leaves[usize_of(index)], index, size, &proof, &root));
        }
        for old in 1..=size {
            let proof = consistency_proof(&log, old, size).unwrap();
            assert_eq!(
                proof,
                naive_subproof(usize_of(old), &leaves[..usize_of(size)], true),
                "{old} to {size}"
            );
            assert!(verify_consistency(old, &naive_root(&leaves[..usize_of(old)]), size, &root, &proof));
        }
    }
}

#[test]
fn proofs_hold_across_65536_leaves() {
    let count = 65_536 + 300;
    let (log, leaves) = (log(count), hashes(count));
    let root = |size: u64| naive_root(&leaves[..usize_of(size)]);
    for size in [65_535, 65_536, 65_537, count] {
        for index in [0, 255, 256, 65_279, 65_280, size - 1] {
            let proof = inclusion_proof(&log, index, size).unwrap();
            assert!(
                verify_inclusion(&leaves[usize_of(index)], index, size, &proof, &root(size)),
                "{index} of {size}"
            );
        }
        for old in [1, 256, 257, 65_280, 65_535] {
            let proof = consistency_proof(&log, old, size).unwrap();
            assert!(verify_consistency(old, &root(old), size, &root(size), &proof), "{old} to {size}");
        }
    }
}

#[test]
fn a_proof_reads_at_most_two_tiles_a_level() {
    let log = log(65_536 + 300);
    for (low, high) in [(0, 65_836), (70, 65_836), (65_800, 65_836), (256, 65_536), (65_535, 65_537)] {
        for kind in ["inclusion", "consistency"] {
            let source = Counting { log: &log, requests: RefCell::default() };
            match kind {
                "inclusion" => inclusion_proof(&source, low, high).unwrap(),
                _ => consistency_proof(&source, low, high).unwrap(),
            };
            let requests = source.requests.into_inner();
            assert!(
                requests.iter().all(|(_, count)| *count <= TILE_WIDTH),
                "{kind} {low} {high}: {requests:?}"
            );
            for level in 0..3 {
                let tiles = requests.iter().filter(|(at, _)| *at == level).count();
                assert!(tiles <= 2, "{kind} {low} {high}: {requests:?}");
            }
        }
    }
}

#[test]
fn a_tree_extends_itself_and_the_empty_one_only_by_an_empty_proof() {
    let (log, leaves) = (log(5), hashes(5));
    let root = naive_root(&leaves);
    assert_eq!(consistency_proof(&log, 0, 5), Ok(Vec::new()));
    assert_eq!(consistency_proof(&log, 5, 5), Ok(Vec::new()));
    assert!(verify_consistency(0, &crate::EMPTY_ROOT, 5, &root, &[]));
    assert!(verify_consistency(5, &root, 5, &root, &[]));
    assert!(!verify_consistency(0, &root, 5, &root, &[]));
    assert!(!verify_consistency(0, &root, 0, &root, &[]));
    assert!(!verify_consistency(0, &crate::EMPTY_ROOT, 5, &root, &[root]));
    assert!(!verify_consistency(5, &root, 5, &root, &[root]));
    assert!(!verify_consistency(3, &root, 5, &root, &[]));
    assert!(!verify_consistency(4, &root, 5, &root, &[]));
    assert!(!verify_consistency(6, &root, 5, &root, &[]));
}

#[test]
fn impossible_requests_are_refused() {
    let log = log(3);
    assert_eq!(inclusion_proof(&log, 3, 3), Err(ProofError::Outside { index: 3, size: 3 }));
    assert_eq!(inclusion_proof(&log, 0, u64::MAX), Err(ProofError::Size { size: u64::MAX }));
    assert_eq!(consistency_proof(&log, 4, 3), Err(ProofError::Order { old: 4, new: 3 }));
    assert!(!verify_inclusion(&leaf_hash(b""), 0, 0, &[], &crate::EMPTY_ROOT));
    assert!(!verify_inclusion(
        &leaf_hash(b""),
        u64::MAX - 1,
        u64::MAX,
        &[crate::EMPTY_ROOT; 70],
        &crate::EMPTY_ROOT
    ));
}

#[test]
fn a_source_that_lost_hashes_is_named() {
    let missing = ProofError::Short { level: 0, first: 0, count: 9, found: 8 };
    assert_eq!(inclusion_proof(&Lossy(log(9)), 0, 9), Err(missing.clone()));
    assert_eq!(consistency_proof(&Lossy(log(9)), 3, 9), Err(missing));
    let beyond = ProofError::Short { level: 4, first: 0, count: 256, found: 0 };
    assert_eq!(inclusion_proof(&log(9), 0, 1 << 40), Err(beyond));
}

proptest! {
    #[test]
    fn an_inclusion_proof_is_the_naive_one_and_any_flipped_bit_fails(
        size in 1_u64..1_000, pick: u64, bit in 0_usize..256, hash_at: prop::sample::Index, number_bit in 0_u32..64,
    ) {
        let index = pick % size;
        let leaves = hashes(size);
        let (leaf, root) = (leaves[usize_of(index)], naive_root(&leaves));
        let proof = inclusion_proof(&log(size), index, size).unwrap();
        prop_assert_eq!(&proof, &naive_path(usize_of(index), &leaves));
        prop_assert!(verify_inclusion(&leaf, index, size, &proof, &root));

        prop_assert!(!verify_inclusion(&flipped(&leaf, bit), index, size, &proof, &root));
        prop_assert!(!verify_inclusion(&leaf, index, size, &proof, &flipped(&root, bit)));
        prop_assert!(!verify_inclusion(&leaf, index ^ 1 << number_bit, size, &proof, &root));
        let other = size ^ 1 << number_bit;
        prop_assert_eq!(verify_inclusion(&leaf, index, other, &proof, &root), shape(index, other) == shape(index, size));
        if !proof.is_empty() {
            let mut bad = proof.clone();
            let at = hash_at.index(bad.len());
            bad[at] = flipped(&bad[at], bit);
            prop_assert!(!verify_inclusion(&leaf, index, size, &bad, &root));
            prop_assert!(!verify_inclusion(&leaf, index, size, &proof[1..], &root));
        }
        let longer = [&proof[..], &[root]].concat();
        prop_assert!(!verify_inclusion(&leaf, index, size, &longer, &root));
    }

    #[test]
    fn a_consistency_proof_is_the_naive_one_and_any_flipped_bit_fails(
        new in 2_u64..1_000, pick: u64, bit in 0_usize..256, hash_at: prop::sample::Index, number_bit in 0_u32..64,
    ) {
        let old = 1 + pick % (new - 1);
        let leaves = hashes(new);
        let (old_root, root) = (naive_root(&leaves[..usize_of(old)]), naive_root(&leaves));
        let proof = consistency_proof(&log(new), old, new).unwrap();
        prop_assert_eq!(&proof, &naive_subproof(usize_of(old), &leaves, true));
        prop_assert!(verify_consistency(old, &old_root, new, &root, &proof));

        prop_assert!(!verify_consistency(old, &flipped(&old_root, bit), new, &root, &proof));
        prop_assert!(!verify_consistency(old, &old_root, new, &flipped(&root, bit), &proof));
        for (other_old, other_new) in [(old ^ 1 << number_bit, new), (old, new ^ 1 << number_bit)] {
            let same = growth_shape(other_old, other_new) == growth_shape(old, new);
            prop_assert_eq!(verify_consistency(other_old, &old_root, other_new, &root, &proof), same);
        }
        let mut bad = proof.clone();
        let at = hash_at.index(bad.len());
        bad[at] = flipped(&bad[at], bit);
        prop_assert!(!verify_consistency(old, &old_root, new, &root, &bad));
        prop_assert!(!verify_consistency(old, &old_root, new, &root, &proof[1..]));
        let longer = [&proof[..], &[root]].concat();
        prop_assert!(!verify_consistency(old, &old_root, new, &root, &longer));
    }
}
