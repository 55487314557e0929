//! From Auth0's events to features: the only place here that knows their shapes.
//!
//! To add a trigger: a file here that implements [`Extract`] for its event, with its fixture as a test.

mod credentials_exchange;
mod event_stream;
mod guards;
mod origin;
mod person;
mod post_login;
mod registration;
mod reset;
mod short_form;

use std::net::IpAddr;

use countersign_core::{Score, Timestamp};
pub use credentials_exchange::requested_scopes;
pub(crate) use origin::{block, range};
pub(crate) use person::account;
pub use short_form::ShortForm;

use crate::{DevicePosture, Features, NetworkKind, Place, Readings, Reference, Short, Sightings};

/// All beside the event that its features are read with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What domains and languages are looked up in.
    pub reference: &'a Reference,
    /// What others did alike: [`Velocity::read`](crate::Velocity::read) with the event's sightings, before it is noted.
    pub readings: Readings,
    /// Whether no sign-in of the account was confirmed yet.
    pub is_new: bool,
    /// Score of the account's sign-up, for its first login; `None` when there was none.
    pub carried: Option<Score>,
    /// Whether that sign-up would have been challenged or refused.
    pub owes_challenge: bool,
    /// What the request tells of the machine beside its event; `None` when nothing.
    pub device_posture: Option<DevicePosture>,
    /// Where an address is by reference data; asked only for what the event does not tell.
    pub locate: &'a dyn Fn(IpAddr) -> Option<Located>,
    /// What kind of network an autonomous system is by reference data; `None` when nobody knows.
    pub kind_of: &'a dyn Fn(u32) -> Option<NetworkKind>,
}

/// Where an address is by reference data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Located {
    /// Country as two upper-case letters (ISO 3166-1); `None` when not known.
    pub country: Option<Short>,
    /// The point; `None` when not known well enough, or when it is not where the person is.
    pub place: Option<Place>,
    /// The autonomous system; `None` when not known.
    pub asn: Option<u32>,
    /// What kind of network it is in; `None` when not known.
    pub kind: Option<NetworkKind>,
}

impl<'a> Context<'a> {
    /// The context of an account that nothing is known of, beside what is looked up.
    #[must_use]
    pub fn new(reference: &'a Reference) -> Self {
        Self {
            reference,
            readings: Readings::default(),
            is_new: true,
            carried: None,
            owes_challenge: false,
            device_posture: None,
            locate: &|_| None,
            kind_of: &|_| None,
        }
    }
}

/// What Countersign can assess: an event, or the short form.
///
/// Total: whatever is malformed counts as missing. Addresses, names and e-mail are not kept.
pub trait Extract {
    /// The keys by which others that did the same are counted.
    fn sightings(&self) -> Sightings;

    /// The features of what arrived at `at`, since Auth0's events have no time of their own.
    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features;
}

#[cfg(test)]
mod tests;
