//! What the posture of a machine does to the whole of a sign-in.

use super::*;
use crate::{DevicePosture, PosturePlace, PostureStatus};

const PLACES: [PosturePlace; 3] = [PosturePlace::SignIn, PosturePlace::Person, PosturePlace::OwnWord];

fn told(status: PostureStatus, place: PosturePlace, features: &Features) -> Features {
    Features { device_posture: Some(DevicePosture { status, place }), ..features.clone() }
}

fn untold(features: &Features) -> Features {
    Features { device_posture: None, ..features.clone() }
}

#[test]
fn a_stolen_password_on_a_machine_that_complies_is_still_challenged_and_a_bad_machine_alone_is_not() {
    let known = home(60);
    let high = Score::from_percent(60);
    let thief = of(&told(PostureStatus::Compliant, PosturePlace::SignIn, &stranger()), Some(&known));
    assert!(codes(&thief).contains(&"compliant_device") && thief.score > high, "{thief:?}");
    let owner = of(&told(PostureStatus::NonCompliant, PosturePlace::SignIn, &usual()), Some(&known));
    assert!(codes(&owner).contains(&"non_compliant_device") && owner.score < high, "{owner:?}");
}

#[test]
fn a_flip_names_a_bad_machine_where_it_made_the_difference() {
    let known = home(60);
    let plain = of(&stranger(), Some(&known));
    let worse = of(&told(PostureStatus::NonCompliant, PosturePlace::SignIn, &stranger()), Some(&known));
    let between =
        Score::from_millionths(plain.score.millionths().midpoint(worse.score.millionths())).unwrap();
    assert!(plain.score < between && between <= worse.score);
    let flip = counterfactual(&worse, &[between]).unwrap();
    assert!(worse.score_without(&flip.codes) < between);
    let alone = worse.score_without(&[code::NON_COMPLIANT_DEVICE]);
    assert_eq!(alone, plain.score, "without it the sign-in is what it was");
}

proptest! {
    #[test]
    fn worse_machines_never_lower_the_score_and_good_ones_lower_it_little(features in any_login(), days in 0..40_u32) {
        let known = home(days);
        let plain = of(&untold(&features), Some(&known));
        for place in PLACES {
            let of = |status| of(&told(status, place, &features), Some(&known));
            let (good, nobody_s, bad) =
                (of(PostureStatus::Compliant), of(PostureStatus::Unmanaged), of(PostureStatus::NonCompliant));
            let logits = [&good, &plain, &nobody_s, &bad].map(|assessment| assessment.logit_micro);
            prop_assert!(logits.is_sorted(), "{place:?}: {logits:?}");
            let lowered = plain.logit_micro - good.logit_micro;
            prop_assert!(lowered <= 250_000, "{place:?}: {lowered}");
            if place == PosturePlace::OwnWord {
                prop_assert_eq!(&good, &plain, "nobody's own word");
            }
            for assessment in [&good, &nobody_s, &bad] {
                prop_assert_eq!(assessment.confidence, plain.confidence);
            }
        }
    }

    #[test]
    fn a_sign_in_of_which_nothing_is_told_is_written_and_scored_as_before(features in any_login(), days in 0..40_u32) {
        let features = untold(&features);
        prop_assert!(!serde_json::to_string(&features).unwrap().contains("posture"));
        let device_posture = crate::PostureWeights { compliant_micro: 0, unmanaged_micro: 0, non_compliant_micro: 0 };
        let silent = Model { device_posture, ..Model::default() };
        let (with, without) = (of(&features, Some(&home(days))), assess(&features, Some(&home(days)), &silent));
        prop_assert_eq!((with.logit_micro, with.reasons), (without.logit_micro, without.reasons));
    }
}
