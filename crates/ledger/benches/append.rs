//! What an append costs: hashes, chain and frontier of one leaf; and what proofs over a large log cost.

use countersign_ledger::{CHAIN_START, Frontier, Hash, chain, leaf_hash, proof, testing::MemoryLog};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// The floor: two SHA-256 over 65 bytes.
#[divan::bench]
fn two_hashes(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| chain(&black_box(CHAIN_START), &chain(&black_box(CHAIN_START), &CHAIN_START)));
}

/// The chain and the frontier of a leaf whose hash is known.
#[divan::bench]
fn chain_and_push(bencher: Bencher<'_, '_>) {
    let (mut frontier, mut link) = (Frontier::default(), CHAIN_START);
    bencher.bench_local(|| {
        link = chain(&link, black_box(&CHAIN_START));
        frontier.push(CHAIN_START, &mut |node| {
            black_box(node);
        });
    });
}

/// The hash of a leaf of `bytes` bytes.
#[divan::bench(args = [256, 1_024, 16_384])]
fn leaf(bytes: usize) -> Hash {
    leaf_hash(black_box(&vec![b'x'; bytes]))
}

/// An inclusion proof in a log of 70,000 leaves, from memory.
#[divan::bench]
fn inclusion_proof(bencher: Bencher<'_, '_>) {
    let mut log = MemoryLog::default();
    for number in 0..70_000_u64 {
        log.push(&number.to_be_bytes());
    }
    bencher.bench_local(|| proof::inclusion_proof(&log, black_box(300), 70_000));
}
