//! What was refused since nothing proved who asks: counted, and told once a minute, since anybody can send as much of it as they like.

use std::{collections::BTreeMap, time::Duration};

use countersign_core::TenantId;

use super::told::Fact;
use crate::{App, Error, Tenant};

/// How often counts are told.
const EVERY: Duration = Duration::from_secs(60);

/// Refusals of sign-ins that are told apart at once, some 100 bytes each.
const MOST: usize = 1_024;

/// What is refused, as the leaf counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// A token, the cookie of a session or a one-time link that does not hold, or that was not looked up since its address tries too
    /// often.
    Credential,
    /// A signature that is none of the tenant's keys', or too old.
    Signature,
    /// A client certificate of which the tenant's requests do not come.
    Certificate,
    /// A token of the short form.
    ShortForm,
    /// A token of a stream, or an address that it does not deliver from.
    Stream,
    /// What came with a credential from a page that is none of ours.
    Page,
    /// What came with a credential by a `Host` that is none of ours.
    Host,
    /// A sign-in that proves nobody, and refusals of sign-ins that were told less than a minute ago.
    SignIn,
}

impl Refusal {
    /// The name of its fact.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credentials",
            Self::Signature => "signatures",
            Self::Certificate => "certificates",
            Self::ShortForm => "short_form_tokens",
            Self::Stream => "stream_tokens",
            Self::Page => "foreign_pages",
            Self::Host => "foreign_hosts",
            Self::SignIn => "sign_ins",
        }
    }
}

type Counts = BTreeMap<Refusal, u64>;

/// What is counted at the tenant that was named and is there, and what named none, which is told at every tenant.
type Places = BTreeMap<Option<TenantId>, Counts>;

/// What was refused since it was last told.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    places: Places,
    since: Option<Duration>,
    /// When a refusal of a sign-in had a leaf of its own.
    sign_ins: BTreeMap<String, Duration>,
}

impl Refused {
    fn add(&mut self, place: Option<&TenantId>, refusal: Refusal, count: u64, now: Duration) {
        let counts = self.places.entry(place.cloned()).or_default();
        add(counts, refusal, count);
        self.since.get_or_insert(now);
    }

    /// What is to be told by now.
    fn take(&mut self, now: Duration) -> Option<Places> {
        let is_due = self.since.is_some_and(|since| is_over(since, now));
        is_due.then(|| {
            self.since = None;
            std::mem::take(&mut self.places)
        })
    }

    /// Whether a refusal of a sign-in is the first of its kind within a minute, which has a leaf of its own. Others are counted.
    fn is_first(&mut self, kind: &str, now: Duration) -> bool {
        self.sign_ins.retain(|_, told| !is_over(*told, now));
        let is_first = self.sign_ins.len() < MOST && !self.sign_ins.contains_key(kind);
        if is_first {
            self.sign_ins.insert(kind.to_owned(), now);
        } else {
            self.add(None, Refusal::SignIn, 1, now);
        }
        is_first
    }
}

fn add(counts: &mut Counts, refusal: Refusal, count: u64) {
    let counted = counts.entry(refusal).or_default();
    *counted = counted.saturating_add(count);
}

fn is_over(since: Duration, now: Duration) -> bool {
    now.saturating_sub(since) >= EVERY
}

impl App {
    /// Counts something by which nobody was proved, and which named no tenant that is there.
    pub fn count_refused(&self, refusal: Refusal) {
        self.access.refused.lock().add(None, refusal, 1, self.ports.clock.monotonic());
    }

    /// Counts something by which nobody was proved at the tenant that it named: nobody learns of it elsewhere.
    pub fn count_refused_at(&self, tenant: &TenantId, refusal: Refusal) {
        self.access.refused.lock().add(Some(tenant), refusal, 1, self.ports.clock.monotonic());
    }

    /// Tells each ledger how much was refused there and by what named no tenant, where a minute is over since the first of it. A job calls it.
    ///
    /// # Errors
    /// `Unavailable`: what was counted is told with what follows.
    pub async fn tell_refused(&self) -> Result<(), Error> {
        let now = self.ports.clock.monotonic();
        let Some(mut places) = self.access.refused.lock().take(now) else { return Ok(()) };
        let everywhere = places.remove(&None).unwrap_or_default();
        let mut end = Ok(());
        for tenant in self.everywhere() {
            let mut counts = everywhere.clone();
            for (refusal, count) in places.remove(&Some(tenant.id.clone())).unwrap_or_default() {
                add(&mut counts, refusal, count);
            }
            if let Err(error) = self.tell_counts(&tenant, &counts).await {
                let mut refused = self.access.refused.lock();
                for (refusal, count) in counts {
                    refused.add(Some(&tenant.id), refusal, count, now);
                }
                end = Err(error);
            }
        }
        end
    }

    async fn tell_counts(&self, tenant: &Tenant, counts: &Counts) -> Result<(), Error> {
        if counts.is_empty() {
            return Ok(());
        }
        let all = counts.values().fold(0_u64, |all, count| all.saturating_add(*count)).to_string();
        let texts: Vec<_> =
            counts.iter().map(|(refusal, count)| (refusal.as_str(), count.to_string())).collect();
        let mut facts = vec![Fact("count", &all)];
        facts.extend(texts.iter().map(|(name, count)| Fact(name, count)));
        self.tell_access(tenant, "refused", &facts).await
    }

    /// Tells every ledger that somebody's sign-in was refused: the first of a kind at once, those that follow within a minute by their
    /// count.
    ///
    /// Why no error: nobody is signed in, whether that could be recorded or not; what could not be is counted, and told with what follows.
    pub(super) async fn tell_refusal(&self, person: Option<&str>, why: &str) {
        let kind = format!("{why} {}", person.unwrap_or_default());
        if !self.access.refused.lock().is_first(&kind, self.ports.clock.monotonic()) {
            return;
        }
        let mut facts = vec![Fact("why", why)];
        facts.extend(person.map(|person| Fact("by", person)));
        let told = self.change_access(&self.everywhere(), "sign_in_refused", &facts, Vec::new()).await;
        if let Err(error) = told {
            tracing::error!(detail = error.detail(), "the refusal of a sign-in could not be recorded yet");
            self.count_refused(Refusal::SignIn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn sign_ins(count: u64) -> Places {
        Places::from([(None, Counts::from([(Refusal::SignIn, count)]))])
    }

    #[test]
    fn what_was_refused_is_told_once_a_minute_with_its_counts() {
        let mut refused = Refused::default();
        assert_eq!(refused.take(at(1_000)), None);
        let acme: TenantId = "acme".parse().unwrap();
        refused.add(None, Refusal::Credential, 1, at(1_000));
        refused.add(None, Refusal::Signature, 1, at(1_030));
        refused.add(Some(&acme), Refusal::Signature, 1, at(1_031));
        refused.add(Some(&acme), Refusal::Signature, 1, at(1_032));
        assert_eq!(refused.take(at(1_059)), None);
        let places = Places::from([
            (None, Counts::from([(Refusal::Credential, 1), (Refusal::Signature, 1)])),
            (Some(acme), Counts::from([(Refusal::Signature, 2)])),
        ]);
        assert_eq!(refused.take(at(1_060)), Some(places));
        assert_eq!(refused.take(at(2_000)), None);
    }

    #[test]
    fn of_refused_sign_ins_the_first_of_a_kind_is_told_and_a_flood_is_counted() {
        let mut refused = Refused::default();
        assert!(refused.is_first("no_role ", at(0)));
        assert!((1..50).all(|second| !refused.is_first("no_role ", at(second))));
        assert!(refused.is_first("disabled per_1", at(1)), "another kind");
        assert_eq!(refused.take(at(61)), Some(sign_ins(49)));
        assert!(refused.is_first("no_role ", at(61)), "a minute later");
    }

    #[test]
    fn memory_is_bounded_and_what_has_no_room_is_counted() {
        let mut refused = Refused::default();
        for n in 0..MOST {
            assert!(refused.is_first(&n.to_string(), at(0)));
        }
        assert!(!refused.is_first("another", at(0)));
        assert_eq!(refused.places, sign_ins(1));
    }
}
