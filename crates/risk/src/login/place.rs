//! Where a sign-in comes from.

use super::{
    Login,
    familiarity::{given, of_all},
};
use crate::number::real;

/// An attacker's share of any one country.
const COUNTRY_FLOOR: f64 = 0.04;
/// An attacker's share of any one network of a country.
const NETWORK_FLOOR: f64 = 0.05;
/// An attacker's share of any one block of a network.
const BLOCK_FLOOR: f64 = 0.01;

/// Evidence of travel beyond which no plane flies: ln(1,000 / 300). Airliners cruise at 900 km/h over ground.
pub(super) const IMPOSSIBLE: f64 = 1.204;

pub(super) fn country(login: &Login<'_>) -> Option<f64> {
    let share = login.features.shares.and_then(|shares| shares.country);
    of_all(login.seen.country?, share, COUNTRY_FLOOR).map(|evidence| login.weaken(evidence))
}

pub(super) fn network(login: &Login<'_>) -> Option<f64> {
    let seen = login.seen.network?;
    let share = login.features.shares.and_then(|shares| shares.network);
    let evidence = match login.seen.country {
        Some(country) => given(seen, country, share, NETWORK_FLOOR),
        None => of_all(seen, share, NETWORK_FLOOR),
    };
    evidence.map(|evidence| login.weaken(evidence))
}

pub(super) fn block(login: &Login<'_>) -> Option<f64> {
    let seen = login.seen.block?;
    let share = login.features.shares.and_then(|shares| shares.block);
    let evidence = match login.seen.network {
        Some(network) => given(seen, network, share, BLOCK_FLOOR),
        None => of_all(seen, share, BLOCK_FLOOR),
    };
    evidence.map(|evidence| login.weaken(evidence))
}

/// `ln(1 + km / 100)` less what a known place has, from the nearest place of those the person was at.
pub(super) fn distance(login: &Login<'_>) -> Option<f64> {
    Some(f64::min(libm::log1p(login.seen.nearest_km? / 100.0), 5.0) - 0.5)
}

/// `ln(speed / 300 km/h)` beyond 300 km, after 100 km for errors of position; 0 for all that is slower.
pub(super) fn travel(login: &Login<'_>) -> Option<f64> {
    let here = login.features.place?;
    let (second, place) = login.profile.places().last()?;
    let km = here.distance_km(place);
    let elapsed = i64::try_from(login.features.at.seconds().abs_diff(second)).unwrap_or(i64::MAX);
    let speed = (km - 100.0).max(0.0) / (real(elapsed.max(300)) / 3_600.0);
    Some(if km > 300.0 && speed > 300.0 { f64::min(libm::log(speed / 300.0), 3.0) } else { 0.0 })
}
