use countersign_core::TenantId;
use countersign_ledger::{
    Frontier, Hash, leaf_hash,
    proof::{verify_consistency, verify_inclusion},
};
use countersign_store::Store;

use super::{
    Fresh,
    make::{assert_whole, leaves, tenant},
};

/// Hashes of the leaves, and the root at every size, computed from the leaves alone.
struct Rebuilt {
    hashes: Vec<Hash>,
    roots: Vec<Hash>,
}

impl Rebuilt {
    async fn of(store: &Store, tenant: &TenantId) -> Self {
        let hashes: Vec<_> =
            assert_whole(store, tenant).await.iter().map(|row| leaf_hash(&row.leaf)).collect();
        let mut frontier = Frontier::default();
        let mut roots = vec![frontier.root()];
        for hash in &hashes {
            frontier.push(*hash, &mut |_| {});
            roots.push(frontier.root());
        }
        Self { hashes, roots }
    }

    fn root(&self, size: u64) -> &Hash {
        &self.roots[usize::try_from(size).unwrap()]
    }

    async fn assert_included(&self, store: &Store, tenant: &TenantId, index: u64, size: u64) {
        let proof = store.inclusion_proof(tenant, index, size).await.unwrap();
        let (place, root) = (usize::try_from(index).unwrap(), self.root(size));
        assert!(verify_inclusion(&self.hashes[place], index, size, &proof, root), "{index} in {size}");
        let other = &self.hashes[(place + 1) % self.hashes.len()];
        assert!(!verify_inclusion(other, index, size, &proof, root), "another leaf is not proved");
    }

    async fn assert_extended(&self, store: &Store, tenant: &TenantId, old: u64, new: u64) {
        let proof = store.consistency_proof(tenant, old, new).await.unwrap();
        assert!(verify_consistency(old, self.root(old), new, self.root(new), &proof), "{old} to {new}");
    }
}

async fn grow(store: &Store, tenant: &TenantId, count: u64, step: u64) {
    let mut from = 0;
    while from < count {
        let to = count.min(from + step);
        store.commit(leaves(tenant, (from..to).map(|n| format!("{tenant}{n}")))).await.unwrap();
        from = to;
    }
}

pub async fn every_leaf_of_small_trees_is_proved(Fresh { store, .. }: Fresh) {
    // Two tenants whose leaves differ: a proof that mixed them would not verify.
    let (t, u) = (tenant("t"), tenant("u"));
    grow(&store, &t, 20, 3).await;
    grow(&store, &u, 20, 1).await;
    for tenant in [&t, &u] {
        let rebuilt = Rebuilt::of(&store, tenant).await;
        for size in 1..=20 {
            for index in 0..size {
                rebuilt.assert_included(&store, tenant, index, size).await;
            }
            for old in 0..=size {
                rebuilt.assert_extended(&store, tenant, old, size).await;
            }
        }
    }
}

pub async fn proofs_hold_across_both_tile_levels(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    grow(&store, &u, 300, 7).await;
    grow(&store, &t, 66_000, 4_000).await;
    let rebuilt = Rebuilt::of(&store, &t).await;
    let sizes =
        [1_u64, 2, 255, 256, 257, 511, 512, 513, 4_097, 65_535, 65_536, 65_537, 65_792, 65_793, 66_000];
    for (place, size) in sizes.into_iter().enumerate() {
        let near_ends =
            [0, 1, 254, 255, 256, 257, size / 3, size / 2, 65_535, 65_536, size.saturating_sub(2), size - 1];
        for index in near_ends.into_iter().filter(|index| *index < size) {
            rebuilt.assert_included(&store, &t, index, size).await;
        }
        for old in sizes.into_iter().take(place + 1) {
            rebuilt.assert_extended(&store, &t, old, size).await;
        }
    }
    let rebuilt = Rebuilt::of(&store, &u).await;
    for index in 0..300 {
        rebuilt.assert_included(&store, &u, index, 300).await;
    }
}
