//! How often each tenant and each client may ask: a flood is refused before any work, and is nobody else's.

mod callers;
mod entries;
mod remembered;

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc, time::Duration};

use axum::http::StatusCode;
use countersign_app::App;
use countersign_core::{ClientId, TenantId};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

use self::{entries::Entries, remembered::Remembered};
use crate::Problem;

pub use callers::CallerLimits;
pub(crate) use callers::{Callers, attempt, is_access_token, known};

/// Seconds' worth of requests that may come at once.
const BURST: u32 = 2;

/// The same of messages of an event stream, as an import makes them: Auth0 switches a stream off after 5,000 failures in all.
const EVENTS_BURST: u32 = 60;

/// How often one tenant may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Decisions a second, with twice as many at once; outcomes and the short form have as many again each. 0: any number.
    pub decisions_per_second: u32,
    /// The same for the decisions of one client; 0: any number.
    pub decisions_per_second_per_client: u32,
    /// Entries a second that its log stream delivers, with twice as many at once; messages of its event stream have as many again, a minute's worth at once. 0: any number.
    pub log_entries_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        // Source: Auth0 runs at most 250 of a tenant's Actions at once; were each to take half a second, it would ask as often.
        // Of a sign-in the log has an entry or two; what is over this waits at Auth0 and comes later.
        Self { decisions_per_second: 500, decisions_per_second_per_client: 0, log_entries_per_second: 500 }
    }
}

/// What is asked for: each has an allowance of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Decision,
    Outcome,
    ShortForm,
}

/// What is delivered: each has an allowance of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Entries of the log.
    Log,
    /// Messages of an event stream.
    Event,
}

/// Time as the use cases have it.
#[derive(Clone)]
pub(crate) struct AppClock(pub(crate) Arc<App>);

impl Clock for AppClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.clock().monotonic()
    }
}

type Limiter<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Every tenant's allowances.
pub(crate) struct Rates<C: Clock> {
    tenants: BTreeMap<TenantId, Allowances<C>>,
    clock: C,
    began: C::Instant,
}

struct Allowances<C: Clock> {
    decisions: Allowance<C>,
    outcomes: Allowance<C>,
    short_forms: Allowance<C>,
    of_client: Option<Quota>,
    clients: Remembered<ClientId, Allowance<C>>,
    log: Entries,
    events: Entries,
}

impl<C: Clock + Clone> Rates<C> {
    /// Full allowances for each tenant.
    pub(crate) fn new(clock: &C, tenants: impl Iterator<Item = (TenantId, Limits)>) -> Self {
        let allowances = |limits: Limits| {
            let tenants = || Allowance::of(per_second(limits.decisions_per_second), clock);
            Allowances {
                decisions: tenants(),
                outcomes: tenants(),
                short_forms: tenants(),
                of_client: per_second(limits.decisions_per_second_per_client),
                clients: Remembered::default(),
                log: Entries::new(limits.log_entries_per_second, BURST),
                events: Entries::new(limits.log_entries_per_second, EVENTS_BURST),
            }
        };
        let tenants = tenants.map(|(id, limits)| (id, allowances(limits))).collect();
        Self { tenants, clock: clock.clone(), began: clock.now() }
    }

    /// Takes one of a tenant's requests.
    pub(crate) fn take(&self, tenant: &TenantId, asked: Asked) -> Result<(), Problem> {
        let Some(allowances) = self.tenants.get(tenant) else { return Ok(()) };
        match asked {
            Asked::Decision => &allowances.decisions,
            Asked::Outcome => &allowances.outcomes,
            Asked::ShortForm => &allowances.short_forms,
        }
        .take()
        .map_err(|wait| limited("this tenant", TENANTS, wait))
    }

    /// Takes one of the decisions of a tenant's client.
    pub(crate) fn take_of_client(&self, tenant: &TenantId, client: &ClientId) -> Result<(), Problem> {
        let Some(allowances) = self.tenants.get(tenant) else { return Ok(()) };
        if allowances.of_client.is_none() {
            return Ok(());
        }
        let full = || Allowance::of(allowances.of_client, &self.clock);
        let taken = allowances.clients.with(client, full, |allowance| allowance.take());
        taken.map_err(|wait| limited("this client", TENANTS, wait))
    }

    /// Tells whether a delivery may come at all now.
    pub(crate) fn ready(&self, tenant: &TenantId, stream: Stream) -> Result<(), Problem> {
        self.take_entries(tenant, stream, 0)
    }

    /// Takes a delivery of so many entries: all of it, or nothing.
    pub(crate) fn take_entries(
        &self,
        tenant: &TenantId,
        stream: Stream,
        entries: usize,
    ) -> Result<(), Problem> {
        let Some(allowances) = self.tenants.get(tenant) else { return Ok(()) };
        let allowance = match stream {
            Stream::Log => &allowances.log,
            Stream::Event => &allowances.events,
        };
        let now = self.clock.now().duration_since(self.began).into();
        allowance.take(entries, now).map_err(|wait| {
            let detail = "this stream delivers more than it may; \
                `tenants.*.limits.log_entries_per_second` says how much that is";
            too_many(detail.to_owned(), wait)
        })
    }
}

/// Where it is set how often tenants may ask.
const TENANTS: &str = "tenants.*.limits";

fn limited(who: &str, key: &str, wait: Duration) -> Problem {
    let detail = format!("{who} asks more often than it may; `{key}` says how often that is");
    too_many(detail, wait)
}

fn too_many(detail: String, wait: Duration) -> Problem {
    // Why rounded up: who comes back a moment too early is refused again.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).retry_after(seconds.max(1))
}

/// So many a second, with twice as many at once; `None`: any number.
fn per_second(rate: u32) -> Option<Quota> {
    let at_once = |rate: NonZeroU32| rate.saturating_mul(NonZeroU32::MIN.saturating_add(BURST - 1));
    NonZeroU32::new(rate).map(|rate| Quota::per_second(rate).allow_burst(at_once(rate)))
}

/// Requests that may be taken; `None`: any number.
struct Allowance<C: Clock>(Option<Limiter<C>>, C);

impl<C: Clock + Clone> Allowance<C> {
    fn of(quota: Option<Quota>, clock: &C) -> Self {
        Self(quota.map(|quota| RateLimiter::direct_with_clock(quota, clock.clone())), clock.clone())
    }

    /// Takes one, or tells how long to wait.
    fn take(&self) -> Result<(), Duration> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        limiter.check().map_err(|not_until| not_until.wait_time_from(self.1.now()))
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::{remembered::GENERATION, *};

    const SECOND: Duration = Duration::from_secs(1);

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    fn client(number: usize) -> ClientId {
        format!("client{number}").parse().unwrap()
    }

    fn rates(clock: &FakeRelativeClock, tenants: u32, clients: u32) -> Rates<FakeRelativeClock> {
        let limits = Limits {
            decisions_per_second: tenants,
            decisions_per_second_per_client: clients,
            log_entries_per_second: tenants,
        };
        Rates::new(clock, ["one", "other"].map(|name| (tenant(name), limits)).into_iter())
    }

    /// How many of `tries` requests are let through.
    fn passed(tries: usize, take: impl Fn() -> Result<(), Problem>) -> usize {
        (0..tries).filter(|_| take().is_ok()).count()
    }

    #[test]
    fn twice_the_rate_may_come_at_once_and_the_rate_each_second_after() {
        let clock = FakeRelativeClock::default();
        let rates = rates(&clock, 10, 0);
        let take = || rates.take(&tenant("one"), Asked::Decision);
        assert_eq!(passed(100, take), 20);
        clock.advance(SECOND);
        assert_eq!(passed(100, take), 10);
        clock.advance(SECOND * 60);
        assert_eq!(passed(100, take), 20, "what was not used is not saved up");
    }

    #[test]
    fn a_flood_of_one_tenant_or_kind_leaves_the_others_theirs() {
        let clock = FakeRelativeClock::default();
        let rates = rates(&clock, 10, 0);
        assert_eq!(passed(1_000, || rates.take(&tenant("one"), Asked::Decision)), 20);
        for asked in [Asked::Outcome, Asked::ShortForm] {
            assert_eq!(passed(1_000, || rates.take(&tenant("one"), asked)), 20, "{asked:?}");
        }
        for asked in [Asked::Decision, Asked::Outcome, Asked::ShortForm] {
            assert_eq!(passed(1_000, || rates.take(&tenant("other"), asked)), 20, "{asked:?}");
        }
    }

    #[test]
    fn a_flood_of_entries_leaves_other_tenants_and_the_event_stream_theirs() {
        let clock = FakeRelativeClock::default();
        let rates = rates(&clock, 10, 0);
        let take = |name: &str, stream| passed(1_000, || rates.take_entries(&tenant(name), stream, 5));
        assert_eq!(take("one", Stream::Log), 4);
        assert!(rates.ready(&tenant("one"), Stream::Log).is_err());
        assert_eq!((take("one", Stream::Event), take("other", Stream::Log)), (120, 4));
        clock.advance(SECOND);
        assert_eq!((take("one", Stream::Log), take("one", Stream::Log)), (2, 0));
        assert_eq!(passed(100, || rates.take(&tenant("one"), Asked::Decision)), 20);
    }

    #[test]
    fn a_flood_of_one_client_leaves_the_others_theirs() {
        let clock = FakeRelativeClock::default();
        let rates = rates(&clock, 0, 3);
        for (name, number) in [("one", 1), ("one", 2), ("other", 1)] {
            let take = || rates.take_of_client(&tenant(name), &client(number));
            assert_eq!(passed(100, take), 6, "{name} {number}");
        }
    }

    #[test]
    fn nothing_is_limited_at_zero() {
        let clock = FakeRelativeClock::default();
        let rates = rates(&clock, 0, 0);
        assert_eq!(passed(10_000, || rates.take(&tenant("one"), Asked::Decision)), 10_000);
        assert_eq!(passed(10_000, || rates.take_of_client(&tenant("one"), &client(1))), 10_000);
        assert_eq!(rates.tenants.get(&tenant("one")).unwrap().clients.len(), 0);
    }

    #[test]
    fn the_memory_for_clients_is_bounded_and_who_goes_on_asking_is_not_forgotten() {
        let clock = FakeRelativeClock::default();
        let rates = rates(&clock, 0, 1);
        let busy = || rates.take_of_client(&tenant("one"), &client(0));
        assert_eq!(passed(10, busy), 2);
        for number in 1..GENERATION * 5 {
            assert!(rates.take_of_client(&tenant("one"), &client(number)).is_ok());
            if number % 1_000 == 0 {
                assert!(busy().is_err(), "{number}");
            }
        }
        assert!(rates.tenants.get(&tenant("one")).unwrap().clients.len() <= 2 * GENERATION);
    }

    #[test]
    fn the_greatest_rate_does_not_overflow() {
        let clock = FakeRelativeClock::default();
        let rates = rates(&clock, u32::MAX, u32::MAX);
        assert!(rates.take(&tenant("one"), Asked::Decision).is_ok());
        assert!(rates.take_of_client(&tenant("one"), &client(1)).is_ok());
    }
}
