use proptest::prelude::*;

use super::*;

fn subject(number: u32) -> SubjectId {
    format!("sub_{number:08x}").parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_787_212_800 + seconds)
}

fn candidate(number: u32, seconds: i64) -> Candidate {
    Candidate {
        decision: format!("dec_{number:08}").parse().unwrap(),
        subject: subject(1),
        at: at(seconds),
        client: Some("client".parse().unwrap()),
        transaction: None,
        session: None,
        address: None,
        is_denied: false,
        is_censored: false,
        has_login: false,
        has_refusal: false,
    }
}

fn login(seconds: i64) -> Seen {
    Seen {
        what: What::Login { shows_mfa: false },
        user: "auth0|1".to_owned(),
        at: at(seconds),
        transaction: None,
        session: None,
        address: None,
        client: Some("client".parse().unwrap()),
        organization: None,
    }
}

fn named(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The decision's number and by what.
fn found(seen: &Seen, candidates: &[Candidate]) -> Option<(u32, JoinHow)> {
    let (candidate, how) = find(seen, &subject(1), candidates)?;
    let number = candidate.decision.as_str().trim_start_matches("dec_").parse().unwrap();
    Some((number, how))
}

#[test]
fn a_transaction_joins_before_a_session_and_a_session_before_time() {
    let seen = Seen { transaction: named("tx"), session: named("se"), ..login(100) };
    let near = candidate(1, 99);
    let in_session = Candidate { session: named("se"), ..candidate(2, 50) };
    let in_transaction = Candidate { transaction: named("tx"), session: named("other"), ..candidate(3, 10) };
    let mut all = vec![near, in_session, in_transaction];
    for expected in [(3, JoinHow::Transaction), (2, JoinHow::Session), (1, JoinHow::Time)] {
        assert_eq!(found(&seen, &all), Some(expected));
        all.pop();
    }
    assert_eq!(found(&seen, &all), None);
}

#[test]
fn what_names_another_transaction_client_or_session_is_not_joined_by_less() {
    let seen = Seen { transaction: named("tx"), session: named("se"), ..login(10) };
    let same = Candidate { session: named("se"), ..candidate(1, 0) };
    assert_eq!(found(&seen, std::slice::from_ref(&same)), Some((1, JoinHow::Session)));
    for other in [
        Candidate { transaction: named("another"), ..same.clone() },
        Candidate { client: Some("another".parse().unwrap()), ..same.clone() },
        Candidate { session: named("another"), ..same },
    ] {
        assert_eq!(found(&seen, &[other]), None);
    }
}

#[test]
fn time_alone_joins_at_the_same_client_within_minutes_to_the_nearest() {
    let all = [candidate(1, 0), candidate(2, 60)];
    assert_eq!(found(&login(70), &all), Some((2, JoinHow::Time)));
    assert_eq!(found(&login(30), &all), None, "two are as near");
    assert_eq!(found(&login(361), &all), None, "too late");
    assert_eq!(found(&login(-31), &all), None, "before any decision");
    assert_eq!(found(&login(-29), &all), Some((1, JoinHow::Time)), "the clocks are two");
    let nowhere = Candidate { client: None, ..candidate(3, 60) };
    assert_eq!(found(&login(70), std::slice::from_ref(&nowhere)), None);
    assert_eq!(found(&Seen { client: None, ..login(70) }, &[nowhere]), None);
}

#[test]
fn a_decision_is_completed_once_and_one_that_was_refused_only_by_its_own_transaction() {
    let done = Candidate { has_login: true, ..candidate(1, 60) };
    assert_eq!(found(&login(70), std::slice::from_ref(&done)), None);
    assert_eq!(found(&login(70), &[done, candidate(2, 0)]), Some((2, JoinHow::Time)));
    let refused = Candidate { is_denied: true, transaction: named("tx"), ..candidate(1, 60) };
    assert_eq!(found(&login(70), std::slice::from_ref(&refused)), None);
    let its_own = Seen { transaction: named("tx"), ..login(70) };
    assert_eq!(found(&its_own, &[refused]), Some((1, JoinHow::Transaction)));
}

#[test]
fn a_factor_without_a_client_belongs_to_the_only_sign_in_under_way() {
    let passed = Seen { what: What::Passed { factor: None }, client: None, ..login(70) };
    assert_eq!(found(&passed, &[candidate(1, 60)]), Some((1, JoinHow::Time)));
    assert_eq!(found(&passed, &[candidate(1, 60), candidate(2, 10)]), None);
    let done = Candidate { has_login: true, ..candidate(2, 10) };
    assert_eq!(found(&passed, &[candidate(1, 60), done]), None, "nor where the other one is over");
    let in_session = Seen { session: named("se"), ..passed };
    let session = Candidate { session: named("se"), ..candidate(2, 10) };
    assert_eq!(found(&in_session, &[candidate(1, 60), session]), Some((2, JoinHow::Session)));
}

fn refusal(seconds: i64) -> Seen {
    Seen { what: What::Refused, address: "203.0.113.7".parse().ok(), ..login(seconds) }
}

#[test]
fn a_refusal_without_a_transaction_belongs_to_what_was_just_decided() {
    let at_home = Candidate { address: "203.0.113.7".parse().ok(), ..candidate(1, 60) };
    let by_time = Some((1, JoinHow::Time));
    let denied = Candidate { is_denied: true, is_censored: true, ..at_home.clone() };
    let asked = Candidate { is_censored: true, ..at_home.clone() };
    let untold = Candidate { address: None, ..denied.clone() };
    for (candidate, until) in [(&at_home, 90), (&denied, 90), (&untold, 90), (&asked, 360)] {
        for (seconds, expected) in [(61, by_time), (until, by_time), (until + 1, None)] {
            assert_eq!(found(&refusal(seconds), std::slice::from_ref(candidate)), expected, "{seconds}");
        }
    }
    // Tried again: each to its own.
    let again = Candidate { decision: "dec_00000002".parse().unwrap(), at: at(80), ..denied.clone() };
    assert_eq!(found(&refusal(81), &[denied.clone(), again.clone()]), Some((2, JoinHow::Time)));
    assert_eq!(found(&refusal(62), &[denied, again]), by_time);
}

#[test]
fn a_refusal_that_nobody_asked_us_about_belongs_to_no_earlier_sign_in() {
    let before = Candidate { address: "203.0.113.7".parse().ok(), session: named("se"), ..candidate(1, 60) };
    let blocked = refusal(70);
    for over in [
        Candidate { has_login: true, ..before.clone() },
        Candidate { is_denied: true, has_refusal: true, ..before.clone() },
        Candidate { is_censored: true, has_refusal: true, ..before.clone() },
        Candidate { address: "198.51.100.1".parse().ok(), ..before.clone() },
    ] {
        assert_eq!(found(&blocked, std::slice::from_ref(&over)), None);
    }
    let in_session = Seen { session: named("se"), ..refusal(70) };
    let over = Candidate { has_login: true, ..before.clone() };
    assert_eq!(found(&in_session, std::slice::from_ref(&over)), None, "a session outlives sign-ins");
    assert_eq!(found(&in_session, &[before]), Some((1, JoinHow::Session)));
    // Its own transaction says so all the same, as where it went through and was refused after that.
    let its_own = Seen { transaction: named("tx"), ..refusal(70) };
    let over = Candidate { transaction: named("tx"), ..over };
    assert_eq!(found(&its_own, &[over]), Some((1, JoinHow::Transaction)));
}

prop_compose! {
    fn any_id()(n in 0_usize..4) -> Option<String> {
        [None, named("a"), named("b"), named("c")][n].clone()
    }
}

prop_compose! {
    fn any_candidate()(
        person in 1_u32..4, seconds in -60_i64..1_200, transaction in any_id(), session in any_id(), client in any_id(),
        is_denied: bool, has_login: bool, number in 0_u32..1_000,
    ) -> Candidate {
        let client = client.map(|client| client.parse().unwrap());
        Candidate { subject: subject(person), transaction, session, client, is_denied, has_login, ..candidate(number, seconds) }
    }
}

proptest! {
    #[test]
    fn another_person_s_entry_never_joins_whatever_ids_it_carries(
        all in proptest::collection::vec(any_candidate(), 0..8), transaction in any_id(), session in any_id(), client in any_id(),
        seconds in 0_i64..900, kind in 0_usize..5,
    ) {
        let client = client.map(|client| client.parse().unwrap());
        let what = [What::Login { shows_mfa: true }, What::Refused, What::Failed, What::Passed { factor: None }, What::WrongPassword];
        let seen = Seen { what: what[kind].clone(), transaction, session, client, ..login(seconds) };
        if let Some((candidate, how)) = find(&seen, &subject(1), &all) {
            prop_assert_eq!(&candidate.subject, &subject(1));
            prop_assert!(!(kind == 0 && candidate.has_login));
            let same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
            prop_assert_eq!(how == JoinHow::Transaction, same(&candidate.transaction, &seen.transaction));
            prop_assert!(how != JoinHow::Session || same(&candidate.session, &seen.session));
        }
        prop_assert_eq!(find(&seen, &subject(9), &all), None);
    }

    #[test]
    fn the_order_of_the_decisions_does_not_matter(
        all in proptest::collection::vec(any_candidate(), 0..8), transaction in any_id(), session in any_id(), seconds in 0_i64..900,
    ) {
        let seen = Seen { transaction, session, ..login(seconds) };
        let backwards: Vec<Candidate> = all.iter().rev().cloned().collect();
        prop_assert_eq!(find(&seen, &subject(1), &all), find(&seen, &subject(1), &backwards));
    }
}
