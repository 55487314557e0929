//! One term of one road: where its examples lie, and what they ask of its slopes.
#![expect(
    clippy::indexing_slicing,
    reason = "arrays of one length, gone through by the numbers of their segments; a spot's is held within them"
)]

use super::{Bounds, KNOTS, SEGMENTS, ZERO};

/// The slopes of a shape's segments.
pub(super) type Slopes = [f64; SEGMENTS];

/// Evidence held within the knots, with its segment; `None` where the term says nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    segment: u8,
    value: f64,
}

impl Spot {
    pub(super) fn of(value: f64) -> Self {
        let value = value.clamp(KNOTS[0], KNOTS[SEGMENTS]);
        let segment = KNOTS.iter().rposition(|knot| *knot <= value).unwrap_or(0).min(SEGMENTS - 1);
        Self { segment: u8::try_from(segment).unwrap_or(0), value }
    }

    fn index(self) -> usize {
        usize::from(self.segment).min(SEGMENTS - 1)
    }
}

/// A shape as its slopes give it.
pub(super) struct Line {
    slopes: Slopes,
    /// The shape's value at each knot.
    levels: [f64; SEGMENTS + 1],
}

impl Line {
    pub(super) fn new(slopes: &Slopes) -> Self {
        let mut levels = [0.0; SEGMENTS + 1];
        for segment in ZERO..SEGMENTS {
            levels[segment + 1] = levels[segment] + slopes[segment] * length(segment);
        }
        for segment in (0..ZERO).rev() {
            levels[segment] = levels[segment + 1] - slopes[segment] * length(segment);
        }
        Self { slopes: *slopes, levels }
    }

    pub(super) fn at(&self, spot: Spot) -> f64 {
        let segment = spot.index();
        self.levels[segment] + self.slopes[segment] * (spot.value - KNOTS[segment])
    }

    pub(super) const fn levels(&self) -> &[f64; SEGMENTS + 1] {
        &self.levels
    }
}

pub(super) fn length(segment: usize) -> f64 {
    KNOTS[segment + 1] - KNOTS[segment]
}

/// How far an example reaches into each segment, signed: positive right of zero, negative left of it.
fn reach(segment: usize, spot: Spot) -> f64 {
    let within = spot.value.clamp(KNOTS[segment], KNOTS[segment + 1]);
    if segment >= ZERO { within - KNOTS[segment] } else { within - KNOTS[segment + 1] }
}

/// Sums of gradient and curvature over the examples of each segment.
#[derive(Default, Clone)]
pub(super) struct Sums {
    gradient: [f64; SEGMENTS],
    curvature: [[f64; SEGMENTS]; SEGMENTS],
}

impl Sums {
    /// Adds an example whose loss has this slope and this curvature in the logit.
    pub(super) fn add(&mut self, spot: Spot, slope: f64, curvature: f64) {
        let segment = spot.index();
        let (first, last) = if segment >= ZERO { (ZERO, segment) } else { (segment, ZERO - 1) };
        for one in first..=last {
            let reached = reach(one, spot);
            self.gradient[one] += slope * reached;
            for other in one..=last {
                self.curvature[one][other] += curvature * reached * reach(other, spot);
            }
        }
    }

    /// The slopes that these sums ask for, pulled towards `prior` and held within the bounds around it.
    pub(super) fn solve(&self, slopes: &Slopes, prior: &Slopes, bounds: Bounds) -> Slopes {
        let pull = bounds.pull;
        let mut next = *slopes;
        for _ in 0..50 {
            let before = next;
            for one in 0..SEGMENTS {
                let mut gradient = self.gradient[one] + pull * (next[one] - prior[one]);
                for other in 0..SEGMENTS {
                    gradient += self.between(one, other) * (next[other] - slopes[other]);
                }
                let curvature = self.curvature[one][one] + pull;
                next[one] = bounds.hold(next[one] - gradient / curvature.max(1e-9), prior[one]);
            }
            if next == before {
                break;
            }
        }
        next
    }

    const fn between(&self, one: usize, other: usize) -> f64 {
        if one <= other { self.curvature[one][other] } else { self.curvature[other][one] }
    }
}
