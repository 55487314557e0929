//! The shapes that turn evidence into contributions, as data.

use std::{collections::BTreeMap, sync::LazyLock};

use countersign_core::{Channel, MicroLogit};
use serde::{Deserialize, Serialize};

use super::TERM_NAMES;
use crate::{
    Features,
    number::{LIMIT_MICRO, nearest},
};

/// The shipped shapes: fitted as docs/risk-model.md says.
const SHIPPED: &str = include_str!("../../data/login.json");

/// What a sign-in's evidence counts, by the road on which it came: a term means other things of a new session, of one
/// that goes on, and of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginModel {
    /// Sign-ins that begin a session.
    pub fresh: Road,
    /// Sign-ins that go on with a session.
    pub session: Road,
    /// Exchanges of refresh tokens, and of other tokens.
    pub refresh: Road,
}

/// One road's constants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Road {
    /// Log-odds before any evidence.
    pub bias_micro: MicroLogit,
    /// A shape for each term, by name; a term without one counts nothing.
    pub shapes: BTreeMap<String, Shape>,
}

/// A line through points that never falls: evidence in thousandths, contribution in millionths. Flat beyond its ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape(pub Vec<(i32, MicroLogit)>);

impl Shape {
    /// The contribution of an amount of evidence; 0 without points.
    #[must_use]
    pub fn at(&self, evidence: f64) -> MicroLogit {
        let x = evidence * 1_000.0;
        let right = self.0.iter().position(|(point, _)| x <= f64::from(*point)).unwrap_or(self.0.len());
        let left = right.checked_sub(1).and_then(|left| self.0.get(left));
        match (left, self.0.get(right)) {
            (None, None) => 0,
            (Some((_, y)), None) | (None, Some((_, y))) => *y,
            (Some((x0, y0)), Some((x1, y1))) => {
                let part = (x - f64::from(*x0)) / (f64::from(*x1) - f64::from(*x0)).max(1.0);
                let rise = crate::number::real(y1.saturating_sub(*y0));
                y0.saturating_add(nearest(part * rise))
            }
        }
    }
}

/// Most points of a shape.
const MAX_POINTS: usize = 64;

impl Shape {
    /// Why the shape is none; `None` for one that is.
    fn fault(&self) -> Option<&'static str> {
        let is_bounded = |(x, y): &(i32, MicroLogit)| {
            x.unsigned_abs() <= 1_000_000 && y.unsigned_abs() <= LIMIT_MICRO.unsigned_abs()
        };
        if self.0.len() > MAX_POINTS {
            Some("has at most 64 points")
        } else if !self.0.iter().all(is_bounded) {
            Some("has evidence within 1,000,000 thousandths and contributions within 100,000,000 millionths")
        } else if !self.0.is_sorted_by(|a, b| a.0 < b.0) {
            Some("has its points in the order of their evidence, each once")
        } else if !self.0.is_sorted_by(|a, b| a.1 <= b.1) {
            Some("must not fall: more evidence never lowers the risk")
        } else {
            None
        }
    }
}

impl Default for LoginModel {
    fn default() -> Self {
        static MODEL: LazyLock<LoginModel> = LazyLock::new(|| {
            // INVARIANT: a test parses the shipped file.
            serde_json::from_str(SHIPPED).unwrap_or_else(|_| LoginModel::empty())
        });
        MODEL.clone()
    }
}

impl LoginModel {
    /// Shapes that count nothing.
    #[must_use]
    pub fn empty() -> Self {
        let road = Road { bias_micro: 0, shapes: BTreeMap::new() };
        Self { fresh: road.clone(), session: road.clone(), refresh: road }
    }

    /// The first fault of the shapes: the path below the model, and what would be right.
    pub(crate) fn fault(&self) -> Option<(String, &'static str)> {
        let roads = [("fresh", &self.fresh), ("session", &self.session), ("refresh", &self.refresh)];
        for (road, Road { shapes, .. }) in roads {
            for (name, shape) in shapes {
                let path = || format!("login.{road}.shapes.{name}");
                if !TERM_NAMES.iter().any(|(_, known)| known == name) {
                    return Some((path(), "is no term; docs/risk-model.md names them"));
                }
                if let Some(message) = shape.fault() {
                    return Some((path(), message));
                }
            }
        }
        None
    }

    /// The road by which a sign-in came.
    #[must_use]
    pub fn road(&self, features: &Features) -> &Road {
        match road_of(features) {
            RoadName::Fresh => &self.fresh,
            RoadName::Session => &self.session,
            RoadName::Refresh => &self.refresh,
        }
    }
}

/// The name of a road.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoadName {
    /// A sign-in that begins a session.
    Fresh,
    /// A sign-in that goes on with one.
    Session,
    /// An exchange of a token.
    Refresh,
}

/// By which road a sign-in came.
#[must_use]
pub fn road_of(features: &Features) -> RoadName {
    match features.channel {
        Channel::Refresh | Channel::Exchange => RoadName::Refresh,
        _ if features.session_known == Some(true) => RoadName::Session,
        Channel::Silent => RoadName::Session,
        _ => RoadName::Fresh,
    }
}
