//! Recent failures at the user's account, which only the tenant's logs tell, seconds late.

use crate::{
    Contribution, Features, Model, Profile, code,
    number::{micro, milli, real},
};

/// Time over which the text counts, in seconds.
const TOLD_S: i64 = 86_400;

/// How much has failed lately; `None` without a profile or when nothing has.
pub(super) fn failures(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let (profile, constants) = (profile?, &model.failures);
    let half_life = f64::from(constants.half_life_s.max(1));
    let (mut recent, mut told) = (0.0, 0_u32);
    for age in profile.failure_ages(features.at) {
        recent += libm::exp2(-real(age) / half_life);
        told += u32::from(age < TOLD_S);
    }
    let counted = micro(milli(constants.weight_milli) * libm::log1p(recent));
    let text = match told {
        0 => "No sign-in of this user failed in the last 24 hours, but some did shortly before.".to_owned(),
        1 => "1 sign-in of this user failed in the last 24 hours.".to_owned(),
        // The profile remembers 16.
        16.. => "16 or more sign-ins of this user failed in the last 24 hours.".to_owned(),
        _ => format!("{told} sign-ins of this user failed in the last 24 hours."),
    };
    Contribution::new(code::RECENT_FAILURES, counted, (0, constants.hi_micro), text)
}

#[cfg(test)]
mod tests {
    use countersign_core::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{home, now, ordinary};

    fn of(profile: &Profile) -> i64 {
        failures(&ordinary(), Some(profile), &Model::default()).map_or(0, |reason| reason.micro)
    }

    proptest! {
        #[test]
        fn one_more_failure_never_counts_less(ages in prop::collection::vec(-3_600..200_000_i64, 0..40)) {
            let mut profile = Profile::default();
            let mut before = 0;
            for age in ages {
                profile.failure(Timestamp::from_seconds(now().seconds() - age));
                prop_assert!(of(&profile) >= before);
                before = of(&profile);
            }
        }
    }

    #[test]
    fn failing_at_another_account_can_not_lock_its_user_out() {
        let mut profile = home(60);
        for _ in 0..10_000 {
            profile.failure(now());
        }
        assert_eq!(of(&profile), Model::default().failures.hi_micro);
        let score = crate::assess(&ordinary(), Some(&profile), &Model::default()).score;
        assert!(score < countersign_core::Score::from_percent(15), "{score}");
    }

    #[test]
    fn failures_fade() {
        let mut profile = Profile::default();
        profile.failure(Timestamp::from_seconds(now().seconds() - 30 * 86_400));
        assert_eq!(of(&profile), 0);
        profile.failure(now());
        let reason = failures(&ordinary(), Some(&profile), &Model::default()).unwrap();
        assert_eq!(reason.text, "1 sign-in of this user failed in the last 24 hours.");
    }
}
