//! By which program, on which machine a sign-in comes.

use super::{
    Login,
    familiarity::{given, log_ratio_by, of_all},
};
use crate::{Share, profile::browser_of};

/// An attacker's share of any one system, browser or language.
const CLIENT_FLOOR: f64 = 0.15;
/// An attacker's share of any one TLS fingerprint.
const TLS_FLOOR: f64 = 0.1;

pub(super) fn machine(login: &Login<'_>) -> Option<f64> {
    of_all(login.seen.machine?, login.features.shares.and_then(|shares| shares.machine), CLIENT_FLOOR)
        .map(|evidence| login.weaken(evidence))
}

pub(super) fn browser(login: &Login<'_>) -> Option<f64> {
    let (seen, parent) = (login.seen.browser?, login.seen.machine?);
    given(seen, parent, login.features.shares.and_then(|shares| shares.browser), CLIENT_FLOOR)
        .map(|evidence| login.weaken(evidence))
}

/// Older than the newest is riskier (people update, and attackers bring another machine), far newer a little.
pub(super) fn version(login: &Login<'_>) -> Option<f64> {
    let device = login.features.device.as_ref().filter(|device| device.major > 0)?;
    let newest = login.profile.newest_version(browser_of(device))?;
    Some(match device.major.min(1_023).checked_sub(newest) {
        None => 1.0 + f64::from((newest - device.major.min(1_023)).min(10)) / 10.0,
        Some(0) => -1.0,
        Some(1 | 2) => 0.0,
        Some(_) => 0.5,
    })
}

pub(super) fn language(login: &Login<'_>) -> Option<f64> {
    of_all(login.seen.language?, login.features.shares.and_then(|shares| shares.language), CLIENT_FLOOR)
        .map(|evidence| login.weaken(evidence))
}

pub(super) fn tls(login: &Login<'_>) -> Option<f64> {
    of_all(login.seen.fingerprint?, login.features.shares.and_then(|shares| shares.fingerprint), TLS_FLOOR)
        .map(|evidence| login.weaken(evidence))
}

/// The fingerprint among those of the same browser, whoever has it: a program that only calls itself so stands out.
pub(super) fn tls_pair(login: &Login<'_>) -> Option<f64> {
    let share = login.features.shares?.pair?;
    Some(login.weaken(log_ratio_by(0.0, 0.0, Some(Share { tenant_ppb: 1, ..share }), 0.3, 1.0)))
}
