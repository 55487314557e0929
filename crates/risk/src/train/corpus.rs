//! Shapes from labeled corpora alone, as the shipped ones were fitted.

use super::{Bounds, Example, KNOTS, Reach, fit};
use crate::{
    LoginModel, RoadName, Shape, TERM_NAMES,
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

/// Fits all shapes to examples, from a prior that takes all terms alike, and then each bias as if attacks were as frequent
/// on every road.
///
/// Why: how often a thief takes the password, the session or the token is what a corpus's author chose. Where it made the
/// tokens' road a rare one, the thieves of tokens who look most like their owners rank behind ordinary sign-ins of others.
#[must_use]
pub fn fit_corpus(examples: &[Example]) -> LoginModel {
    let mut model = fit(examples, &prior(), Bounds { reach: Reach::UpTo(MAX_SLOPE), pull: PULL });
    let LoginModel { fresh, session, refresh } = &mut model;
    let roads = [(RoadName::Fresh, fresh), (RoadName::Session, session), (RoadName::Refresh, refresh)];
    for (name, road) in roads {
        let own = log_odds(examples.iter().filter(|example| example.road == name));
        if let (Some(all), Some(own)) = (log_odds(examples.iter()), own) {
            road.bias_micro += micro(all - own);
        }
    }
    model
}

/// The log-odds of an attack among examples; `None` without attacks or without others.
fn log_odds<'a>(examples: impl Iterator<Item = &'a Example>) -> Option<f64> {
    let (mut attacks, mut others) = (0.0, 0.0);
    for example in examples {
        *(if example.is_attack { &mut attacks } else { &mut others }) += example.weight;
    }
    (attacks > 0.0 && others > 0.0).then(|| libm::log(attacks / others))
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
