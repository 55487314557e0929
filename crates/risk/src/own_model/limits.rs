//! How large a model may be. Judgement: ten times what gains anything on a few dozen inputs, and still read in milliseconds.

use countersign_core::MicroLogit;

/// The longest file, in bytes: 16,384 nodes as the export script writes them fit.
pub const MAX_BYTES: usize = 1 << 20;

/// The most inputs.
pub const MAX_INPUTS: usize = 64;

/// The most trees.
pub const MAX_TREES: usize = 256;

/// The most nodes of all trees together, leaves included.
pub const MAX_NODES: usize = 16_384;

/// The most splits between a root and a leaf.
pub const MAX_DEPTH: usize = 32;

/// The most steps of one evaluation, where a step reads one input, weighs one coefficient or visits one node.
pub const MAX_STEPS: usize = MAX_INPUTS + MAX_TREES * (MAX_DEPTH + 1);

/// The most that a model may add to or take off the log-odds, whatever its file asks for: no more than what separates a
/// score of 0.12 from one of 0.5.
pub const MAX_BOUND_MICRO: MicroLogit = 2_000_000;

/// The most faults of one file that are told.
pub const MAX_FAULTS: usize = 20;
