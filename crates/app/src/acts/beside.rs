//! What is kept in one commit with what a plan becomes.

use countersign_store::{NewLeaf, Write};

/// Leaves and writes that go with another commit.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) leaves: Vec<NewLeaf>,
    pub(super) writes: Vec<Write>,
}
