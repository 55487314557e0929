//! The smallest change that would have lowered the level.

use countersign_core::Score;
use serde::{Deserialize, Serialize};

use crate::{Assessment, Code, assessment::score};

/// The fewest reasons without which a sign-in would have come out at a lower level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// Codes of the reasons to leave out, greatest first; at least one.
    pub codes: Vec<Code>,
    /// Level reached: how many thresholds the score is at or above.
    pub from: usize,
    /// Level without those reasons; below `from`.
    pub to: usize,
    /// Score without those reasons.
    pub score: Score,
}

impl Assessment {
    /// The score without the reasons of these codes.
    #[must_use]
    pub fn score_without(&self, codes: &[Code]) -> Score {
        let rest: i64 = self
            .reasons
            .iter()
            .filter(|reason| !codes.contains(&reason.code))
            .map(|reason| reason.micro)
            .sum();
        score(self.bias_micro.saturating_add(rest))
    }
}

/// Finds the fewest reasons without which `assessment` would fall below the threshold that it reached last.
///
/// `thresholds` in any order; a score at or above one has reached it. `None` when none is reached, or when the bias
/// alone reaches it. Contributions add up, so taking the greatest first gives the fewest.
#[must_use]
pub fn counterfactual(assessment: &Assessment, thresholds: &[Score]) -> Option<Flip> {
    let level = |score: Score| thresholds.iter().filter(|threshold| score >= **threshold).count();
    let from = level(assessment.score);
    let mut raising: Vec<_> = assessment.reasons.iter().filter(|reason| reason.micro > 0).collect();
    raising.sort_by(|a, b| b.micro.cmp(&a.micro).then_with(|| a.code.cmp(&b.code)));
    let mut codes = Vec::new();
    for reason in raising {
        codes.push(reason.code.clone());
        let score = assessment.score_without(&codes);
        let to = level(score);
        if to < from {
            return Some(Flip { codes, from, to, score });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Model, assess,
        samples::{home, ordinary, stranger},
    };

    const THRESHOLDS: [Score; 3] =
        [Score::from_percent(30), Score::from_percent(60), Score::from_percent(90)];

    #[test]
    fn the_flip_names_what_mattered_most() {
        let assessment = assess(&stranger(), Some(&home(60)), &Model::default());
        let flip = counterfactual(&assessment, &THRESHOLDS).unwrap();
        assert_eq!(flip.codes.first().map(Code::as_str), Some("impossible_travel"));
        assert!(flip.to < flip.from && assessment.score_without(&flip.codes) == flip.score);
    }

    #[test]
    fn the_lowest_level_has_nothing_to_flip() {
        let assessment = assess(&ordinary(), Some(&home(60)), &Model::default());
        assert_eq!(counterfactual(&assessment, &THRESHOLDS), None);
        assert_eq!(counterfactual(&assessment, &[]), None);
        assert_eq!(counterfactual(&assessment, &[Score::default()]), None, "nothing lies below 0");
    }
}
