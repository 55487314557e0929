//! Which failures say that somebody did not know the password.

use std::borrow::Cow;

use countersign_auth0::log::{LogEvent, text};
use serde::Deserialize;

/// The types that may say so.
pub(super) const KINDS: &[&str] = &["f", "fp", "fepft", "fepotpft"];

/// Whether the entry says that the password, or a code in its place, was wrong.
///
/// `f` is what Auth0 writes for every failure that is neither `fp` nor `fu`: refusals by an Action, blocked users, faults of an
/// application, a person who gave up. It counts only where its text speaks of the password, as connections to a directory do.
/// `fepft` is also written when the password was right and a second factor is asked for, or when the client may not use the grant:
/// there, a text that gives another reason makes it not count. The schemas give `fepft` no `details`: its text is `description`.
#[must_use]
pub fn is_wrong_password(log: &LogEvent<'_>) -> bool {
    match &*log.kind {
        "fp" | "fepotpft" => true,
        "f" => said(log).is_some_and(|said| said.contains_any(WRONG)),
        "fepft" => said(log).is_none_or(|said| said.contains_any(WRONG) || !said.contains_any(OTHER)),
        _ => false,
    }
}

const WRONG: &[&str] = &[
    "wrong email or password",
    "wrong username or password",
    "wrong password",
    "wrong phone number or verification code",
    "invalid password",
    "invalid username or password",
    "invalid email or password",
    "invalid user or password",
    "invalid user credentials",
    "invalid credentials",
    "incorrect password",
    "invalid_user_password",
];

const OTHER: &[&str] = &[
    "mfa_required",
    "multifactor",
    "mfa_registration",
    "unauthorized_client",
    "grant type",
    "blocked",
    "too_many_attempts",
    "too_many_logins",
    "access_denied",
    "unsupported",
    "invalid_request",
    "missing",
    "callback",
];

#[derive(Default, Deserialize)]
struct Said<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    description: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    details: Details<'a>,
}

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(borrow, default)]
    error: Fault<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fault<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    message: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    oauth_error: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "type", deserialize_with = "text")]
    sort: Option<Cow<'a, str>>,
}

struct Words(String);

impl Words {
    fn contains_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.0.contains(word))
    }
}

/// The longest text that is read; Auth0's own are under a hundred bytes.
const MAX_TEXT: usize = 512;

/// What the entry says of the failure, in lower case; `None` where it says nothing.
fn said(log: &LogEvent<'_>) -> Option<Words> {
    #[derive(Deserialize)]
    struct Told<'a> {
        #[serde(borrow, default, deserialize_with = "text")]
        description: Option<Cow<'a, str>>,
    }
    let raw = log.raw;
    let said: Said<'_> = serde_json::from_str(raw).unwrap_or_else(|_| {
        // Why: `details` of another shape must not hide the description.
        let told = serde_json::from_str::<Told<'_>>(raw).ok();
        Said { description: told.and_then(|told| told.description), details: Details::default() }
    });
    let Fault { message, oauth_error, sort } = said.details.error;
    let parts = [said.description, message, oauth_error, sort].into_iter().flatten();
    let cut = |part: Cow<'_, str>| {
        part.get(..part.floor_char_boundary(MAX_TEXT)).unwrap_or_default().to_ascii_lowercase()
    };
    let words = parts.map(cut).filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join("\n");
    (!words.is_empty()).then_some(Words(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::trial::{Line, with_event};

    fn counts(line: &Line) -> bool {
        with_event(line, |event| is_wrong_password(&event.log))
    }

    #[test]
    fn an_unnamed_failure_counts_only_where_it_speaks_of_the_password() {
        let failed = |kind, text: &str| Line::new(kind, 0).with("description", text);
        assert!(counts(&Line::new("fp", 0)) && counts(&Line::new("fepotpft", 0)));
        assert!(!counts(&Line::new("f", 0)) && !counts(&Line::new("fu", 0)) && !counts(&Line::new("s", 0)));
        assert!(counts(&failed("f", "Wrong email or password.")));
        for other in ["user is blocked", "Callback URL mismatch", "Access denied by an Action", " "] {
            assert!(!counts(&failed("f", other)), "{other}");
        }
        let told = serde_json::json!({"error": {"message": "Bad", "type": "invalid_user_password", "oauthError": 3}});
        assert!(counts(&Line::new("f", 0).with("details", told)));
        let odd =
            Line::new("f", 0).with("details", serde_json::json!([1])).with("description", "Wrong password");
        assert!(counts(&odd));
    }

    #[test]
    fn a_password_grant_counts_unless_it_gives_another_reason() {
        let failed = |text: &str| Line::new("fepft", 0).with("description", text);
        assert!(counts(&Line::new("fepft", 0)) && counts(&failed("Wrong email or password.")));
        assert!(counts(&failed("Unknown or invalid refresh token.")));
        for other in
            ["mfa_required: Multifactor authentication required", "Grant type 'password' not allowed"]
        {
            assert!(!counts(&failed(other)), "{other}");
        }
    }
}
