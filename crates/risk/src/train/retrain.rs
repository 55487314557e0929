//! Fits a tenant's own model: the champion's shapes, moved a little by what became of its sign-ins.

use std::fmt;

use countersign_core::Timestamp;

use super::{
    Bounds, Example, Fate, Observed, Quality, Reach,
    calibrate::{self, fit_affine, fit_offset, fold},
    card,
    fit::{fit, has_both},
    measure::{float, measure},
};
use crate::{Card, LoginModel, Model, RoadName, Short, login::Road, number::micro};

/// The fewest attacks of each part.
const MIN_ATTACKS: usize = 20;

/// The fewest honest sign-ins of each part.
const MIN_HONEST: usize = 500;

/// What a model is made by, beside the sign-ins.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// Its name.
    pub name: Short,
    /// When it is made, for the card.
    pub at: Timestamp,
    /// The pull towards the champion, in examples.
    pub pull: f64,
    /// Share of the attacks that get reported, above 0 and at most 1.
    pub report_rate: f64,
    /// Share of sign-ins that are attacks, between 0 and 1; without one it is what the labels and the report rate say.
    pub base_rate: Option<f64>,
}

/// A model with its card, and how it did beside the champion on sign-ins that it was not fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The model.
    pub model: Model,
    /// Its card.
    pub card: Card,
    /// The champion's figures.
    pub champion: Quality,
    /// The model's.
    pub fitted: Quality,
}

/// Too little is known to fit a model or to judge one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooFew {
    /// Of what: `fit` or `judge`.
    pub to: &'static str,
    /// Attacks that there are.
    pub attacks: usize,
    /// Honest sign-ins that there are.
    pub honest: usize,
}

impl fmt::Display for TooFew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { to, attacks, honest } = self;
        write!(
            f,
            "there are {attacks} attacks and {honest} honest sign-ins to {to} a model with; it takes {MIN_ATTACKS} and {MIN_HONEST}"
        )
    }
}

impl std::error::Error for TooFew {}

/// Fits on the first 70 % of the sign-ins by time and judges on the others. The order in which they are given is nothing.
///
/// # Errors
/// [`TooFew`] where either part has fewer than 20 attacks or 500 honest sign-ins.
pub fn retrain(mut observed: Vec<Observed>, champion: &Model, recipe: &Recipe) -> Result<Trained, TooFew> {
    observed.sort_by(Observed::order);
    let (learned, judged) = part(&observed, 7, 10);
    enough(learned, "fit")?;
    enough(judged, "judge")?;
    let bounds = Bounds { reach: Reach::NearPrior, pull: recipe.pull };
    // Why another part: on the sign-ins that they were fitted to shapes look surer than they are.
    let (shaping, calibrating) = part(learned, 2, 3);
    let shaped = fit(&examples(shaping), &champion.login, bounds);
    let login = calibrated(&shaped, &champion.login, (shaping, calibrating), (bounds, recipe));
    let rate = Sums::of(learned).rate(recipe);
    let model = Model {
        name: recipe.name.clone(),
        version: champion.version.saturating_add(1),
        login,
        ..champion.clone()
    };
    let quality = |login| quality(login, judged, rate);
    let missing = TooFew { to: "judge", attacks: 0, honest: 0 };
    let (champion_did, fitted) =
        (quality(&champion.login).ok_or(missing)?, quality(&model.login).ok_or(missing)?);
    let card =
        card::write(&model, champion, recipe, &card::Made { learned, judged, bounds, fitted, base: rate });
    Ok(Trained { model, card, champion: champion_did, fitted })
}

/// The first `share` of `of` parts by time; sign-ins of one moment are never parted.
fn part(observed: &[Observed], share: usize, of: usize) -> (&[Observed], &[Observed]) {
    let cut = observed.get(observed.len() * share / of).map(|first| first.at);
    let count = observed.partition_point(|one| cut.is_none_or(|cut| one.at < cut));
    observed.split_at_checked(count).unwrap_or((observed, &[]))
}

fn enough(observed: &[Observed], to: &'static str) -> Result<(), TooFew> {
    let attacks = observed.iter().filter(|one| one.fate.is_attack()).count();
    let honest = observed.len() - attacks;
    if attacks >= MIN_ATTACKS && honest >= MIN_HONEST { Ok(()) } else { Err(TooFew { to, attacks, honest }) }
}

fn examples(observed: &[Observed]) -> Vec<Example> {
    observed.iter().map(|one| one.example.clone()).collect()
}

/// Attacks and honest sign-ins: what they weigh as labels, and how many there are.
struct Sums {
    attacks: f64,
    honest: f64,
    honest_count: f64,
}

impl Sums {
    fn of(observed: &[Observed]) -> Self {
        let weight = |is_attack| {
            let those = observed.iter().filter(move |one| one.fate.is_attack() == is_attack);
            those.map(|one| one.example.weight).sum()
        };
        let honest_count = float(observed.iter().filter(|one| !one.fate.is_attack()).count());
        Self { attacks: weight(true), honest: weight(false), honest_count }
    }

    /// How many of the sign-ins are attacks, 0 to 1.
    fn rate(&self, recipe: &Recipe) -> f64 {
        recipe.base_rate.unwrap_or_else(|| {
            let all = self.attacks / recipe.report_rate;
            all / (all + self.honest_count)
        })
    }

    /// What is to be added to log-odds that were fitted to these labels.
    fn shift(&self, recipe: &Recipe) -> f64 {
        match recipe.base_rate {
            Some(rate) => libm::log(rate / (1.0 - rate) * self.honest / self.attacks),
            None => libm::log(self.honest / self.honest_count / recipe.report_rate),
        }
    }
}

/// The fitted roads with the calibration and the shift in them; a road that could not be fitted stays the champion's.
fn calibrated(
    shaped: &LoginModel,
    champion: &LoginModel,
    (shaping, calibrating): (&[Observed], &[Observed]),
    (bounds, recipe): (Bounds, &Recipe),
) -> LoginModel {
    let of = |observed: &[Observed], name| -> Vec<bool> {
        observed.iter().filter(|one| one.example.road == name).map(|one| one.fate.is_attack()).collect()
    };
    let is_fitted = |name| has_both(of(shaping, name).into_iter());
    let on: Vec<&Example> =
        calibrating.iter().map(|one| &one.example).filter(|example| is_fitted(example.road)).collect();
    let affine = fit_affine(&on, shaped);
    let is_calibrated = has_both(on.iter().map(|example| example.is_attack));
    let shift = Sums::of(if is_calibrated { calibrating } else { shaping }).shift(recipe);
    let on_each = |of: &LoginModel, change: &dyn Fn(&Road, &Road) -> Road| {
        let road = |name| {
            let (road, prior) = (calibrate::road(of, name), calibrate::road(champion, name));
            if is_fitted(name) { change(road, prior) } else { prior.clone() }
        };
        LoginModel {
            fresh: road(RoadName::Fresh),
            session: road(RoadName::Session),
            refresh: road(RoadName::Refresh),
        }
    };
    let folded = on_each(shaped, &|road, prior| fold(road, prior, affine, bounds));
    // Why once more: the factor could not be had where a slope met its bounds.
    let added = micro(fit_offset(&on, &folded) + shift);
    on_each(&folded, &|road, _| Road { bias_micro: road.bias_micro.saturating_add(added), ..road.clone() })
}

/// A model's figures, where attacks stand for as many as there are of them.
fn quality(login: &LoginModel, judged: &[Observed], rate: f64) -> Option<Quality> {
    let scored: Vec<(f64, bool)> = judged
        .iter()
        .map(|one| (calibrate::probability(login, &one.example), one.fate.is_attack()))
        .collect();
    let attacks = scored.iter().filter(|(_, is_attack)| *is_attack).count();
    let honest = float(scored.len() - attacks);
    measure(&scored, rate / (1.0 - rate) * honest / float(attacks))
}

/// How often each fate is among them: as a card counts them.
pub(super) fn count(observed: &[Observed], fate: Fate) -> u64 {
    u64::try_from(observed.iter().filter(|one| one.fate == fate).count()).unwrap_or(u64::MAX)
}
