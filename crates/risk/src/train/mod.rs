//! Fits the shapes of sign-ins to examples: deterministic, bounded, and monotone by construction.
//!
//! A shape is a sum of segments between fixed knots, each with a slope of at least 0 and one at most, so that more
//! evidence never lowers the risk. The slopes and the bias of a road are the minimum of the logistic loss plus a
//! quadratic pull towards a prior (block coordinate descent on the quadratic approximation, each block by projected
//! coordinate descent; Friedman, Hastie, Tibshirani, "Regularization paths for generalized linear models via coordinate
//! descent", JSS 2010). No chance is involved: the same examples give the same bytes.

mod block;
mod calibrate;
mod card;
mod corpus;
mod fate;
mod fit;
mod measure;
#[cfg(test)]
mod properties;
mod retrain;

pub use corpus::{PULL, fit_corpus};
pub use fate::{Fate, Observed};
pub use fit::{Bounds, Example, Reach, fit};
pub use measure::{Quality, measure};
pub use retrain::{Recipe, TooFew, Trained, retrain};

/// Where a shape may bend, in units of evidence.
pub(crate) const KNOTS: [f64; 13] = [-3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0];

/// The knot at which a shape is 0.
pub(crate) const ZERO: usize = 5;

/// Segments of a shape.
pub(crate) const SEGMENTS: usize = KNOTS.len() - 1;
