//! What follows from acts, and that a challenger fails alone.

use countersign_core::Timestamp;
use countersign_store::{ModelAct, ModelActRow};

use super::{
    ChallengerFailed, ModelChange, ModelRefusal,
    act::{Versions, next},
    guarded,
};

/// The acts that these changes make, newest first.
fn acts(changes: &[ModelChange]) -> Vec<ModelActRow> {
    let mut acts: Vec<ModelActRow> = Vec::new();
    for change in changes {
        let (act, Versions { champion, own, challenger }) = next(*change, &acts).unwrap();
        let number = u64::try_from(acts.len()).unwrap() + 1;
        let at = Timestamp::from_seconds(i64::try_from(number).unwrap());
        acts.insert(0, ModelActRow { number, act, champion, challenger, own, at, by: "mia".to_owned() });
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
fn an_own_model_is_attached_detached_and_rolled_back_like_a_promotion() {
    use ModelChange::{Attach, Challenge, Detach, Promote, RollBack};
    let held = |changes: &[ModelChange]| {
        let newest = acts(changes).remove(0);
        (newest.champion, newest.own, newest.challenger)
    };
    assert_eq!(held(&[Attach(1)]), (0, Some(1), None));
    assert_eq!(held(&[Challenge(1), Attach(1)]), (0, Some(1), None), "what counts is not compared");
    assert_eq!(held(&[Challenge(3), Attach(1)]), (0, Some(1), Some(3)));
    assert_eq!(held(&[Attach(1), Promote(2)]), (2, Some(1), None), "it stays beside another champion");
    assert_eq!(held(&[Attach(1), Detach]), (0, None, None));
    assert_eq!(held(&[Attach(1), Detach, RollBack]), (0, Some(1), None));
    assert_eq!(held(&[Attach(1), Attach(2), RollBack]), (0, Some(1), None));
    assert_eq!(held(&[Attach(1), Promote(2), RollBack]), (0, Some(1), None));
    assert_eq!(held(&[Attach(1), Promote(2), RollBack, RollBack]), (0, None, None));
    assert_eq!(held(&[Attach(1), Detach, Challenge(1), RollBack]), (0, Some(1), None));
    assert_eq!(next(Detach, &[]), Err(ModelRefusal::NoneAttached));
    for change in [Attach(1), Challenge(1)] {
        assert_eq!(next(change, &acts(&[Attach(1)])), Err(ModelRefusal::IsAttached(1)));
    }
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
    use ModelChange::{Attach, Challenge, Detach, Promote, RollBack};
    let told = acts(&[Challenge(1), Promote(1), RollBack, Attach(2), Detach]);
    let words: Vec<&str> = told.iter().map(|act| act.act.as_str()).collect();
    assert_eq!(words, ["detach", "attach", "roll_back", "promote", "challenge"]);
    for act in &told {
        assert_eq!(act.act.as_str().parse(), Ok(act.act));
    }
    assert_eq!("withdraw".parse(), Ok(ModelAct::Withdraw));
}

#[test]
fn a_challenger_that_panics_has_failed() {
    assert_eq!(guarded(|| 1), Ok(1));
    assert_eq!(guarded(|| -> u32 { panic!("a constant that was never in force") }), Err(ChallengerFailed));
}
