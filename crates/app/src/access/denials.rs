//! Refusals of callers who are known: the first of a kind is a leaf at once, those that follow within a minute are one with their count,
//! since a caller can ask as often as they like, at any tenant.

use std::{collections::HashMap, sync::Arc, time::Duration};

use countersign_core::TenantId;
use countersign_rights::{Action, How};
use countersign_store::Commit;

use super::{Caller, told::Fact};
use crate::{App, Error, Tenant};

/// How often counts are told.
const EVERY: Duration = Duration::from_secs(60);

/// Kinds that are told apart at once, some 150 bytes each.
const MOST: usize = 16_384;

/// What was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// Something at the tenant whose ledger is told.
    Here(Action),
    /// Something at a tenant that is not there, or at which the caller has no role. Why both: what is told must not say which.
    Elsewhere(Action),
    /// Requests beyond what a caller may ask.
    TooOften,
}

impl What {
    const fn change(self) -> &'static str {
        match self {
            Self::Here(_) | Self::Elsewhere(_) => "denied",
            Self::TooOften => "limited",
        }
    }

    /// The facts of its leaf.
    fn facts<'a>(self, by: &'a str, how: Option<How>, count: Option<&'a str>) -> Vec<Fact<'a>> {
        let (action, at) = match self {
            Self::Here(action) => (Some(action), None),
            Self::Elsewhere(action) => (Some(action), Some("elsewhere")),
            Self::TooOften => (None, None),
        };
        let more = [
            ("how", how.map(How::as_str)),
            ("action", action.map(Action::as_str)),
            ("at", at),
            ("count", count),
        ];
        let more = more.into_iter().filter_map(|(name, value)| Some(Fact(name, value?)));
        [Fact("by", by)].into_iter().chain(more).collect()
    }
}

/// Who was refused what, and whose ledger is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Denial {
    tenant: TenantId,
    by: String,
    what: What,
}

/// A command beside the data that was denied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeniedCommand {
    /// What it would have done.
    pub action: Action,
    /// The tenant that it named; `None`: it was about the data as a whole.
    pub tenant: Option<TenantId>,
    /// Whether it named another tenant, of which nothing is here, and this is one that is yet to be told.
    pub is_elsewhere: bool,
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
    fn is_first(&mut self, denial: Denial, now: Duration) -> bool {
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
    /// Tells a ledger that a caller was refused, while nobody waits: how long that takes would say that the tenant is there. A command
    /// waits, since it ends with its denial.
    ///
    /// Why no error: the refusal holds whether it could be recorded or not; what could not be is counted, and told with what follows.
    pub(super) async fn tell_refused_caller(&self, tenant: &Tenant, caller: &Caller, what: What) {
        let denial = Denial { tenant: tenant.id.clone(), by: caller.id().to_owned(), what };
        let (denials, now) = (Arc::clone(&self.access.denials), self.ports.clock.monotonic());
        if !denials.lock().is_first(denial.clone(), now) {
            return;
        }
        let leaf = self.access_leaf(tenant, what.change(), &what.facts(caller.id(), None, None));
        let (store, id) = (self.ports.store.clone(), tenant.id.clone());
        let work = async move {
            let told = match leaf {
                Ok(leaf) => {
                    let commit = Commit { leaves: vec![leaf], ..Commit::background(id.clone()) };
                    store.commit(commit).await.map(drop).map_err(Error::from)
                }
                Err(error) => Err(error),
            };
            if let Err(error) = told {
                tracing::error!(tenant.id = %id, detail = error.detail(), "a denial could not be recorded yet");
                denials.lock().put_back(denial, 1, now);
            }
        };
        if caller.principal().how == How::Process {
            work.await;
        } else {
            self.telling.begin(work).await;
        }
    }

    /// Tells the ledgers of a caller's own tenants that they asked more often than they may.
    pub async fn tell_limited(&self, caller: &Caller) {
        for tenant in &self.home_of(caller) {
            self.tell_refused_caller(tenant, caller, What::TooOften).await;
        }
    }

    /// Waits until the denials so far are told, as at the end of a service.
    pub async fn denials_told(&self) {
        self.telling.end().await;
    }

    /// Tells of each kind of refusal how many followed the first, where a minute is over since that. A job calls it.
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
            let facts = denial.what.facts(&denial.by, None, Some(&text));
            if let Err(error) = self.tell_access(&tenant, denial.what.change(), &facts).await {
                self.access.denials.lock().put_back(denial, count, now);
                failed = Some(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Tells of commands beside the data that were denied, so often. What was about the data as a whole is every tenant's matter, and so is
    /// what was to be done at a tenant of which nothing is here. Returns what could not be told, and why.
    pub async fn tell_denied_commands(
        &self,
        denied: &DeniedCommand,
        count: u64,
    ) -> Vec<(DeniedCommand, Error)> {
        let named = denied.tenant.as_ref().map(|id| self.tenant(id));
        let is_elsewhere = denied.is_elsewhere || matches!(named, Some(Err(_)));
        let tenants = match named {
            Some(Ok(tenant)) => vec![tenant],
            Some(Err(_)) | None => self.everywhere(),
        };
        let (caller, count) = (Caller::local(How::Process), count.to_string());
        let what = if is_elsewhere { What::Elsewhere(denied.action) } else { What::Here(denied.action) };
        let facts = what.facts(caller.id(), Some(How::Process), Some(&count));
        let mut failed = Vec::new();
        for tenant in tenants {
            if let Err(error) = self.tell_access(&tenant, what.change(), &facts).await {
                let tenant = Some(tenant.id.clone());
                failed.push((DeniedCommand { action: denied.action, tenant, is_elsewhere }, error));
            }
        }
        failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(by: &str, action: Action) -> Denial {
        Denial { tenant: "acme".parse().unwrap(), by: by.to_owned(), what: What::Here(action) }
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
