//! The machine by the word of who manages it.

use crate::{
    Contribution, Features, Model, PosturePlace, PostureStatus, Profile, code, number::LIMIT_MICRO,
    profile::Keys,
};

/// What the machine's posture counts; `None` where the tenant told none, or where what it told is about another machine.
pub(super) fn device_posture(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let posture = features.device_posture?.heard()?;
    let weights = &model.device_posture;
    let (code, micro, text) = match posture.status {
        // Why: what stands with the person is there for whoever signs in as them, also from a machine of their own.
        PostureStatus::Compliant if posture.place == PosturePlace::Person && !is_known(features, profile) => {
            return None;
        }
        PostureStatus::Compliant => (
            code::COMPLIANT_DEVICE,
            weights.compliant_micro,
            "Whoever manages the machine says that it is as it should be.",
        ),
        PostureStatus::NonCompliant => (
            code::NON_COMPLIANT_DEVICE,
            weights.non_compliant_micro,
            "Whoever manages the machine says that it is not as it should be.",
        ),
        PostureStatus::Unmanaged => (
            code::UNMANAGED_DEVICE,
            weights.unmanaged_micro,
            "By the tenant's account nobody manages the machine.",
        ),
    };
    Contribution::new(code, micro, (-LIMIT_MICRO, LIMIT_MICRO), text)
}

/// Whether the person is known to have such a browser on such a machine.
fn is_known(features: &Features, profile: Option<&Profile>) -> bool {
    let browser = Keys::of(features).browser;
    profile.zip(browser).is_some_and(|(profile, key)| profile.browser(key, features.at).is_known())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        DevicePosture,
        samples::{home, ordinary, stranger},
    };

    const ALL: [PosturePlace; 3] = [PosturePlace::SignIn, PosturePlace::Person, PosturePlace::OwnWord];

    fn told(status: PostureStatus, place: PosturePlace, features: Features) -> Features {
        Features { device_posture: Some(DevicePosture { status, place }), ..features }
    }

    fn of(features: &Features, profile: Option<&Profile>) -> Option<(String, i64)> {
        let found = device_posture(features, profile, &Model::default())?;
        Some((found.code.to_string(), found.micro))
    }

    #[test]
    fn each_status_counts_as_documented() {
        let known = home(60);
        for (status, code, micro) in [
            (PostureStatus::Compliant, "compliant_device", -250_000),
            (PostureStatus::Unmanaged, "unmanaged_device", 350_000),
            (PostureStatus::NonCompliant, "non_compliant_device", 1_000_000),
        ] {
            for place in [PosturePlace::SignIn, PosturePlace::Person] {
                let features = told(status, place, ordinary());
                assert_eq!(
                    of(&features, Some(&known)),
                    Some((code.to_owned(), micro)),
                    "{status:?} {place:?}"
                );
            }
        }
        assert_eq!(of(&ordinary(), Some(&known)), None);
    }

    #[test]
    fn what_is_said_of_a_person_does_not_vouch_for_a_machine_that_is_new_to_them() {
        let (known, nobody) = (home(60), Profile::default());
        let person = told(PostureStatus::Compliant, PosturePlace::Person, stranger());
        for profile in [None, Some(&nobody), Some(&known)] {
            assert_eq!(of(&person, profile), None);
        }
        let no_agent =
            told(PostureStatus::Compliant, PosturePlace::Person, Features { device: None, ..ordinary() });
        assert_eq!(of(&no_agent, Some(&known)), None);
        let bought = told(PostureStatus::Compliant, PosturePlace::SignIn, stranger());
        assert_eq!(
            of(&bought, Some(&known)).map(|(_, micro)| micro),
            Some(-250_000),
            "a new machine that is managed"
        );
    }

    #[test]
    fn nobody_lowers_the_risk_by_their_own_word_and_may_raise_it() {
        let known = home(60);
        for status in [PostureStatus::Compliant, PostureStatus::Unmanaged, PostureStatus::NonCompliant] {
            let own = of(&told(status, PosturePlace::OwnWord, ordinary()), Some(&known));
            let others = of(&told(status, PosturePlace::SignIn, ordinary()), Some(&known));
            assert_eq!(own, others.filter(|(_, micro)| *micro > 0), "{status:?}");
        }
    }

    #[test]
    fn a_worse_machine_never_counts_less() {
        let known = home(60);
        for place in ALL {
            let micro =
                |status| of(&told(status, place, ordinary()), Some(&known)).map_or(0, |(_, micro)| micro);
            let counted = [
                micro(PostureStatus::Compliant),
                0,
                micro(PostureStatus::Unmanaged),
                micro(PostureStatus::NonCompliant),
            ];
            assert!(counted.is_sorted(), "{place:?}: {counted:?}");
        }
    }

    #[test]
    fn a_weight_of_nothing_gives_no_reason() {
        let mut model = Model::default();
        model.device_posture.compliant_micro = 0;
        let features = told(PostureStatus::Compliant, PosturePlace::SignIn, ordinary());
        assert_eq!(device_posture(&features, None, &model), None);
    }
}
