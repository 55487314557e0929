//! How well scores tell attacks from the rest.

use serde::{Deserialize, Serialize};

/// Figures of a set of scored examples; each 0 to 1 but the skill, which may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Examples that were attacks.
    pub attacks: u64,
    /// Examples that were not.
    pub honest: u64,
    /// Probability that an attack scores above an honest sign-in, ties counted half.
    pub auc: f64,
    /// Share of attacks above the 99th percentile of the honest.
    pub tpr_at_1_percent: f64,
    /// Brier score against always answering the base rate: 1 is perfect, 0 no better.
    pub brier_skill: f64,
    /// Mean difference between score and share of attacks over 15 bins of equal width.
    pub ece: f64,
}

/// Measures probabilities with their labels, where an attack stands for `attack_weight` of them: where some are never
/// reported, more than one. `None` when either class is missing.
#[must_use]
pub fn measure(scored: &[(f64, bool)], attack_weight: f64) -> Option<Quality> {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = |attack: bool| sorted.iter().filter(|(_, is_attack)| *is_attack == attack).count();
    let weight = |is_attack: bool| if is_attack { attack_weight } else { 1.0 };
    let (attacks, honest) = (count(true), count(false));
    if attacks == 0 || honest == 0 {
        return None;
    }
    let (n_attacks, n_honest) = (float(attacks), float(honest));
    let all = n_attacks * attack_weight + n_honest;
    let base = n_attacks * attack_weight / all;
    let squared = |p: f64, is_attack: bool| weight(is_attack) * (p - f64::from(u8::from(is_attack))).powi(2);
    let brier: f64 = sorted.iter().map(|(p, is_attack)| squared(*p, *is_attack)).sum();
    let mut bins = [(0.0, 0.0); 15];
    for (p, is_attack) in &sorted {
        let bin = (0..15_u8).rev().find(|bin| *p * 15.0 >= f64::from(*bin)).unwrap_or(0);
        if let Some((sum, hits)) = bins.get_mut(usize::from(bin)) {
            *sum += weight(*is_attack) * p;
            *hits += weight(*is_attack) * f64::from(u8::from(*is_attack));
        }
    }
    let honest_scores: Vec<f64> =
        sorted.iter().filter(|(_, is_attack)| !is_attack).map(|(p, _)| *p).collect();
    let threshold = honest_scores.get(honest * 99 / 100).copied().unwrap_or(1.0);
    let caught = sorted.iter().filter(|(p, is_attack)| *is_attack && *p > threshold).count();
    Some(Quality {
        attacks: u64::try_from(attacks).unwrap_or(u64::MAX),
        honest: u64::try_from(honest).unwrap_or(u64::MAX),
        auc: auc(&sorted) / (n_attacks * n_honest),
        tpr_at_1_percent: float(caught) / n_attacks,
        brier_skill: 1.0 - brier / all / (base * (1.0 - base)),
        ece: bins.iter().map(|(sum, hits)| (sum - hits).abs()).sum::<f64>() / all,
    })
}

/// Pairs of an attack and an honest sign-in in the right order, of scores in order.
fn auc(sorted: &[(f64, bool)]) -> f64 {
    let (mut pairs, mut below, mut rest) = (0.0, 0.0, sorted);
    while let Some((first, _)) = rest.first() {
        let tied = rest.iter().take_while(|(p, _)| p == first).count();
        let (same, after) = rest.split_at(tied);
        let honest = float(same.iter().filter(|(_, is_attack)| !is_attack).count());
        let attacks = float(tied) - honest;
        pairs += attacks * (below + honest / 2.0);
        below += honest;
        rest = after;
    }
    pairs
}

pub(super) fn float(count: usize) -> f64 {
    crate::number::real_unsigned(u64::try_from(count).unwrap_or(u64::MAX))
}
