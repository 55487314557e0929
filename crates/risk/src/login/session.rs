//! A sign-in against the beginning of its session or refresh token.

use super::Login;
use crate::profile::Started;

/// What is compared: 1 where it changed, -1 where it is the same.
fn compare(login: &Login<'_>, now: Option<u32>, of: fn(&Started) -> u32) -> Option<f64> {
    let (now, session) = (now?, login.features.session.as_ref()?);
    let told =
        [&session.initial, &session.last].into_iter().flatten().map(|told| Started::told(session.key, told));
    let mut is_told = false;
    for started in login.profile.started(session.key).copied().into_iter().chain(told) {
        let then = of(&started);
        if then == now {
            return Some(-1.0);
        }
        is_told |= then != 0;
    }
    is_told.then_some(1.0)
}

/// Whether the session was there before this sign-in: of a new one nothing can be told.
fn is_known(login: &Login<'_>) -> Option<()> {
    let session = login.features.session.as_ref()?;
    let known = login.features.session_known.unwrap_or(false) || login.profile.started(session.key).is_some();
    known.then_some(())
}

macro_rules! part {
    ($name:ident, $key:ident) => {
        pub(super) fn $name(login: &Login<'_>) -> Option<f64> {
            is_known(login)?;
            compare(login, login.keys.$key, |started| started.$key)
        }
    };
}

part!(country, country);
part!(network, network);
part!(block, block);
part!(tls, fingerprint);

pub(super) fn device(login: &Login<'_>) -> Option<f64> {
    is_known(login)?;
    compare(login, login.keys.browser, |started| started.browser)
}
