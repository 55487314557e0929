//! Lets scores mean what they say: one factor and one offset on what the shapes say, which become part of them, so that
//! contributions still add up.

use super::{
    Bounds, Example,
    block::Slopes,
    fit::{has_both, loss, road_of, slopes_by_term},
};
use crate::{LoginModel, RoadName, login::Road, number::real};

/// Within what the factor stays.
const SCALE: (f64, f64) = (0.5, 2.0);

/// The pull of the factor towards 1, in examples. Judgement.
const PULL: f64 = 20.0;

/// Steps of the descent; it stands still after some ten.
const STEPS: usize = 50;

/// What the log-odds of the shapes are multiplied by, and what is added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine {
    pub(super) scale: f64,
    pub(super) offset: f64,
}

/// The log-odds that the shapes of an example's road say, without what counts beside them.
pub(super) fn say(model: &LoginModel, example: &Example) -> f64 {
    let road = road(model, example.road);
    let terms = crate::TERM_NAMES.iter().zip(&example.evidence);
    let told = terms.filter_map(|((_, name), value)| Some(road.shapes.get(*name)?.at((*value)?)));
    real(road.bias_micro + told.sum::<i64>()) / 1e6
}

/// The probability that a model gives an example, 0 to 1.
pub(super) fn probability(model: &LoginModel, example: &Example) -> f64 {
    1.0 / (1.0 + libm::exp(-(say(model, example) + example.beside)))
}

pub(super) const fn road(model: &LoginModel, name: RoadName) -> &Road {
    match name {
        RoadName::Fresh => &model.fresh,
        RoadName::Session => &model.session,
        RoadName::Refresh => &model.refresh,
    }
}

/// Fits factor and offset; with attacks or the others missing, nothing is to be changed.
pub(super) fn fit_affine(examples: &[&Example], model: &LoginModel) -> Affine {
    let mut affine = Affine { scale: 1.0, offset: 0.0 };
    if !has_both(examples.iter().map(|example| example.is_attack)) {
        return affine;
    }
    let said: Vec<f64> = examples.iter().map(|example| say(model, example)).collect();
    for _ in 0..STEPS {
        let (mut slope, mut curvature) = (PULL * (affine.scale - 1.0), PULL);
        for (example, said) in examples.iter().zip(&said) {
            let (s, c) = loss(example, affine.scale * said + affine.offset + example.beside);
            slope += s * said;
            curvature += c * said * said;
        }
        affine.scale = (affine.scale - slope / curvature).clamp(SCALE.0, SCALE.1);
        affine.offset += offset_step(examples, &said, affine);
    }
    affine
}

/// What is to be added to the bias, as the shapes are.
pub(super) fn fit_offset(examples: &[&Example], model: &LoginModel) -> f64 {
    let mut affine = Affine { scale: 1.0, offset: 0.0 };
    if has_both(examples.iter().map(|example| example.is_attack)) {
        let said: Vec<f64> = examples.iter().map(|example| say(model, example)).collect();
        for _ in 0..STEPS {
            affine.offset += offset_step(examples, &said, affine);
        }
    }
    affine.offset
}

fn offset_step(examples: &[&Example], said: &[f64], affine: Affine) -> f64 {
    let (mut slope, mut curvature) = (0.0, 1e-6);
    for (example, said) in examples.iter().zip(said) {
        let (s, c) = loss(example, affine.scale * said + affine.offset + example.beside);
        slope += s;
        curvature += c;
    }
    (-slope / curvature).clamp(-1.0, 1.0)
}

/// The road with the factor and the offset in its bias and shapes; no slope leaves the bounds around the prior's.
pub(super) fn fold(road: &Road, prior: &Road, affine: Affine, bounds: Bounds) -> Road {
    let slopes: Vec<Slopes> = slopes_by_term(road)
        .iter()
        .zip(&slopes_by_term(prior))
        .map(|(slopes, priors)| {
            let mut held = *slopes;
            for (slope, prior) in held.iter_mut().zip(priors) {
                *slope = bounds.hold(*slope * affine.scale, *prior);
            }
            held
        })
        .collect();
    road_of(real(road.bias_micro) / 1e6 * affine.scale + affine.offset, &slopes)
}
