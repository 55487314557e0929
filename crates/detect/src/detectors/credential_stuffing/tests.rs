use super::*;
use crate::detectors::trial::{Line, Trial, told};

const HOUR_S: i64 = 3_600;

/// A failure a second from the beginning of the hour, each from an address of its own, for `users` accounts.
fn failures(count: usize, users: usize, hour: i64) -> Vec<Line> {
    let line =
        |n: usize| Line::new("fu", hour * HOUR_S + i64::try_from(n).unwrap()).with("tenant_name", "acme");
    let name = |n: usize| format!("user{}@example.com", n % users);
    let from = |n: usize| format!("203.{}.{}.1", n / 250, n % 250);
    (0..count).map(|n| line(n).with("user_name", name(n)).from(&from(n))).collect()
}

fn logins(count: usize, hour: i64) -> Vec<Line> {
    let line = |n: usize| Line::new("s", hour * HOUR_S + i64::try_from(n).unwrap() + 1_000).user(n);
    (0..count).map(line).collect()
}

fn trial() -> Trial {
    Trial::of(&[NATIVE])
}

#[test]
fn more_failures_than_the_floor_over_many_accounts_are_found() {
    assert_eq!(told(&trial().run(&failures(51, 51, 0))), [("acme", Severity::High)]);
    assert!(trial().is_quiet(&failures(50, 50, 0)));
    assert!(trial().is_quiet(&failures(90, 25, 0)), "few accounts");
    assert!(trial().is_quiet(&[failures(40, 40, 0), failures(40, 40, 1)].concat()), "two hours");
}

#[test]
fn what_the_hour_of_the_week_knows_is_quiet_and_more_than_that_is_not() {
    let week = 168;
    let usual: Vec<Line> = (0..6).flat_map(|n| failures(100, 100, n * week)).collect();
    let later = |count| {
        let all = [usual.clone(), failures(count, count, 6 * week)].concat();
        let since = crate::detectors::trial::START + 6 * week * HOUR_S;
        trial().run(&all).iter().any(|alert| alert.first.seconds() >= since)
    };
    assert!(!later(102) && later(400));
}

#[test]
fn a_campaign_that_brings_more_of_both_is_quiet() {
    let usual: Vec<Line> = (0..8).flat_map(|n| [failures(20, 20, n), logins(60, n)].concat()).collect();
    let campaign = [usual.clone(), shift(logins(300, 9), 1_000), shift(failures(100, 100, 9), -400)].concat();
    assert!(trial().run(&campaign).is_empty());
    assert!(!trial().run(&[usual, failures(100, 100, 9)].concat()).is_empty());
}

fn shift(lines: Vec<Line>, earlier: i64) -> Vec<Line> {
    lines.into_iter().map(|line| line.earlier(earlier)).collect()
}

#[test]
fn five_addresses_with_leaked_passwords_are_enough_and_one_five_times_is_not() {
    let leak = |n: i64, address: &str| Line::new("pwd_leak", n * 60).from(address);
    let many: Vec<Line> = (0..5).map(|n| leak(n, &format!("203.0.113.{n}"))).collect();
    assert_eq!(told(&trial().run(&many)), [("tenant", Severity::High)]);
    assert!(trial().is_quiet(&many[1..]));
    assert!(trial().is_quiet(&(0..9).map(|n| leak(n, "203.0.113.1")).collect::<Vec<_>>()));
    let slow: Vec<Line> = (0..9).map(|n| leak(n * 16, &format!("203.0.113.{n}"))).collect();
    assert!(trial().is_quiet(&slow));
}

#[test]
fn several_passwords_for_each_account_and_an_invented_name_hide_nothing() {
    let three: Vec<Line> = failures(60, 60, 0).into_iter().flat_map(|line| vec![line; 3]).collect();
    assert_eq!(told(&trial().run(&three)), [("acme", Severity::High)]);
    let padding = |n: i64| failures(1, 1, 0).remove(0).earlier(-n);
    let padded = [shift(failures(60, 60, 0), -900), (0..300).map(padding).collect()].concat();
    assert_eq!(told(&trial().run(&padded)), [("acme", Severity::High)]);
}

#[test]
fn own_logins_of_one_account_do_not_make_a_campaign_of_it() {
    let usual: Vec<Line> = (0..8).flat_map(|n| [failures(20, 20, n), logins(60, n)].concat()).collect();
    let own: Vec<Line> = (0..1_000).map(|n| Line::new("s", 9 * HOUR_S + n).user(7)).collect();
    let attack = shift(failures(100, 100, 9), -1_000);
    assert_eq!(told(&trial().run(&[usual, own, attack].concat())), [("acme", Severity::High)]);
}

#[test]
fn people_who_get_in_after_a_slip_are_no_attack() {
    let person = |n: i64| {
        let name = |line: Line| line.with("user_name", format!("user{n}@example.com"));
        let slips =
            [0, 9].map(|second| name(Line::new("fp", n * 30 + second).user(usize::try_from(n).unwrap())));
        let login = name(Line::new("s", n * 30 + 20).user(usize::try_from(n).unwrap()));
        [slips.to_vec(), vec![login]].concat()
    };
    assert!(trial().is_quiet(&(0..110).flat_map(person).collect::<Vec<_>>()), "passwords were changed");
}

#[test]
fn what_creeps_up_from_week_to_week_is_found() {
    let week = |n: i64, count: usize| failures(count, count, n * 168);
    let usual: Vec<Line> = (0..8).flat_map(|n| week(n, 60)).collect();
    let creeping = [88, 102, 132, 180, 256, 376].into_iter().zip(8..).flat_map(|(count, n)| week(n, count));
    let since = crate::detectors::trial::START + 8 * 168 * HOUR_S;
    let alerts = trial().run(&[usual, creeping.collect()].concat());
    assert!(
        alerts.iter().any(|alert| alert.first.seconds() >= since),
        "each is below four deviations of the last"
    );
}
