use super::*;
use crate::{
    Context,
    detectors::trial::{Line, Trial, told},
};

const DAY_S: i64 = 86_400;

fn visit(user: usize, second: i64, organization: usize) -> Line {
    Line::new("s", second).user(user).into(&format!("org_{organization}"))
}

fn home(days: i64) -> Vec<Line> {
    (0..days).map(|day| visit(1, (day - days) * DAY_S, 0)).collect()
}

fn tour(orgs: std::ops::Range<usize>, every: i64) -> Vec<Line> {
    orgs.map(|n| visit(1, i64::try_from(n).unwrap() * every, n)).collect()
}

fn trial() -> Trial {
    Trial::of(&[NATIVE])
}

#[test]
fn three_unrelated_organizations_in_a_day_are_found_and_two_or_slower_are_not() {
    let all = [home(20), tour(1..4, 1_800)].concat();
    assert_eq!(told(&trial().run(&all)), [("auth0|1", Severity::High)]);
    assert!(trial().is_quiet(&[home(20), tour(1..3, 1_800)].concat()));
    assert!(trial().is_quiet(&[home(20), tour(1..6, 13 * 3_600)].concat()), "no day has three");
    let abroad = tour(1..4, 1_800).into_iter().map(|line| line.from("203.0.113.4"));
    let found = trial().run(&[home(20), abroad.take(3).collect()].concat());
    assert_eq!(told(&found), [("auth0|1", Severity::High)], "the network is known since the first of them");
    let moving = tour(1..4, 1_800).into_iter().zip(0..).map(|(line, n)| line.from(&format!("203.0.{n}.4")));
    let found = trial().run(&[home(20), moving.collect()].concat());
    assert_eq!(told(&found), [("auth0|1", Severity::Critical)]);
}

#[test]
fn declared_relations_staff_and_strangers_are_not_alarms() {
    let group = ["org_0", "org_2"].map(str::to_owned).into();
    let related = Context { relations: vec![group], ..Context::default() };
    assert!(trial().knowing(related).is_quiet(&[home(20), tour(1..4, 1_800)].concat()));
    let staff = Context { staff_domains: ["acme.com".to_owned()].into(), ..Context::default() };
    let tour_of_staff =
        tour(1..4, 1_800).into_iter().map(|line| line.with("user_name", "Eve@ACME.com")).collect();
    let found = trial().knowing(staff).run(&[home(20), tour_of_staff].concat());
    assert_eq!(told(&found), [("auth0|1", Severity::Low)]);
    let strangers = trial().run(&tour(1..6, 1_800));
    assert!(strangers.iter().all(|alert| alert.audience == crate::Audience::Learning), "{strangers:?}");
}

#[test]
fn organizations_that_have_long_shared_people_are_related() {
    let shared = |people: usize| -> Vec<Line> {
        let of = |user: usize| [0, 20].map(|day| (0..4).map(move |org| visit(user, (day - 40) * DAY_S, org)));
        (10..10 + people).flat_map(|user| of(user).into_iter().flatten()).collect()
    };
    assert!(!trial().is_quiet(&[shared(4), home(20), tour(1..4, 1_800)].concat()));
    let all = [shared(5), home(20), tour(1..4, 1_800)].concat();
    assert!(trial().run(&all).iter().all(|alert| alert.entity.name != "auth0|1"));
}

#[test]
fn an_organization_of_yesterday_is_not_the_persons_own() {
    let yesterday = || visit(1, -DAY_S - 3_600, 1);
    let all = [home(20), vec![yesterday()], tour(2..5, 1_800)].concat();
    assert_eq!(told(&trial().run(&all)), [("auth0|1", Severity::High)]);
    let settled: Vec<Line> = [20, 19, 18].map(|day| visit(1, -day * DAY_S, 1)).into();
    assert!(trial().is_quiet(&[home(20), settled, tour(2..6, 1_800)].concat()), "at home in two");
    let once = vec![visit(1, -16 * DAY_S, 1)];
    assert!(!trial().is_quiet(&[home(20), once, tour(2..6, 1_800)].concat()), "one visit is no home");
}

#[test]
fn many_organizations_one_after_the_other_are_found_within_two_weeks() {
    let slow = |orgs: usize| [home(20), tour(1..orgs + 1, 30 * 3_600)].concat();
    assert_eq!(told(&trial().run(&slow(6))), [("auth0|1", Severity::Medium)]);
    assert!(trial().is_quiet(&slow(5)));
    assert!(trial().is_quiet(&[home(20), tour(1..7, 3 * DAY_S)].concat()), "a new customer each third day");
}
