//! The descent.
#![expect(
    clippy::indexing_slicing,
    reason = "arrays of one length, gone through by the numbers of their segments and knots"
)]

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
    /// What counts beside the shapes and is not fitted, in log-odds.
    pub beside: f64,
}

/// How far a fit may go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// How steep it may become.
    pub reach: Reach,
    /// The pull towards the prior, in examples.
    pub pull: f64,
}

/// How steep a slope may become, in log-odds a unit of evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reach {
    /// From 0 to this.
    UpTo(f64),
    /// From half of the prior's slope to twice it, and half a log-odds beyond it in any case.
    NearPrior,
}

impl Bounds {
    /// The least and the greatest slope beside one of the prior's.
    #[must_use]
    pub fn around(self, prior: f64) -> (f64, f64) {
        match self.reach {
            Reach::UpTo(most) => (0.0, most.max(0.0)),
            Reach::NearPrior => (prior / 2.0, f64::max(prior * 2.0, prior + 0.5)),
        }
    }

    pub(super) fn hold(self, slope: f64, prior: f64) -> f64 {
        let (least, most) = self.around(prior);
        slope.clamp(least, most)
    }
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
    if !has_both(examples.iter().map(|example| example.is_attack)) {
        return prior.clone();
    }
    let priors = slopes_by_term(prior);
    let spots: Vec<Vec<Option<Spot>>> = (0..TERM_NAMES.len())
        .map(|term| {
            let value = |example: &&Example| example.evidence.get(term).copied().flatten().map(Spot::of);
            examples.iter().map(value).collect()
        })
        .collect();
    let mut slopes = priors.clone();
    let mut bias = crate::number::real(prior.bias_micro) / 1e6;
    let mut logits: Vec<f64> = examples.iter().map(|example| bias + example.beside).collect();
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
            let next = sums.solve(slopes, prior, bounds);
            shift(&mut logits, spots, &Line::new(slopes), -1.0);
            *slopes = next;
            shift(&mut logits, spots, &Line::new(slopes), 1.0);
        }
    }
    road_of(bias, &slopes)
}

/// Whether there are attacks among them and others.
pub(super) fn has_both(mut attacks: impl Iterator<Item = bool> + Clone) -> bool {
    attacks.clone().any(|is_attack| is_attack) && attacks.any(|is_attack| !is_attack)
}

/// A road's slopes, in the order of [`TERM_NAMES`]; 0 for a term without a shape.
pub(super) fn slopes_by_term(road: &Road) -> Vec<Slopes> {
    let slopes = |name: &str| road.shapes.get(name).map_or([0.0; SEGMENTS], slopes_of);
    TERM_NAMES.iter().map(|(_, name)| slopes(name)).collect()
}

/// A road with this bias, in log-odds, and these slopes in the order of [`TERM_NAMES`].
pub(super) fn road_of(bias: f64, slopes: &[Slopes]) -> Road {
    let shapes = TERM_NAMES
        .iter()
        .zip(slopes)
        .filter_map(|((_, name), slopes)| Some(((*name).to_owned(), shape_of(slopes)?)));
    Road { bias_micro: micro(bias), shapes: shapes.collect::<BTreeMap<_, _>>() }
}

/// Slope and curvature of an example's loss in its logit.
pub(super) fn loss(example: &Example, logit: f64) -> (f64, f64) {
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
        let bends = index == 0
            || index == SEGMENTS
            || index == ZERO
            || (slopes[index - 1] - slopes[index]).abs() > 1e-4;
        if bends {
            points.push((i32::try_from(nearest(knot * 1_000.0)).unwrap_or(0), micro(*level)));
        }
    }
    points.iter().any(|(_, y)| *y != 0).then_some(Shape(points))
}
