//! Countersignatures, as tables and in every order.

use std::collections::BTreeSet;

use countersign_core::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    change::Person,
    gate::{Approvals, Outcome, Verdict},
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn signed(subject: &str, roles: &[&str]) -> Signed {
    Signed {
        person: Person { issuer: "https://login.example.com/".to_owned(), subject: subject.to_owned() },
        how: How::Oidc,
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    }
}

fn state(demanded: Vec<Approvals>) -> PlanState {
    PlanState {
        hash: "h".to_owned(),
        status: Status::Proposed,
        proposer: Some(signed("proposer", &[]).person),
        begin_by: at(100),
        demanded,
        own_suffices: false,
        is_by_policy: false,
        approvals: vec![],
        version: 0,
    }
}

fn one() -> PlanState {
    state(vec![Approvals::People(1)])
}

fn approve(subject: &str) -> Act {
    Act::Approve { by: signed(subject, &["approver"]), hash: "h".to_owned() }
}

fn reject(subject: &str, reason: &str) -> Act {
    Act::Reject { by: signed(subject, &[]), hash: "h".to_owned(), reason: reason.to_owned() }
}

#[test]
fn one_person_approves_and_the_plan_is_begun_and_comes_to_its_end() {
    let approved = review(&one(), &approve("a"), at(1)).unwrap();
    assert_eq!((approved.status, approved.version, approved.approvals.len()), (Status::Approved, 1, 1));
    let begin = |hash: &str| Act::Begin { hash: hash.to_owned() };
    assert_eq!(review(&approved, &begin("other"), at(2)), Err(Refused::OtherHash));
    assert_eq!(review(&approved, &begin("h"), at(100)), Err(Refused::Late));
    let running = review(&approved, &begin("h"), at(2)).unwrap();
    assert_eq!(review(&running, &begin("h"), at(2)), Err(Refused::NotOpen));
    let halted = review(&running, &Act::Halt, at(3)).unwrap();
    let resumed = review(&halted, &Act::Resume, at(4)).unwrap();
    assert_eq!(review(&resumed, &Act::Finish, at(5)).unwrap().status, Status::Done);
    assert_eq!(review(&halted, &Act::Fail, at(5)).unwrap().status, Status::Failed);
    assert_eq!(review(&one(), &begin("h"), at(2)), Err(Refused::NotOpen));
    assert_eq!(review(&one(), &Act::Finish, at(2)), Err(Refused::Misfit));
}

#[test]
fn what_does_not_count_is_refused_by_its_code() {
    let by = |how: How| Act::Approve { by: Signed { how, ..signed("a", &[]) }, hash: "h".to_owned() };
    let other = Act::Approve { by: signed("a", &[]), hash: "other".to_owned() };
    let four = state(vec![Approvals::four_eyes()]);
    let half = review(&four, &approve("a"), at(1)).unwrap();
    assert_eq!(half.status, Status::Proposed);
    let done = PlanState { status: Status::Done, ..one() };
    let report = PlanState { status: Status::Reported, ..one() };
    for (state, act, when, why) in [
        (&one(), by(How::Token), 1, Refused::NotAPerson),
        (&one(), by(How::Link), 1, Refused::NotAPerson),
        (&one(), by(How::Agent), 1, Refused::NotAPerson),
        (&one(), other, 1, Refused::OtherHash),
        (&one(), approve("proposer"), 1, Refused::Own),
        (&one(), approve("a"), 100, Refused::Late),
        (&half, approve("a"), 1, Refused::Twice),
        (&half, approve("proposer"), 1, Refused::Own),
        (&done, approve("a"), 1, Refused::NotOpen),
        (&report, approve("a"), 1, Refused::ReportOnly),
        (&one(), reject("a", " \n"), 1, Refused::NoReason),
        (&one(), reject("a", "\u{202e}x"), 1, Refused::NoReason),
        (&one(), reject("a", "late"), 100, Refused::Late),
        (&one(), Act::Withdraw { by: signed("a", &[]) }, 1, Refused::NotTheirs),
        (&one(), Act::Expire, 99, Refused::Early),
        (&one(), Act::Supersede { hash: "h".to_owned() }, 1, Refused::OtherHash),
        (&done, Act::Expire, 100, Refused::NotOpen),
        (&done, Act::Withdraw { by: signed("proposer", &[]) }, 1, Refused::NotOpen),
    ] {
        assert_eq!(review(state, &act, at(when)), Err(why), "{act:?}");
    }
}

#[test]
fn the_proposers_other_sessions_and_roles_change_nothing() {
    let mut by = signed("proposer", &["approver", "administrator"]);
    for how in How::ALL {
        by.how = *how;
        let act = Act::Approve { by: by.clone(), hash: "h".to_owned() };
        assert!(review(&one(), &act, at(1)).is_err());
    }
    by.how = How::Oidc;
    let own = PlanState { own_suffices: true, ..one() };
    let act = Act::Approve { by, hash: "h".to_owned() };
    assert_eq!(review(&own, &act, at(1)).unwrap().status, Status::Approved);
}

#[test]
fn a_rejection_counts_until_it_is_begun() {
    let approved = review(&one(), &approve("a"), at(1)).unwrap();
    assert_eq!(review(&approved, &reject("b", "no"), at(2)).unwrap().status, Status::Rejected);
    let running = review(&approved, &Act::Begin { hash: "h".to_owned() }, at(2)).unwrap();
    assert_eq!(review(&running, &reject("b", "no"), at(3)), Err(Refused::NotOpen));
    let withdrawn = review(&approved, &Act::Withdraw { by: signed("proposer", &[]) }, at(2)).unwrap();
    assert_eq!(withdrawn.status, Status::Withdrawn);
    assert_eq!(review(&approved, &Act::Expire, at(100)).unwrap().status, Status::Expired);
}

#[test]
fn what_is_taken_back_or_erased_ends_wherever_it_has_not() {
    for status in Status::ALL {
        let before = PlanState { status: *status, ..one() };
        let ended = |act| review(&before, &act, at(1)).map(|state| (state.status, state.version));
        let is_waiting = matches!(status, Status::Proposed | Status::Approved);
        let recalled = if is_waiting { Ok((Status::Withdrawn, 1)) } else { Err(Refused::NotOpen) };
        assert_eq!(ended(Act::Recall), recalled, "{status}");
        let erased = if status.is_final() { Err(Refused::Misfit) } else { Ok((Status::Erased, 1)) };
        assert_eq!(ended(Act::Erase), erased, "{status}");
    }
    assert!(Status::Erased.is_final());
}

#[test]
fn a_state_that_demands_nobody_is_never_approved_by_a_person() {
    let nobody = review(&state(vec![]), &approve("a"), at(1)).unwrap();
    assert_eq!(nobody.status, Status::Proposed);
    let zero = review(&state(vec![Approvals::People(0)]), &approve("a"), at(1)).unwrap();
    assert_eq!(zero.status, Status::Proposed);
}

/// All acts in an order, those that are refused left out.
fn end(state: PlanState, acts: &[Act]) -> PlanState {
    acts.iter().fold(state, |state, act| review(&state, act, at(1)).unwrap_or(state))
}

fn what(number: u8) -> Act {
    match number % 9 {
        0 => approve("a"),
        1 => approve("b"),
        2 => Act::Approve { by: signed("c", &["auditor"]), hash: "h".to_owned() },
        3 => approve("proposer"),
        4 => Act::Approve { by: signed("d", &[]), hash: "old".to_owned() },
        5 => Act::Approve { by: Signed { how: How::Token, ..signed("e", &[]) }, hash: "h".to_owned() },
        6 => approve("a"),
        7 => Act::Expire,
        _ => reject("f", "no"),
    }
}

proptest! {
    #[test]
    fn any_order_of_the_same_acts_ends_the_same(
        (acts, turned) in prop::collection::vec(0_u8..9, 0..8)
            .prop_flat_map(|acts| (Just(acts.clone()), Just(acts).prop_shuffle())),
        needed in 1_u8..4,
    ) {
        let demanded = vec![Approvals::People(needed)];
        let acts: Vec<Act> = acts.into_iter().map(what).collect();
        let turned: Vec<Act> = turned.into_iter().map(what).collect();
        let (one, other) = (end(state(demanded.clone()), &acts), end(state(demanded), &turned));
        prop_assert_eq!(one.status, other.status);
        let people = |state: &PlanState| -> BTreeSet<String> {
            state.approvals.iter().map(|approval| approval.by.person.subject.clone()).collect()
        };
        for state in [&one, &other] {
            let people = people(state);
            prop_assert_eq!(people.len(), state.approvals.len());
            prop_assert!(!people.contains("proposer") && !people.contains("d") && !people.contains("e"));
            prop_assert_eq!(state.status == Status::Approved, state.is_met() && state.status != Status::Rejected);
        }
    }

    #[test]
    fn of_two_who_act_at_once_one_is_of_a_version_that_is_over(first in 0_u8..9, second in 0_u8..9) {
        let before = state(vec![Approvals::People(2)]);
        let (one, other) = (review(&before, &what(first), at(1)), review(&before, &what(second), at(1)));
        if let (Ok(one), Ok(other)) = (one, other) {
            prop_assert_eq!((one.version, other.version), (1, 1));
        }
    }
}

#[test]
fn a_run_that_halted_long_ago_does_not_go_on() {
    let halted = PlanState { status: Status::Halted, ..one() };
    let end = halted.begin_by.plus(RESUMES_FOR);
    assert_eq!(review(&halted, &Act::Resume, end.plus(-1)).unwrap().status, Status::Running);
    assert_eq!(review(&halted, &Act::Resume, end), Err(Refused::Late));
}

#[test]
fn a_halted_plan_is_renewed_and_stays_halted_and_nothing_else_is() {
    let renew = |hash: &str| Act::Renew { hash: Some(hash.to_owned()), done: 1, dropped: 0 };
    let halted = PlanState { status: Status::Halted, ..one() };
    let renewed = review(&halted, &renew("other"), at(2)).unwrap();
    assert_eq!((renewed.status, renewed.version), (Status::Halted, 1));
    assert_eq!(review(&halted, &renew("h"), at(2)), Err(Refused::OtherHash));
    for status in [Status::Proposed, Status::Approved, Status::Running, Status::Done, Status::Erased] {
        assert_eq!(review(&PlanState { status, ..one() }, &renew("other"), at(2)), Err(Refused::Misfit));
    }
}

#[test]
fn what_was_approved_holds_by_what_is_demanded_when_it_is_begun() {
    let approved = review(&one(), &approve("a"), at(1)).unwrap();
    let verdict = |outcome, approvals: Vec<Approvals>| Verdict {
        outcome,
        reasons: vec![],
        approvals,
        own_suffices: false,
        waits_for: 50_000_000,
    };
    let people = |count| verdict(Outcome::Propose, vec![Approvals::People(count)]);
    let holds = |state: &PlanState, verdict: &Verdict| state.holds_by(verdict, at(0), at(10));
    assert!(holds(&approved, &people(1)) && !holds(&approved, &people(2)));
    assert!(!holds(&approved, &verdict(Outcome::Propose, vec![])), "what demands nobody is never met");
    assert!(holds(&approved, &verdict(Outcome::Auto, vec![])));
    assert!(!holds(&approved, &verdict(Outcome::Report, vec![])));
    assert!(!approved.holds_by(&people(1), at(0), at(50)), "it waited for longer than it may by now");
    let by_policy = PlanState { is_by_policy: true, status: Status::Approved, ..one() };
    assert!(holds(&by_policy, &verdict(Outcome::Auto, vec![])) && !holds(&by_policy, &people(1)));
    let own = review(&PlanState { own_suffices: true, ..one() }, &approve("proposer"), at(1)).unwrap();
    assert!(holds(&own, &Verdict { own_suffices: true, ..people(1) }));
    assert!(!holds(&own, &people(1)), "it is one's own no more");
}
