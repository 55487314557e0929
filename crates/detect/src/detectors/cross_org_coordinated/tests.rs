use super::*;
use crate::{
    Context,
    detectors::trial::{Line, Trial, told},
};

fn tries(users: usize, orgs: usize) -> Vec<Line> {
    let line = |n: usize| Line::new("fp", i64::try_from(n).unwrap() * 120).user(n);
    let from = |n: usize| format!("203.0.113.{n}");
    (0..users).map(|n| line(n).from(&from(n)).into(&format!("org_{}", n % orgs))).collect()
}

fn trial() -> Trial {
    Trial::of(&[NATIVE])
}

#[test]
fn a_network_against_three_organizations_is_found_and_less_is_not() {
    assert_eq!(told(&trial().run(&tries(15, 3))), [("203.0.113.0/24", Severity::High)]);
    assert!(trial().is_quiet(&tries(14, 3)) && trial().is_quiet(&tries(24, 2)));
    assert!(trial().with("window_minutes", 27.0).is_quiet(&tries(24, 3)), "14 accounts in each window");
    assert!(!trial().with("window_minutes", 28.0).is_quiet(&tries(24, 3)));
}

#[test]
fn organizations_that_share_people_count_as_one() {
    let group = ["org_0", "org_2"].map(str::to_owned).into();
    let related = Context { relations: vec![group], ..Context::default() };
    assert!(trial().knowing(related.clone()).is_quiet(&tries(24, 3)));
    assert!(!trial().knowing(related).is_quiet(&tries(24, 4)));
}

#[test]
fn a_stranger_who_gets_in_makes_it_critical_and_a_carrier_is_quiet() {
    let login = |n: usize, second| Line::new("s", second).user(n).from("203.0.113.7").into("org_1");
    let alerts = trial().run(&[tries(15, 3), vec![login(99, 1_800)]].concat());
    assert_eq!(told(&alerts), [("203.0.113.0/24", Severity::Critical)]);
    let carrier: Vec<Line> = (100..116).map(|n| login(n, 5)).collect();
    assert!(trial().is_quiet(&[carrier, tries(20, 3)].concat()));
}

#[test]
fn a_common_fingerprint_says_nothing_and_a_rare_one_does() {
    let far = |line: Line, n: usize| line.from(&format!("203.0.{n}.7")).ja4("t13d");
    let lines: Vec<Line> = tries(24, 3).into_iter().zip(0..).map(|(line, n)| far(line, n)).collect();
    let knowing = |share| {
        let shares = [("t13d".to_owned(), share)].into();
        trial().knowing(Context { fingerprint_shares: shares, ..Context::default() })
    };
    assert!(knowing(0.31).is_quiet(&lines) && trial().is_quiet(&lines));
    assert_eq!(told(&knowing(0.001).run(&lines)), [("t13d", Severity::High)]);
}

#[test]
fn own_logins_of_one_account_dilute_nothing_and_an_account_counts_in_each_organization() {
    let own = |n: i64| Line::new("s", 60 + n * 60).user(99).from("203.0.113.7").into("org_1");
    let alerts = trial().run(&[tries(15, 3), (0..25).map(own).collect()].concat());
    assert_eq!(
        told(&alerts),
        [("203.0.113.0/24", Severity::Critical)],
        "the own account is a stranger there"
    );
    let pass = |org: i64| {
        let line = move |n: usize| Line::new("fp", org * 900 + i64::try_from(n).unwrap() * 30).user(n);
        (0..14).map(move |n| line(n).from("203.0.113.7").into(&format!("org_{org}")))
    };
    let last = Line::new("fp", 2_750).user(14).from("203.0.113.7").into("org_0");
    let lines = [(0..3).flat_map(pass).collect(), vec![last]].concat();
    assert_eq!(told(&trial().run(&lines)), [("203.0.113.7", Severity::High)]);
}
