use proptest::prelude::*;

use super::*;

const START: Duration = Duration::from_secs(1_000);

/// What the server does: its own bucket, in fractions of a token, filled by its own reckoning.
struct Server {
    tokens: f64,
    burst: f64,
    per_second: f64,
    at: Duration,
}

impl Server {
    fn new(burst: u32, per_minute: u32) -> Self {
        Self {
            tokens: f64::from(burst),
            burst: f64::from(burst),
            per_second: f64::from(per_minute) / 60.0,
            at: START,
        }
    }

    fn takes(&mut self, now: Duration) -> bool {
        self.tokens = (self.tokens + (now - self.at).as_secs_f64() * self.per_second).min(self.burst);
        self.at = now;
        // Why: the server counts in floats, and we in nanoseconds.
        let has = self.tokens >= 1.0 - 1e-6;
        self.tokens -= f64::from(u8::from(has));
        has
    }
}

fn lane() -> impl Strategy<Value = Lane> {
    prop_oneof![Just(Lane::Containment), Just(Lane::Interactive), Just(Lane::Bulk)]
}

fn plan() -> impl Strategy<Value = Plan> {
    prop_oneof![
        Just(Plan::Free),
        Just(Plan::Professional),
        Just(Plan::Enterprise),
        Just(Plan::EnterpriseDevelopment),
        Just(Plan::PrivateCloud)
    ]
}

fn group() -> impl Strategy<Value = LimitGroup> {
    (0..LimitGroup::ALL.len()).prop_map(|index| LimitGroup::ALL[index])
}

#[derive(Debug, Clone)]
enum Act {
    Ask(LimitGroup, Lane),
    Pass(u64),
    Done(usize, Option<u32>, Option<u32>),
    Shut(usize, u64),
    Cancel(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (group(), lane()).prop_map(|(group, lane)| Act::Ask(group, lane)),
        3 => (0_u64..3_000).prop_map(Act::Pass),
        2 => (any::<usize>(), proptest::option::of(1_u32..60), proptest::option::of(0_u32..60)).prop_map(|(n, l, r)| Act::Done(n, l, r)),
        1 => (any::<usize>(), 0_u64..70).prop_map(|(n, seconds)| Act::Shut(n, seconds)),
        1 => any::<usize>().prop_map(Act::Cancel),
    ]
}

proptest! {
    /// Nothing is sent that the server of that plan would refuse, whatever the order.
    #[test]
    fn never_over_the_bucket(plan in plan(), steps in prop::collection::vec((0_u64..2_000, group(), lane()), 1..200)) {
        let mut limiter = Limiter::new(plan, START);
        let limits: Vec<Limit> = std::iter::once(plan.shared()).chain(LimitGroup::ALL.into_iter().filter_map(|group| plan.own(group))).collect();
        let mut servers: Vec<Bucket> = limits.iter().map(|limit| Bucket::full(*limit, START)).collect();
        let mut groups = BTreeMap::new();
        let mut now = START;
        for (millis, group, lane) in steps {
            now += Duration::from_millis(millis);
            groups.insert(limiter.ask(group, lane), group);
            for ticket in limiter.grant(now).0 {
                for index in limiter.of_group[&groups[&ticket]].clone() {
                    servers[index].fill(now);
                    prop_assert_eq!(servers[index].wait(0, now), Some(Duration::ZERO));
                    servers[index].take();
                }
            }
        }
    }

    /// Whoever waits is granted when the limiter's own word says that time has come, to the last one, whatever happened before.
    #[test]
    fn nobody_waits_for_ever(plan in plan(), acts in prop::collection::vec(act(), 1..120)) {
        let mut limiter = Limiter::new(plan, START);
        let (mut now, mut waiting, mut sent) = (START, Vec::new(), Vec::new());
        for act in acts {
            match act {
                Act::Ask(group, lane) => waiting.push(limiter.ask(group, lane)),
                Act::Pass(millis) => now += Duration::from_millis(millis),
                Act::Done(n, limit, remaining) if !sent.is_empty() => {
                    let ticket = sent.remove(n % sent.len());
                    limiter.done(ticket, Observed { limit, remaining, shut_until: None }, now);
                }
                Act::Shut(n, seconds) if !sent.is_empty() => {
                    let ticket = sent.remove(n % sent.len());
                    let until = now + Duration::from_secs(seconds);
                    limiter.done(ticket, Observed { shut_until: Some(until), ..Observed::default() }, now);
                }
                Act::Cancel(n) if !waiting.is_empty() => limiter.cancel(waiting.remove(n % waiting.len()), now),
                _ => {}
            }
            for ticket in limiter.grant(now).0 {
                waiting.retain(|other| *other != ticket);
                sent.push(ticket);
            }
        }
        let mut rounds = 0;
        while limiter.waiting() > 0 {
            let (granted, next) = limiter.grant(now);
            waiting.retain(|other| !granted.contains(other));
            if limiter.waiting() == 0 {
                break;
            }
            let next = next.expect("somebody waits, so that there is a time");
            prop_assert!(next > now || !granted.is_empty(), "time goes on");
            now = next.max(now);
            rounds += 1;
            prop_assert!(rounds < 2_000);
        }
        prop_assert_eq!(waiting.len(), 0);
    }

    /// However much bulk there is, and was, what is sent to contain goes at once and first.
    #[test]
    fn containment_never_waits_behind_bulk(
        plan in plan(),
        bulk in prop::collection::vec(group(), 0..100),
        target in group(),
        waits in prop::collection::vec(0_u64..2_000, 1..20),
    ) {
        let mut limiter = Limiter::new(plan, START);
        let mut now = START;
        for group in bulk {
            limiter.ask(group, Lane::Bulk);
        }
        limiter.grant(now);
        for wait in waits {
            now += Duration::from_millis(wait);
            limiter.grant(now);
            let ticket = limiter.ask(target, Lane::Containment);
            let (granted, _) = limiter.grant(now);
            prop_assert_eq!(granted.first(), Some(&ticket));
            limiter.cancel(ticket, now);
        }
    }
}

#[test]
fn bulk_stops_at_a_fifth_and_interactive_at_a_tenth() {
    let mut limiter = Limiter::new(Plan::Professional, START);
    let mut count = |lane| {
        for _ in 0..20 {
            limiter.ask(LimitGroup::UsersWrite, lane);
        }
        let (granted, _) = limiter.grant(START);
        granted.len()
    };
    assert_eq!((count(Lane::Bulk), count(Lane::Interactive), count(Lane::Containment)), (16, 2, 2));
}

#[test]
fn a_server_that_has_less_left_is_believed_and_one_that_has_more_when_nothing_else_is_on_its_way() {
    let mut limiter = Limiter::new(Plan::Professional, START);
    let observed = |remaining| Observed { limit: Some(20), remaining: Some(remaining), shut_until: None };
    let first = limiter.ask(LimitGroup::UsersWrite, Lane::Containment);
    limiter.grant(START);
    limiter.done(first, observed(0), START);
    let second = limiter.ask(LimitGroup::UsersWrite, Lane::Containment);
    let (granted, next) = limiter.grant(START);
    assert_eq!((granted, next), (vec![], Some(START + Duration::from_millis(300))));
    let later = START + Duration::from_millis(300);
    assert_eq!(limiter.grant(later).0, [second]);
    limiter.done(second, observed(15), later);
    for _ in 0..16 {
        limiter.ask(LimitGroup::UsersWrite, Lane::Containment);
    }
    assert_eq!(limiter.grant(later).0.len(), 15);
}

#[test]
fn after_a_429_nothing_goes_until_it_may() {
    let mut limiter = Limiter::new(Plan::Unlimited, START);
    let first = limiter.ask(LimitGroup::Other, Lane::Containment);
    limiter.grant(START);
    let until = START + Duration::from_secs(7);
    limiter.done(first, Observed { shut_until: Some(until), ..Observed::default() }, START);
    let second = limiter.ask(LimitGroup::Other, Lane::Containment);
    assert_eq!(limiter.grant(START), (vec![], Some(until)));
    assert_eq!(limiter.grant(until).0, [second]);
}

#[test]
fn five_thousand_members_take_what_the_limit_dictates() {
    let (mut limiter, mut server) = (Limiter::new(Plan::Professional, START), Server::new(20, 200));
    for _ in 0..5_000 {
        limiter.ask(LimitGroup::MemberRoles, Lane::Bulk);
    }
    let (mut now, mut refused) = (START, 0);
    loop {
        let (granted, next) = limiter.grant(now);
        for ticket in granted {
            refused += u32::from(!server.takes(now));
            limiter.done(ticket, Observed::default(), now);
        }
        let Some(next) = next else { break };
        now = next;
    }
    let dictated = Duration::from_secs_f64(f64::from(5_000 - 20) / (200.0 / 60.0));
    assert_eq!(refused, 0);
    assert!(now - START <= dictated.mul_f64(1.1), "{:?} of {dictated:?}", now - START);
}
