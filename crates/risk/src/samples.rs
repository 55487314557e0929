//! Sign-ins and histories for this crate's tests.

use countersign_core::{Channel, Timestamp};

use crate::{Auth0Risk, Device, DeviceClass, Features, Place, Profile, learning};

pub(crate) const DAY_S: i64 = 86_400;

/// The time of the samples: 2026-08-20T08:00:00Z.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(1_787_212_800)
}

/// What the user of [`home`] does each day, at [`now`].
pub(crate) fn ordinary() -> Features {
    let place = Place { lat: 501_000, lon: 86_800 };
    let mut features = Features::new(now(), Channel::Interactive);
    features.country = Some("DE".into());
    features.network = Some("as64500".into());
    features.block = Some("203.0.113.0/24".into());
    features.place = Some(place);
    features.local_hour = Some(place.local_hour(now()));
    features.device = Some(Device {
        browser: "chrome".into(),
        major: 140,
        os: "windows".into(),
        class: DeviceClass::Desktop,
        automation: false,
    });
    features.ja4 = Some("t13d1516h2_8daaf6152771_02713d6af862".into());
    features.auth0 = Some(Auth0Risk { confidence: Some("high".into()), ..Auth0Risk::default() });
    features.logins_count = Some(60);
    features.enroll(["otp"]);
    features.note_missing();
    features
}

/// Someone else with the user's password, an hour after the user's last sign-in.
pub(crate) fn stranger() -> Features {
    let mut features = ordinary();
    features.country = Some("AU".into());
    features.network = Some("as65550".into());
    features.block = Some("198.51.100.0/24".into());
    features.place = Some(Place { lat: -338_700, lon: 1_512_100 });
    features.local_hour = Some(18);
    features.device = Some(Device {
        browser: "firefox".into(),
        major: 142,
        os: "linux".into(),
        class: DeviceClass::Desktop,
        automation: false,
    });
    features.auth0 = None;
    features.note_missing();
    features
}

/// A history of one ordinary sign-in on each of the last `days` days, the latest an hour ago.
pub(crate) fn home(days: u32) -> Profile {
    let mut profile = Profile::default();
    for ago in (0..i64::from(days)).rev() {
        let mut features = ordinary();
        features.at = Timestamp::from_seconds(now().seconds() - 3_600 - ago * DAY_S);
        profile.credit(&features, u64::try_from(ago).unwrap(), learning::FULL_MILLI);
    }
    profile
}
