use super::*;
use crate::{
    Context,
    detectors::trial::{Line, Trial, told},
};

fn tries(kind: &str, users: std::ops::Range<usize>, every: i64) -> Vec<Line> {
    let line = |n: usize| Line::new(kind, i64::try_from(n).unwrap() * every).user(n);
    users.map(|n| line(n).from("203.0.113.50")).collect()
}

fn trial() -> Trial {
    Trial::of(&[NATIVE])
}

#[test]
fn twenty_accounts_from_one_address_are_found_and_nineteen_are_not() {
    assert_eq!(told(&trial().run(&tries("fp", 0..20, 40))), [("203.0.113.50", Severity::Medium)]);
    assert_eq!(told(&trial().run(&tries("fu", 0..20, 40))), [("203.0.113.50", Severity::Medium)]);
    assert!(trial().is_quiet(&tries("fp", 0..19, 40)));
    assert!(trial().is_quiet(&tries("fp", 0..30, 100)), "no window has twenty");
    let again = [tries("fp", 0..19, 40), tries("fp", 0..19, 41)].concat();
    assert!(trial().is_quiet(&again), "the same nineteen");
    assert!(trial().with("distinct_users", 21.0).is_quiet(&tries("fp", 0..20, 40)));
}

#[test]
fn names_that_are_masked_are_neither_one_account_nor_many() {
    let masked = |n: i64| Line::new("fu", n * 9).with("user_name", "****************");
    assert!(trial().is_quiet(&(0..60).map(masked).collect::<Vec<_>>()));
}

#[test]
fn addresses_of_one_network_and_a_rare_tool_are_found_together() {
    let spread = |n: usize| format!("203.0.113.{n}");
    let network: Vec<Line> =
        tries("fp", 0..20, 40).into_iter().zip(0..).map(|(line, n)| line.from(&spread(n))).collect();
    assert_eq!(told(&trial().run(&network)), [("203.0.113.0/24", Severity::Medium)]);
    let far = |n: usize| format!("203.0.{n}.7");
    let tool = |line: Line, n: usize| line.from(&far(n)).ja4("t13d_rare").system(64_500);
    let spread: Vec<Line> = tries("fp", 0..20, 40).into_iter().zip(0..).map(|(l, n)| tool(l, n)).collect();
    assert!(trial().is_quiet(&spread), "nobody knows how common the tool is");
    let shares = [("t13d_rare".to_owned(), 0.002)].into();
    let knowing = trial().knowing(Context { fingerprint_shares: shares, ..Context::default() });
    assert_eq!(told(&knowing.run(&spread)), [("t13d_rare", Severity::Medium)]);
}

#[test]
fn a_network_against_several_organizations_is_left_to_the_detector_of_those() {
    let spread =
        |(line, n): (Line, usize)| line.from(&format!("203.0.113.{n}")).into(&format!("org_{}", n % 4));
    let lines: Vec<Line> = tries("fp", 0..24, 40).into_iter().zip(0..).map(spread).collect();
    assert_eq!(told(&trial().run(&lines)), [("203.0.113.0/24", Severity::Low)]);
    let groups = vec![(0..4).map(|n| format!("org_{n}")).collect()];
    let related = trial().knowing(Context { relations: groups, ..Context::default() });
    assert_eq!(told(&related.run(&lines)), [("203.0.113.0/24", Severity::Medium)]);
}

#[test]
fn an_office_where_most_get_in_is_quiet_and_a_trusted_one_is_not_looked_at() {
    let office = [tries("s", 0..40, 20), tries("fp", 0..17, 40)].concat();
    assert!(trial().is_quiet(&office));
    let trusted = Context { trusted_networks: ["203.0.113.0/24".to_owned()].into(), ..Context::default() };
    assert!(trial().knowing(trusted).run(&tries("fp", 0..30, 40)).is_empty());
}

#[test]
fn a_success_makes_it_worse() {
    let got_in = [tries("fp", 0..25, 40), tries("s", 26..27, 40)].concat();
    assert_eq!(told(&trial().run(&got_in)), [("203.0.113.50", Severity::High)]);
}

#[test]
fn own_logins_of_one_account_dilute_nothing_and_a_dummy_name_pushes_no_victim_out() {
    let own: Vec<Line> = (0..30).map(|n| Line::new("s", n * 25).user(99).from("203.0.113.50")).collect();
    let slip = Line::new("fp", -60).user(99).from("203.0.113.50");
    let alerts = trial().run(&[vec![slip], own, tries("fp", 0..20, 40)].concat());
    assert_eq!(told(&alerts), [("203.0.113.50", Severity::High)], "the own account is a stranger there");
    let dummy = |n: i64| Line::new("fu", n * 6).with("user_name", "nobody@example.com").from("203.0.113.50");
    let padded = [(0..280).map(dummy).collect(), tries("fp", 0..20, 80)].concat();
    assert_eq!(told(&trial().run(&padded)), [("203.0.113.50", Severity::Medium)]);
}

#[test]
fn several_tries_at_each_of_many_accounts_are_found_and_many_at_few_are_not() {
    let at_each = |users: usize, times: usize| {
        let of = move |n: usize| tries("fp", n..n + 1, 40).into_iter().cycle().take(times);
        (0..users).flat_map(of).collect::<Vec<_>>()
    };
    assert_eq!(told(&trial().run(&at_each(24, 4))), [("203.0.113.50", Severity::Medium)]);
    assert!(trial().is_quiet(&at_each(19, 40)));
}

#[test]
fn a_monday_morning_where_each_mistypes_and_then_gets_in_is_quiet() {
    let morning = |failure: &str, success: &str| {
        let slips = tries(failure, 0..30, 40);
        let again = slips.clone().into_iter().map(|line| line.earlier(-9));
        let in_at_last = tries(success, 0..30, 40).into_iter().map(|line| line.earlier(-20));
        [slips.clone(), again.collect(), in_at_last.collect()].concat()
    };
    assert!(trial().is_quiet(&morning("fp", "s")), "and nobody signed in from there before");
    assert!(trial().is_quiet(&morning("fepft", "sepft")), "behind a back end");
}

#[test]
fn a_source_is_shared_by_people_who_have_come_for_a_week() {
    let people = |day: i64| -> Vec<Line> {
        let slip = Line::new("fp", day * 86_400 - 9).user(1).from("203.0.113.50");
        let login = |n: usize| Line::new("s", day * 86_400).user(n).from("203.0.113.50");
        [vec![slip], (100..110).map(login).collect()].concat()
    };
    let severity = |before: Vec<Line>, after: Vec<Line>| {
        let alerts = trial().run(&[before, tries("fp", 0..25, 40), after].concat());
        alerts.iter().find(|alert| alert.entity.name == "203.0.113.50").map(|alert| alert.severity)
    };
    let stranger = || vec![Line::new("s", 1_000).user(77).from("203.0.113.50")];
    assert_eq!(severity(people(-1), vec![]), Some(Severity::Medium), "ten sign-ups of yesterday");
    assert_eq!(severity(people(-8), vec![]), Some(Severity::Low));
    assert_eq!(severity(people(-60), vec![]), Some(Severity::Medium), "they have left");
    assert_eq!(severity(people(-8), stranger()), Some(Severity::Medium));
    assert_eq!(severity(people(-1), stranger()), Some(Severity::High));
}

#[test]
fn a_password_grant_that_went_through_tells_that_somebody_got_in() {
    let lines = [tries("fepft", 0..20, 40), tries("sepft", 21..22, 40)].concat();
    assert_eq!(told(&trial().run(&lines)), [("203.0.113.50", Severity::High)]);
}

#[test]
fn one_account_that_signs_in_often_does_not_make_its_tool_common() {
    let common = |n: usize| Line::new("s", -3_600).user(1_000 + n).ja4("t13d_all").from("198.51.100.4");
    let own = |n: i64| Line::new("s", -1_800 + n).user(99).ja4("t13d_rare").from("198.51.100.5");
    let far = |(line, n): (Line, usize)| line.from(&format!("203.0.{n}.7")).ja4("t13d_rare").system(64_500);
    let attack: Vec<Line> = tries("fp", 0..20, 40).into_iter().zip(0..).map(far).collect();
    let lines = [(0..400).map(common).collect(), (0..100).map(own).collect(), attack].concat();
    assert_eq!(told(&trial().run(&lines)), [("t13d_rare", Severity::Medium)]);
    let used = |n: usize| Line::new("s", -1_800).user(2_000 + n).ja4("t13d_rare").from("198.51.100.5");
    let many = [(0..400).map(common).collect(), (0..100).map(used).collect(), lines[500..].to_vec()].concat();
    assert!(trial().is_quiet(&many), "a hundred people use it");
}
