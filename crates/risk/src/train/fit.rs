//! The descent.

use std::collections::BTreeMap;

use super::{
    KNOTS, SEGMENTS, ZERO,
    block::{Line, Slopes, Spot, Sums},
};
use crate::{
    LoginModel, RoadName, Shape, TERM_NAMES,
    login::Road,
    number::{micro, nearest},
};

/// Rounds over all terms; the loss changes by less than one in ten thousand after some twenty.
const ROUNDS: usize = 30;

/// One sign-in with what became of it.
#[derive(Debug, Clone)]
pub struct Example {
    /// By which road it came.
    pub road: RoadName,
    /// Its evidence, in the order of [`TERM_NAMES`].
    pub evidence: Vec<Option<f64>>,
    /// Whether it was an attack.
    pub is_attack: bool,
    /// How much it counts.
    pub weight: f64,
}

/// How far a fit may go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The steepest slope, in log-odds a unit of evidence.
    pub max_slope: f64,
    /// The pull towards the prior, in examples.
    pub pull: f64,
}

/// Fits all three roads, each pulled towards `prior`; without examples a road stays as it is.
#[must_use]
pub fn fit(examples: &[Example], prior: &LoginModel, bounds: Bounds) -> LoginModel {
    let road = |name: RoadName, prior: &Road| {
        let examples: Vec<&Example> = examples.iter().filter(|example| example.road == name).collect();
        fit_road(&examples, prior, bounds)
    };
    LoginModel {
        fresh: road(RoadName::Fresh, &prior.fresh),
        session: road(RoadName::Session, &prior.session),
        refresh: road(RoadName::Refresh, &prior.refresh),
    }
}

/// Fits one road.
#[must_use]
pub(super) fn fit_road(examples: &[&Example], prior: &Road, bounds: Bounds) -> Road {
    let is_one_sided = |wanted: bool| !examples.iter().any(|example| example.is_attack == wanted);
    if is_one_sided(true) || is_one_sided(false) {
        return prior.clone();
    }
    let priors: Vec<Slopes> = TERM_NAMES
        .iter()
        .map(|(_, name)| prior.shapes.get(*name).map_or([0.0; SEGMENTS], slopes_of))
        .collect();
    let spots: Vec<Vec<Option<Spot>>> = (0..TERM_NAMES.len())
        .map(|term| {
            let value = |example: &&Example| example.evidence.get(term).copied().flatten().map(Spot::of);
            examples.iter().map(value).collect()
        })
        .collect();
    let mut slopes = priors.clone();
    let mut bias = crate::number::real(prior.bias_micro) / 1e6;
    let mut logits = vec![bias; examples.len()];
    for (spots, slopes) in spots.iter().zip(&slopes) {
        shift(&mut logits, spots, &Line::new(slopes), 1.0);
    }
    for _ in 0..ROUNDS {
        let step = bias_step(examples, &logits);
        bias += step;
        logits.iter_mut().for_each(|logit| *logit += step);
        for ((spots, slopes), prior) in spots.iter().zip(&mut slopes).zip(&priors) {
            let mut sums = Sums::default();
            for ((example, logit), spot) in examples.iter().zip(&logits).zip(spots) {
                if let Some(spot) = spot {
                    let (slope, curvature) = loss(example, *logit);
                    sums.add(*spot, slope, curvature);
                }
            }
            let next = sums.solve(slopes, prior, bounds.pull, bounds.max_slope);
            shift(&mut logits, spots, &Line::new(slopes), -1.0);
            *slopes = next;
            shift(&mut logits, spots, &Line::new(slopes), 1.0);
        }
    }
    let shapes = TERM_NAMES
        .iter()
        .zip(&slopes)
        .filter_map(|((_, name), slopes)| Some(((*name).to_owned(), shape_of(slopes)?)));
    Road { bias_micro: micro(bias), shapes: shapes.collect::<BTreeMap<_, _>>() }
}

/// Slope and curvature of an example's loss in its logit.
fn loss(example: &Example, logit: f64) -> (f64, f64) {
    let probability = 1.0 / (1.0 + libm::exp(-logit));
    let target = if example.is_attack { 1.0 } else { 0.0 };
    let curvature = f64::max(probability * (1.0 - probability), 1e-4);
    (example.weight * (probability - target), example.weight * curvature)
}

fn bias_step(examples: &[&Example], logits: &[f64]) -> f64 {
    let (mut slope, mut curvature) = (0.0, 1e-6);
    for (example, logit) in examples.iter().zip(logits) {
        let (s, c) = loss(example, *logit);
        slope += s;
        curvature += c;
    }
    (-slope / curvature).clamp(-1.0, 1.0)
}

fn shift(logits: &mut [f64], spots: &[Option<Spot>], line: &Line, sign: f64) {
    for (logit, spot) in logits.iter_mut().zip(spots) {
        if let Some(spot) = spot {
            *logit += sign * line.at(*spot);
        }
    }
}

/// The slopes of a shape between the knots.
fn slopes_of(shape: &Shape) -> Slopes {
    let level = |knot: f64| crate::number::real(shape.at(knot)) / 1e6;
    std::array::from_fn(|segment| {
        let (from, to) = (KNOTS[segment], KNOTS[segment + 1]);
        f64::max((level(to) - level(from)) / (to - from), 0.0)
    })
}

/// The shape of slopes, without points that lie on a line; `None` when it is flat.
fn shape_of(slopes: &Slopes) -> Option<Shape> {
    let line = Line::new(slopes);
    let mut points: Vec<(i32, i64)> = Vec::new();
    for (index, (knot, level)) in KNOTS.iter().zip(line.levels()).enumerate() {
        let bends = index == 0 || index == SEGMENTS || index == ZERO || {
            let (before, after) = (slopes[index - 1], slopes[index]);
            (before - after).abs() > 1e-4
        };
        if bends {
            points.push((i32::try_from(nearest(knot * 1_000.0)).unwrap_or(0), micro(*level)));
        }
    }
    points.iter().any(|(_, y)| *y != 0).then_some(Shape(points))
}
