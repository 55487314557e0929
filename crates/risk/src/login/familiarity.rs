//! How a value's place among the person's, the organization's and the tenant's sign-ins becomes evidence.

use crate::{Share, profile::Seen};

/// Weight of the organization's share in a person's, in sign-ins; RISK model, section 4.2.
const ORGANIZATION_PRIOR: f64 = 2.0;

/// Share of a value among honest strangers where nobody looked; half of what is unseen in an empty crowd.
const ORDINARY: f64 = 0.05;

/// Least and greatest evidence.
const BOUNDS: (f64, f64) = (-3.0, 5.0);

/// `ln(p_attacker / p_user)` with `p_user = (c + a · p_org) / (n + a)` and `p_attacker = ½ p_tenant + ½ floor`.
///
/// Form: Freeman et al., NDSS 2016, equation 7, with the organization's share as the prior, and a floor under the
/// attacker's share against their inversion for rare values.
pub(super) fn log_ratio(weight: f64, total: f64, share: Option<Share>, floor: f64) -> f64 {
    log_ratio_by(weight, total, share, floor, ORGANIZATION_PRIOR)
}

pub(super) fn log_ratio_by(weight: f64, total: f64, share: Option<Share>, floor: f64, prior: f64) -> f64 {
    let part = |ppb: u32| f64::from(ppb.max(1)) / 1e9;
    let (organization, tenant) =
        share.map_or((ORDINARY, ORDINARY), |share| (part(share.organization_ppb), part(share.tenant_ppb)));
    let total = f64::max(total, weight);
    let user = (weight + prior * organization) / (total + prior);
    let attacker = 0.5 * tenant + 0.5 * floor;
    libm::log(attacker / user).clamp(BOUNDS.0, BOUNDS.1)
}

/// The same of what was seen of all that was told; `None` where neither the person nor the crowd is known.
pub(super) fn of_all(seen: Seen, share: Option<Share>, floor: f64) -> Option<f64> {
    (share.is_some() || seen.total > 0.0).then(|| log_ratio(seen.weight, seen.total, share, floor))
}

/// The same of a value among those that came with another, which was `parent`.
pub(super) fn given(seen: Seen, parent: Seen, share: Option<Share>, floor: f64) -> Option<f64> {
    (share.is_some() || parent.weight > 0.0).then(|| log_ratio(seen.weight, parent.weight, share, floor))
}
