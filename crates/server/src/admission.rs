//! Which requests are worked on while there are more than can be answered in time; the others are refused at once.
//!
//! What is measured is how long decisions take, not how many there are: a slow disk and a slow processor look alike, and
//! no figure depends on the machine (after CoDel, RFC 8289, section 3). Five rules, each of them on the monotonic clock:
//!
//! 1. At most `limit` decisions are under way. The limit moves by itself: as long as it is used and decisions take no
//!    longer than [`TARGET`] it grows by one for each `limit` of them; when all take longer for [`INTERVAL`] on end it
//!    shrinks by a quarter (additive increase, multiplicative decrease, as RFC 5681, section 3.1). A hiccup after which
//!    some are quick again changes nothing: it is no queue that stands.
//! 2. Nothing of a tenant is begun while the oldest of its decisions under way is older than [`HANG`]: a disk that hangs, or a
//!    ledger that another process holds, completes nothing from which rule 1 could learn.
//! 3. Nothing is begun that would not be done within its caller's own budget, going by how long others of the tenant took lately.
//! 4. Nothing is begun whose budget was used up before it came here.
//! 5. While the limit is reached, who has less than their share of it may still begin: the limit by the number of tenants
//!    that have something under way. So a flood of one tenant refuses itself, and never more than twice the limit are under way.
//!
//! The clock of a decision starts once its request is read and authenticated, so that nobody without a key can hold a
//! place, and a client that sends slowly holds nothing but its connection.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use axum::{extract::Request, http::StatusCode};
use countersign_app::decide::LEDGER_BUDGET;
use countersign_core::TenantId;
use parking_lot::Mutex;

use crate::{Problem, Server, body, signature::TENANT_HEADER};

/// How long a decision may take without being a sign of too many: half of the time in which its leaf must be on disk, so
/// that what is begun at the limit still ends in time when everything takes twice as long.
const TARGET: Duration = share(2);

/// For how long decisions must take longer than that: as long as one that just does not.
const INTERVAL: Duration = TARGET;

/// How old a decision may be before what is asked for behind it is refused: what is left of its budget is a quarter.
const HANG: Duration = share(4).saturating_mul(3);

/// Decisions under way that are always allowed for: enough for a group commit to be worth its sync on a slow disk.
const LEAST: u32 = 32;

/// Decisions under way at the most, and before anything is known of the machine: the 250 that Auth0 asks for at once for
/// one tenant, and half of the connections that the service keeps, so that there are others by which to refuse.
const MOST: u32 = 256;

/// The limit is kept in parts of one, so that it can grow by less than one.
const PARTS: u32 = 1_024;

/// Between two log lines about the same overload.
const SILENCE: Duration = Duration::from_secs(10);

/// That part of the budget.
const fn share(parts: u32) -> Duration {
    match LEDGER_BUDGET.checked_div(parts) {
        Some(share) => share,
        None => LEDGER_BUDGET,
    }
}

/// The code of a refusal for want of capacity.
pub(crate) const OVERLOADED: &str = "overloaded";

/// Marks an answer as a refusal for want of capacity: counted, and not logged one by one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shed;

/// What is under way, and how many more may be.
pub(crate) struct Admission(Mutex<State>);

struct State {
    // In parts of one decision.
    limit: u32,
    // INVARIANT: how many are under way of all tenants together.
    count: u32,
    // Of each tenant that ever began one: those that are configured.
    of_tenant: BTreeMap<TenantId, Own>,
    begun: u64,
    // Since when every decision took too long; `None` when the last one did not.
    slow_since: Option<Duration>,
    shed: u64,
    told: Option<Duration>,
}

/// What one tenant has under way.
#[derive(Default)]
struct Own {
    // When each began, with a number that tells apart those that began together.
    under_way: BTreeSet<(Duration, u64)>,
    // How long they took lately: each new one counts an eighth, as a round trip does (RFC 6298, section 2).
    recent: Duration,
}

/// A place among the decisions under way; given back when it goes.
pub(crate) struct Place<'a> {
    admission: &'a Admission,
    key: (Duration, u64),
    tenant: TenantId,
}

impl Default for Admission {
    fn default() -> Self {
        Self(Mutex::new(State {
            limit: MOST * PARTS,
            count: 0,
            of_tenant: BTreeMap::new(),
            begun: 0,
            slow_since: None,
            shed: 0,
            told: None,
        }))
    }
}

impl Admission {
    /// Whether anything can be begun now for a tenant, or for one that is not known; asked before a request is looked at.
    pub(crate) fn is_open(&self, tenant: Option<&TenantId>, now: Duration) -> bool {
        self.0.lock().is_open(tenant, now)
    }

    /// Begins a decision of a tenant at `now` whose caller has `left` to wait; `None` when it is better refused.
    pub(crate) fn begin(&self, tenant: &TenantId, now: Duration, left: Duration) -> Option<Place<'_>> {
        let mut state = self.0.lock();
        // Why: with nothing under way there is nothing to wait for, and nothing else from which to learn that it is over.
        let is_slow =
            state.of_tenant.get(tenant).is_some_and(|own| !own.under_way.is_empty() && own.recent > left);
        if left.is_zero() || is_slow || !state.is_open(Some(tenant), now) {
            return None;
        }
        state.begun += 1;
        state.count += 1;
        let key = (now, state.begun);
        state.of_tenant.entry(tenant.clone()).or_default().under_way.insert(key);
        Some(Place { admission: self, key, tenant: tenant.clone() })
    }

    /// Counts a refusal; tells the log how many there were, now and then.
    fn note_shed(&self, now: Duration) {
        let mut state = self.0.lock();
        state.shed += 1;
        if state.told.is_none_or(|told| now.saturating_sub(told) >= SILENCE) {
            let count = std::mem::take(&mut state.shed);
            state.told = Some(now);
            drop(state);
            tracing::warn!(count, "overloaded: requests are refused at once");
        }
    }
}

impl State {
    fn is_open(&self, tenant: Option<&TenantId>, now: Duration) -> bool {
        let own = tenant.and_then(|tenant| self.of_tenant.get(tenant));
        let oldest = own.and_then(|own| own.under_way.first());
        let hangs = oldest.is_some_and(|(began, _)| now.saturating_sub(*began) > HANG);
        let has_room = self.count < self.limit / PARTS || tenant.is_some_and(|tenant| self.has_share(tenant));
        has_room && !hangs
    }

    /// Whether a tenant has less under way than the limit gives each of those that have anything.
    fn has_share(&self, tenant: &TenantId) -> bool {
        let own = self.of_tenant.get(tenant).map_or(0, |own| own.under_way.len());
        let busy = self.of_tenant.values().filter(|other| !other.under_way.is_empty()).count();
        let tenants = busy + usize::from(own == 0);
        let limit = self.limit / PARTS;
        let share = usize::try_from(limit).unwrap_or(usize::MAX) / tenants.max(1);
        tenants > 1 && own < share && self.count < limit * 2
    }

    fn learn(&mut self, tenant: &TenantId, took: Duration, now: Duration) {
        if let Some(own) = self.of_tenant.get_mut(tenant) {
            own.recent = (own.recent * 7 + took) / 8;
        }
        if took > TARGET {
            let since = *self.slow_since.get_or_insert(now);
            if now.saturating_sub(since) >= INTERVAL {
                self.slow_since = Some(now);
                self.limit = (self.limit / 4 * 3).max(LEAST * PARTS);
            }
            return;
        }
        self.slow_since = None;
        if self.count >= self.limit / PARTS / 2 {
            // Why only then: a limit that nobody comes near says nothing about how high it may be.
            self.limit = (self.limit + PARTS * PARTS / self.limit.max(1)).min(MOST * PARTS);
        }
    }
}

impl Place<'_> {
    /// The decision was answered: how long it took moves the limit.
    pub(crate) fn end(self, now: Duration) {
        self.admission.0.lock().learn(&self.tenant, now.saturating_sub(self.key.0), now);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.admission.0.lock();
        state.count -= 1;
        if let Some(own) = state.of_tenant.get_mut(&self.tenant) {
            own.under_way.remove(&self.key);
        }
    }
}

/// The refusal for want of capacity.
fn overloaded(server: &Server, now: Duration) -> Problem {
    server.0.admission.note_shed(now);
    let detail = "there are more requests than can be answered in time, so this one was not worked on; let the fallback hold";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, OVERLOADED, detail)
}

/// Refuses a signed request while nothing can be begun, before anything is done for it; hands it back otherwise.
pub(crate) async fn before(server: &Server, request: Request) -> Result<Request, Problem> {
    let now = server.0.app.clock().monotonic();
    // Why unproved: this only spares work; who may begin is asked again once the request is authenticated.
    let named = request.headers().get(TENANT_HEADER).and_then(|name| name.to_str().ok()?.parse().ok());
    if server.0.admission.is_open(named.as_ref(), now) {
        return Ok(request);
    }
    // Why: only once the body is out of it can the connection be used again, and is not reset below the answer.
    body::read(request.into_body()).await?;
    Err(overloaded(server, now))
}

/// Begins a decision of a tenant that was asked for at `received` by someone who waits for `deadline`.
pub(crate) fn begin<'a>(
    server: &'a Server,
    tenant: &TenantId,
    received: Duration,
    deadline: Duration,
) -> Result<Place<'a>, Problem> {
    let now = server.0.app.clock().monotonic();
    let left = deadline.min(LEDGER_BUDGET).saturating_sub(now.saturating_sub(received));
    server.0.admission.begin(tenant, now, left).ok_or_else(|| overloaded(server, now))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);
    const BUDGET: Duration = LEDGER_BUDGET;

    fn at(milliseconds: u32) -> Duration {
        Duration::from_secs(100) + MILLISECOND * milliseconds
    }

    fn one() -> TenantId {
        "one".parse().unwrap()
    }

    fn limit(admission: &Admission) -> u32 {
        admission.0.lock().limit / PARTS
    }

    /// Begins as many as it can at once.
    fn fill(admission: &Admission, now: Duration) -> Vec<Place<'_>> {
        std::iter::from_fn(|| admission.begin(&one(), now, BUDGET)).collect()
    }

    /// One whose limit was shrunk to the least, and when that was.
    fn shrunk() -> (Admission, Duration) {
        let (admission, mut now) = (Admission::default(), at(0));
        while limit(&admission) > LEAST {
            let places = fill(&admission, now);
            now += TARGET + MILLISECOND;
            places.into_iter().for_each(|place| place.end(now));
        }
        (admission, now)
    }

    #[test]
    fn no_more_than_the_limit_are_under_way_and_a_place_is_given_back() {
        let admission = Admission::default();
        let mut places = fill(&admission, at(0));
        assert_eq!(places.len(), usize::try_from(MOST).unwrap());
        assert!(!admission.is_open(None, at(0)));
        // A client that went away, whose decision was not ended.
        drop(places.pop());
        assert!(admission.is_open(None, at(0)) && admission.begin(&one(), at(0), BUDGET).is_some());
    }

    #[test]
    fn a_limit_that_is_used_grows_while_decisions_are_quick_and_never_beyond_the_most() {
        let (admission, now) = shrunk();
        for round in 0..1_000 {
            let now = now + MILLISECOND * round;
            for place in fill(&admission, now) {
                place.end(now + MILLISECOND);
            }
        }
        assert_eq!(limit(&admission), MOST);
    }

    #[test]
    fn a_limit_that_is_not_used_stays() {
        let (admission, now) = shrunk();
        for round in 0..10_000 {
            let now = now + MILLISECOND * round;
            admission.begin(&one(), now, BUDGET).unwrap().end(now + MILLISECOND);
        }
        assert_eq!(limit(&admission), LEAST);
    }

    #[test]
    fn a_limit_shrinks_once_for_each_interval_in_which_every_decision_was_slow() {
        let (admission, slow) = (Admission::default(), TARGET + MILLISECOND);
        let turn = |began: Duration, took: Duration| {
            fill(&admission, began).into_iter().for_each(|place| place.end(began + took));
            limit(&admission)
        };
        assert_eq!(turn(at(0), slow), MOST, "a hiccup");
        assert_eq!(turn(at(200), MILLISECOND), MOST, "it is over");
        assert_eq!(turn(at(400), slow), MOST, "another one");
        assert_eq!(turn(at(600), slow), MOST / 4 * 3, "a queue that stands");
        assert_eq!(turn(at(800), slow), MOST / 4 * 3 / 4 * 3);
    }

    #[test]
    fn nothing_is_begun_while_the_oldest_hangs_and_everything_again_once_it_is_gone() {
        let admission = Admission::default();
        let hanging = admission.begin(&one(), at(0), BUDGET).unwrap();
        assert!(admission.is_open(Some(&one()), at(0) + HANG));
        let late = at(0) + HANG + MILLISECOND;
        assert!(!admission.is_open(Some(&one()), late) && admission.begin(&one(), late, BUDGET).is_none());
        drop(hanging);
        assert!(admission.begin(&one(), late, BUDGET).is_some());
    }

    #[test]
    fn a_tenant_whose_decisions_hang_takes_nothing_from_another() {
        let (admission, other) = (Admission::default(), "other".parse().unwrap());
        let mut now = at(0);
        for _ in 0..50 {
            let hanging = admission.begin(&one(), now, BUDGET).unwrap();
            let late = now + HANG + MILLISECOND;
            assert!(admission.begin(&one(), late, BUDGET).is_none());
            let theirs = [(); 2].map(|()| admission.begin(&other, late, BUDGET));
            theirs.into_iter().for_each(|place| place.unwrap().end(late + MILLISECOND));
            now += BUDGET;
            hanging.end(now);
        }
    }

    #[test]
    fn nothing_is_begun_that_would_not_end_in_its_callers_time_unless_nothing_else_is_under_way() {
        let admission = Admission::default();
        for round in 0..100 {
            admission.begin(&one(), at(round * 200), BUDGET).unwrap().end(at(round * 200 + 100));
        }
        let short = Duration::from_millis(50);
        let now = at(50_000);
        let alone = admission.begin(&one(), now, short);
        assert!(alone.is_some(), "or nobody would learn that it is over");
        assert!(admission.begin(&one(), now, short).is_none());
        assert!(admission.begin(&one(), now, BUDGET).is_some());
    }

    #[test]
    fn a_request_whose_time_is_over_is_not_begun() {
        assert!(Admission::default().begin(&one(), at(0), Duration::ZERO).is_none());
    }

    #[test]
    fn a_flood_of_one_tenant_leaves_another_its_share_and_takes_it_back_from_itself() {
        let admission = Admission::default();
        let other: TenantId = "other".parse().unwrap();
        let mut flood = fill(&admission, at(0));
        assert!(!admission.is_open(Some(&one()), at(0)) && admission.is_open(Some(&other), at(0)));
        let begun: Vec<_> = std::iter::from_fn(|| admission.begin(&other, at(0), BUDGET)).collect();
        assert_eq!(begun.len(), usize::try_from(MOST / 2).unwrap());
        flood.truncate(flood.len() / 2);
        assert!(
            admission.begin(&one(), at(0), BUDGET).is_none(),
            "both have their share, which is all there is"
        );
        drop(begun);
        assert!(admission.begin(&one(), at(0), BUDGET).is_some(), "what nobody else uses is anybody's");
        assert!(admission.0.lock().of_tenant[&other].under_way.is_empty());
    }

    /// A machine that completes so many decisions a millisecond, in order, asked three times as often.
    fn overloaded_machine(rate: u32, seconds: u32) -> (u32, Duration) {
        let admission = Admission::default();
        let mut queue = std::collections::VecDeque::new();
        let (mut done, mut longest) = (0, Duration::ZERO);
        for millisecond in 0..seconds * 1_000 {
            for _ in 0..rate * 3 {
                queue.extend(admission.begin(&one(), at(millisecond), BUDGET));
            }
            for place in queue.drain(..queue.len().min(usize::try_from(rate).unwrap())) {
                let took = at(millisecond + 1) - place.key.0;
                // What its start was like is not what this is about.
                if millisecond > 1_000 {
                    longest = longest.max(took);
                    done += 1;
                }
                place.end(at(millisecond + 1));
            }
        }
        (done, longest)
    }

    #[test]
    fn three_times_too_much_is_answered_at_full_rate_and_within_the_budget_on_slow_and_fast_machines() {
        for rate in [1, 2, 4, 8] {
            let (done, longest) = overloaded_machine(rate, 10);
            assert!(done >= rate * 8_900, "{rate} a millisecond: {done} were done");
            assert!(longest <= BUDGET, "{rate} a millisecond: the longest took {longest:?}");
        }
    }

    /// How many of a quiet tenant's decisions are refused by a machine that completes so many a millisecond, while another asks
    /// for so many.
    fn refused_beside(flood: u32, rate: u32) -> u32 {
        let (admission, quiet) = (Admission::default(), "quiet".parse().unwrap());
        let mut queue = std::collections::VecDeque::new();
        let mut refused = 0;
        for millisecond in 0..10_000 {
            for _ in 0..flood {
                queue.extend(admission.begin(&one(), at(millisecond), BUDGET));
            }
            if millisecond % 10 == 0 {
                match admission.begin(&quiet, at(millisecond), BUDGET) {
                    Some(place) => queue.push_back(place),
                    None => refused += 1,
                }
            }
            for place in queue.drain(..queue.len().min(usize::try_from(rate).unwrap())) {
                place.end(at(millisecond + 1));
            }
        }
        refused
    }

    #[test]
    fn a_quiet_tenant_is_never_refused_while_another_floods() {
        for rate in [2, 4, 8] {
            assert_eq!(refused_beside(0, rate), 0);
            assert_eq!(refused_beside(rate * 10, rate), 0, "{rate} a millisecond");
        }
    }

    proptest! {
        #[test]
        fn places_are_never_lost_and_the_limit_keeps_its_bounds(
            steps in prop::collection::vec((0_u8..3, 0_u32..400), 1..400)
        ) {
            let admission = Admission::default();
            let (mut now, mut places) = (at(0), Vec::new());
            for (step, by) in steps {
                now += MILLISECOND * by / 4;
                match step {
                    0 => places.extend(admission.begin(&one(), now, BUDGET)),
                    1 => drop(places.pop()),
                    _ => if let Some(place) = places.pop() { place.end(now) },
                }
                prop_assert_eq!(usize::try_from(admission.0.lock().count).unwrap(), places.len());
                prop_assert!((LEAST..=MOST).contains(&limit(&admission)));
            }
            drop(places);
            prop_assert!(admission.is_open(None, now));
        }
    }
}
