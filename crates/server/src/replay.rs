//! Ids of signed requests seen a short while ago: a repeated one is refused before any work. The database has the last
//! word, after a restart and between replicas.

use std::time::Duration;

use countersign_core::TenantId;
use moka::sync::Cache;

/// How long an id is remembered: twice the window in which a timestamp is accepted.
const MEMORY: Duration = Duration::from_secs(10 * 60);

/// Ids remembered at the most; beyond it the database alone tells.
const MOST: u64 = 200_000;

pub(crate) struct Replays(Cache<(TenantId, String), ()>);

impl Replays {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_live(MEMORY).build())
    }

    /// Whether this id is new; it is remembered from now on.
    pub(crate) fn is_new(&self, tenant: &TenantId, id: &str) -> bool {
        self.0.entry((tenant.clone(), id.to_owned())).or_insert(()).is_fresh()
    }
}
