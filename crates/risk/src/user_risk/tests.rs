use proptest::prelude::*;

use super::{UserSignalKind::*, *};
use crate::samples::{DAY_S, home, now, ordinary};

fn after(days: i64) -> Timestamp {
    Timestamp::from_seconds(now().seconds() + days * DAY_S)
}

fn of(kinds: &[UserSignalKind]) -> UserRisk {
    let mut risk = UserRisk::default();
    for (kind, key) in kinds.iter().zip(1..) {
        risk.add(*kind, now(), key);
    }
    risk
}

fn level(risk: &UserRisk, days: i64) -> Option<Level> {
    risk.at(after(days)).map(|held| held.level)
}

fn signals() -> impl Strategy<Value = (UserSignalKind, i64, u64)> {
    (prop::sample::select(UserSignalKind::ALL), 0..60_i64, 0..6_u64)
}

proptest! {
    #[test]
    fn it_never_rises_by_time_alone(told in prop::collection::vec(signals(), 1..12), change in 0..60_i64, days in 60..200_i64) {
        let mut risk = UserRisk::default();
        for (kind, day, key) in told {
            risk.add(kind, after(day), key);
        }
        risk.change_password(after(change));
        let score = |day| risk.at(after(day)).map_or(Score::default(), |held| held.score);
        prop_assert!(score(days) >= score(days + 1));
        prop_assert!(score(days + 150) < Score::from_percent(5), "and ends");
    }

    #[test]
    fn the_end_of_a_level_is_the_second_at_which_it_is_left(told in prop::collection::vec(signals(), 0..12), change in 0..60_i64) {
        let mut risk = UserRisk::default();
        for (kind, day, key) in told {
            risk.add(kind, after(day), key);
        }
        risk.change_password(after(change));
        for level in [Level::Medium, Level::High] {
            let is_at = |at: Timestamp| risk.at(at).is_some_and(|held| held.level >= level);
            match risk.until(level) {
                Some(until) => prop_assert!(!is_at(until) && is_at(until.plus(-1_000_000))),
                None => prop_assert!((-1..400).all(|day| !is_at(after(day)))),
            }
        }
    }

    #[test]
    fn a_signal_is_taken_back_exactly(told in prop::collection::vec(signals(), 0..7), change in 0..60_i64, (kind, day, key) in signals()) {
        let mut before = UserRisk::default();
        for (kind, day, key) in told {
            before.add(kind, after(day), key);
        }
        before.change_password(after(change));
        before.take_back(kind, key);
        let mut risk = before.clone();
        risk.add(kind, after(day), key);
        prop_assert!(risk.take_back(kind, key));
        prop_assert_eq!(risk, before);
    }

    #[test]
    fn it_is_bounded_and_sound_whatever_is_told(told in prop::collection::vec((signals(), any::<i64>(), 0..6_u8), 0..60)) {
        let mut profile = home(1);
        for ((kind, _, key), micros, act) in told {
            let (risk, at) = (profile.user_risk_mut(), Timestamp::from_micros(micros));
            match act {
                0 => drop(risk.change_password(at)),
                1 => drop(risk.take_back(kind, key)),
                _ => risk.add(kind, at, key),
            }
            prop_assert!(risk.signals.len() <= MAX_SIGNALS);
            prop_assert!(risk.at(at).is_none_or(|held| held.score <= Score::MAX));
            prop_assert_eq!(Profile::decode(&profile.encode()), Ok(profile.clone()));
        }
    }
}

#[test]
fn the_levels_are_those_that_the_weights_were_chosen_for() {
    for (kinds, days, expected) in [
        (&[FraudulentSignIn][..], 0, Some(Level::High)),
        (&[FraudulentSignIn], 5, Some(Level::High)),
        (&[FraudulentSignIn], 7, Some(Level::Medium)),
        (&[FraudulentSignIn], 30, Some(Level::Low)),
        (&[FraudulentSignIn], 120, None),
        (&[LeakedPassword], 13, Some(Level::Medium)),
        (&[LeakedPassword], 15, Some(Level::Low)),
        (&[FailedChallenge], 0, Some(Level::Low)),
        (&[FailedChallenge, FailedChallenge], 0, Some(Level::Medium)),
        (&[LeakedPassword, FailedChallenge, FailedChallenge], 0, Some(Level::High)),
        (&[], 0, None),
    ] {
        assert_eq!(level(&of(kinds), days), expected, "{kinds:?} after {days} days");
    }
}

#[test]
fn a_weight_halves_in_fourteen_days() {
    let risk = of(&[FraudulentSignIn]);
    assert_eq!(risk.at(now()).unwrap().score, Score::from_percent(80));
    assert_eq!(risk.at(after(14)).unwrap().score, Score::from_percent(40));
    assert_eq!(risk.at(after(-3)).unwrap().score, Score::from_percent(80), "not more before it was told");
}

#[test]
fn a_change_of_the_password_ends_a_leak_halves_the_rest_and_counts_once() {
    let mut risk = of(&[LeakedPassword]);
    assert!(!risk.change_password(after(-1)), "the leak is of a later password");
    assert!(risk.change_password(after(1)));
    assert_eq!(risk.at(after(1)), None);
    let mut risk = of(&[FraudulentSignIn]);
    let whole = risk.at(after(2)).unwrap().score.millionths();
    assert!(risk.change_password(after(1)));
    assert!(!risk.change_password(after(1)), "the log and the Action tell of the same change");
    let left = risk.at(after(2)).unwrap().score.millionths();
    assert!(whole.abs_diff(2 * left) <= 1, "{whole} {left}");
    risk.add(LeakedPassword, after(3), 9);
    assert_eq!(risk.signals_at(after(3))[1].weight, Score::from_percent(50), "the new one leaked as well");
    let mut marked = of(&[MarkedCompromised]);
    let before = marked.at(after(2));
    marked.change_password(after(1));
    assert_eq!(marked.at(after(2)), before, "an operator's word is not about a password");
}

#[test]
fn many_light_signals_do_not_displace_a_heavy_one() {
    let mut risk = of(&[FraudulentSignIn]);
    for key in 100..200 {
        risk.add(FailedChallenge, after(1), key);
    }
    assert!(risk.has(FraudulentSignIn));
    assert_eq!(risk.signals.len(), MAX_SIGNALS);
}

#[test]
fn since_is_the_oldest_signal_that_still_counts() {
    let mut risk = UserRisk::default();
    risk.add(LeakedPassword, now(), 0);
    risk.add(Incident, after(2), 1);
    assert_eq!(risk.at(after(2)).unwrap().since, now());
    risk.change_password(after(1));
    assert_eq!(risk.at(after(2)).unwrap().since, after(2));
}

#[test]
fn a_risky_sign_up_counts_until_a_sign_in_is_confirmed() {
    let mut features = ordinary();
    features.is_new_account = true;
    features.owes_challenge = true;
    features.sign_up =
        Some(crate::SignUp { carried: Some(Score::from_percent(80)), ..crate::SignUp::default() });
    assert_eq!(user_risk(None, &features).unwrap().level, Level::Medium);
    let mut profile = Profile::default();
    profile.user_risk_mut().add(RiskySignUp, features.at, 0);
    let held = user_risk(Some(&profile), &features).unwrap();
    assert_eq!(held.score, Score::from_percent(50), "it does not count twice");
    assert_eq!(user_risk(Some(&home(3)), &features), None, "confirmed");
    features.owes_challenge = false;
    assert_eq!(user_risk(None, &features), None, "the sign-up was an ordinary one");
}

#[test]
fn no_term_of_an_event_reads_it() {
    let model = crate::Model::default();
    let (plain, mut held) = (home(30), home(30));
    for (kind, key) in UserSignalKind::ALL.iter().zip(1..) {
        held.user_risk_mut().add(*kind, now(), key);
    }
    for features in [ordinary(), crate::samples::stranger()] {
        let [without, with] = [&plain, &held].map(|profile| crate::assess(&features, Some(profile), &model));
        assert_eq!(without, with);
    }
}

#[test]
fn a_machine_has_none() {
    let mut profile = home(1);
    profile.user_risk_mut().add(Incident, now(), 1);
    let mut features = ordinary();
    assert!(user_risk(Some(&profile), &features).is_some());
    features.machine = Some(crate::Machine::default());
    assert_eq!(user_risk(Some(&profile), &features), None);
}

#[test]
fn a_fraudulent_sign_in_is_high_for_six_days_and_a_leaked_password_medium_for_two_weeks() {
    let days = |risk: &UserRisk, level| {
        risk.until(level).map(|until| number::real(until.seconds() - now().seconds()) / number::real(DAY_S))
    };
    let fraud = days(&of(&[FraudulentSignIn]), Level::High).unwrap();
    assert!((5.8..5.9).contains(&fraud), "{fraud}");
    let leak = of(&[LeakedPassword]);
    let medium = days(&leak, Level::Medium).unwrap();
    assert!((14.0..14.01).contains(&medium), "{medium}");
    assert_eq!((days(&leak, Level::High), days(&UserRisk::default(), Level::Medium)), (None, None));
}
