//! What entries about second factors (`gd_…`) and codes (`cs`) tell of the phone or the device.

use std::borrow::Cow;

use countersign_auth0::log::text;
use countersign_privacy::Tag;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Event, admin::part, told};

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(borrow, default)]
    authenticator: Option<&'a RawValue>,
    #[serde(borrow, default)]
    enrollment: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "text")]
    device_id: Option<Cow<'a, str>>,
    /// The request for a passwordless code.
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Factor<'a> {
    /// A text in the schemas, and a number in what some tenants send.
    #[serde(borrow, default)]
    phone_number: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "text")]
    identifier: Option<Cow<'a, str>>,
}

impl Factor<'_> {
    fn phone(&self) -> Option<String> {
        self.phone_number.and_then(|raw| number(raw.get().trim_matches('"')))
    }
}

/// Phone numbers have at least so many digits and at most 15; a masked one shows four.
const MIN_DIGITS: usize = 7;

/// The digits of a phone number; `None` for one that is masked.
fn number(text: &str) -> Option<String> {
    let is_masked = text.chars().any(|character| character.is_alphabetic() || character == '*');
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (!is_masked && (MIN_DIGITS..=15).contains(&digits.len())).then_some(digits)
}

/// The digits of a phone number that is the account's name, as for those who sign in with a code that is sent to them.
pub(super) fn typed_phone(event: &Event<'_>) -> Option<String> {
    number(told(event.log.fields.user_name.as_ref()).filter(|name| name.starts_with('+'))?)
}

/// What an entry tells of a second factor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The digits of the phone number, where it is told in full.
    pub phone: Option<String>,
    /// The device with the app, or its registration.
    pub device: Option<String>,
}

impl Told {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let details: Details<'_> = part(event.log.fields.details);
        let factor = |raw| {
            let factor: Factor<'_> = part(raw);
            (factor.phone(), told(factor.identifier.as_ref()).map(str::to_owned))
        };
        let (phone, _) = factor(details.authenticator);
        let (other_phone, identifier) = factor(details.enrollment);
        let (asked_phone, _) = factor(details.body);
        Self {
            phone: phone.or(other_phone).or(asked_phone).or_else(|| typed_phone(event)),
            device: identifier.or_else(|| told(details.device_id.as_ref()).map(str::to_owned)),
        }
    }

    /// Which authenticator it is.
    pub(super) fn tag(&self, event: &Event<'_>) -> Option<Tag> {
        let phone = self.phone.as_ref().map(|phone| event.tag("phone", phone.as_bytes()));
        phone.or_else(|| Some(event.tag("authenticator", self.device.as_ref()?.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::detectors::trial::{Line, with_event};

    fn told_by(details: Value) -> Told {
        with_event(&Line::new("gd_enrollment_complete", 0).with("details", details), Told::of)
    }

    #[test]
    fn numbers_are_told_in_several_places_and_a_masked_one_is_none() {
        let phone = Some("491701234567".to_owned());
        for details in [
            json!({"authenticator": {"phone_number": "+49 170 1234567"}}),
            json!({"authenticator": {"phone_number": 491_701_234_567_u64}}),
            json!({"authenticator": [], "enrollment": {"phone_number": "+491701234567"}}),
            json!({"body": {"connection": "sms", "phone_number": "+491701234567"}}),
        ] {
            assert_eq!(told_by(details.clone()).phone, phone, "{details}");
        }
        for none in [
            json!({"authenticator": {"phone_number": "XXXXXXXX1234"}}),
            json!([1]),
            json!({"authenticator": 1}),
        ] {
            assert_eq!(told_by(none), Told::default());
        }
        let device = told_by(json!({"enrollment": {"identifier": "d1"}, "device_id": "dev_1"})).device;
        assert_eq!(device.as_deref(), Some("d1"));
        assert_eq!(told_by(json!({"device_id": "dev_1"})).device.as_deref(), Some("dev_1"));
    }
}
