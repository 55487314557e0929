//! The sum: contributions, score and confidence.

use std::borrow::Cow;

use countersign_core::{MicroLogit, Score};
use serde::{Deserialize, Serialize};

use crate::{
    Code, Features, Model, ModelId, Profile, ReadyModel, Signal, code, login, number,
    own_model::{Inputs, MAX_BOUND_MICRO, OwnModel, OwnModelId},
    terms,
};

/// Version of the code that turns features into terms; raised whenever a record would replay differently.
pub const ENGINE: &str = "4";

/// One reason and what it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    /// What it is.
    pub code: Code,
    /// What it adds to the log-odds: positive raises the risk, negative lowers it, never 0.
    pub micro: MicroLogit,
    /// One English sentence without personal data.
    pub text: Cow<'static, str>,
}

impl Contribution {
    /// A contribution held within `lo` and `hi`; `None` when it rounds to nothing.
    pub(crate) fn new(
        code: Code,
        micro: MicroLogit,
        bounds: (MicroLogit, MicroLogit),
        text: impl Into<Cow<'static, str>>,
    ) -> Option<Self> {
        let micro = number::clip(micro, bounds.0, bounds.1);
        (micro != 0).then(|| Self { code, micro, text: text.into() })
    }
}

/// What we think of a transaction, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The logit as a score.
    pub score: Score,
    /// Log-odds of risk: exactly the bias and the sum of the reasons.
    pub logit_micro: MicroLogit,
    /// Log-odds before any reason.
    pub bias_micro: MicroLogit,
    /// How much the score rests on: little history and missing signals lower it, not the score.
    pub confidence: Score,
    /// The contributions, greatest amount first, then by code; each code at most once.
    pub reasons: Vec<Contribution>,
    /// The model's tag.
    pub model: ModelId,
    /// The engine's version.
    pub engine: Cow<'static, str>,
    /// The operator's own model, whose contribution is the reason `own_model`; `None` where none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_model: Option<OwnModelAsked>,
}

/// An operator's own model that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnModelAsked {
    /// Its tag.
    pub model: OwnModelId,
    /// Whether its answer was no number, and so no contribution.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_failed: bool,
}

impl Assessment {
    /// The probability that the logit says, 0 to 1, unrounded: what the score tells in millionths.
    #[must_use]
    pub fn probability(&self) -> f64 {
        probability(self.logit_micro)
    }
}

/// Weighs a transaction against the profile of its user or client; `None` for one without. It makes the model ready
/// first, which takes longer than all else: for many, see [`assess_with`].
#[must_use]
pub fn assess(features: &Features, profile: Option<&Profile>, model: &Model) -> Assessment {
    assess_with(features, profile, &model.clone().into(), None)
}

/// As [`assess`] by a model that is ready, with an operator's own model as one more term, which reads the others. An
/// answer of it that is no number is told and counts nothing.
#[must_use]
pub fn assess_with(
    features: &Features,
    profile: Option<&Profile>,
    ready: &ReadyModel,
    own: Option<&OwnModel>,
) -> Assessment {
    let model = ready.constants();
    let (bias_micro, mut reasons) = if features.is_login {
        let (bias_micro, mut reasons) = login::judge(features, profile, ready.login());
        reasons.extend(terms::BESIDE_LOGIN.iter().filter_map(|term| term(features, profile, model)));
        login::hold(bias_micro, &mut reasons);
        (bias_micro, reasons)
    } else {
        (model.bias_micro, terms::TERMS.iter().filter_map(|term| term(features, profile, model)).collect())
    };
    let own_model = own.map(|own| ask(own, features, profile, &mut reasons));
    reasons.sort_by(|a, b| b.micro.abs().cmp(&a.micro.abs()).then_with(|| a.code.cmp(&b.code)));
    let bias_micro = bias_micro.clamp(-number::LIMIT_MICRO, number::LIMIT_MICRO);
    // INVARIANT: each part is within ±10^8 and there are few of them, so that the sum can't overflow.
    let logit_micro = bias_micro + reasons.iter().map(|reason| reason.micro).sum::<MicroLogit>();
    Assessment {
        score: score(logit_micro),
        logit_micro,
        bias_micro,
        confidence: confidence(features, profile, model),
        reasons,
        model: ready.id().clone(),
        engine: Cow::Borrowed(ENGINE),
        own_model,
    }
}

/// Adds what an own model says to the reasons that it reads.
fn ask(
    own: &OwnModel,
    features: &Features,
    profile: Option<&Profile>,
    reasons: &mut Vec<Contribution>,
) -> OwnModelAsked {
    let said = own.contribute(&Inputs::of(features, profile, reasons));
    if let Ok(micro) = said {
        let text = own.sentence(micro).unwrap_or_default();
        reasons.extend(Contribution::new(code::OWN_MODEL, micro, (-MAX_BOUND_MICRO, MAX_BOUND_MICRO), text));
    }
    OwnModelAsked { model: own.id().clone(), has_failed: said.is_err() }
}

/// The logistic function in millionths.
pub(crate) fn score(logit_micro: MicroLogit) -> Score {
    score_of(probability(logit_micro))
}

fn probability(logit_micro: MicroLogit) -> f64 {
    1.0 / (1.0 + libm::exp(-number::real(logit_micro) / 1e6))
}

/// The log-odds of a score, held within ±13.8 so that 0 and 1 have some.
pub(crate) fn logit(score: Score) -> f64 {
    let probability = score.as_f64().clamp(1e-6, 1.0 - 1e-6);
    libm::log(probability / (1.0 - probability))
}

fn score_of(probability: f64) -> Score {
    let millionths = u32::try_from(number::nearest(probability * 1e6)).unwrap_or(0);
    Score::from_millionths(millionths).unwrap_or(Score::MAX)
}

fn confidence(features: &Features, profile: Option<&Profile>, model: &Model) -> Score {
    let constants = &model.confidence;
    let history = profile.map_or(0.0, |profile| profile.history(features.at));
    let is_read = features.new_account(profile).is_some_and(|sign_up| sign_up.domain.is_some());
    let read_milli = if is_read { model.sign_up.confidence_milli } else { 0 };
    let floor = number::milli(constants.floor_milli.max(read_milli)).min(1.0);
    let reached = floor + (1.0 - floor) * history / (history + number::milli(constants.half_milli.max(1)));
    let missing: f64 = features
        .missing
        .iter()
        .map(|signal| {
            number::milli(match signal {
                Signal::Country => constants.country_milli,
                Signal::Network => constants.network_milli,
                Signal::Place => constants.place_milli,
                Signal::Device => constants.device_milli,
                Signal::Ja4 => constants.ja4_milli,
                Signal::Auth0 => constants.auth0_milli,
                Signal::LoginsCount => constants.logins_count_milli,
            })
        })
        .sum();
    score_of(reached * (1.0 - missing.min(1.0)))
}

#[cfg(test)]
mod tests {
    use countersign_core::Channel;

    use super::*;
    use crate::samples::{self, home, stranger};

    fn codes(assessment: &Assessment) -> Vec<&str> {
        assessment.reasons.iter().map(|reason| reason.code.as_str()).collect()
    }

    #[test]
    fn an_ordinary_sign_in_is_reassuring() {
        let assessment = assess(&samples::ordinary(), Some(&home(60)), &Model::default());
        assert!(assessment.score < Score::from_percent(5), "{assessment:?}");
        assert!(assessment.confidence > Score::from_percent(70), "{assessment:?}");
        assert!(assessment.reasons.iter().all(|reason| reason.micro < 0), "{assessment:?}");
    }

    #[test]
    fn a_stranger_with_the_password_is_risky() {
        let assessment = assess(&stranger(), Some(&home(60)), &Model::default());
        assert!(assessment.score > Score::from_percent(85), "{assessment:?}");
        assert_eq!(codes(&assessment).first(), Some(&"impossible_travel"));
    }

    #[test]
    fn a_new_user_is_not_high_risk_for_being_new() {
        for profile in [None, Some(Profile::default()), Some(home(1)), Some(home(2))] {
            let mut elsewhere = stranger();
            elsewhere.place = None;
            elsewhere.device = samples::ordinary().device;
            let assessment = assess(&elsewhere, profile.as_ref(), &Model::default());
            assert!(assessment.score < Score::from_percent(30), "{assessment:?}");
            assert!(
                !codes(&assessment)
                    .iter()
                    .any(|code| code.starts_with("unfamiliar") || code.starts_with("unusual"))
            );
            assert!(assessment.confidence < Score::from_percent(45), "{assessment:?}");
        }
    }

    #[test]
    fn one_new_thing_alone_is_not_high_risk() {
        let profile = home(60);
        let mut new_network = samples::ordinary();
        new_network.network = Some("as65551".into());
        let mut new_device = samples::ordinary();
        new_device.device = stranger().device;
        let mut night = samples::ordinary();
        night.local_hour = Some(3);
        for features in [new_network, new_device, night] {
            let assessment = assess(&features, Some(&profile), &Model::default());
            assert!(assessment.score < Score::from_percent(40), "{assessment:?}");
        }
    }

    #[test]
    fn a_reason_is_named_in_the_registry() {
        let mut features = stranger();
        features.channel = Channel::Interactive;
        for reason in assess(&features, Some(&home(60)), &Model::default()).reasons {
            assert!(crate::CODES.iter().any(|(code, _)| *code == reason.code.as_str()));
        }
    }

    #[test]
    fn an_assessment_survives_a_record() {
        let assessment = assess(&stranger(), Some(&home(60)), &Model::default());
        let text = serde_json::to_string(&assessment).unwrap();
        assert_eq!(serde_json::from_str::<Assessment>(&text).unwrap(), assessment);
    }
}
