//! The shapes of a model in the order of the terms, so that no assessment looks for them by name.

use countersign_core::MicroLogit;

use super::{LoginModel, Road, RoadName, Shape, TERM_NAMES, road_of};
use crate::Features;

/// What sign-ins count, by the road on which they come.
#[derive(Debug, Clone)]
pub(crate) struct ReadyLogin {
    fresh: ReadyRoad,
    session: ReadyRoad,
    refresh: ReadyRoad,
}

/// One road's constants.
#[derive(Debug, Clone)]
pub(crate) struct ReadyRoad {
    pub(crate) bias_micro: MicroLogit,
    /// In the order of the terms; `None` where a term counts nothing.
    pub(super) shapes: Vec<Option<Shape>>,
}

impl ReadyLogin {
    pub(crate) fn new(model: &LoginModel) -> Self {
        Self {
            fresh: ReadyRoad::new(&model.fresh),
            session: ReadyRoad::new(&model.session),
            refresh: ReadyRoad::new(&model.refresh),
        }
    }

    /// The road by which a sign-in came.
    pub(crate) fn road(&self, features: &Features) -> &ReadyRoad {
        match road_of(features) {
            RoadName::Fresh => &self.fresh,
            RoadName::Session => &self.session,
            RoadName::Refresh => &self.refresh,
        }
    }
}

impl ReadyRoad {
    fn new(road: &Road) -> Self {
        let shapes = TERM_NAMES.iter().map(|(_, name)| road.shapes.get(*name).cloned()).collect();
        Self { bias_micro: road.bias_micro, shapes }
    }
}
