//! How many pages are live at once: a flood of one tenant's, or of one caller's, is nobody else's.

use std::collections::HashMap;

use countersign_core::TenantId;
use parking_lot::Mutex;

/// Live pages of a tenant at once; a browser tab is one.
const OF_TENANT: u32 = 64;

/// Of those, the ones of one caller.
const OF_CALLER: u32 = 16;

/// The live pages of a process.
#[derive(Default)]
pub(crate) struct Watchers(Mutex<HashMap<TenantId, HashMap<String, u32>>>);

/// A page that is live until this goes.
pub(super) struct Watcher<'a> {
    watchers: &'a Watchers,
    tenant: TenantId,
    caller: String,
}

impl Watchers {
    /// Makes one more page of a caller live; `None` when they, or the tenant, have as many as they may.
    pub(super) fn begin(&self, tenant: &TenantId, caller: &str) -> Option<Watcher<'_>> {
        let mut all = self.0.lock();
        let (of_tenant, of_caller) = all.get(tenant).map_or((0, 0), |callers| {
            (callers.values().sum::<u32>(), callers.get(caller).copied().unwrap_or(0))
        });
        if of_tenant >= OF_TENANT || of_caller >= OF_CALLER {
            return None;
        }
        *all.entry(tenant.clone()).or_default().entry(caller.to_owned()).or_default() += 1;
        Some(Watcher { watchers: self, tenant: tenant.clone(), caller: caller.to_owned() })
    }
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        let mut all = self.watchers.0.lock();
        let Some(callers) = all.get_mut(&self.tenant) else { return };
        if let Some(count) = callers.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                callers.remove(&self.caller);
            }
        }
        if callers.is_empty() {
            all.remove(&self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as are let in.
    fn fill<'a>(watchers: &'a Watchers, tenant: &TenantId, caller: &str) -> Vec<Watcher<'a>> {
        std::iter::from_fn(|| watchers.begin(tenant, caller)).collect()
    }

    #[test]
    fn whoever_keeps_many_pages_live_leaves_the_others_theirs() {
        let (one, other): (TenantId, TenantId) = ("one".parse().unwrap(), "other".parse().unwrap());
        let watchers = Watchers::default();
        let mut kept = fill(&watchers, &one, "per_1");
        assert_eq!(kept.len(), 16);
        for colleague in ["per_2", "per_3", "per_4"] {
            kept.extend(fill(&watchers, &one, colleague));
        }
        assert_eq!(kept.len(), 64, "a colleague has as many, the tenant no more");
        assert!(watchers.begin(&one, "per_5").is_none());
        assert_eq!(fill(&watchers, &other, "per_1").len(), 16, "at another tenant they have others");
        kept.pop();
        assert!(watchers.begin(&one, "per_5").is_some(), "a place is given back");
        drop(kept);
        assert!(watchers.0.lock().is_empty(), "nothing is remembered of who went");
    }
}
