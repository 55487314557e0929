//! What other thresholds would have done with decisions whose end is known: counts alone, nothing is scored again.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::Score;
use serde::Serialize;

use crate::train::Fate;

/// With fewer labels on a side no threshold is suggested. Judgement: fitting a model asks for as many attacks.
pub const LEAST_LABELS: u32 = 20;

/// In percent, how far apart the thresholds lie that are always asked about.
const STEP: u8 = 5;

/// Labeled decisions at each of some thresholds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explored {
    /// How many of them have which label.
    pub labels: BTreeMap<&'static str, u32>,
    /// From the least threshold on.
    pub thresholds: Vec<AtThreshold>,
    /// The least of them that asks no more of the honest than was wanted; `None` where none does, or labels are too few.
    pub suggested: Option<Score>,
}

/// What scored at or above a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtThreshold {
    /// Where it lies.
    pub threshold: Score,
    /// Of the attacks.
    pub caught: Part,
    /// Of the honest.
    pub stepped_up: Part,
}

/// A part of a number of labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Part {
    /// How many they are.
    pub count: u32,
    /// Of how many.
    pub of: u32,
    /// The share, 0 to 1; `None` of none.
    pub share: Option<f64>,
}

impl Part {
    fn at_least(threshold: Score, scores: &[Score]) -> Self {
        let count = number(scores.iter().filter(|score| **score >= threshold).count());
        let of = number(scores.len());
        Self { count, of, share: (of > 0).then(|| f64::from(count) / f64::from(of)) }
    }
}

/// How these would fall at thresholds from 0.05 to 0.95 and at those `in_force`. One is suggested that would step up at the
/// most this share of the honest.
#[must_use]
pub fn explore(labeled: &[(Score, Fate)], in_force: &[Score], at_most: f64) -> Explored {
    let mut labels: BTreeMap<_, _> = Fate::ALL.iter().map(|fate| (fate.as_str(), 0)).collect();
    for (_, fate) in labeled {
        *labels.entry(fate.as_str()).or_default() += 1;
    }
    let of = |is_attack| -> Vec<Score> {
        labeled.iter().filter(|(_, fate)| fate.is_attack() == is_attack).map(|(score, _)| *score).collect()
    };
    let (attacks, honest) = (of(true), of(false));
    let steps = (1..100 / STEP).map(|step| Score::from_percent(step * STEP));
    let thresholds: BTreeSet<Score> = steps.chain(in_force.iter().copied()).collect();
    let thresholds: Vec<AtThreshold> = thresholds
        .into_iter()
        .map(|threshold| AtThreshold {
            threshold,
            caught: Part::at_least(threshold, &attacks),
            stepped_up: Part::at_least(threshold, &honest),
        })
        .collect();
    let is_enough = [&attacks, &honest].iter().all(|side| number(side.len()) >= LEAST_LABELS);
    let fits = |at: &&AtThreshold| at.stepped_up.share.is_some_and(|share| share <= at_most);
    let suggested = thresholds.iter().find(fits).filter(|_| is_enough).map(|at| at.threshold);
    Explored { labels, thresholds, suggested }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn scores(percents: &[u8], fate: Fate) -> Vec<(Score, Fate)> {
        percents.iter().map(|percent| (Score::from_percent(*percent), fate)).collect()
    }

    fn at(explored: &Explored, percent: u8) -> AtThreshold {
        let threshold = Score::from_percent(percent);
        *explored.thresholds.iter().find(|at| at.threshold == threshold).unwrap()
    }

    #[test]
    fn what_scores_the_threshold_itself_is_above_it() {
        let labeled = [
            scores(&[30, 80], Fate::Fraudulent),
            scores(&[60], Fate::Failed),
            scores(&[10, 30], Fate::Quiet),
        ]
        .concat();
        let explored = explore(&labeled, &[], 0.01);
        assert_eq!(at(&explored, 30).caught, Part { count: 3, of: 3, share: Some(1.0) });
        assert_eq!(at(&explored, 35).caught.count, 2);
        assert_eq!(at(&explored, 30).stepped_up, Part { count: 1, of: 2, share: Some(0.5) });
        assert_eq!(at(&explored, 35).stepped_up.count, 0);
        let counts = [("verdict_fraudulent", 2), ("challenge_failed", 1), ("verdict_legitimate", 0)];
        let counts = counts.into_iter().chain([("challenge_passed", 0), ("no_complaint", 2)]);
        assert_eq!(explored.labels, counts.collect());
    }

    #[test]
    fn thresholds_are_steps_and_those_in_force_once_each() {
        let in_force = [30, 62, 99].map(Score::from_percent);
        let told: Vec<_> =
            explore(&[], &in_force, 0.01).thresholds.iter().map(|at| at.threshold.millionths()).collect();
        let steps = (1..20).map(|step| step * 50_000).chain([620_000, 990_000]);
        assert_eq!(told, steps.collect::<BTreeSet<u32>>().into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_suggested_of_too_few_labels_on_either_side() {
        let suggested = |attacks, honest| {
            let attacks = scores(&vec![90; attacks], Fate::Fraudulent);
            explore(&[attacks, scores(&vec![12; honest], Fate::Quiet)].concat(), &[], 0.01).suggested
        };
        assert_eq!(suggested(20, 20), Some(Score::from_percent(15)));
        assert_eq!((suggested(19, 20), suggested(20, 19), suggested(0, 0)), (None, None, None));
    }

    #[test]
    fn the_least_threshold_is_suggested_that_steps_up_no_more_of_the_honest_than_wanted() {
        let honest = [vec![10; 97], vec![50, 70, 99]].concat();
        let labeled = [scores(&[90; 20], Fate::Failed), scores(&honest, Fate::Legitimate)].concat();
        let suggested = |at_most| explore(&labeled, &[], at_most).suggested.map(Score::millionths);
        assert_eq!(suggested(0.03), Some(150_000));
        assert_eq!(suggested(0.02), Some(550_000));
        assert_eq!(suggested(0.01), Some(750_000));
        assert_eq!(suggested(0.0), None, "one honest sign-in lies above all that are asked about");
        assert_eq!(suggested(1.0), Some(50_000));
    }

    fn labeled() -> impl Strategy<Value = Vec<(Score, Fate)>> {
        let score = (0..=1_000_000_u32).prop_map(|score| Score::from_millionths(score).unwrap());
        vec((score, proptest::sample::select(&Fate::ALL[..])), 0..200)
    }

    proptest! {
        #[test]
        fn shares_never_rise_with_the_threshold_and_counts_add_up(labeled in labeled(), at_most in 0.0..=1.0) {
            let in_force = [0, 100].map(Score::from_percent);
            let explored = explore(&labeled, &in_force, at_most);
            let attacks = number(labeled.iter().filter(|(_, fate)| fate.is_attack()).count());
            let honest = number(labeled.len()) - attacks;
            prop_assert_eq!(explored.labels.values().sum::<u32>(), attacks + honest);
            for at in &explored.thresholds {
                prop_assert_eq!((at.caught.of, at.stepped_up.of), (attacks, honest));
                let reached = labeled.iter().filter(|(score, _)| *score >= at.threshold).count();
                prop_assert_eq!(at.caught.count + at.stepped_up.count, number(reached));
            }
            let everything = explored.thresholds[0];
            prop_assert_eq!((everything.caught.count, everything.stepped_up.count), (attacks, honest));
            for pair in explored.thresholds.windows(2) {
                prop_assert!(pair[0].threshold < pair[1].threshold);
                for (low, high) in [(pair[0].caught, pair[1].caught), (pair[0].stepped_up, pair[1].stepped_up)] {
                    prop_assert!(low.count >= high.count && low.share >= high.share);
                    prop_assert!(low.share.is_none_or(|share| (0.0..=1.0).contains(&share)));
                }
            }
        }

        #[test]
        fn what_is_suggested_keeps_to_the_share_and_no_lower_one_does(labeled in labeled(), at_most in 0.0..=1.0) {
            let explored = explore(&labeled, &[], at_most);
            let fits = |at: &AtThreshold| at.stepped_up.share.is_some_and(|share| share <= at_most);
            if let Some(suggested) = explored.suggested {
                for at in explored.thresholds.iter().filter(|at| at.threshold <= suggested) {
                    prop_assert_eq!(fits(at), at.threshold == suggested);
                }
            } else {
                let [first, ..] = explored.thresholds[..] else { return Ok(()) };
                let is_few = first.caught.of < LEAST_LABELS || first.stepped_up.of < LEAST_LABELS;
                prop_assert!(is_few || !explored.thresholds.iter().any(fits));
            }
        }
    }
}
