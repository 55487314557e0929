//! When a sign-in comes, of whom, and after what.

use countersign_core::Channel;

use super::{Login, client, familiarity::log_ratio_by, place};
use crate::{Share, number::real};

/// Weights of the same hour, its two neighbors and theirs.
const KERNEL: [(u32, f64); 5] = [(22, 0.12), (23, 0.22), (0, 0.32), (1, 0.22), (2, 0.12)];

/// A day in seconds.
const DAY_S: f64 = 86_400.0;

pub(super) fn hour(login: &Login<'_>) -> Option<f64> {
    if !matches!(login.features.channel, Channel::Interactive | Channel::Password) {
        return None;
    }
    let hour = u32::from(login.features.local_hour? % 24);
    let seen = |shift: u32| login.profile.hour((hour + shift) % 24, login.features.at);
    let near = KERNEL.iter().map(|(shift, part)| seen(*shift).weight * part).sum();
    let share = login.features.shares.and_then(|shares| shares.hour);
    if share.is_none() && seen(0).total <= 0.0 {
        return None;
    }
    let share = share.map(|share| Share { tenant_ppb: 41_666_667, ..share });
    Some(login.weaken(log_ratio_by(near, seen(0).total, share, 1.0 / 24.0, 3.0)))
}

/// `1 / (1 + n)` of the confirmed sign-ins that are still counted.
pub(super) fn history(login: &Login<'_>) -> Option<f64> {
    Some(1.0 / (1.0 + login.profile.history(login.features.at)))
}

/// `ln(1 + days / 7)` since the last confirmed sign-in.
pub(super) fn dormant(login: &Login<'_>) -> Option<f64> {
    let elapsed = login.features.at.seconds().saturating_sub(login.profile.last_seen()?.seconds()).max(0);
    Some(libm::log1p(real(elapsed) / (7.0 * DAY_S)))
}

/// `ln(1 + n)` of the failed attempts of the last hours, each halved in three.
pub(super) fn failures(login: &Login<'_>) -> Option<f64> {
    let recent: f64 =
        login.profile.failure_ages(login.features.at).map(|age| libm::exp2(-real(age) / 10_800.0)).sum();
    Some(libm::log1p(recent))
}

/// The lesser of how new the network and how new the client is, where both are.
pub(super) fn new_both(login: &Login<'_>) -> Option<f64> {
    let network = f64::max(place::network(login)?, place::country(login).unwrap_or(0.0));
    let newest = [client::machine(login), client::browser(login), client::tls(login)];
    let client = newest.into_iter().flatten().reduce(f64::max)?;
    Some(f64::min(network, client).max(0.0))
}

/// How new the network is where place and client are known: somebody changed the provider. Negative: it speaks for them.
pub(super) fn home_move(login: &Login<'_>) -> Option<f64> {
    let network = place::network(login)?.max(0.0);
    let is_near = place::distance(login)? < 0.0;
    let client = [client::machine(login)?, client::browser(login)?];
    let tls = client::tls(login).unwrap_or(-0.1);
    let is_known = client.into_iter().chain([tls]).all(|evidence| evidence < 0.0);
    (is_near && is_known).then_some(-network)
}
