//! The native detectors. A new one is a file here with its `About`, and a line in [`NATIVE`].

mod attack_protection_weakened;
mod brute_force_account;
#[cfg(test)]
mod calls;
mod feed;
mod guardian;
mod insecure_grant_enabled;
mod m2m_new_source;
mod mfa_downgrade;
mod mfa_fatigue;
mod org_api_anomaly;
mod page;
mod sensor_tampering;
mod shared_authenticator;
mod sms_pumping;
mod tenant_takeover;
#[cfg(test)]
mod trial;
mod user_mfa_replaced;

use std::collections::BTreeMap;

use crate::{About, Detector, ParamError, Params};

pub use page::page;

/// A native detector: what it is, and how one is made.
#[derive(Clone, Copy)]
pub struct Native {
    /// What it is.
    pub about: &'static About,
    /// Makes one without state.
    pub make: fn(&Params) -> Box<dyn Detector>,
}

/// All of them, in the order in which they run: what finds sources of attacks comes before what asks for them.
pub static NATIVE: &[Native] = &[
    brute_force_account::NATIVE,
    mfa_fatigue::NATIVE,
    user_mfa_replaced::NATIVE,
    shared_authenticator::NATIVE,
    sms_pumping::NATIVE,
    m2m_new_source::NATIVE,
    org_api_anomaly::NATIVE,
    mfa_downgrade::NATIVE,
    attack_protection_weakened::NATIVE,
    insecure_grant_enabled::NATIVE,
    tenant_takeover::NATIVE,
    sensor_tampering::NATIVE,
];

/// Makes all native detectors; `thresholds` by detector and name are what the operator set.
///
/// # Errors
/// The first threshold that can't be set so, or a detector that there is not.
pub fn make_all(
    thresholds: &BTreeMap<String, BTreeMap<String, f64>>,
) -> Result<Vec<Box<dyn Detector>>, ParamError> {
    if let Some((id, given)) =
        thresholds.iter().find(|(id, _)| !NATIVE.iter().any(|native| native.about.id == **id))
    {
        let known = NATIVE.iter().map(|native| &*native.about.id).collect::<Vec<_>>().join(", ");
        let name = given.keys().next().cloned().unwrap_or_default();
        return Err(ParamError::Unknown { detector: id.clone(), name, known });
    }
    let make = |native: &Native| {
        let given = thresholds.get(&*native.about.id).cloned().unwrap_or_default();
        Ok((native.make)(&Params::new(native.about, given)?))
    };
    NATIVE.iter().map(make).collect()
}
