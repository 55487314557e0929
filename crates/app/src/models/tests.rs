//! What follows from acts, and that a challenger fails alone.

use countersign_core::Timestamp;
use countersign_store::{ModelAct, ModelActRow};

use super::{ChallengerFailed, ModelChange, ModelRefusal, act::next, guarded};

/// The acts that these changes make, newest first.
fn acts(changes: &[ModelChange]) -> Vec<ModelActRow> {
    let mut acts: Vec<ModelActRow> = Vec::new();
    for change in changes {
        let (act, champion, challenger) = next(*change, &acts).unwrap();
        let number = u64::try_from(acts.len()).unwrap() + 1;
        let at = Timestamp::from_seconds(i64::try_from(number).unwrap());
        acts.insert(0, ModelActRow { number, act, champion, challenger, at, by: "mia".to_owned() });
    }
    acts
}

fn holding(changes: &[ModelChange]) -> (u64, Option<u64>) {
    let acts = acts(changes);
    (acts[0].champion, acts[0].challenger)
}

#[test]
fn a_promoted_challenger_challenges_no_more_and_another_stays() {
    use ModelChange::{Challenge, Promote, Withdraw};
    assert_eq!(holding(&[Challenge(1)]), (0, Some(1)));
    assert_eq!(holding(&[Challenge(1), Promote(1)]), (1, None));
    assert_eq!(holding(&[Challenge(1), Promote(2)]), (2, Some(1)));
    assert_eq!(holding(&[Challenge(1), Challenge(2), Withdraw]), (0, None));
}

#[test]
fn each_roll_back_undoes_one_promotion_more() {
    use ModelChange::{Challenge, Promote, RollBack};
    assert_eq!(holding(&[Promote(1), Promote(2), RollBack]), (1, None));
    assert_eq!(holding(&[Promote(1), Promote(2), RollBack, RollBack]), (0, None));
    assert_eq!(holding(&[Promote(1), Promote(2), RollBack, Promote(3), RollBack]), (1, None));
    assert_eq!(holding(&[Promote(1), Challenge(0), RollBack]), (0, None), "its challenger decides again");
    assert_eq!(holding(&[Promote(1), Challenge(2), RollBack]), (0, Some(2)));
    let after = acts(&[Promote(1), Promote(2), RollBack, RollBack]);
    assert_eq!(next(RollBack, &after), Err(ModelRefusal::NothingBefore));
    assert_eq!(next(RollBack, &[]), Err(ModelRefusal::NothingBefore));
}

#[test]
fn what_would_change_nothing_is_refused() {
    use ModelChange::{Challenge, Promote, Withdraw};
    assert_eq!(next(Promote(0), &[]), Err(ModelRefusal::IsChampion(0)));
    assert_eq!(next(Challenge(0), &[]), Err(ModelRefusal::IsChampion(0)));
    assert_eq!(next(Withdraw, &[]), Err(ModelRefusal::NoChallenger));
    assert_eq!(next(Challenge(1), &acts(&[Challenge(1)])), Err(ModelRefusal::IsChallenger(1)));
}

#[test]
fn every_act_is_told_by_its_word() {
    let told = acts(&[ModelChange::Challenge(1), ModelChange::Promote(1), ModelChange::RollBack]);
    let words: Vec<&str> = told.iter().map(|act| act.act.as_str()).collect();
    assert_eq!(words, ["roll_back", "promote", "challenge"]);
    assert_eq!("withdraw".parse(), Ok(ModelAct::Withdraw));
}

#[test]
fn a_challenger_that_panics_has_failed() {
    assert_eq!(guarded(|| 1), Ok(1));
    assert_eq!(guarded(|| -> u32 { panic!("a constant that was never in force") }), Err(ChallengerFailed));
}
