//! A transparency log per tenant: what was recorded can be proved, and can't be changed unnoticed.
//!
//! It decides what a leaf, a proof, a checkpoint, a receipt and an exported log look like, and whether they are to be
//! believed; all in public formats (RFC 6962, C2SP signed-note, tlog-checkpoint, tlog-tiles and tlog-proof). It does no
//! I/O, has no clock and no randomness, and must never hold personal data: a leaf has only salted commitments to it. It
//! must never believe a key, a size or a root that a file brings along itself.
//!
//! ```
//! use countersign_ledger::{checkpoint::Checkpoint, leaf_hash, note::Signer, proof, testing::MemoryLog};
//!
//! let signer = Signer::from_seed("log.example/acme", &[7; 32])?;
//! let mut log = MemoryLog::default();
//! ["a", "b", "c"].iter().for_each(|leaf| log.push(leaf.as_bytes()));
//! let head = Checkpoint { origin: "log.example/acme".into(), size: 3, root: log.frontier().root() };
//! let note = head.sign(&signer)?;
//!
//! let path = proof::inclusion_proof(&log, 1, 3)?;
//! let known = Checkpoint::open(&note, &signer.verifier())?;
//! assert!(proof::verify_inclusion(&leaf_hash(b"b"), 1, known.size, &path, &known.root));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod audit;
pub mod checkpoint;
pub mod export;
mod frontier;
mod hash;
pub mod leaf;
pub mod note;
pub mod proof;
pub mod receipt;
pub mod testing;
mod tile;

pub use frontier::{Frontier, FrontierError, StoredNode};
pub use hash::{CHAIN_START, EMPTY_ROOT, Hash, HashError, chain, leaf_hash, node_hash};
pub use tile::Tile;

/// The most leaves a log may have: sizes and indices fit a signed 64-bit integer, as SQL and Go's `sumdb/tlog` have it.
pub const MAX_SIZE: u64 = u64::MAX >> 1;
