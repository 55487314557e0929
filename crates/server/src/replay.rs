//! Ids of signed requests seen a short while ago: a repeated one is refused before any work. The database has the last
//! word, after a restart and between replicas.

use std::collections::HashSet;

use countersign_core::TenantId;
use parking_lot::Mutex;

/// Ids in a generation. Two are remembered, so the last 100,000 requests always are; beyond it the database alone tells.
const GENERATION: usize = 100_000;

#[derive(Default)]
pub(crate) struct Replays(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    newer: HashSet<(TenantId, String)>,
    older: HashSet<(TenantId, String)>,
}

impl Replays {
    /// Whether this id is new; it is remembered from now on.
    pub(crate) fn is_new(&self, tenant: &TenantId, id: &str) -> bool {
        let id = (tenant.clone(), id.to_owned());
        let mut ids = self.0.lock();
        if ids.newer.contains(&id) || ids.older.contains(&id) {
            return false;
        }
        if ids.newer.len() >= GENERATION {
            ids.older = std::mem::take(&mut ids.newer);
        }
        ids.newer.insert(id)
    }

    /// Forgets an id whose request was not worked on, so that it may be sent again.
    pub(crate) fn forget(&self, tenant: &TenantId, id: &str) {
        let id = (tenant.clone(), id.to_owned());
        let mut ids = self.0.lock();
        ids.newer.remove(&id);
        ids.older.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once_for_each_tenant_and_for_as_long_as_promised() {
        let (replays, one, other) = (Replays::default(), "one".parse().unwrap(), "other".parse().unwrap());
        for number in 0..3 * GENERATION {
            assert!(replays.is_new(&one, &number.to_string()));
        }
        for number in 2 * GENERATION..3 * GENERATION {
            assert!(!replays.is_new(&one, &number.to_string()));
        }
        replays.forget(&one, "299999");
        assert!(replays.is_new(&one, "299999") && !replays.is_new(&one, "299999"));
        assert!(replays.is_new(&other, "299999"));
        assert!(replays.is_new(&one, "0"), "the oldest are forgotten");
    }
}
