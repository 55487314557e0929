//! What the posture of a machine counts.

use countersign_core::MicroLogit;
use serde::{Deserialize, Serialize};

/// Least that a machine which complies may count.
const MOST_REASSURING_MICRO: MicroLogit = -500_000;

/// What each status counts. Judgement throughout: no labeled sign-ins tell it.
///
/// INVARIANT: the numbers of `Default` never change. A model says nothing of them where it has them, so that models that were made
/// before there were any are the same models still; any others are part of the model and of its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostureWeights {
    /// Managed, and as it should be: from -0.5 to 0.
    pub compliant_micro: MicroLogit,
    /// Managed by nobody: 0 or more.
    pub unmanaged_micro: MicroLogit,
    /// Managed, and not as it should be: no less than unmanaged.
    pub non_compliant_micro: MicroLogit,
}

impl Default for PostureWeights {
    /// A machine that complies takes off a fifth of the odds: thieves work on such machines too. One that does not counts as much
    /// as low confidence of Auth0's, one that nobody manages half of a device that Auth0 does not know.
    fn default() -> Self {
        Self { compliant_micro: -250_000, unmanaged_micro: 350_000, non_compliant_micro: 1_000_000 }
    }
}

impl PostureWeights {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The first constant by which telling more could lower the risk, or lower it by much, and what would be right.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        if !(MOST_REASSURING_MICRO..=0).contains(&self.compliant_micro) {
            Some(("device_posture.compliant_micro", "is a whole number from -500000 to 0"))
        } else if self.unmanaged_micro < 0 {
            Some(("device_posture.unmanaged_micro", "must not be less than 0"))
        } else if self.non_compliant_micro < self.unmanaged_micro {
            Some(("device_posture.non_compliant_micro", "must not be less than `unmanaged_micro`"))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;

    #[test]
    fn the_numbers_of_models_that_say_nothing_of_them_stay() {
        let PostureWeights { compliant_micro, unmanaged_micro, non_compliant_micro } =
            PostureWeights::default();
        assert_eq!((compliant_micro, unmanaged_micro, non_compliant_micro), (-250_000, 350_000, 1_000_000));
    }

    #[test]
    fn a_model_made_before_is_the_same_model_and_others_have_a_tag_of_their_own() {
        let text = serde_json::to_string(&Model::default()).unwrap();
        assert!(!text.contains("posture"), "{text}");
        let weights = PostureWeights { compliant_micro: 0, ..PostureWeights::default() };
        let other = Model { device_posture: weights, ..Model::default() };
        assert_ne!(other.id(), Model::default().id());
        let stored: Model = serde_json::from_str(&serde_json::to_string(&other).unwrap()).unwrap();
        assert_eq!((stored.id(), stored.device_posture), (other.id(), weights));
    }

    #[test]
    fn weights_by_which_a_worse_machine_counts_less_are_refused() {
        let baseline = PostureWeights::default();
        for (weights, path) in [
            (PostureWeights { compliant_micro: 1, ..baseline }, "model.device_posture.compliant_micro"),
            (
                PostureWeights { compliant_micro: -500_001, ..baseline },
                "model.device_posture.compliant_micro",
            ),
            (PostureWeights { unmanaged_micro: -1, ..baseline }, "model.device_posture.unmanaged_micro"),
            (
                PostureWeights { non_compliant_micro: 349_999, ..baseline },
                "model.device_posture.non_compliant_micro",
            ),
            (
                PostureWeights { non_compliant_micro: i64::MAX, ..baseline },
                "model.device_posture.non_compliant_micro",
            ),
        ] {
            let model = Model { device_posture: weights, ..Model::default() };
            assert_eq!(model.check().unwrap_err().path, path);
        }
        let silent = PostureWeights { compliant_micro: 0, unmanaged_micro: 0, non_compliant_micro: 0 };
        assert_eq!(Model { device_posture: silent, ..Model::default() }.check(), Ok(()));
    }
}
