//! Precision and recall, and the table that docs/flows.md repeats.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use countersign_core::Score;

use super::run::{Measured, Truth};

/// Scores from which an event counts as found: the levels `medium` and `high` as they are by default.
pub(super) const LEVELS: [Score; 2] = [Score::from_percent(30), Score::from_percent(60)];

/// What was found at one level, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Figures {
    /// Of the events found, those of attacks.
    pub(super) precision_milli: usize,
    /// Of the events of attacks, those found.
    pub(super) recall_milli: usize,
    /// Of the sequences of attacks, those of which an event was found.
    pub(super) sequences_milli: usize,
    /// Of the honest events, those found.
    pub(super) false_milli: usize,
}

/// The least that figures may be, in thousandths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floors {
    pub(super) precision_milli: usize,
    pub(super) recall_milli: usize,
    pub(super) sequences_milli: usize,
}

impl Floors {
    pub(super) const fn hold(&self, figures: &Figures) -> bool {
        figures.precision_milli >= self.precision_milli
            && figures.recall_milli >= self.recall_milli
            && figures.sequences_milli >= self.sequences_milli
    }
}

fn share(part: usize, whole: usize) -> usize {
    (part * 1_000 + whole / 2).checked_div(whole).unwrap_or(0)
}

pub(super) fn figures(all: &[Measured], level: Score) -> Figures {
    let found = |measured: &&Measured| measured.assessment.score >= level;
    let attacks = all.iter().filter(|measured| measured.truth == Truth::Attack);
    let sequences: BTreeSet<usize> = attacks.clone().map(|measured| measured.sequence).collect();
    let caught: BTreeSet<usize> = attacks.clone().filter(found).map(|measured| measured.sequence).collect();
    let (hits, flagged) = (attacks.clone().filter(found).count(), all.iter().filter(found).count());
    let total = attacks.count();
    Figures {
        precision_milli: share(hits, flagged),
        recall_milli: share(hits, total),
        sequences_milli: share(caught.len(), sequences.len()),
        false_milli: share(flagged - hits, all.len() - total),
    }
}

/// One line a kind: events, share found at each level; then the figures of the whole.
pub(super) fn table(title: &str, all: &[Measured]) -> String {
    let mut kinds: BTreeMap<(Truth, &str), Vec<&Measured>> = BTreeMap::new();
    for measured in all {
        kinds.entry((measured.truth, measured.kind)).or_default().push(measured);
    }
    let sequences: BTreeSet<usize> = all.iter().map(|measured| measured.sequence).collect();
    let mut text = format!("\n{title}: {} events of {} sequences\n", all.len(), sequences.len());
    for ((truth, kind), events) in &kinds {
        let at = |level: Score| {
            let found = events.iter().filter(|measured| measured.assessment.score >= level).count();
            share(found, events.len()) / 10
        };
        let [medium, high] = LEVELS.map(at);
        let truth = if *truth == Truth::Attack { "attack" } else { "honest" };
        writeln!(text, "| {truth} | {kind} | {} | {medium} % | {high} % |", events.len()).unwrap();
    }
    for (name, level) in ["medium", "high"].into_iter().zip(LEVELS) {
        let Figures { precision_milli, recall_milli, sequences_milli, false_milli } = figures(all, level);
        let tenths = |milli: usize| format!("{}.{}", milli / 10, milli % 10);
        writeln!(
            text,
            "{name}: precision {} %, recall {} %, sequences found {} %, honest events found {} %",
            tenths(precision_milli),
            tenths(recall_milli),
            tenths(sequences_milli),
            tenths(false_milli)
        )
        .unwrap();
    }
    text
}
