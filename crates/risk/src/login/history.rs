//! What the person's history says of the values of a sign-in, read once for all terms and their sentences.

use crate::{
    Features, Profile,
    profile::{Keys, Seen, Started},
};

/// How often each value was seen; `None` where the sign-in does not tell it.
pub(super) struct History {
    pub(super) country: Option<Seen>,
    pub(super) network: Option<Seen>,
    pub(super) block: Option<Seen>,
    pub(super) machine: Option<Seen>,
    pub(super) browser: Option<Seen>,
    pub(super) language: Option<Seen>,
    pub(super) fingerprint: Option<Seen>,
    /// From the nearest place that the person was at; `None` where one of the two is not known.
    pub(super) nearest_km: Option<f64>,
    /// What the session or token was like: as confirmed first, then as Auth0 tells of its beginning and its last use.
    pub(super) started: [Option<Started>; 3],
}

impl History {
    pub(super) fn read(features: &Features, profile: &Profile, keys: &Keys) -> Self {
        let at = features.at;
        let nearest = features
            .place
            .and_then(|here| profile.known_places().map(|place| here.distance_km(place)).reduce(f64::min));
        let started = features.session.as_ref().map(|session| {
            let told = |told| Some(Started::told(session.key, Option::as_ref(told)?));
            [profile.started(session.key).copied(), told(&session.initial), told(&session.last)]
        });
        Self {
            country: keys.country.map(|key| profile.country(key, at)),
            network: keys.network.map(|key| profile.network(key, at)),
            block: keys.block.map(|key| profile.block(key, at)),
            machine: keys.machine.map(|key| profile.machine(key, at)),
            browser: keys.browser.map(|key| profile.browser(key, at)),
            language: keys.language.map(|key| profile.language(key, at)),
            fingerprint: keys.fingerprint.map(|key| profile.fingerprint(key, at)),
            nearest_km: nearest,
            started: started.unwrap_or_default(),
        }
    }
}
