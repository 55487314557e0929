//! How much a sign-in may teach its user's profile: one attacker must not be able to train the model.
//!
//! What follows a sign-in proves that it went through, not that it was honest. So a sign-in that looked risky counts
//! little and all such ones together count little, until somebody vouches for it who could not be the attacker.

use countersign_core::Score;
use serde::{Deserialize, Serialize};

/// Score from which a sign-in teaches little until somebody vouches for it, whatever a policy does; a policy that challenges
/// from a lower one lowers it. Without it a policy that only watches would let a thief teach fully.
pub const TRUSTED_BELOW: Score = Score::from_percent(60);

/// Weight of a sign-in that counts fully, in thousandths.
pub const FULL_MILLI: u32 = 1_000;

/// Most that one sign-in above the challenge threshold counts unconfirmed, in thousandths; judgement: one part in seven.
pub const PROVISIONAL_MILLI: u32 = 150;

/// Most that all unconfirmed ones of a profile count together, in thousandths; judgement: three of them, which stays
/// well under the weight at which a history is taken to mean anything.
pub const PROVISIONAL_CAP_MILLI: u32 = 450;

/// What we did to the sign-in in enforce mode; in other modes it is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intervention {
    /// Nothing.
    None,
    /// We asked for another factor.
    Challenged,
    /// We refused.
    Denied,
}

/// What was learned about the sign-in afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Auth0 logged its success.
    Completed,
    /// A day went by without a complaint.
    Silence,
    /// A challenge was passed.
    ChallengePassed {
        /// Whether the factor was enrolled before this sign-in; an attacker can enroll his own.
        factor_existed_before: bool,
    },
    /// A challenge was failed or refused.
    ChallengeFailed,
    /// A person said that it was the user.
    Legitimate,
    /// A person said that it was not.
    Fraudulent,
}

/// What had already settled the matter before the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Earlier {
    /// Nothing: only completions, silence or passed challenges, if anything.
    Nothing,
    /// A challenge was failed and none passed since.
    ChallengeFailed,
    /// A person gave a verdict.
    Verdict,
}

/// All that decides a sign-in's weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Situation {
    /// Whether its score was below the threshold at which a challenge is due, whatever the mode.
    pub below_threshold: bool,
    /// What we did to it.
    pub intervention: Intervention,
    /// What is now known.
    pub event: Event,
    /// What was known before.
    pub earlier: Earlier,
    /// Weight that it has in the profile already, in thousandths.
    pub granted_milli: u32,
    /// [`Profile::provisional_milli`](crate::Profile::provisional_milli) at the sign-in's time, its own grant included.
    pub provisional_milli: u32,
}

/// The weight that the sign-in deserves now, 0 to 1,000 thousandths; give it to
/// [`Profile::regrant`](crate::Profile::regrant) with what was granted before.
#[must_use]
pub fn weight(situation: &Situation) -> u32 {
    match (situation.event, situation.earlier) {
        (Event::Legitimate, _) => FULL_MILLI,
        (Event::Fraudulent, _) => 0,
        // A person's word stands against anything but another person's.
        (_, Earlier::Verdict) => situation.granted_milli,
        (Event::ChallengeFailed, _) => 0,
        (Event::ChallengePassed { factor_existed_before: true }, _) => FULL_MILLI,
        (Event::ChallengePassed { factor_existed_before: false }, _) => by_threshold(situation),
        (Event::Completed | Event::Silence, Earlier::ChallengeFailed) => situation.granted_milli,
        // Censored: that nobody complains of a sign-in which we stopped says nothing.
        (Event::Silence, Earlier::Nothing) if situation.intervention != Intervention::None => {
            situation.granted_milli
        }
        // A denied sign-in that completed went around us.
        (Event::Completed, Earlier::Nothing) if situation.intervention == Intervention::Denied => {
            situation.granted_milli
        }
        (Event::Completed | Event::Silence, Earlier::Nothing) => by_threshold(situation),
    }
}

/// Full weight below the threshold, else what the cap leaves; never less than was granted.
fn by_threshold(situation: &Situation) -> u32 {
    if situation.below_threshold {
        return FULL_MILLI;
    }
    let granted = situation.granted_milli;
    let own = if granted < FULL_MILLI { granted } else { 0 };
    let of_others = situation.provisional_milli.saturating_sub(own);
    PROVISIONAL_CAP_MILLI.saturating_sub(of_others).min(PROVISIONAL_MILLI).max(granted)
}

#[cfg(test)]
mod tests {
    use super::{Event::*, *};

    const RISKY: Situation = Situation {
        below_threshold: false,
        intervention: Intervention::None,
        event: Completed,
        earlier: Earlier::Nothing,
        granted_milli: 0,
        provisional_milli: 0,
    };
    const ORDINARY: Situation = Situation { below_threshold: true, ..RISKY };
    const OLD_FACTOR: Event = ChallengePassed { factor_existed_before: true };
    const NEW_FACTOR: Event = ChallengePassed { factor_existed_before: false };

    #[test]
    fn below_the_threshold_a_sign_in_counts_fully_once_something_follows() {
        for event in [Completed, Silence, OLD_FACTOR, NEW_FACTOR] {
            assert_eq!(weight(&Situation { event, ..ORDINARY }), 1_000, "{event:?}");
        }
    }

    #[test]
    fn above_the_threshold_it_counts_at_most_150() {
        for event in [Completed, Silence, NEW_FACTOR] {
            assert_eq!(weight(&Situation { event, ..RISKY }), 150, "{event:?}");
        }
        let challenged = Situation { intervention: Intervention::Challenged, ..RISKY };
        assert_eq!(weight(&challenged), 150, "in enforce mode as well");
    }

    #[test]
    fn all_of_them_together_are_capped() {
        for (provisional_milli, expected) in [(300, 150), (400, 50), (450, 0), (9_999, 0)] {
            assert_eq!(weight(&Situation { provisional_milli, ..RISKY }), expected);
        }
    }

    #[test]
    fn a_second_event_does_not_count_the_same_sign_in_twice() {
        let again = Situation { event: Silence, granted_milli: 150, provisional_milli: 450, ..RISKY };
        assert_eq!(weight(&again), 150);
        let confirmed = Situation { event: Silence, granted_milli: 1_000, ..RISKY };
        assert_eq!(weight(&confirmed), 1_000);
    }

    #[test]
    fn a_factor_that_existed_before_or_a_person_confirms_it() {
        for event in [OLD_FACTOR, Legitimate] {
            let full = Situation { event, granted_milli: 150, provisional_milli: 450, ..RISKY };
            assert_eq!(weight(&full), 1_000, "{event:?}");
        }
    }

    #[test]
    fn a_negative_verdict_takes_it_out_for_good() {
        for granted_milli in [0, 150, 1_000] {
            assert_eq!(weight(&Situation { event: Fraudulent, granted_milli, ..ORDINARY }), 0);
        }
        for event in [Completed, Silence, OLD_FACTOR, ChallengeFailed] {
            assert_eq!(weight(&Situation { event, earlier: Earlier::Verdict, ..ORDINARY }), 0, "{event:?}");
        }
        assert_eq!(
            weight(&Situation { event: Legitimate, earlier: Earlier::Verdict, ..RISKY }),
            1_000,
            "but a person may correct"
        );
    }

    #[test]
    fn our_own_denials_and_unanswered_challenges_are_no_labels() {
        for intervention in [Intervention::Challenged, Intervention::Denied] {
            for base in [ORDINARY, RISKY] {
                assert_eq!(weight(&Situation { event: Silence, intervention, ..base }), 0);
            }
        }
        let around_us = Situation { intervention: Intervention::Denied, ..ORDINARY };
        assert_eq!(weight(&around_us), 0, "a completion against our denial earns nothing");
    }

    #[test]
    fn silence_does_not_take_a_passed_challenge_back() {
        let passed = Situation {
            event: Silence,
            intervention: Intervention::Challenged,
            granted_milli: 1_000,
            ..RISKY
        };
        assert_eq!(weight(&passed), 1_000);
    }

    #[test]
    fn a_failed_challenge_counts_nothing_until_one_is_passed() {
        assert_eq!(weight(&Situation { event: ChallengeFailed, granted_milli: 150, ..RISKY }), 0);
        assert_eq!(weight(&Situation { event: Silence, earlier: Earlier::ChallengeFailed, ..ORDINARY }), 0);
        assert_eq!(
            weight(&Situation { event: OLD_FACTOR, earlier: Earlier::ChallengeFailed, ..ORDINARY }),
            1_000
        );
    }
}
