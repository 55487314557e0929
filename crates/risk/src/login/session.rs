//! A sign-in against the beginning of its session or refresh token.

use super::Login;
use crate::profile::{Seen, Started};

/// What is compared: 1 where it changed, -1 where it is the same.
///
/// What Auth0 tells of the beginning and the last use is written by whoever uses the session, a thief included. That it
/// agrees speaks for the person only where this service confirmed the beginning, or where the value is known to the person;
/// that it differs always counts.
fn compare(login: &Login<'_>, now: Option<u32>, seen: Option<Seen>, of: fn(&Started) -> u32) -> Option<f64> {
    let (now, is_known) = (now?, seen.is_some_and(Seen::is_known));
    let mut is_changed = false;
    for (index, started) in login.seen.started.iter().enumerate() {
        match started.as_ref().map_or(0, of) {
            0 => {}
            then if then != now => is_changed = true,
            _ if index == 0 || is_known => return Some(-1.0),
            _ => {}
        }
    }
    is_changed.then_some(1.0)
}

/// Whether the session was there before this sign-in: of a new one nothing can be told.
fn is_known(login: &Login<'_>) -> Option<()> {
    login.features.session.as_ref()?;
    let [confirmed, ..] = &login.seen.started;
    (login.features.session_known.unwrap_or(false) || confirmed.is_some()).then_some(())
}

macro_rules! part {
    ($name:ident, $key:ident) => {
        pub(super) fn $name(login: &Login<'_>) -> Option<f64> {
            is_known(login)?;
            compare(login, login.keys.$key, login.seen.$key, |started| started.$key)
        }
    };
}

part!(country, country);
part!(network, network);
part!(block, block);
part!(tls, fingerprint);
part!(device, browser);
