//! The sentence of each term: plain English, and no value of the event.

use std::borrow::Cow;

use super::Login;
use crate::{
    number::{elapsed, grouped, nearest, real},
    profile::Seen,
};

type Words = Cow<'static, str>;

/// How often a value was seen, in words.
fn share(seen: Option<Seen>, noun: &str) -> Words {
    let Some(Seen { weight, total, .. }) = seen.filter(|seen| seen.total >= 0.5) else {
        return format!("Judged by colleagues, since the user has no history of {noun}.").into();
    };
    let sign_ins = nearest(total).max(1);
    if weight <= 0.0 {
        format!("The user's history of about {sign_ins} sign-ins does not hold this {noun}.").into()
    } else {
        let percent = match nearest(100.0 * weight / f64::max(total, weight)) {
            ..1 => "Under 1%".to_owned(),
            percent => format!("About {}%", percent.min(100)),
        };
        format!("{percent} of the user's about {sign_ins} sign-ins had this {noun}.").into()
    }
}

pub(super) fn country(login: &Login<'_>, _: bool) -> Words {
    share(login.seen.country, "country")
}

pub(super) fn network(login: &Login<'_>, _: bool) -> Words {
    share(login.seen.network, "network")
}

pub(super) fn block(login: &Login<'_>, _: bool) -> Words {
    share(login.seen.block, "block of addresses")
}

pub(super) fn machine(login: &Login<'_>, _: bool) -> Words {
    share(login.seen.machine, "kind of machine")
}

pub(super) fn browser(login: &Login<'_>, _: bool) -> Words {
    share(login.seen.browser, "browser on such a machine")
}

pub(super) fn language(login: &Login<'_>, _: bool) -> Words {
    share(login.seen.language, "browser language")
}

pub(super) fn tls(login: &Login<'_>, _: bool) -> Words {
    share(login.seen.fingerprint, "TLS fingerprint")
}

pub(super) fn distance(login: &Login<'_>, _: bool) -> Words {
    let km = grouped(nearest(login.seen.nearest_km.unwrap_or(0.0)));
    format!("{km} km from the nearest place that the user signed in from.").into()
}

pub(super) fn travel(login: &Login<'_>, _: bool) -> Words {
    let last = login.profile.places().last();
    let (Some(here), Some((second, place))) = (login.features.place, last) else { return "".into() };
    let (km, at) = (grouped(nearest(here.distance_km(place))), login.features.at.seconds());
    let gap = i64::try_from(at.abs_diff(second)).unwrap_or(i64::MAX);
    format!("{km} km from the last confirmed sign-in in {}.", elapsed(gap)).into()
}

pub(super) fn version(_: &Login<'_>, raises: bool) -> Words {
    either(
        raises,
        "The browser's version is not one that the user's updates lead to.",
        "The browser has the version that the user has.",
    )
}

pub(super) fn tls_pair(_: &Login<'_>, raises: bool) -> Words {
    either(
        raises,
        "The TLS fingerprint is unusual for the browser that the request names.",
        "The TLS fingerprint is usual for the browser that the request names.",
    )
}

pub(super) fn hour(_: &Login<'_>, raises: bool) -> Words {
    either(
        raises,
        "Few of the user's and the organization's sign-ins are at this hour of the day.",
        "Many of the user's or the organization's sign-ins are at this hour of the day.",
    )
}

pub(super) fn history(login: &Login<'_>, _: bool) -> Words {
    match nearest(login.profile.history(login.features.at)) {
        0 => "No sign-in of this user is confirmed.".into(),
        known => format!("About {known} sign-ins of this user are confirmed.").into(),
    }
}

pub(super) fn absence(login: &Login<'_>, _: bool) -> Words {
    let last = login.profile.last_seen().map_or(0, countersign_core::Timestamp::seconds);
    let gap = login.features.at.seconds().saturating_sub(last).max(0);
    format!("The last confirmed sign-in was {} ago.", elapsed(gap)).into()
}

pub(super) fn failures(login: &Login<'_>, _: bool) -> Words {
    let recent = login.profile.failure_ages(login.features.at).filter(|age| real(*age) < 86_400.0).count();
    match recent {
        0 => "Sign-ins of this user failed more than a day ago.".into(),
        1 => "A sign-in of this user failed in the last 24 hours.".into(),
        // The profile remembers 16.
        16.. => "16 or more sign-ins of this user failed in the last 24 hours.".into(),
        count => format!("{count} sign-ins of this user failed in the last 24 hours.").into(),
    }
}

pub(super) fn block_failures(login: &Login<'_>, raises: bool) -> Words {
    let count = login.features.readings.failures_day;
    if raises {
        format!("Sign-ins at {count} other accounts failed from this block of addresses in 24 hours.").into()
    } else {
        "More people signed in from this block of addresses than failed there.".into()
    }
}

pub(super) fn tls_failures(login: &Login<'_>, raises: bool) -> Words {
    let count = login.features.readings.ja4_failures_day;
    if raises {
        format!("Sign-ins at {count} other accounts failed with this TLS fingerprint in 24 hours.").into()
    } else {
        "More people signed in with this TLS fingerprint than failed with it.".into()
    }
}

pub(super) fn network_failures(login: &Login<'_>, _: bool) -> Words {
    let count = login.features.readings.network_failures_day;
    format!(
        "Sign-ins at {count} other accounts failed from this network, which is new to the user, in 24 hours."
    )
    .into()
}

pub(super) fn colleagues(login: &Login<'_>, _: bool) -> Words {
    let others = login.features.shares.map_or(0, |shares| shares.block_others);
    match others {
        1 => "One colleague was confirmed on this block of addresses in 30 days.".into(),
        8.. => "Eight or more colleagues were confirmed on this block of addresses in 30 days.".into(),
        others => format!("{others} colleagues were confirmed on this block of addresses in 30 days.").into(),
    }
}

pub(super) fn kind(login: &Login<'_>, raises: bool) -> Words {
    use crate::NetworkKind::{Anonymizer, Gateway, Hosting, Vpn};
    match (raises, login.features.network_kind) {
        (false, _) => "The network is one of homes, phones and offices.".into(),
        (true, Some(Hosting)) => "The network rents out machines, and is new to the user.".into(),
        (true, Some(Anonymizer | Vpn)) => {
            "The network hides who is behind it, and is new to the user.".into()
        }
        (true, Some(Gateway)) => {
            "The network is a gateway that many organizations send their traffic through, and is new to the user.".into()
        }
        (true, _) => "The network is new to the user, and no list says what kind it is.".into(),
    }
}

pub(super) fn network_attacks(_: &Login<'_>, _: bool) -> Words {
    "Confirmed attacks came from this network lately, which is new to the user.".into()
}

pub(super) fn tls_attacks(_: &Login<'_>, _: bool) -> Words {
    "Confirmed attacks had this TLS fingerprint lately, which is new to the user.".into()
}

pub(super) fn session_network(_: &Login<'_>, raises: bool) -> Words {
    either(
        raises,
        "The session or token comes from another network than before.",
        "The session or token comes from the network that it had.",
    )
}

pub(super) fn session_country(_: &Login<'_>, raises: bool) -> Words {
    either(
        raises,
        "The session or token comes from another country than before.",
        "The session or token comes from the country that it had.",
    )
}

pub(super) fn session_device(_: &Login<'_>, raises: bool) -> Words {
    either(
        raises,
        "The session or token comes from another program or machine than before.",
        "The session or token comes from the program and machine that it had.",
    )
}

pub(super) fn session_tls(_: &Login<'_>, raises: bool) -> Words {
    either(
        raises,
        "The session or token comes with another TLS fingerprint than before.",
        "The session or token comes with the TLS fingerprint that it had.",
    )
}

pub(super) fn session_block(_: &Login<'_>, raises: bool) -> Words {
    either(
        raises,
        "The session or token comes from another block of addresses than before.",
        "The session or token comes from the block of addresses that it had.",
    )
}

pub(super) fn new_both(_: &Login<'_>, _: bool) -> Words {
    "Client and network are both new to the user.".into()
}

pub(super) fn home_move(_: &Login<'_>, _: bool) -> Words {
    "The network is new, but the place and the client are the user's: people change their provider.".into()
}

fn either(raises: bool, up: &'static str, down: &'static str) -> Words {
    if raises { up.into() } else { down.into() }
}
