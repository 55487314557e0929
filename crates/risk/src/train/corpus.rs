//! Shapes from labeled corpora alone, as the shipped ones were fitted.

use super::{Bounds, Example, KNOTS, Reach, fit};
use crate::{
    LoginModel, Shape, TERM_NAMES,
    number::{micro, nearest},
};

/// The pull towards the prior, in examples. Judgement.
pub const PULL: f64 = 20.0;

/// The prior's slope of every term, in log-odds a unit of evidence: evidence counts, and less than it says. Judgement.
const SLOPE: f64 = 0.25;

/// The prior's log-odds of every road before any evidence. Judgement.
const BIAS: f64 = -4.0;

/// The steepest slope, in log-odds a unit of evidence. Judgement.
const MAX_SLOPE: f64 = 3.0;

/// Fits all shapes to examples, from a prior that takes all terms alike.
#[must_use]
pub fn fit_corpus(examples: &[Example]) -> LoginModel {
    fit(examples, &prior(), Bounds { reach: Reach::UpTo(MAX_SLOPE), pull: PULL })
}

fn prior() -> LoginModel {
    let ends = [KNOTS.first(), KNOTS.last()].into_iter().flatten();
    let point = |knot: &f64| (i32::try_from(nearest(knot * 1_000.0)).unwrap_or(0), micro(knot * SLOPE));
    let shape = Shape(ends.map(point).collect());
    let mut model = LoginModel::empty();
    for road in [&mut model.fresh, &mut model.session, &mut model.refresh] {
        road.bias_micro = micro(BIAS);
        road.shapes = TERM_NAMES.iter().map(|(_, name)| ((*name).to_owned(), shape.clone())).collect();
    }
    model
}
