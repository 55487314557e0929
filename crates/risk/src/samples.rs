//! Sign-ins and histories for this crate's tests.

use countersign_auth0::trigger::{
    credentials_exchange::CredentialsExchange, pre_user_registration::PreUserRegistration,
};
use countersign_core::{Channel, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    Auth0Risk, Context, Device, DeviceClass, DevicePosture, Extract, Features, Place, PosturePlace,
    PostureStatus, Profile, Readings, Reference, ReferenceLists, learning,
};

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

/// Every status of a machine, told at any place.
pub(crate) fn any_posture() -> impl Strategy<Value = DevicePosture> {
    let statuses = [PostureStatus::Compliant, PostureStatus::Unmanaged, PostureStatus::NonCompliant];
    let places = [PosturePlace::SignIn, PosturePlace::Person, PosturePlace::OwnWord];
    (prop::sample::select(statuses.to_vec()), prop::sample::select(places.to_vec()))
        .prop_map(|(status, place)| DevicePosture { status, place })
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

/// Reference data of a tenant that serves one organization, `acme-corp.com`.
pub(crate) fn reference() -> Reference {
    let organization_domains = ["acme-corp.com".to_owned()].into();
    Reference::new(&ReferenceLists { organization_domains, ..ReferenceLists::default() })
}

/// An event of the fixtures as the Action sends it, with the fields of `patch` laid over it.
pub(crate) fn event<T: serde::de::DeserializeOwned>(fixture: &str, patch: &Value) -> T {
    let mut event: Value = serde_json::from_str(fixture).unwrap();
    for (object, secret) in [
        ("message_options", "code"),
        ("message_options", "recipient"),
        ("message_options", "text"),
        ("request", "body"),
        ("transaction", "actor_token"),
        ("transaction", "subject_token"),
    ] {
        if let Some(object) = event.get_mut(object).and_then(Value::as_object_mut) {
            object.remove(secret);
        }
    }
    overlay(&mut event, patch);
    serde_json::from_value(event).unwrap()
}

fn overlay(value: &mut Value, patch: &Value) {
    match (value, patch) {
        (Value::Object(fields), Value::Object(patch)) => {
            for (name, patch) in patch {
                overlay(fields.entry(name).or_insert(Value::Null), patch);
            }
        }
        (value, patch) => *value = patch.clone(),
    }
}

/// The features of `event` at [`now`] with [`reference`] and these readings.
pub(crate) fn extracted(event: &impl Extract, readings: Readings) -> Features {
    event.extract(now(), &Context { readings, ..Context::new(&reference()) })
}

const SIGN_UP: &str = include_str!("../../../fixtures/events/pre-user-registration.json");

/// A sign-up by the fixture's browser with this address and name.
pub(crate) fn sign_up_event(email: &str, name: &str) -> PreUserRegistration {
    let user = json!({"email": email, "name": name, "given_name": null, "family_name": null});
    event(SIGN_UP, &json!({"user": user}))
}

/// A machine's request, the same at each time of the day.
pub(crate) fn machine(at: Timestamp) -> Features {
    const EXCHANGE: &str = include_str!("../../../fixtures/events/credentials-exchange.json");
    let event: CredentialsExchange = event(EXCHANGE, &json!({}));
    event.extract(at, &Context::new(&reference()))
}

/// A history of such requests, one on each of the last `days` days, the latest an hour ago.
pub(crate) fn machine_home(days: u32) -> Profile {
    let mut profile = Profile::default();
    for ago in (0..i64::from(days)).rev() {
        let at = Timestamp::from_seconds(now().seconds() - 3_600 - ago * DAY_S);
        profile.credit(&machine(at), u64::try_from(ago).unwrap(), learning::FULL_MILLI);
    }
    profile
}
