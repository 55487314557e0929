//! What an entry of the log tells that joins it to a decision, and what it says of that decision.

use std::{borrow::Cow, net::IpAddr};

use countersign_auth0::log::{LogEvent, text};
use countersign_core::{ClientId, OrganizationId, Timestamp};
use countersign_detect::told;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// Somebody signed in, in a browser.
    Login {
        /// Whether a second factor was passed in this very sign-in.
        shows_mfa: bool,
    },
    /// A sign-in was refused; by us, among others.
    Refused,
    /// A second factor was passed.
    Passed {
        /// Which, in the word that events have for enrolled factors; `None` where it is not told, or in a word that nobody documents.
        factor: Option<&'static str>,
    },
    /// A second factor was failed or rejected.
    Failed,
    /// A wrong password for an account that there is.
    WrongPassword,
    /// The password was found in a breach, and the sign-in stopped.
    PasswordLeaked,
    /// A second factor was enrolled.
    Enrolled {
        /// Which, as above; `None` stands for any.
        factor: Option<&'static str>,
    },
    /// The password is another now.
    PasswordChanged,
}

/// An entry as far as it can be joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) what: What,
    /// Whose account, by Auth0's id.
    pub(super) user: String,
    /// When, by Auth0's clock.
    pub(super) at: Timestamp,
    pub(super) transaction: Option<String>,
    pub(super) session: Option<String>,
    pub(super) address: Option<IpAddr>,
    pub(super) client: Option<ClientId>,
    pub(super) organization: Option<OrganizationId>,
}

/// The kind of an entry that says that a sign-in was refused.
pub(super) const REFUSED: &str = "f";

/// An address, the same however it is written.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// The kinds of entries that say something (Auth0 docs, "Log Event Type Codes"); all others are passed over unopened.
pub(super) fn is_of_use(kind: &str) -> bool {
    matches!(
        kind,
        "s" | REFUSED
            | "fp"
            | "pwd_leak"
            | "scp"
            | "gd_auth_succeed"
            | "gd_recovery_succeed"
            | "gd_auth_failed"
            | "gd_auth_rejected"
            | "gd_recovery_failed"
            | "gd_enrollment_complete"
    )
}

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    transaction_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    session_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    prompts: Option<&'a RawValue>,
    #[serde(borrow, default)]
    authenticator: Option<&'a RawValue>,
    #[serde(borrow, default)]
    first_factor: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Prompt<'a> {
    #[serde(borrow, default)]
    performed_amr: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Authenticator<'a> {
    #[serde(borrow, default, rename = "type", deserialize_with = "text")]
    kind: Option<Cow<'a, str>>,
}

/// What stands in an object; its default where it is of another shape.
fn part<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

impl Seen {
    /// What `log` tells; `None` for one that is of no use: of another kind, or about nobody who is known by an id.
    pub(super) fn of(log: &LogEvent<'_>) -> Option<Self> {
        let fields = &log.fields;
        let details: Details<'_> = log.details().unwrap_or_default();
        let what = what(&log.kind, &details)?;
        let session = told(details.session_id.as_ref()).or_else(|| told(fields.session_id.as_ref()));
        Some(Self {
            what,
            user: told(fields.user_id.as_ref())?.to_owned(),
            at: log.date,
            transaction: told(details.transaction_id.as_ref()).map(str::to_owned),
            session: session.map(str::to_owned),
            address: told(fields.ip.as_ref()).and_then(address),
            client: told(fields.client_id.as_ref()).and_then(|id| id.parse().ok()),
            organization: told(fields.organization_id.as_ref()).and_then(|id| id.parse().ok()),
        })
    }
}

fn what(kind: &str, details: &Details<'_>) -> Option<What> {
    // Why: whoever signs in by a code alone passes no second factor.
    let is_second = details.first_factor.is_none_or(|first| first.get() != "true");
    Some(match kind {
        "s" => What::Login { shows_mfa: shows_mfa(details) },
        REFUSED => What::Refused,
        "fp" => What::WrongPassword,
        "pwd_leak" => What::PasswordLeaked,
        "scp" => What::PasswordChanged,
        "gd_enrollment_complete" => {
            let authenticator: Authenticator<'_> = part(details.authenticator);
            What::Enrolled { factor: authenticator.kind.as_deref().and_then(factor) }
        }
        "gd_recovery_succeed" if is_second => What::Passed { factor: Some("recovery-code") },
        "gd_auth_succeed" if is_second => {
            let authenticator: Authenticator<'_> = part(details.authenticator);
            What::Passed { factor: authenticator.kind.as_deref().and_then(factor) }
        }
        "gd_auth_failed" | "gd_auth_rejected" | "gd_recovery_failed" if is_second => What::Failed,
        _ => return None,
    })
}

/// Whether a step of this sign-in says that it was more than one factor: the method reference `mfa` (RFC 8176, section 2).
fn shows_mfa(details: &Details<'_>) -> bool {
    let prompts: Vec<Prompt<'_>> = part(details.prompts);
    prompts.into_iter().any(|prompt| {
        let methods: Vec<serde_json::Value> = part(prompt.performed_amr);
        methods.iter().any(|method| method == "mfa" || method.get("name").is_some_and(|name| name == "mfa"))
    })
}

/// The word that events have for a factor (`event.user.enrolledFactors`), of the words of the log and of the Management API's
/// `authentication-methods`.
fn factor(word: &str) -> Option<&'static str> {
    Some(match word {
        "otp" | "totp" => "otp",
        "email" => "email",
        "phone" | "sms" | "voice" => "phone",
        "push" | "push-notification" | "guardian" => "push-notification",
        "webauthn-platform" => "webauthn-platform",
        "webauthn-roaming" => "webauthn-roaming",
        "recovery-code" => "recovery-code",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn seen(kind: &str, more: &Value) -> Option<Seen> {
        let mut entry =
            json!({"log_id": "1", "type": kind, "date": "2026-08-20T08:00:00Z", "user_id": "auth0|1"});
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let raw = entry.to_string();
        Seen::of(&LogEvent::parse(&raw, None).unwrap())
    }

    #[test]
    fn what_joins_is_read_and_what_a_client_chose_is_not() {
        let told = json!({"client_id": "c", "references": {"correlation_id": "tx"}, "organization_id": "org_1",
            "details": {"session_id": "se", "transaction_id": " "}});
        let seen = seen("s", &told).unwrap();
        assert_eq!((seen.session.as_deref(), seen.transaction), (Some("se"), None));
        assert_eq!(seen.client.unwrap().as_str(), "c");
        assert_eq!(seen.what, What::Login { shows_mfa: false });
    }

    #[test]
    fn a_second_factor_shows_in_a_sign_in() {
        let with = |prompts: Value| seen("s", &json!({"details": {"prompts": prompts}})).unwrap().what;
        for shown in [
            json!([{"name": "login"}, {"performed_amr": ["mfa"]}]),
            json!([{"performed_amr": [{"name": "mfa"}]}]),
        ] {
            assert_eq!(with(shown), What::Login { shows_mfa: true });
        }
        for none in [
            json!([]),
            json!([{"performed_amr": null}]),
            json!([{"performed_amr": ["pwd"]}]),
            json!("mfa"),
            json!([1]),
        ] {
            assert_eq!(with(none), What::Login { shows_mfa: false });
        }
    }

    #[test]
    fn factors_are_told_in_the_words_of_enrolled_ones() {
        let passed = |kind: &str| {
            seen("gd_auth_succeed", &json!({"details": {"authenticator": {"type": kind}}})).unwrap().what
        };
        for (word, expected) in [
            ("otp", Some("otp")),
            ("sms", Some("phone")),
            ("push", Some("push-notification")),
            ("webauthn-roaming", Some("webauthn-roaming")),
            ("smoke-signal", None),
        ] {
            assert_eq!(passed(word), What::Passed { factor: expected }, "{word}");
        }
        for (told, factor) in
            [(json!({"type": "totp"}), Some("otp")), (json!({"type": "odd"}), None), (json!(7), None)]
        {
            let entry = seen("gd_enrollment_complete", &json!({"details": {"authenticator": told}}));
            assert_eq!(entry.unwrap().what, What::Enrolled { factor });
        }
        assert_eq!(
            seen("gd_auth_succeed", &json!({"details": {"authenticator": 7}})).unwrap().what,
            What::Passed { factor: None }
        );
        assert_eq!(
            seen("gd_auth_succeed", &json!({"details": {"first_factor": true}})),
            None,
            "the only factor"
        );
    }

    #[test]
    fn entries_about_nobody_and_of_other_kinds_are_of_no_use() {
        for nobody in [json!({"user_id": null}), json!({"user_id": ""}), json!({"user_id": "***"})] {
            assert_eq!(seen("s", &nobody), None);
        }
        for kind in
            ["fu", "signup_pwd_leak", "reset_pwd_leak", "scpr", "fcp", "ssa", "sapi", "gd_start_auth", ""]
        {
            assert!(!is_of_use(kind), "{kind}");
        }
        for kind in [
            "s",
            "f",
            "fp",
            "pwd_leak",
            "scp",
            "gd_auth_succeed",
            "gd_auth_failed",
            "gd_auth_rejected",
            "gd_recovery_failed",
            "gd_enrollment_complete",
        ] {
            assert!(is_of_use(kind) && seen(kind, &json!({})).is_some(), "{kind}");
        }
    }
}
