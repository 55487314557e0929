//! Checking proofs, from nothing but hashes and numbers.

use crate::{EMPTY_ROOT, Hash, node_hash};

/// Whether `proof` leads from the leaf at `index` to `root` in a tree of `size` leaves (RFC 9162, section 2.1.3.2).
///
/// `root` and `size` must come from one signed checkpoint: a proof alone can fit several sizes under the same root.
#[must_use]
pub fn verify_inclusion(leaf_hash: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf_hash;
    for sibling in proof {
        if last == 0 {
            return false;
        }
        hash = if is_right(node, last) { node_hash(sibling, &hash) } else { node_hash(&hash, sibling) };
        (node, last) = parent(node, last);
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree `(new, new_root)` extends the tree `(old, old_root)` (RFC 9162, section 2.1.4.2).
///
/// Every tree extends itself and the empty one, by an empty proof. Each root and its size must come from one signed
/// checkpoint.
#[must_use]
pub fn verify_consistency(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    if old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root && (old > 0 || *old_root == EMPTY_ROOT);
    }
    if old == 0 {
        return proof.is_empty() && *old_root == EMPTY_ROOT;
    }
    // An old tree that is complete is itself the first hash.
    let (start, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        let Some(parts) = proof.split_first() else { return false };
        parts
    };
    let (mut node, mut last) = (old - 1, new - 1);
    let full = node.trailing_ones();
    (node, last) = (node >> full, last >> full);
    let (mut old_hash, mut new_hash) = (*start, *start);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if is_right(node, last) {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        (node, last) = parent(node, last);
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

/// Whether the next sibling stands on the left: the node is a right child, or the last of its row.
const fn is_right(node: u64, last: u64) -> bool {
    node & 1 == 1 || node == last
}

/// The place of the parent, and of the last node in its row; rows in which the node has no sibling are passed over.
const fn parent(node: u64, last: u64) -> (u64, u64) {
    // INVARIANT: `last` is above 0, so that a node which equals it has a bit set.
    let skipped = if node == last { node.trailing_zeros() } else { 0 };
    (node >> skipped >> 1, last >> skipped >> 1)
}
