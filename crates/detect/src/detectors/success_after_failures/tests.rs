use super::*;
use crate::detectors::trial::{Line, Trial, told};

fn guesses(count: i64, every: i64) -> Vec<Line> {
    (0..count).map(|n| Line::new("fp", n * every).user(1).from("203.0.113.9")).collect()
}

fn login(second: i64) -> Line {
    Line::new("s", second).user(1).from("203.0.113.9")
}

#[test]
fn a_stranger_who_gets_in_after_five_failures_is_found_and_after_four_not() {
    let trial = Trial::of(&[NATIVE]);
    let alerts = trial.run(&[guesses(5, 30), vec![login(200)]].concat());
    assert_eq!(told(&alerts), [("auth0|1", Severity::High)]);
    assert_eq!(alerts[0].evidence, [0, 1, 2, 3, 4, 5]);
    assert!(trial.is_quiet(&[guesses(4, 30), vec![login(200)]].concat()));
    assert!(trial.is_quiet(&guesses(20, 5)), "nobody got in");
}

#[test]
fn failures_that_are_too_old_or_another_s_do_not_count() {
    let trial = Trial::of(&[NATIVE]);
    assert!(!trial.is_quiet(&[guesses(5, 30), vec![login(600)]].concat()));
    assert!(trial.is_quiet(&[guesses(5, 30), vec![login(601)]].concat()));
    assert!(trial.is_quiet(&[guesses(5, 30), vec![login(200).user(2)]].concat()));
    let refused = Line::new("f", 0).user(1).with("description", "blocked by an Action");
    assert!(trial.is_quiet(&[vec![refused; 9], vec![login(9)]].concat()));
}

#[test]
fn a_person_at_home_who_mistypes_leaves_a_trace_only() {
    let before: Vec<Line> = (1..=3).map(|day| login(-day * 86_400)).collect();
    let home = [before.clone(), guesses(6, 20), vec![login(200)]].concat();
    assert_eq!(told(&Trial::of(&[NATIVE]).run(&home)), [("auth0|1", Severity::Low)]);
    let abroad: Vec<Line> = guesses(6, 20).into_iter().map(|line| line.from("198.51.100.7")).collect();
    let alerts = Trial::of(&[NATIVE]).run(&[before, abroad, vec![login(200)]].concat());
    assert_eq!(told(&alerts), [("auth0|1", Severity::Medium)]);
}

#[test]
fn a_name_typed_at_a_directory_is_joined_with_the_account_that_signs_in() {
    let typed = |name: &str, connection: &str| -> Vec<Line> {
        let line = |n: i64| Line::new("f", n * 30).with("user_name", name).with("connection", connection);
        let wrong = |line: Line| line.with("description", "Wrong email or password.").from("203.0.113.9");
        (0..6).map(line).map(wrong).collect()
    };
    let into = |line: Line| line.with("user_name", "JDoe@acme.com ").with("connection", "acme-ad");
    let alerts =
        Trial::of(&[NATIVE]).run(&[typed("jdoe@acme.com", "acme-ad"), vec![into(login(200))]].concat());
    assert_eq!(told(&alerts), [("auth0|1", Severity::High)]);
    assert_eq!(alerts[0].evidence.len(), 6, "a typed name counts from its second failure on");
    let other = [typed("jdoe@acme.com", "beta-ad"), vec![into(login(200))]].concat();
    assert!(Trial::of(&[NATIVE]).is_quiet(&other), "the same name at another connection is another account");
    let another = [typed("kdoe@acme.com", "acme-ad"), vec![into(login(200))]].concat();
    assert!(Trial::of(&[NATIVE]).is_quiet(&another));
}

fn exchange(kind: &str, second: i64, user: usize) -> Line {
    Line::new(kind, second).user(user).from("203.0.113.9")
}

#[test]
fn a_password_grant_from_an_unseen_network_is_found() {
    let home = Line::new("s", -86_400).user(1).from("192.0.2.1");
    let grants: Vec<Line> = (0..9).map(|n| exchange("fepft", n * 30, 1)).collect();
    let alerts = Trial::of(&[NATIVE]).run(&[vec![home], grants, vec![exchange("sepft", 300, 1)]].concat());
    assert_eq!(told(&alerts), [("auth0|1", Severity::High)]);
}

#[test]
fn a_person_who_always_exchanges_from_there_leaves_a_trace() {
    let home = Line::new("s", -9 * 86_400).user(1).from("192.0.2.1");
    let before: Vec<Line> = (1..=3).map(|day| exchange("sepft", -day * 86_400, 1)).collect();
    let slips: Vec<Line> = (0..6).map(|n| exchange("fepft", n * 30, 1)).collect();
    let alerts =
        Trial::of(&[NATIVE]).run(&[vec![home], before, slips, vec![exchange("sepft", 300, 1)]].concat());
    assert_eq!(told(&alerts), [("auth0|1", Severity::Low)]);
}
