//! The terms: each reads the features and the profile and contributes at most one reason.
//!
//! To add one: a file here with its tests, its codes in `code.rs`, its constants in `model.rs`, a row in [`TERMS`].
//! A term returns `None` when a feature that it needs is missing, holds its contribution within the model's bounds,
//! and never puts a value of the features into its text.

mod auth0;
mod burst;
mod client;
mod device;
mod exchange;
mod failures;
mod familiarity;
mod hours;
mod place;
mod posture;
mod reset;
mod sign_up;
mod travel;

use crate::{Contribution, Features, Model, Profile};

/// A term of the model.
pub(crate) type Term = fn(&Features, Option<&Profile>, &Model) -> Option<Contribution>;

/// Every term; the order carries no meaning.
pub(crate) const TERMS: &[Term] = &[
    place::country,
    place::network,
    device::machine,
    device::browser,
    device::automation,
    hours::hour,
    travel::travel,
    auth0::confidence,
    auth0::new_device,
    auth0::impossible_travel,
    auth0::untrusted_ip,
    failures::failures,
    posture::device_posture,
    sign_up::domain::kind,
    sign_up::domain::look_alike,
    sign_up::address::role,
    sign_up::address::variant,
    sign_up::address::gibberish,
    sign_up::address::name,
    sign_up::address::language,
    sign_up::address::disguised,
    sign_up::address::link,
    sign_up::network::kind,
    sign_up::crowd::block,
    sign_up::crowd::domain,
    sign_up::crowd::pattern,
    sign_up::crowd::client,
    sign_up::crowd::name,
    sign_up::crowd::range,
    sign_up::crowd::failures,
    sign_up::crowd::frauds,
    sign_up::carried,
    reset::repeated,
    reset::block,
    reset::second_factor,
    reset::dormant,
    reset::leaked,
    client::audience,
    client::scopes,
    client::dormant,
    client::parallel,
    client::rate,
    exchange::kinds,
    exchange::actor_new,
    exchange::actor_reset,
];

/// What counts at a person's sign-in beside the shapes: of a sign-up all but what the shapes weigh as well (failures from the block, the kind
/// of the network).
pub(crate) const BESIDE_LOGIN: &[Term] = &[
    device::automation,
    auth0::confidence,
    auth0::new_device,
    auth0::impossible_travel,
    auth0::untrusted_ip,
    posture::device_posture,
    sign_up::domain::kind,
    sign_up::domain::look_alike,
    sign_up::address::role,
    sign_up::address::variant,
    sign_up::address::gibberish,
    sign_up::address::name,
    sign_up::address::language,
    sign_up::address::disguised,
    sign_up::address::link,
    sign_up::crowd::block,
    sign_up::crowd::domain,
    sign_up::crowd::pattern,
    sign_up::crowd::client,
    sign_up::crowd::name,
    sign_up::crowd::range,
    sign_up::crowd::frauds,
    sign_up::carried,
];
