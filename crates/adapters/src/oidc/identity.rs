//! From an ID token's claims to whom they name.

use countersign_app::access::provider::{Flaw, Identity, Invalid};
use countersign_core::Timestamp;

use super::claims::Claims;

/// The most means of authentication that are kept.
const MAX_METHODS: usize = 16;

/// What an ID token must be for.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) roles_claim: Option<&'a str>,
    pub(super) now: Timestamp,
}

/// Checks the claims of a token that this issuer signed.
///
/// # Errors
/// [`Invalid`].
pub(super) fn read(claims: &Claims, expected: &Expected<'_>) -> Result<Identity, Invalid> {
    let audiences = claims.audiences(expected.client_id).map_err(Invalid::Token)?;
    match claims.text("azp").map_err(Invalid::Token)? {
        Some(party) if party != expected.client_id => return Err(Invalid::Token(Flaw::Party)),
        None if audiences > 1 => return Err(Invalid::Token(Flaw::Party)),
        _ => {}
    }
    claims.check_times(expected.now).map_err(Invalid::Token)?;
    if claims.text("nonce").map_err(Invalid::Token)? != Some(expected.nonce) {
        return Err(Invalid::Nonce);
    }
    let subject = claims.text("sub").ok().flatten().filter(|subject| is_subject(subject));
    let subject = subject.ok_or(Invalid::Subject)?.to_owned();
    let name = claims.text("name").ok().flatten().map(shown).filter(|name| !name.is_empty());
    let mut methods = claims.texts("amr");
    methods.truncate(MAX_METHODS);
    Ok(Identity {
        issuer: expected.issuer.to_owned(),
        name: name.unwrap_or_else(|| shown(&subject)),
        subject,
        claimed: expected.roles_claim.map(|claim| claims.texts(claim)).unwrap_or_default(),
        authenticated_at: claims.time("auth_time").map_err(Invalid::Token)?.map(Timestamp::from_seconds),
        methods,
    })
}

fn is_subject(text: &str) -> bool {
    (1..=Identity::MAX_SUBJECT_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// A text to be shown: without what moves the cursor or turns the direction of writing, and not too long.
fn shown(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut name = String::new();
    for c in text.trim().chars().filter(|c| !is_hidden(*c)) {
        if name.len() + c.len_utf8() > Identity::MAX_NAME_BYTES {
            break;
        }
        name.push(c);
    }
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
    fn read_with(changes: Value) -> Result<Identity, Invalid> {
        let mut claims = json!({
            "sub": "google-oauth2|1", "aud": "console", "exp": 2_000, "iat": 900, "nonce": "n",
        });
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let expected = Expected {
            issuer: "https://acme.eu.auth0.com/",
            client_id: "console",
            nonce: "n",
            roles_claim: Some("https://example.com/groups"),
            now: Timestamp::from_seconds(1_000),
        };
        read(&Claims(claims.as_object().unwrap().clone()), &expected)
    }

    #[test]
    fn a_token_tells_who_when_and_how() {
        let identity = read_with(json!({
            "name": " Pat\u{202e} \u{7}Doe ", "auth_time": 950, "amr": ["mfa", "pwd"],
            "https://example.com/groups": ["secops", 7, "admins"],
        }));
        let identity = identity.unwrap();
        assert_eq!((identity.subject.as_str(), identity.name.as_str()), ("google-oauth2|1", "Pat Doe"));
        assert_eq!(identity.claimed, ["secops", "admins"]);
        assert_eq!(identity.methods, ["mfa", "pwd"]);
        assert_eq!(identity.authenticated_at, Some(Timestamp::from_seconds(950)));
        let bare = read_with(json!({})).unwrap();
        assert_eq!((bare.name.as_str(), bare.claimed.len(), bare.methods.len()), ("google-oauth2|1", 0, 0));
        assert_eq!(read_with(json!({"https://example.com/groups": "a b"})).unwrap().claimed, ["a b"]);
    }

    #[test]
    fn a_subject_that_is_none_is_refused() {
        for subject in [json!(null), json!(""), json!(7), json!("a\nb"), json!("x".repeat(256))] {
            assert_eq!(read_with(json!({ "sub": subject })), Err(Invalid::Subject));
        }
        assert!(read_with(json!({"sub": "x".repeat(255)})).is_ok());
    }

    #[test]
    fn the_party_of_a_token_for_several_is_us() {
        let two = json!(["console", "other"]);
        assert_eq!(read_with(json!({ "aud": two })), Err(Invalid::Token(Flaw::Party)));
        assert_eq!(read_with(json!({"aud": two, "azp": "other"})), Err(Invalid::Token(Flaw::Party)));
        assert_eq!(read_with(json!({"azp": "other"})), Err(Invalid::Token(Flaw::Party)));
        assert!(read_with(json!({"aud": two, "azp": "console"})).is_ok());
    }

    #[test]
    fn a_nonce_of_another_sign_in_is_refused() {
        for nonce in [json!("m"), json!(""), json!(null)] {
            assert_eq!(read_with(json!({ "nonce": nonce })), Err(Invalid::Nonce));
        }
    }

    proptest! {
        #[test]
        fn a_shown_name_is_short_and_plain(text in any::<String>()) {
            let name = shown(&text);
            prop_assert!(name.len() <= Identity::MAX_NAME_BYTES);
            prop_assert!(!name.chars().any(char::is_control));
        }
    }
}
