use proptest::prelude::*;

use super::*;
use crate::Short;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_787_212_800 + seconds)
}

fn sign_up(account: u32, block: u32) -> Sightings {
    Sightings { kind: Kind::SignUp, account, block: Some(block), ..Sightings::default() }
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
    assert!(velocity.read(&sign_up(99, 7), at(3 * 86_400)).is_empty());
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
fn resets_and_failures_are_apart_from_sign_ups() {
    let mut velocity = Velocity::default();
    let reset = |account: u32| Sightings { kind: Kind::Reset, ..sign_up(account, 7) };
    velocity.note(&reset(1), at(0));
    velocity.note(&Sightings::failure("203.0.113.9", "pat"), at(0));
    let readings = velocity.read(&reset(2), at(1));
    assert_eq!((readings.resets_day, readings.block_day, readings.failures_day), (1, 0, 0));
    assert_eq!(velocity.read(&Sightings::from("203.0.113.200"), at(1)).failures_day, 1);
}

#[test]
fn what_only_reads_is_not_counted() {
    let mut velocity = Velocity::default();
    velocity.note(&Sightings { kind: Kind::Nothing, ..sign_up(1, 7) }, at(0));
    assert!(velocity.read(&sign_up(2, 7), at(0)).is_empty());
}

#[test]
fn a_flood_of_keys_forgets_the_quiet_ones_only() {
    let mut velocity = Velocity::default();
    velocity.note(&sign_up(1, 0), at(0));
    for key in 1..=u32::try_from(MAX_KEYS).unwrap() {
        velocity.note(&sign_up(1, key), at(10));
    }
    let [blocks, ..] = &velocity.sign_ups;
    assert_eq!((blocks.rings.len(), blocks.quiet.len()), (MAX_KEYS, MAX_KEYS));
    assert_eq!(velocity.read(&sign_up(2, 0), at(11)).block_hour, 0);
    assert_eq!(velocity.read(&sign_up(2, 1), at(11)).block_hour, 1);
}

proptest! {
    #[test]
    fn any_order_and_number_of_sights_is_counted_within_bounds(
        steps in prop::collection::vec((any::<u32>(), 0..3_u32, any::<i64>()), 0..200), now in any::<i64>()
    ) {
        let mut velocity = Velocity::default();
        for (account, block, micros) in steps {
            velocity.note(&sign_up(account, block), Timestamp::from_micros(micros));
            let [blocks, ..] = &velocity.sign_ups;
            prop_assert_eq!(blocks.rings.len(), blocks.quiet.len());
        }
        let readings = velocity.read(&sign_up(0, 0), Timestamp::from_micros(now));
        prop_assert!(readings.block_hour <= readings.block_day && readings.block_day <= 32);
    }

    #[test]
    fn the_order_of_notes_does_not_matter_to_a_few(mut seconds in prop::collection::vec(0..90_000_i64, 1..30)) {
        let count = |seconds: &[i64]| {
            let mut velocity = Velocity::default();
            for second in seconds {
                velocity.note(&sign_up(u32::try_from(*second).unwrap(), 7), at(*second));
            }
            velocity.read(&sign_up(u32::MAX, 7), at(90_000))
        };
        let before = count(&seconds);
        seconds.reverse();
        prop_assert_eq!(count(&seconds), before);
    }
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
