//! Whether whoever manages a person's machines vouches for this one.

use serde::{Deserialize, Serialize};

/// The longest text that is read, in bytes: the longest one that says something has 66.
const MAX_BYTES: usize = 128;

/// What the tenant tells of the machine, in words of ours alone, and where it had it from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevicePosture {
    /// What the machine is.
    pub status: PostureStatus,
    /// Where in Auth0's event that stood.
    pub place: PosturePlace,
}

/// What a machine is by the word of who manages it, from the most reassuring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostureStatus {
    /// Managed, and as it should be.
    Compliant,
    /// Managed by nobody.
    Unmanaged,
    /// Managed, and not as it should be.
    NonCompliant,
}

/// A place in Auth0's event, by who writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PosturePlace {
    /// Written by the tenant's Actions while this sign-in goes on: it is about this machine.
    #[serde(rename = "transaction.metadata")]
    SignIn,
    /// Written by the tenant's programs, and the same whoever signs in: it is about the person.
    #[serde(rename = "user.app_metadata")]
    Person,
    /// Written by the person as well.
    #[serde(rename = "user.user_metadata")]
    OwnWord,
}

impl DevicePosture {
    /// Reads what a request tells; `None` for anything that is not exactly one of these, and for a text that is too long.
    #[must_use]
    pub fn read(json: &str) -> Option<Self> {
        (json.len() <= MAX_BYTES).then(|| serde_json::from_str(json).ok()).flatten()
    }

    /// What counts of it: nobody lowers the risk by their own word.
    #[must_use]
    pub fn heard(self) -> Option<Self> {
        let is_own_praise = self.place == PosturePlace::OwnWord && self.status == PostureStatus::Compliant;
        (!is_own_praise).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_told_is_read_and_fits() {
        for (status, told) in [
            ("compliant", PostureStatus::Compliant),
            ("non_compliant", PostureStatus::NonCompliant),
            ("unmanaged", PostureStatus::Unmanaged),
        ] {
            for (place, from) in [
                ("transaction.metadata", PosturePlace::SignIn),
                ("user.app_metadata", PosturePlace::Person),
                ("user.user_metadata", PosturePlace::OwnWord),
            ] {
                let text = format!(r#"{{"status":"{status}","place":"{place}"}}"#);
                let posture = DevicePosture { status: told, place: from };
                assert_eq!(DevicePosture::read(&text), Some(posture), "{text}");
                assert_eq!(serde_json::to_string(&posture).unwrap(), text);
            }
        }
    }

    #[test]
    fn whatever_else_is_told_is_not_told() {
        let deep = "[".repeat(100_000);
        let long = format!(r#"{{"status":"compliant","place":"user.app_metadata"{}}}"#, " ".repeat(200));
        for text in [
            "",
            "null",
            "true",
            "7",
            "[]",
            "{}",
            r#""compliant""#,
            r#"{"status":"compliant"}"#,
            r#"{"place":"user.app_metadata"}"#,
            r#"{"status":"Compliant","place":"user.app_metadata"}"#,
            r#"{"status":"compliant ","place":"user.app_metadata"}"#,
            r#"{"status":["compliant"],"place":"user.app_metadata"}"#,
            r#"{"status":{"compliant":null},"place":"user.name"}"#,
            r#"{"status":"compliant","place":"request.query"}"#,
            r#"{"status":"compliant","place":"user.app_metadata","serial":"C02"}"#,
            r#"{"status":"non_compliant","status":"compliant","place":"user.app_metadata"}"#,
            r#"{"status":"compliant","place":"user.app_metadata"} "compliant""#,
            &deep,
            &long,
        ] {
            assert_eq!(DevicePosture::read(text), None, "{}", text.get(..60).unwrap_or(text));
        }
    }

    #[test]
    fn people_are_heard_against_themselves_alone() {
        for status in [PostureStatus::Compliant, PostureStatus::Unmanaged, PostureStatus::NonCompliant] {
            for place in [PosturePlace::SignIn, PosturePlace::Person, PosturePlace::OwnWord] {
                let posture = DevicePosture { status, place };
                let is_heard = place != PosturePlace::OwnWord || status != PostureStatus::Compliant;
                assert_eq!(posture.heard(), is_heard.then_some(posture), "{posture:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in any::<String>()) {
            let told = DevicePosture::read(&text);
            prop_assert!(told.is_none_or(|told| DevicePosture::read(&serde_json::to_string(&told).unwrap()) == Some(told)));
        }
    }
}
