//! The native detectors. A new one is a file here with its `About`, and a line in [`NATIVE`].

mod account;
mod anomalously_active_member;
mod attack_protection_weakened;
mod bound;
mod brute_force_account;
#[cfg(test)]
mod calls;
mod credential_stuffing;
mod cross_org_coordinated;
mod crowd;
mod dormant_member_returns;
mod exchange;
mod failure;
mod feed;
mod guardian;
mod impossible_travel;
mod insecure_grant_enabled;
mod login_from_attacker_tls;
mod m2m_new_source;
mod measure;
mod mfa_downgrade;
mod mfa_fatigue;
mod new_country_or_device;
mod org_api_anomaly;
mod page;
mod password_spray;
mod refresh_family_spread;
mod relations;
mod sensor_tampering;
mod shared_authenticator;
mod signup_fraud;
mod sms_pumping;
mod source;
mod success_after_failures;
mod tenant_takeover;
#[cfg(test)]
mod trial;
mod unrelated_org_access;
mod user_enumeration;
mod user_mfa_replaced;
mod weaker_factor_login;

use std::collections::BTreeMap;

use crate::{About, Detector, ParamError, Params};

pub use failure::is_wrong_password;
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
    password_spray::NATIVE,
    credential_stuffing::NATIVE,
    cross_org_coordinated::NATIVE,
    brute_force_account::NATIVE,
    success_after_failures::NATIVE,
    user_enumeration::NATIVE,
    signup_fraud::NATIVE,
    login_from_attacker_tls::NATIVE,
    impossible_travel::NATIVE,
    new_country_or_device::NATIVE,
    dormant_member_returns::NATIVE,
    unrelated_org_access::NATIVE,
    refresh_family_spread::NATIVE,
    anomalously_active_member::NATIVE,
    weaker_factor_login::NATIVE,
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

/// The detectors that find nothing but what is new or unusual for a person: in the person's first days nobody is told of it.
/// Those that find attacks tell from the first day, and those that learn by other measures say so themselves.
pub static LEARNING: &[&str] = &["new_country_or_device", "dormant_member_returns", "weaker_factor_login"];

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_detector_says_what_it_is() {
        let ids: BTreeSet<_> = NATIVE.iter().map(|native| &*native.about.id).collect();
        assert_eq!(ids.len(), NATIVE.len());
        for About { id, text, steps, false_positives, techniques, params, .. } in
            NATIVE.iter().map(|n| n.about)
        {
            assert!(!text.is_empty() && !steps.is_empty() && !false_positives.is_empty(), "{id}");
            assert!(
                !techniques.is_empty() && techniques.iter().all(|technique| technique.starts_with('T')),
                "{id}"
            );
            let names: BTreeSet<_> = params.iter().map(|param| param.name).collect();
            assert_eq!(names.len(), params.len(), "{id}");
            for param in *params {
                assert!((param.least..=param.most).contains(&param.default), "{id}: {}", param.name);
            }
        }
    }

    #[test]
    fn a_threshold_or_detector_that_there_is_not_is_refused() {
        let set = |id: &str, name: &str| {
            let thresholds = [(id.to_owned(), [(name.to_owned(), 7.0)].into())].into();
            make_all(&thresholds).map(|made| made.len())
        };
        assert_eq!(set("password_spray", "distinct_users"), Ok(NATIVE.len()));
        assert!(set("password_spray", "users").is_err() && set("password", "distinct_users").is_err());
    }
}
