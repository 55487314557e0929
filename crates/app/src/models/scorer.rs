//! Constants and an own model as one thing that scores.

use countersign_core::{Level, Score, Trigger};
use countersign_risk::{Assessment, Features, Profile, ReadyModel, assess_with, own_model::OwnModel};

use crate::decide::record::Challenged;

/// What scores an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scorer<'a> {
    /// The constants.
    pub(crate) model: &'a ReadyModel,
    /// The own model that counts beside them, at the triggers of which it speaks.
    pub(crate) own: Option<&'a OwnModel>,
}

impl Scorer<'_> {
    /// What it thinks of an event of this trigger.
    pub(crate) fn assess(
        self,
        trigger: Trigger,
        features: &Features,
        profile: Option<&Profile>,
    ) -> Assessment {
        let own = self.own.filter(|own| own.speaks_of(trigger));
        assess_with(features, profile, self.model, own)
    }
}

/// A challenger that could not be asked, or whose own model had no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChallengerFailed;

/// What is thought of an event, as a record keeps it of a challenger.
pub(crate) fn challenged(
    scorer: Scorer<'_>,
    trigger: Trigger,
    features: &Features,
    profile: Option<&Profile>,
    level: impl FnOnce(Score) -> Level,
) -> Result<Challenged, ChallengerFailed> {
    let assessment = scorer.assess(trigger, features, profile);
    let own_model = match assessment.own_model {
        Some(own) if own.has_failed => return Err(ChallengerFailed),
        own => own.map(|own| own.model),
    };
    Ok(Challenged {
        level: level(assessment.score),
        score: assessment.score,
        model: assessment.model,
        own_model,
    })
}

pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, ChallengerFailed> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).map_err(|_| ChallengerFailed)
}
