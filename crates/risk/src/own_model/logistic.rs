//! A weighted sum.

use super::document;

/// What one input counts: `coefficient · (value - mean) / scale`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Weight {
    coefficient: f64,
    mean: f64,
    scale: f64,
}

/// An intercept and a weight for each input, in the order of the inputs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sum {
    intercept: f64,
    weights: Vec<Weight>,
}

impl Sum {
    pub(super) fn new(logistic: &document::Logistic) -> Self {
        let at = |list: &Option<Vec<f64>>, index: usize, absent: f64| {
            list.as_ref().and_then(|list| list.get(index).copied()).unwrap_or(absent)
        };
        let weights = logistic.coefficients.iter().enumerate().map(|(index, coefficient)| Weight {
            coefficient: *coefficient,
            mean: at(&logistic.mean, index, 0.0),
            scale: at(&logistic.scale, index, 1.0),
        });
        Self { intercept: logistic.intercept, weights: weights.collect() }
    }

    /// The sum in log-odds; a value that is missing (not a number) counts nothing.
    pub(super) fn logit(&self, values: &[f64]) -> f64 {
        let present = self.weights.iter().zip(values).filter(|(_, value)| !value.is_nan());
        present.fold(self.intercept, |sum, (weight, value)| {
            sum + weight.coefficient * ((value - weight.mean) / weight.scale)
        })
    }
}
