//! Denials of callers who are known: the first of a kind is a leaf at once, those that follow within a minute are one with their count,
//! since a caller can ask as often as their allowance lets them, at any tenant.

use std::{collections::HashMap, time::Duration};

use countersign_core::TenantId;
use countersign_rights::{Action, How};

use super::{Caller, told::Fact};
use crate::{App, Error};

/// How often counts are told.
const EVERY: Duration = Duration::from_secs(60);

/// Kinds that are told apart at once, some 150 bytes each.
const MOST: usize = 16_384;

/// Who was denied what, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Denial {
    tenant: TenantId,
    by: String,
    action: Action,
}

impl Denial {
    pub(super) fn new(tenant: &TenantId, caller: &Caller, action: Action) -> Self {
        Self { tenant: tenant.clone(), by: caller.id().to_owned(), action }
    }
}

/// What was denied lately.
#[derive(Default)]
pub(crate) struct Denials(HashMap<Denial, Lately>);

/// Since the leaf of the first of a kind.
struct Lately {
    since: Duration,
    /// Those that no leaf tells of yet.
    count: u64,
}

impl Denials {
    /// Whether a denial is the first of its kind within a minute, which has a leaf of its own. Others are counted.
    pub(super) fn is_first(&mut self, denial: Denial, now: Duration) -> bool {
        match self.0.get_mut(&denial) {
            Some(lately) if lately.count > 0 || !is_over(lately.since, now) => {
                lately.count = lately.count.saturating_add(1);
                return false;
            }
            Some(lately) => lately.since = now,
            None => {
                if self.0.len() >= MOST {
                    self.0.retain(|_, lately| lately.count > 0 || !is_over(lately.since, now));
                }
                // Why nothing is refused where there is no room: a denial without a leaf would be worse than one leaf too many.
                if self.0.len() < MOST {
                    self.0.insert(denial, Lately { since: now, count: 0 });
                }
            }
        }
        true
    }

    /// What is to be told by now.
    fn take(&mut self, now: Duration) -> Vec<(Denial, u64)> {
        let over = self.0.extract_if(|_, lately| is_over(lately.since, now));
        over.filter(|(_, lately)| lately.count > 0).map(|(denial, lately)| (denial, lately.count)).collect()
    }

    /// Takes back what could not be told.
    fn put_back(&mut self, denial: Denial, count: u64, now: Duration) {
        let lately = self.0.entry(denial).or_insert(Lately { since: now, count: 0 });
        lately.count = lately.count.saturating_add(count);
    }
}

fn is_over(since: Duration, now: Duration) -> bool {
    now.saturating_sub(since) >= EVERY
}

impl App {
    /// Tells of each kind of denial how many followed the first, where a minute is over since that. A job calls it.
    ///
    /// # Errors
    /// `Unavailable`: what was counted is told with what follows.
    pub async fn tell_denials(&self) -> Result<(), Error> {
        let now = self.ports.clock.monotonic();
        let counted = self.access.denials.lock().take(now);
        let mut failed = None;
        for (denial, count) in counted {
            let Ok(tenant) = self.tenant(&denial.tenant) else { continue };
            let text = count.to_string();
            let facts =
                [Fact("by", &denial.by), Fact("action", denial.action.as_str()), Fact("count", &text)];
            if let Err(error) = self.tell_access(&tenant, "denied", &facts).await {
                self.access.denials.lock().put_back(denial, count, now);
                failed = Some(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Tells of commands beside the data that were denied, so often, at a tenant or of the data as a whole, which is every tenant's matter.
    /// Nothing is told of a tenant that is not there. Returns where it could not be told, and why.
    pub async fn tell_denied_commands(
        &self,
        tenant: Option<&TenantId>,
        action: Action,
        count: u64,
    ) -> Vec<(TenantId, Error)> {
        let tenants = match tenant {
            Some(id) => self.tenant(id).into_iter().collect(),
            None => self.everywhere(),
        };
        let (caller, count) = (Caller::local(How::Process), count.to_string());
        let facts = [
            Fact("by", caller.id()),
            Fact("how", How::Process.as_str()),
            Fact("action", action.as_str()),
            Fact("count", &count),
        ];
        let mut failed = Vec::new();
        for tenant in tenants {
            if let Err(error) = self.tell_access(&tenant, "denied", &facts).await {
                failed.push((tenant.id.clone(), error));
            }
        }
        failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(by: &str, action: Action) -> Denial {
        Denial { tenant: "acme".parse().unwrap(), by: by.to_owned(), action }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000 + seconds)
    }

    #[test]
    fn the_first_of_a_kind_is_told_at_once_and_what_follows_once_a_minute_with_its_count() {
        let mut denials = Denials::default();
        let erase = || denial("sva_1", Action::ErasePeople);
        assert!(denials.is_first(erase(), at(0)));
        assert!((1..50).all(|second| !denials.is_first(erase(), at(second))));
        assert!(denials.is_first(denial("sva_2", Action::ErasePeople), at(1)), "somebody else");
        assert!(denials.is_first(denial("sva_1", Action::ReadLedger), at(1)), "something else");
        assert_eq!(denials.take(at(59)), []);
        assert!(!denials.is_first(erase(), at(70)), "what was counted is told first");
        assert_eq!(denials.take(at(70)), [(erase(), 50)]);
        assert!(denials.0.is_empty(), "nothing is remembered longer");
        assert!(denials.is_first(erase(), at(71)));
        assert!(denials.is_first(erase(), at(140)), "a minute later, with nothing counted");
    }

    #[test]
    fn what_could_not_be_told_is_told_with_what_follows() {
        let mut denials = Denials::default();
        let erase = || denial("sva_1", Action::ErasePeople);
        denials.is_first(erase(), at(0));
        denials.is_first(erase(), at(1));
        let taken = denials.take(at(60));
        denials.put_back(taken[0].0.clone(), taken[0].1, at(60));
        assert!(!denials.is_first(erase(), at(61)));
        assert_eq!(denials.take(at(120)), [(erase(), 2)]);
    }

    #[test]
    fn memory_is_bounded_and_no_denial_is_lost() {
        let mut denials = Denials::default();
        for n in 0..MOST + 100 {
            assert!(denials.is_first(denial(&format!("sva_{n}"), Action::ReadLedger), at(0)), "{n}");
        }
        assert_eq!(denials.0.len(), MOST);
        assert!(denials.is_first(denial("sva_new", Action::ReadLedger), at(60)));
        assert_eq!(denials.0.len(), 1, "what is over makes room");
    }
}
