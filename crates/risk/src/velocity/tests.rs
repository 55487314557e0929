mod properties;

use super::{
    local::{COUNT_BYTES, MAX_COUNTS_BYTES, MAX_SIGHTS, Mark},
    table::MAX_KEYS,
    *,
};
use crate::Short;

const NOON: i64 = 1_787_212_800;
const DAY: i64 = 86_400;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOON + seconds)
}

fn sign_up(account: u32, block: u32) -> Sightings {
    Sightings { kind: Kind::SignUp, account, block: Some(block), ..Sightings::default() }
}

fn failure(account: &str) -> Sightings {
    Sightings::failure("203.0.113.9", account, Some("t13d1516h2_8daaf6152771_02713d6af862"), Some("as64500"))
}

#[test]
fn others_are_counted_by_the_hour_and_by_the_day() {
    let mut velocity = Velocity::default();
    for account in 0..5 {
        velocity.note(&sign_up(account, 7), at(i64::from(account) * 1_000));
    }
    let readings = velocity.read(&sign_up(99, 7), at(4_500));
    assert_eq!((readings.block_hour, readings.block_day), (4, 5));
    assert_eq!(velocity.read(&sign_up(4, 7), at(4_500)).block_hour, 3, "oneself is not another");
    assert!(velocity.read(&sign_up(99, 8), at(4_500)).is_empty());
    assert!(velocity.read(&sign_up(99, 7), at(3 * DAY)).is_empty());
}

#[test]
fn windows_reach_from_a_minute_to_a_day() {
    let mut counts = LocalCounts::default();
    for (account, ago) in (0..).zip([59, 60, 599, 600, 3_599, 3_600, 86_399, 86_400]) {
        counts.note(Count::FailuresByNetwork, 7, account, at(-ago));
    }
    let others = Window::ALL.map(|window| counts.others(Count::FailuresByNetwork, 7, 99, window, at(0)));
    assert_eq!(others, [1, 3, 5, 7]);
}

#[test]
fn one_account_counts_once_however_often_it_tries() {
    let mut velocity = Velocity::default();
    for attempt in 0..100 {
        velocity.note(&sign_up(1, 7), at(attempt));
    }
    assert_eq!(velocity.read(&sign_up(2, 7), at(100)).block_hour, 1);
}

#[test]
fn each_kind_is_counted_apart_by_each_of_its_keys() {
    let mut velocity = Velocity::default();
    velocity.note(&Sightings { kind: Kind::Reset, ..sign_up(1, 7) }, at(0));
    velocity.note(&failure("pat"), at(0));
    velocity.note(&Sightings::success("203.0.113.9", "auth0|1", Some("t13"), None), at(0));
    let readings = velocity.read(&Sightings { kind: Kind::Reset, ..sign_up(2, 7) }, at(1));
    assert_eq!(readings, Readings { resets_day: 1, ..Readings::default() });
    let expected = Readings {
        failures_day: 1,
        block_failures_hour: 1,
        network_failures_day: 1,
        ja4_failures_day: 1,
        block_successes_day: 1,
        ..Readings::default()
    };
    assert_eq!(velocity.read(&failure("kim"), at(1)), expected);
    let elsewhere = Sightings::failure("198.51.100.1", "pat", Some("t13"), Some("as64500"));
    let expected = Readings { user_failures_hour: 1, ja4_successes_day: 1, ..Readings::default() };
    assert_eq!(velocity.read(&elsewhere, at(1)), expected, "the same account from another block");
    assert_eq!(velocity.read(&elsewhere, at(3_600)).user_failures_hour, 0);
}

#[test]
fn the_network_of_a_failure_is_the_one_that_its_block_was_last_seen_in() {
    let mut velocity = Velocity::default();
    velocity.note(&Sightings::sign_in("203.0.113.1", "auth0|1", None, Some("as64500")), at(0));
    velocity.note(&Sightings::failure("203.0.113.77", "pat", None, None), at(1));
    velocity.note(&Sightings::failure("192.0.2.1", "kim", None, None), at(1));
    let of = |network| {
        let sightings = Sightings::sign_in("198.51.100.1", "auth0|2", None, Some(network));
        velocity.read(&sightings, at(2)).network_failures_day
    };
    assert_eq!((of("as64500"), of("as64501")), (1, 0));
}

#[test]
fn odd_addresses_and_empty_accounts_count_sensibly() {
    let mut velocity = Velocity::default();
    velocity.note(&Sightings::failure("::ffff:203.0.113.9", " Pat@Example.com ", Some(""), Some(" ")), at(0));
    velocity.note(&Sightings::failure("203.0.113.10", "pat@example.com", None, None), at(0));
    for _ in 0..3 {
        velocity.note(&Sightings::failure("203.0.113.11", " ", None, None), at(0));
    }
    for odd in ["", "[REDACTED]", "203.0.113.9:443", "300.1.1.1", "fe80::1%eth0"] {
        velocity.note(&Sightings::failure(odd, "kim", None, None), at(0));
    }
    let readings = velocity.read(&Sightings::from("203.0.113.200"), at(1));
    assert_eq!(readings.failures_day, 1, "one person by two spellings; nobody is no other than nobody");
    let named = Sightings::sign_in("203.0.113.200", "auth0|1", None, None);
    assert_eq!(velocity.read(&named, at(1)).failures_day, 2, "nobody counts as one");
    let kim = Sightings::sign_in("203.0.113.200", "KIM", None, None);
    assert_eq!(velocity.read(&kim, at(1)).user_failures_hour, 1, "unknown addresses are one source");
    assert!(velocity.read(&Sightings::default(), at(1)).is_empty());
}

#[test]
fn what_only_reads_is_not_counted() {
    let mut velocity = Velocity::default();
    velocity.note(&Sightings { kind: Kind::Nothing, ..sign_up(1, 7) }, at(0));
    assert!(velocity.read(&sign_up(2, 7), at(0)).is_empty());
}

#[test]
fn readings_saturate_and_a_record_without_the_newer_ones_stays_the_same() {
    let mut velocity = Velocity::default();
    for account in 0..90_000 {
        velocity.note(&sign_up(account, 7), at(0));
    }
    assert_eq!(velocity.read(&sign_up(u32::MAX, 7), at(0)).block_hour, u16::MAX);
    let old = r#"{"block_hour":1,"block_day":2,"domain_hour":0,"domain_day":0,"ja4_hour":0,"ja4_day":0,"skeleton_hour":0,"skeleton_day":0,"resets_day":0,"failures_day":3}"#;
    let readings: Readings = serde_json::from_str(old).unwrap();
    assert_eq!(serde_json::to_string(&readings).unwrap(), old);
}

#[test]
fn a_flood_of_keys_forgets_the_quiet_ones_only() {
    let mut velocity = Velocity::default();
    velocity.note(&sign_up(1, 0), at(0));
    for key in 1..=u32::try_from(MAX_KEYS).unwrap() {
        velocity.note(&sign_up(1, key), at(10));
    }
    assert_eq!(velocity.counts().keys(Count::SignUpsByBlock), MAX_KEYS);
    assert_eq!(velocity.read(&sign_up(2, 0), at(11)).block_hour, 0);
    assert_eq!(velocity.read(&sign_up(2, 1), at(11)).block_hour, 1);
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let mut counts = LocalCounts::default();
    let check = |counts: &LocalCounts, by: &str| {
        let networks = counts.network_bytes();
        let of_one = counts.bytes() - networks;
        // Each count is bounded as this one is.
        let of_all = Count::ALL.len() * of_one + networks;
        assert!(of_one <= COUNT_BYTES && of_all <= MAX_COUNTS_BYTES, "{of_one} and {of_all} bytes by {by}");
    };
    // Keys of one account each, then keys of as many as a key can hold, then one of each in turn.
    for n in 0..2 * u32::try_from(MAX_KEYS).unwrap() {
        counts.note(Count::FailuresByBlock, n, n, at(0));
        counts.learn(n, n, at(0));
    }
    check(&counts, "keys");
    for n in 0..2 * u32::try_from(MAX_SIGHTS).unwrap() {
        counts.note(Count::FailuresByBlock, n / 4_096, n, at(i64::from(n % 977)));
        if n.is_multiple_of(4_096) {
            check(&counts, "sights");
        }
    }
    for n in 0..2 * u32::try_from(MAX_KEYS).unwrap() {
        counts.note(Count::FailuresByBlock, n % 20_000, n, at(0));
    }
    check(&counts, "both");
    assert_eq!(MAX_COUNTS_BYTES, 163 << 19, "81.5 MiB, as documented");
}

#[test]
fn all_counts_at_once_are_bounded_as_each_is() {
    let mut counts = LocalCounts::default();
    for of in Count::ALL {
        for n in 0..u32::try_from(MAX_KEYS).unwrap() + 9 {
            counts.note(of, n, n, at(0));
        }
        assert_eq!(counts.keys(of), MAX_KEYS);
    }
    assert!(counts.bytes() <= MAX_COUNTS_BYTES, "{} bytes", counts.bytes());
}

#[test]
fn a_clock_that_jumps_wipes_nothing_and_is_forgiven() {
    let mut velocity = Velocity::default();
    let ahead = 400 * DAY;
    velocity.note(&sign_up(1, 7), at(0));
    velocity.note(&sign_up(2, 7), at(ahead));
    velocity.note(&sign_up(1, 8), at(ahead));
    assert_eq!(velocity.read(&sign_up(9, 7), at(1)).block_hour, 1, "what is far ahead waits");
    velocity.note(&sign_up(3, 7), at(2));
    assert_eq!(velocity.read(&sign_up(9, 7), at(2)).block_hour, 3, "it was there by now at the latest");
    assert!(velocity.read(&sign_up(9, 7), at(2 + 2 * DAY)).is_empty(), "and grows old like the rest");
    velocity.note(&sign_up(4, 7), at(-i64::from(u32::MAX)));
    velocity.note(&sign_up(5, 7), Timestamp::from_micros(i64::MAX));
    velocity.note(&sign_up(6, 7), Timestamp::from_micros(i64::MIN));
    assert_eq!(velocity.counts().keys(Count::SignUpsByBlock), 2);
    for key in 100..100 + u32::try_from(MAX_KEYS).unwrap() {
        velocity.note(&sign_up(1, key), at(3));
    }
    assert_eq!(velocity.read(&sign_up(9, 8), at(ahead)).block_hour, 0, "no key stays for being ahead");
    assert_eq!(velocity.read(&sign_up(9, 100), at(3)).block_hour, 1);
}

#[test]
fn a_delta_has_what_changed_and_two_processes_come_to_rest() {
    let [mut one, mut other] = [LocalCounts::salted(7), LocalCounts::salted(7)];
    one.note(Count::FailuresByBlock, 1, 1, at(0));
    one.learn(1, 64_500, at(0));
    let mark = one.mark();
    one.note(Count::FailuresByBlock, 2, 1, at(0));
    let delta = one.since(mark);
    assert_eq!(
        serde_json::to_string(&delta).unwrap(),
        format!(r#"{{"counts":{{"failures_by_block":{{"2":[[{NOON},1]]}}}},"networks":{{}}}}"#)
    );
    other.merge(&serde_json::from_str(&serde_json::to_string(&delta).unwrap()).unwrap());
    assert_eq!(other.others(Count::FailuresByBlock, 2, 9, Window::Hour, at(1)), 1);
    assert_eq!(other.network(1), None);
    other.merge(&one.since(Mark::default()));
    assert_eq!(
        (other.network(1), &other.since(Mark::default())),
        (Some(64_500), &one.since(Mark::default()))
    );
    let at_rest = other.mark();
    other.merge(&one.since(Mark::default()));
    assert_eq!(other.since(at_rest), Delta::default(), "what is known is not told again");
}

#[test]
fn a_client_s_requests_and_blocks_are_counted_and_its_own_block_is_not() {
    let mut velocity = Velocity::default();
    let from = |ip: &str| Sightings::request(ip, "client");
    velocity.note(&from("203.0.113.9"), at(0));
    velocity.note(&from("203.0.113.10"), at(1));
    velocity.note(&from("198.51.100.9"), at(2));
    let read = |ip: &str, second| velocity.read(&from(ip), at(second));
    assert_eq!(
        (read("203.0.113.9", 3).client_requests_hour, read("203.0.113.9", 3).client_blocks_hour),
        (3, 1)
    );
    assert_eq!(read("192.0.2.1", 3).client_blocks_hour, 2);
    assert_eq!(read("203.0.113.9", 3_601).client_requests_hour, 1);
    assert_eq!(velocity.read(&Sightings::request("203.0.113.9", "other"), at(3)).client_requests_hour, 0);
}

#[test]
fn what_was_called_fraudulent_is_taken_back_and_nothing_else_is() {
    let mut velocity = Velocity::default();
    let block = Short::new("203.0.113.0/24");
    let [pat, kim] = ["pat", "kim"].map(|account| Sightings::fraud(&block, account));
    velocity.note(&sign_up(1, pat.block.unwrap()), at(0));
    velocity.note(&pat, at(0));
    velocity.note(&kim, at(1));
    let read = |velocity: &Velocity| {
        let readings = velocity.read(&Sightings::from("203.0.113.77"), at(9));
        (readings.frauds_day, readings.block_day)
    };
    assert_eq!(read(&velocity), (2, 1));
    velocity.forgive(&sign_up(1, pat.block.unwrap()));
    velocity.forgive(&Sightings::fraud(&Short::new("198.51.100.0/24"), "pat"));
    assert_eq!(read(&velocity), (2, 1));
    velocity.forgive(&pat);
    velocity.forgive(&pat);
    assert_eq!(read(&velocity), (1, 1));
    velocity.note(&pat, at(2));
    assert_eq!(read(&velocity), (2, 1));
}

#[test]
fn what_was_called_fraudulent_counts_by_its_block_and_account() {
    let mut velocity = Velocity::default();
    let block = Short::new("203.0.113.0/24");
    for account in ["pat", "pat", "kim"] {
        velocity.note(&Sightings::fraud(&block, account), at(0));
    }
    let readings = velocity.read(&Sightings::from("203.0.113.77"), at(9));
    assert_eq!((readings.frauds_day, readings.failures_day, readings.block_day), (2, 0, 0));
    assert_eq!(velocity.read(&Sightings::from("203.0.114.77"), at(9)).frauds_day, 0);
}
