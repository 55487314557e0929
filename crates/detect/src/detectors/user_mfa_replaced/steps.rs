//! What happens to somebody's factors, and how strange the place is that it comes from.

use std::borrow::Cow;

use countersign_auth0::log::text;
use countersign_core::Micros;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    Event, Severity, World,
    admin::{Call, Method, part},
    told,
};

/// How strange a place is from which an attack came. No place is that strange by itself, so that it is known again for what it is; it is
/// told as high.
pub(super) const MARKED: Severity = Severity::Critical;

/// A step of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Step {
    pub deed: Deed,
    /// How strange the place was; `None` where it was familiar, or does not count: an administrator's. [`MARKED`]: by a mark.
    pub strange: Option<Severity>,
    /// Whether enough was known of the account to say so.
    pub is_known: bool,
    /// Whether we did it ourselves.
    pub is_own: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Deed {
    SignedIn,
    Removed,
    RemovedByAdmin,
    Enrolled,
    EnrolledByAdmin,
}

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(borrow, default)]
    request: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "text")]
    operation: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
struct Request<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    method: Option<Cow<'a, str>>,
}

/// What the person did.
pub(super) fn deed(event: &Event<'_>) -> Option<Deed> {
    match event.kind() {
        "s" => Some(Deed::SignedIn),
        "gd_unenroll" => Some(Deed::Removed),
        "gd_enrollment_complete" => Some(Deed::Enrolled),
        "my_account_authentication_method_succeeded" => {
            let details: Details<'_> = part(event.log.fields.details);
            let request: Request<'_> = part(details.request);
            let method = request.method.or(details.operation)?.to_ascii_lowercase();
            match &*method {
                "delete" => Some(Deed::Removed),
                "post" | "create" | "verify" => Some(Deed::Enrolled),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What an administrator did, and to whom.
pub(super) fn of_call(call: &Call) -> Option<(Deed, &str)> {
    let id = call.path.get(1).map(String::as_str).filter(|id| told(Some(&Cow::Borrowed(id))).is_some())?;
    if !call.is_change() {
        return None;
    }
    match (call.method, &call.path()[..]) {
        (
            Method::Delete,
            ["users", _, "authentication-methods", ..]
            | ["users", _, "authenticators"]
            | ["users", _, "multifactor", _],
        )
        // Why a removal: the code that the person has is void, and somebody else has the new one.
        | (Method::Post, ["users", _, "recovery-code-regeneration"]) => Some((Deed::RemovedByAdmin, id)),
        (Method::Post | Method::Put, ["users", _, "authentication-methods"]) => {
            Some((Deed::EnrolledByAdmin, id))
        }
        _ => None,
    }
}

/// How strange the place of an entry is to its account; familiar is what was its own before the window began, so that an attacker's
/// own logins of some days do not make theirs so.
pub(super) fn strangeness(event: &Event<'_>, world: &World<'_>, window: Micros) -> Option<Severity> {
    if is_marked(event, world) {
        return Some(MARKED);
    }
    let person = world.person?;
    let since = event.at().plus(-window);
    let country = event.place.and_then(|place| place.country);
    let is_abroad = country.is_some()
        && person.countries.iter().next().is_some()
        && !person.countries.is_settled(country, person.first, since);
    let (device, network) = (event.tags.device, event.tags.network);
    let is_new_device = device.is_some() && !person.devices.is_settled(device, person.first, since);
    let is_new_network = network.is_some() && !person.networks.is_settled(network, person.first, since);
    match (is_abroad, is_new_device, is_new_network) {
        (true, true, _) => Some(Severity::High),
        (true, false, _) | (false, true, true) => Some(Severity::Medium),
        (false, true, false) => Some(Severity::Low),
        // Why low: where nobody knows the country, an unknown network may be anywhere.
        (false, false, true) if country.is_none() => Some(Severity::Low),
        (false, false, _) => None,
    }
}

/// Whether an attack came from there within a day.
pub(super) fn is_marked(event: &Event<'_>, world: &World<'_>) -> bool {
    world.marks.is_marked(event.tags.address, event.at())
}
