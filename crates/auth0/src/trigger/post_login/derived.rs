//! What an event means in Countersign's words: the channel and the kind of identity.

use countersign_core::Channel;
use serde_json::Value;

use super::PostLogin;
use crate::object::{IdentityKind, Protocol};

impl PostLogin {
    /// By which road this sign-in comes, from the protocol first and then from `prompt`.
    ///
    /// Unknown and absent protocols are interactive: a challenge that nobody can answer fails the transaction.
    #[must_use]
    pub fn channel(&self) -> Channel {
        let protocol = self.transaction.as_option().and_then(|transaction| transaction.protocol.as_option());
        match protocol {
            Some(Protocol::Oauth2RefreshToken) => Channel::Refresh,
            Some(
                Protocol::Oauth2Password
                | Protocol::Oauth2ResourceOwner
                | Protocol::Oauth2ResourceOwnerJwtBearer
                | Protocol::WstrustUsernamemixed,
            ) => Channel::Password,
            Some(
                Protocol::Oauth2TokenExchange
                | Protocol::Oauth2AccessToken
                | Protocol::OidcCiba
                | Protocol::OidcCibaWebLink,
            ) => Channel::Exchange,
            _ if self.prompts_none() => Channel::Silent,
            _ => Channel::Interactive,
        }
    }

    /// Who keeps the user's credentials.
    #[must_use]
    pub fn identity_kind(&self) -> IdentityKind {
        self.connection.identity_kind()
    }

    /// Whether `prompt` holds `none`, as Auth0 parsed it or in the query as it came (OpenID Connect Core, 3.1.2.1:
    /// a list separated by spaces).
    fn prompts_none(&self) -> bool {
        let parsed = self.transaction.as_option().and_then(|transaction| transaction.prompt.as_option());
        let query = self.request.query.as_option().and_then(|query| query.get("prompt"));
        parsed.is_some_and(|prompt| prompt.iter().any(|word| has_none(word)))
            || query.is_some_and(value_has_none)
    }
}

/// A parameter given twice arrives as an array.
fn value_has_none(value: &Value) -> bool {
    match value {
        Value::String(text) => has_none(text),
        Value::Array(items) => items.iter().any(|item| item.as_str().is_some_and(has_none)),
        _ => false,
    }
}

fn has_none(text: &str) -> bool {
    text.split_ascii_whitespace().any(|word| word == "none")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::trigger::post_login::testing::event;

    #[test]
    fn the_protocol_decides_the_channel() {
        for (protocols, channel) in [
            (&["oauth2-refresh-token"][..], Channel::Refresh),
            (
                &[
                    "oauth2-password",
                    "oauth2-resource-owner",
                    "oauth2-resource-owner-jwt-bearer",
                    "wstrust-usernamemixed",
                ],
                Channel::Password,
            ),
            (
                &["oauth2-token-exchange", "oauth2-access-token", "oidc-ciba", "oidc-ciba-web-link"],
                Channel::Exchange,
            ),
            (
                &[
                    "oidc-basic-profile",
                    "oidc-implicit-profile",
                    "oidc-hybrid-profile",
                    "oauth2-device-code",
                    "oauth2-webauthn",
                    "samlp",
                    "wsfed",
                    "a-protocol-of-2030",
                ],
                Channel::Interactive,
            ),
        ] {
            for protocol in protocols {
                let event = event(&json!({"transaction": {"protocol": protocol}}));
                assert_eq!(event.channel(), channel, "{protocol}");
            }
        }
    }

    #[test]
    fn prompt_none_is_silent_unless_the_protocol_says_more() {
        for (patch, channel) in [
            (json!({}), Channel::Interactive),
            (json!({"transaction": null}), Channel::Interactive),
            (json!({"transaction": {"protocol": null, "prompt": []}}), Channel::Interactive),
            (json!({"transaction": {"prompt": ["none"]}}), Channel::Silent),
            (json!({"transaction": {"prompt": ["login", "none"]}}), Channel::Silent),
            (json!({"transaction": {"prompt": ["nonesuch"]}}), Channel::Interactive),
            (json!({"request": {"query": {"prompt": "none"}}}), Channel::Silent),
            (json!({"request": {"query": {"prompt": "login none"}}}), Channel::Silent),
            (json!({"request": {"query": {"prompt": ["login", "none"]}}}), Channel::Silent),
            (json!({"request": {"query": {"prompt": "login"}}}), Channel::Interactive),
            (json!({"request": {"query": {"prompt": {"none": 1}}}}), Channel::Interactive),
            (json!({"transaction": {"protocol": "oidc-basic-profile", "prompt": ["none"]}}), Channel::Silent),
            (
                json!({"transaction": {"protocol": "oauth2-refresh-token", "prompt": ["none"]}}),
                Channel::Refresh,
            ),
        ] {
            assert_eq!(event(&patch).channel(), channel, "{patch}");
        }
    }

    #[test]
    fn the_strategy_decides_the_kind_of_identity() {
        for (strategy, kind) in [
            ("auth0", IdentityKind::Database),
            ("sms", IdentityKind::Passwordless),
            ("email", IdentityKind::Passwordless),
            ("google-oauth2", IdentityKind::Federated),
            ("samlp", IdentityKind::Federated),
            ("", IdentityKind::Federated),
        ] {
            let event = event(&json!({"connection": {"strategy": strategy}}));
            assert_eq!(event.identity_kind(), kind, "{strategy}");
        }
    }
}
