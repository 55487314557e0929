//! What others did from the same place, with the same client.

use super::{Login, place};
use crate::NetworkKind;

/// Share of a tenant's sign-ins at which failures with a TLS fingerprint count half; judgement.
const COMMON_SHARE: f64 = 0.02;

/// `ln((failed + 1) / (succeeded + 2))` of other accounts in a day, at least 0 once any failed.
fn ratio(failed: u16, succeeded: u16, prior: f64) -> f64 {
    if failed == 0 {
        return 0.0;
    }
    libm::log((f64::from(failed) + 1.0) / (f64::from(succeeded) + prior)) + libm::log(prior)
}

/// Nothing where the block is known to the person: anybody can fail from an office, and its people must not pay for it.
pub(super) fn block_failures(login: &Login<'_>) -> Option<f64> {
    let readings = login.features.readings;
    let seen = login.seen.block?;
    let evidence = ratio(readings.failures_day, readings.block_successes_day, 2.0).max(-0.5);
    Some(if seen.is_known() { evidence.min(0.0) } else { evidence })
}

/// Nothing where the fingerprint is known to the person, and the less the more of the tenant's sign-ins have it: with a common
/// browser anybody can fail.
pub(super) fn tls_failures(login: &Login<'_>) -> Option<f64> {
    let readings = login.features.readings;
    let seen = login.seen.fingerprint?;
    let evidence = ratio(readings.ja4_failures_day, readings.ja4_successes_day, 3.0).max(-1.0);
    if evidence <= 0.0 {
        return Some(evidence);
    }
    let share = login.features.shares.and_then(|shares| shares.fingerprint);
    let share = share.map_or(0.0, |share| f64::from(share.tenant_ppb) / 1e9);
    Some(if seen.is_known() { 0.0 } else { evidence * COMMON_SHARE / (COMMON_SHARE + share) })
}

pub(super) fn network_failures(login: &Login<'_>) -> Option<f64> {
    let is_new = place::network(login)? > 0.0;
    let here = login.features.shares.map_or(0.0, |shares| f64::from(shares.network_milli) / 1_000.0);
    let failed = f64::from(login.features.readings.network_failures_day);
    Some(if is_new { libm::log1p(failed) - 0.5 * libm::log1p(here).min(libm::log1p(failed)) } else { 0.0 })
}

/// Others of the organization on the block: negative, they speak for it.
pub(super) fn colleagues(login: &Login<'_>) -> Option<f64> {
    Some(-libm::log1p(f64::from(login.features.shares?.block_others)))
}

/// The kind of the network where it is new to the person; less where it is usual in the organization.
pub(super) fn kind(login: &Login<'_>) -> Option<f64> {
    let known = login.seen.network?.is_known();
    let weight = match login.features.network_kind {
        _ if known => return Some(0.0),
        Some(NetworkKind::Hosting) => 2.0,
        Some(NetworkKind::Anonymizer | NetworkKind::Vpn) => 1.3,
        Some(NetworkKind::Unknown) => 0.8,
        // No list at all: it says nothing of anybody.
        None => return None,
        Some(NetworkKind::Gateway) => 0.1,
        Some(NetworkKind::Residential | NetworkKind::Mobile | NetworkKind::Corporate) => return Some(-0.5),
    };
    let here = login.features.shares.map_or(0.0, |shares| f64::from(shares.network_here_milli) / 1_000.0);
    Some(weight / (1.0 + here / 3.0))
}

fn attacks(attacks_milli: u32, all_milli: u32) -> f64 {
    let (attacks, all) = (f64::from(attacks_milli) / 1_000.0, f64::from(all_milli) / 1_000.0);
    f64::max(libm::log1p(attacks) - 0.3 * libm::log1p(all / 10.0), 0.0).min(3.0)
}

pub(super) fn network_attacks(login: &Login<'_>) -> Option<f64> {
    let shares = login.features.shares?;
    let known = login.seen.network?.is_known();
    Some(if known { 0.0 } else { attacks(shares.network_attacks_milli, shares.network_milli) })
}

pub(super) fn tls_attacks(login: &Login<'_>) -> Option<f64> {
    let shares = login.features.shares?;
    let known = login.seen.fingerprint?.is_known();
    let all = shares.fingerprint.map_or(0.0, |share| f64::from(share.tenant_ppb) / 1e6);
    Some(if known {
        0.0
    } else {
        f64::max(libm::log1p(f64::from(shares.fingerprint_attacks_milli) / 1_000.0) - libm::log1p(all), 0.0)
    })
}
