//! The native detectors. A new one is a file here with its `About`, and a line in [`NATIVE`].

mod brute_force_account;

use std::collections::BTreeMap;

use crate::{About, Detector, ParamError, Params};

/// A native detector: what it is, and how one is made.
#[derive(Clone, Copy)]
pub struct Native {
    /// What it is.
    pub about: &'static About,
    /// Makes one without state.
    pub make: fn(&Params) -> Box<dyn Detector>,
}

/// All of them, in the order in which they run: what finds sources of attacks comes before what asks for them.
pub static NATIVE: &[Native] = &[brute_force_account::NATIVE];

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
