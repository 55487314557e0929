//! What the source of an entry says: whether it is the person's own, and whether many honest people share it.

use countersign_privacy::Tag;

use crate::{Entity, EntityKind, Event, World, network_of, state::Shares};

/// The tag of a TLS fingerprint within one autonomous system: what tells an attacker's tool from everybody else with the same tool.
pub(super) fn tool(event: &Event<'_>) -> Option<Tag> {
    let system = event.place?.asn?;
    let spread = u64::from(system).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Some(Tag(event.tags.fingerprint?.0.rotate_left(17) ^ spread))
}

/// How an alert names a source of the entry.
pub(super) type Name = fn(&Event<'_>) -> Option<Entity>;

/// The sources that the entry counts for, the narrowest first; `rare` is the tag of its fingerprint, where that says something.
pub(super) fn sources(event: &Event<'_>, rare: Option<Tag>) -> impl Iterator<Item = (Tag, Name)> {
    let named: [(Option<Tag>, Name); 3] = [
        (event.tags.address, |event| event.source()),
        (event.tags.network, |event| event.network()),
        (rare, |event| {
            let ja4 = event.log.fields.security_context.ja4.as_deref()?;
            Some(Entity::new(EntityKind::Fingerprint, ja4))
        }),
    ];
    named.into_iter().filter_map(|(tag, name)| Some((tag?, name)))
}

/// Whether the operator says that the network is shared by honest people or monitors us.
pub(super) fn is_trusted(event: &Event<'_>, world: &World<'_>) -> bool {
    let trusted = &world.context.trusted_networks;
    !trusted.is_empty() && event.address.is_some_and(|address| trusted.contains(&network_of(address)))
}

/// Whether the fingerprint is so common that it says nothing alone. One that nobody knows the share of counts as common: in a
/// tenant's first hours every browser is new.
pub(super) fn is_common(event: &Event<'_>, world: &World<'_>, shares: &Shares, limit: f64) -> bool {
    let ja4 = event.log.fields.security_context.ja4.as_deref();
    let told = ja4.and_then(|ja4| world.context.fingerprint_shares.get(ja4)).copied();
    let seen = || event.tags.fingerprint.and_then(|fingerprint| shares.of(fingerprint));
    told.or_else(seen).is_none_or(|share| share >= limit)
}

/// Whether the person never signed in from this network before.
pub(super) fn is_new_network(event: &Event<'_>, world: &World<'_>) -> bool {
    let (at, network) = (event.at(), event.tags.network);
    !world.person.is_some_and(|person| person.networks.is_familiar(network, 1, at))
}

/// Whether the person never signed in with this device before. A login that tells no device does not say so.
pub(super) fn is_new_device(event: &Event<'_>, world: &World<'_>) -> bool {
    let (at, device) = (event.at(), event.tags.device);
    device.is_some() && !world.person.is_some_and(|person| person.devices.is_familiar(device, 1, at))
}

/// Whether the person signed in from this network with this device on three days or more.
pub(super) fn is_own(event: &Event<'_>, world: &World<'_>) -> bool {
    world.person.is_some_and(|person| {
        person.networks.is_familiar(event.tags.network, 3, event.at())
            && person.devices.is_familiar(event.tags.device, 3, event.at())
    })
}
