//! Terms of a sign-up, and of the first login of an account whose sign-up was not seen or was risky.

pub(super) mod address;
pub(super) mod crowd;
pub(super) mod domain;
pub(super) mod network;

use crate::{Contribution, Features, Model, Profile, assessment::logit, code, number};

/// What the score of the sign-up leaves over for the first login; `None` without one, or when it was no more than usual.
pub(super) fn carried(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let score = features.new_account(profile)?.carried?;
    let above = logit(score) - number::real(model.bias_micro) / 1e6;
    let counted = number::micro(number::milli(model.sign_up.carried_milli) * above.max(0.0));
    let text = "This is the first login of an account whose sign-up was risky.";
    Contribution::new(code::RISKY_SIGN_UP, counted, (0, model.sign_up.carried_hi_micro), text)
}

#[cfg(test)]
mod tests;
