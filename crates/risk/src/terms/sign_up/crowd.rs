//! Others that signed up alike.

use crate::{Contribution, DomainKind, Features, Model, Profile, SignUp, code};

/// Sign-ups from the same block.
pub(in crate::terms) fn block(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let readings = features.new_account(profile)?.readings;
    let counts = (readings.block_hour, readings.block_day);
    model.sign_up.block.contribution(code::BLOCK_SIGN_UPS, counts, |others, span| {
        format!("{others} signed up from the same block of addresses {span}.")
    })
}

/// Sign-ups at the same e-mail domain; `None` for free mail and known organizations, where they are the rule.
pub(in crate::terms) fn domain(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let counts = domain_counts(features.new_account(profile)?);
    model.sign_up.domain.contribution(code::DOMAIN_SIGN_UPS, counts, |others, span| {
        format!("{others} signed up at the same e-mail domain {span}.")
    })
}

const fn domain_counts(sign_up: &SignUp) -> (u16, u16) {
    match sign_up.domain {
        Some(DomainKind::Other | DomainKind::Disposable) => {
            (sign_up.readings.domain_hour, sign_up.readings.domain_day)
        }
        Some(DomainKind::FreeMail | DomainKind::Organization) | None => (0, 0),
    }
}

/// Sign-ups with the same pattern of the local part.
pub(in crate::terms) fn pattern(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let readings = features.new_account(profile)?.readings;
    let counts = (readings.skeleton_hour, readings.skeleton_day);
    model.sign_up.skeleton.contribution(code::PATTERN_SIGN_UPS, counts, |others, span| {
        format!("{others} with the same pattern of e-mail address signed up {span}.")
    })
}

/// Sign-ups by the same TLS client; `None` unless another burst is there, since everyone's browser has one of few.
pub(in crate::terms) fn client(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let sign_up = features.new_account(profile)?;
    let (weights, readings) = (&model.sign_up, sign_up.readings);
    let (domain_hour, domain_day) = domain_counts(sign_up);
    let is_burst = weights.block.evidence(readings.block_hour, readings.block_day) > 0
        || weights.skeleton.evidence(readings.skeleton_hour, readings.skeleton_day) > 0
        || weights.domain.evidence(domain_hour, domain_day) > 0;
    is_burst.then_some(())?;
    weights.ja4.contribution(code::CLIENT_SIGN_UPS, (readings.ja4_hour, readings.ja4_day), |others, span| {
        format!("{others} signed up by the same TLS client {span}.")
    })
}

/// Failed sign-ins from the same block, at a sign-up and at a reset.
pub(in crate::terms) fn failures(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let of_sign_up = features.new_account(profile).map(|sign_up| sign_up.readings.failures_day);
    let count = of_sign_up.or_else(|| Some(features.reset.as_ref()?.failures_from_block))?;
    model.reset.failures.contribution(code::BLOCK_FAILURES, (0, count), |others, span| {
        format!("Sign-ins at {others} failed from the same block of addresses {span}.")
    })
}
