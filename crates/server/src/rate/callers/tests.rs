//! Callers and addresses that ask too often, by a clock that stands.

use countersign_rights::How;
use governor::clock::FakeRelativeClock;

use super::{super::remembered::GENERATION, *};

const MINUTE: Duration = Duration::from_secs(60);

fn callers(clock: &FakeRelativeClock) -> Callers<FakeRelativeClock> {
    Callers::new(CallerLimits::default(), clock)
}

fn from(text: &str) -> Option<PeerAddress> {
    Some(PeerAddress(text.parse().unwrap()))
}

/// How many of `tries` are let through.
fn passed(tries: usize, take: impl Fn() -> Result<(), Problem>) -> usize {
    (0..tries).filter(|_| take().is_ok()).count()
}

#[test]
fn a_caller_has_200_requests_at_once_and_50_a_second_after() {
    let clock = FakeRelativeClock::default();
    let callers = callers(&clock);
    let (one, other) = (Caller::local(How::File), Caller::job("tells"));
    assert_eq!(passed(1_000, || callers.take(&one)), 200);
    assert_eq!(passed(1, || callers.take(&other)), 1, "another has their own");
    clock.advance(Duration::from_secs(1));
    assert_eq!(passed(1_000, || callers.take(&one)), 50);
}

#[test]
fn an_address_has_30_attempts_at_once_and_10_a_minute_after() {
    let clock = FakeRelativeClock::default();
    let callers = callers(&clock);
    let attempt = || callers.attempt(from("203.0.113.7"));
    assert_eq!(passed(100, attempt), 30);
    assert_eq!(passed(1, || callers.attempt(from("203.0.113.8"))), 1);
    clock.advance(MINUTE);
    assert_eq!(passed(100, attempt), 10);
}

#[test]
fn what_holds_costs_its_address_nothing_and_what_does_not_is_looked_up_30_times() {
    let clock = FakeRelativeClock::default();
    let callers = callers(&clock);
    let guess = || {
        callers.check(from("203.0.113.7"), "guess")?;
        callers.failed(from("203.0.113.7"), "guess")
    };
    assert_eq!(passed(5, guess), 5);
    assert_eq!(passed(1_000, || callers.check(from("203.0.113.7"), "right")), 1_000);
    assert_eq!(passed(1_000, guess), 25);
    assert!(callers.check(from("203.0.113.7"), "another").is_err(), "nothing of it is looked up");
}

#[test]
fn who_was_known_a_short_while_ago_is_let_in_beside_a_flood_from_their_address() {
    let clock = FakeRelativeClock::default();
    let callers = callers(&clock);
    let here = from("203.0.113.7");
    callers.held("session");
    assert_eq!(passed(100, || callers.attempt(here)), 30);
    assert!(callers.check(here, "session").is_ok());
    assert!(callers.failed(here, "session").is_err(), "it ended");
    assert!(callers.check(here, "session").is_err());
}

#[test]
fn a_network_of_version_6_counts_as_one_and_loopback_and_nobody_as_none() {
    let clock = FakeRelativeClock::default();
    let callers = callers(&clock);
    assert_eq!(passed(100, || callers.attempt(from("2001:db8::1"))), 30);
    assert!(callers.attempt(from("2001:db8::ffff")).is_err());
    assert!(callers.attempt(from("2001:db8:0:1::1")).is_ok());
    for nobody in [from("127.0.0.1"), from("::1"), None] {
        assert_eq!(passed(1_000, || callers.attempt(nobody)), 1_000);
    }
}

#[test]
fn the_memory_for_strangers_is_bounded() {
    let clock = FakeRelativeClock::default();
    let callers = callers(&clock);
    for number in 0..GENERATION * 3 {
        let address = IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
        assert!(callers.attempt(Some(PeerAddress(address))).is_ok());
        callers.held(&number.to_string());
    }
    assert!(callers.strangers.len() <= 2 * GENERATION && callers.proven.len() <= 2 * GENERATION);
}

#[test]
fn nothing_is_limited_at_zero() {
    let clock = FakeRelativeClock::default();
    let none = CallerLimits { requests_per_second: 0, attempts_per_minute: 0, ..CallerLimits::default() };
    let callers = Callers::new(none, &clock);
    assert_eq!(passed(1_000, || callers.take(&Caller::local(How::File))), 1_000);
    assert_eq!(passed(1_000, || callers.failed(from("203.0.113.7"), "guess")), 1_000);
    assert_eq!(callers.strangers.len(), 0);
}
