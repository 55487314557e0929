//! Others that signed up alike.

use crate::{Burst, Contribution, DomainKind, Features, Model, NameFit, Profile, Readings, SignUp, code};

/// Sign-ups from the same block.
pub(in crate::terms) fn block(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let sign_up = features.new_account(profile)?;
    let counts = (sign_up.readings.block_hour, sign_up.readings.block_day);
    block_burst(sign_up, model).contribution(code::BLOCK_SIGN_UPS, counts, |others, span| {
        format!("{others} signed up from the same block of addresses {span}.")
    })
}

/// Sign-ups at the same e-mail domain; `None` for free mail and known organizations, where they are the rule, and for who
/// bears the name that the address says, as colleagues do.
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

/// Whether it looks like one of many colleagues: the address says the name, and at the same domain at least half as many signed up, from
/// anywhere, as from the block. Whoever has a domain of their own can look so; what else they have in common still counts.
fn is_colleague(sign_up: &SignUp) -> bool {
    let Readings { block_hour, block_day, domain_hour, domain_day, .. } = sign_up.readings;
    let is_firm = matches!(sign_up.domain, Some(DomainKind::Other | DomainKind::Organization));
    let alike = block_hour <= domain_hour.saturating_mul(2) && block_day <= domain_day.saturating_mul(2);
    is_firm && alike && sign_up.look_alike.is_none() && sign_up.name == Some(NameFit::Matches)
}

fn block_burst(sign_up: &SignUp, model: &Model) -> Burst {
    if is_colleague(sign_up) {
        model.sign_up.block.scaled(model.sign_up.colleague_milli)
    } else {
        model.sign_up.block
    }
}

const fn domain_counts(sign_up: &SignUp) -> (u16, u16) {
    match sign_up.domain {
        _ if matches!(sign_up.name, Some(NameFit::Matches)) => (0, 0),
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
    let is_burst = (!is_colleague(sign_up)
        && weights.block.evidence(readings.block_hour, readings.block_day) > 0)
        || weights.skeleton.evidence(readings.skeleton_hour, readings.skeleton_day) > 0
        || weights.domain.evidence(domain_hour, domain_day) > 0;
    is_burst.then_some(())?;
    weights.ja4.contribution(code::CLIENT_SIGN_UPS, (readings.ja4_hour, readings.ja4_day), |others, span| {
        format!("{others} signed up by the same TLS client {span}.")
    })
}

/// Sign-ups with the same full name.
pub(in crate::terms) fn name(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let readings = features.new_account(profile)?.readings;
    let counts = (readings.name_hour, readings.name_day);
    model.sign_up.name.contribution(code::NAME_SIGN_UPS, counts, |others, span| {
        format!("{others} with the same full name signed up {span}.")
    })
}

/// Sign-ups from the range around the block; `None` without another sign of a program that changes its blocks.
pub(in crate::terms) fn range(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let sign_up = features.new_account(profile)?;
    let (weights, readings) = (&model.sign_up, sign_up.readings);
    let (domain_hour, domain_day) = domain_counts(sign_up);
    let is_made_up = sign_up.gibberish_milli.is_some_and(|milli| milli > weights.gibberish_free_milli)
        || sign_up.domain == Some(DomainKind::Disposable)
        || weights.skeleton.evidence(readings.skeleton_hour, readings.skeleton_day) > 0
        || weights.name.evidence(readings.name_hour, readings.name_day) > 0
        || weights.domain.evidence(domain_hour, domain_day) > 0;
    is_made_up.then_some(())?;
    let counts = (readings.range_hour, readings.range_day);
    weights.range.contribution(code::RANGE_SIGN_UPS, counts, |others, span| {
        format!("{others} signed up from the range around the block of addresses {span}.")
    })
}

/// Confirmed fraud from the same block, at a sign-up and at a reset.
pub(in crate::terms) fn frauds(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let of_sign_up = features.new_account(profile).map(|sign_up| sign_up.readings.frauds_day);
    let count = of_sign_up.or_else(|| Some(features.reset.as_ref()?.frauds_from_block))?;
    model.reset.frauds.contribution(code::BLOCK_FRAUD, (0, count), |others, span| {
        format!("What came from the same block of addresses at {others} was called fraudulent {span}.")
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
