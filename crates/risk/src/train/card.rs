//! The card of a fitted model.

use super::{
    Bounds, Fate, KNOTS, Observed, Quality, Recipe, block::length, calibrate::road, fit::slopes_by_term,
    retrain::count,
};
use crate::{
    CODES, Card, ConstantBounds, ENGINE, Evaluation, Figure, LabelSource, Model, RoadName, Short, TERM_NAMES,
    Training, number::micro,
};

/// What a model was made of.
pub(super) struct Made<'a> {
    pub(super) learned: &'a [Observed],
    pub(super) judged: &'a [Observed],
    pub(super) bounds: Bounds,
    pub(super) fitted: Quality,
    pub(super) base: f64,
}

pub(super) fn write(model: &Model, champion: &Model, recipe: &Recipe, made: &Made<'_>) -> Card {
    Card {
        name: model.name.clone(),
        version: model.version,
        parent: Some(champion.id().to_string()),
        created_at: Some(recipe.at),
        engine: ENGINE.to_owned(),
        trained_on: training(made.learned),
        evaluated_on: evaluation(made.judged, &made.fitted),
        base_rate: Figure::new(made.base),
        bounds: bounds(champion, made.bounds),
        features: CODES.iter().map(|(code, _)| Short::new(code)).collect(),
        limits: limits(recipe),
    }
}

fn period(observed: &[Observed]) -> Option<(countersign_core::Timestamp, countersign_core::Timestamp)> {
    Some((observed.first()?.at, observed.last()?.at.plus(1)))
}

fn training(learned: &[Observed]) -> Option<Training> {
    let (from, until) = period(learned)?;
    let source = |fate: Fate| {
        let seen = count(learned, fate);
        let (fraudulent, legitimate) = if fate.is_attack() { (seen, 0) } else { (0, seen) };
        let weight = Figure::new(fate.weight())?;
        (seen > 0).then_some(LabelSource { source: fate.as_str().into(), fraudulent, legitimate, weight })
    };
    Some(Training { from, until, labels: Fate::ALL.into_iter().filter_map(source).collect() })
}

fn evaluation(judged: &[Observed], quality: &Quality) -> Option<Evaluation> {
    let (from, until) = period(judged)?;
    Some(Evaluation {
        from,
        until,
        fraudulent: quality.attacks,
        legitimate: quality.honest,
        auc: Figure::new(quality.auc),
        tpr_at_fpr_1: Figure::new(quality.tpr_at_1_percent),
        brier_skill: Figure::new(quality.brier_skill),
        ece: Figure::new(quality.ece),
    })
}

/// Within what each shape's last point was to stay: what the most evidence counts.
fn bounds(champion: &Model, bounds: Bounds) -> Vec<ConstantBounds> {
    let mut all = Vec::new();
    for (name, word) in
        [(RoadName::Fresh, "fresh"), (RoadName::Session, "session"), (RoadName::Refresh, "refresh")]
    {
        let slopes = slopes_by_term(road(&champion.login, name));
        for ((_, term), slopes) in TERM_NAMES.iter().zip(&slopes) {
            let (mut lo, mut hi) = (0.0, 0.0);
            for (segment, (slope, knot)) in slopes.iter().zip(&KNOTS).enumerate() {
                if *knot >= 0.0 {
                    let (least, most) = bounds.around(*slope);
                    lo += least * length(segment);
                    hi += most * length(segment);
                }
            }
            let constant = Short::new(&format!("login.{word}.shapes.{term}"));
            all.push(ConstantBounds { constant, lo: micro(lo), hi: micro(hi) });
        }
    }
    all
}

fn limits(recipe: &Recipe) -> Vec<String> {
    let mut limits = vec![
        "Sign-ins alone were fitted; sign-ups, resets and machines are weighed as by its parent.".to_owned(),
        "What was denied, or challenged without an answer, has no label, so that it is not judged on such sign-ins."
            .to_owned(),
        "An attack that nobody reported counts as honest, a little.".to_owned(),
    ];
    limits.push(match recipe.base_rate {
        Some(_) => "Its scores are set for a share of attacks that the operator stated.".to_owned(),
        None => format!(
            "Its scores take it that {:.0} % of the attacks are reported.",
            recipe.report_rate * 100.0
        ),
    });
    limits
}
