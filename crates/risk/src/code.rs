//! The registry of reasons. A code is stable: records, claims and rules name it. To add one, add it here.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($name:ident = $code:literal: $doc:literal,)+) => {
        $(#[doc = $doc] pub(crate) const $name: Code = Code(std::borrow::Cow::Borrowed($code));)+

        /// Every code of this engine with what it means, in the order of the registry.
        pub const CODES: &[(&str, &str)] = &[$(($code, $doc)),+];
    };
}

/// A reason's stable name in snake case; one of [`CODES`] unless it comes from a record of another engine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(std::borrow::Cow<'static, str>);

impl Code {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

codes! {
    UNFAMILIAR_COUNTRY = "unfamiliar_country": "The country is new or rare in the user's history.",
    FAMILIAR_COUNTRY = "familiar_country": "The country is one that the user often signs in from.",
    UNFAMILIAR_NETWORK = "unfamiliar_network": "The network is new or rare in the user's history.",
    FAMILIAR_NETWORK = "familiar_network": "The network is one that the user often signs in from.",
    UNFAMILIAR_DEVICE = "unfamiliar_device": "The kind of machine and its system are new or rare in the user's history.",
    FAMILIAR_DEVICE = "familiar_device": "The kind of machine and its system are ones that the user often signs in with.",
    UNFAMILIAR_BROWSER = "unfamiliar_browser": "The browser on this kind of machine is new or rare in the user's history.",
    FAMILIAR_BROWSER = "familiar_browser": "The browser on this kind of machine is one that the user often signs in with.",
    AUTOMATED_CLIENT = "automated_client": "The user agent names a program that works without a person.",
    UNUSUAL_HOUR = "unusual_hour": "The hour of the day is one at which the user seldom signs in.",
    USUAL_HOUR = "usual_hour": "The hour of the day is one at which the user often signs in.",
    KNOWN_PLACE = "known_place": "The place is near one of the user's latest confirmed sign-ins.",
    FAST_TRAVEL = "fast_travel": "The distance from the latest confirmed sign-in was covered at the speed of a plane.",
    IMPOSSIBLE_TRAVEL = "impossible_travel": "The distance from the latest confirmed sign-in was covered faster than any plane flies.",
    AUTH0_LOW_CONFIDENCE = "auth0_low_confidence": "Auth0's own assessment has low confidence in the sign-in.",
    AUTH0_MEDIUM_CONFIDENCE = "auth0_medium_confidence": "Auth0's own assessment has medium confidence in the sign-in.",
    AUTH0_HIGH_CONFIDENCE = "auth0_high_confidence": "Auth0's own assessment has high confidence in the sign-in.",
    AUTH0_NEW_DEVICE = "auth0_new_device": "Auth0, which sees its own cookie, does not know the device.",
    AUTH0_KNOWN_DEVICE = "auth0_known_device": "Auth0, which sees its own cookie, knows the device.",
    AUTH0_TRAVEL = "auth0_travel": "Auth0 finds the travel since the last sign-in suspicious or its origin hidden.",
    AUTH0_NO_TRAVEL = "auth0_no_travel": "Auth0 finds next to no travel since the last sign-in.",
    AUTH0_UNTRUSTED_IP = "auth0_untrusted_ip": "Auth0 found the address on a deny list.",
    RECENT_FAILURES = "recent_failures": "Sign-ins of this user failed recently.",
    DISPOSABLE_DOMAIN = "disposable_domain": "The e-mail address is of a provider of addresses that last for minutes.",
    FREE_MAIL_DOMAIN = "free_mail_domain": "The e-mail address is free mail, which is unusual in this tenant.",
    ORGANIZATION_DOMAIN = "organization_domain": "The e-mail address, not yet proved, is at a known organization's domain.",
    LOOK_ALIKE_DOMAIN = "look_alike_domain": "The e-mail address is at a domain that imitates a known organization's.",
    ROLE_ADDRESS = "role_address": "The e-mail address names an office rather than a person.",
    ADDRESS_VARIANT = "address_variant": "The e-mail address is one of many ways to write one mailbox.",
    GIBBERISH_ADDRESS = "gibberish_address": "The e-mail address looks made up at random.",
    NAME_MATCHES = "name_matches": "The name fits the e-mail address.",
    NAME_UNRELATED = "name_unrelated": "The name has nothing in common with the e-mail address.",
    UNUSUAL_LANGUAGE = "unusual_language": "The browser's language is unusual in the country.",
    BLOCK_SIGN_UPS = "block_sign_ups": "Many accounts were made from the same block of addresses lately.",
    DOMAIN_SIGN_UPS = "domain_sign_ups": "Many accounts were made at the same e-mail domain lately.",
    CLIENT_SIGN_UPS = "client_sign_ups": "Many accounts were made by the same TLS client lately, in a burst.",
    PATTERN_SIGN_UPS = "pattern_sign_ups": "Accounts with the same pattern of address were made lately.",
    RISKY_SIGN_UP = "risky_sign_up": "The sign-up of this account was risky, and this is its first login.",
    BLOCK_FAILURES = "block_failures": "Sign-ins at many accounts failed from the same block of addresses lately.",
    REPEATED_RESET = "repeated_reset": "The password was reset shortly before.",
    BLOCK_RESETS = "block_resets": "Passwords of many accounts were reset from the same block of addresses lately.",
    SECOND_FACTOR = "second_factor": "A second factor guards the account after the reset.",
    NO_SECOND_FACTOR = "no_second_factor": "No second factor guards the account after the reset.",
    DORMANT_ACCOUNT = "dormant_account": "The password of an account is reset that nobody has used for long.",
    DORMANT_CLIENT = "dormant_client": "A client asks for a token that nobody has used for long.",
    UNFAMILIAR_AUDIENCE = "unfamiliar_audience": "The API is new or rare in the client's history.",
    FAMILIAR_AUDIENCE = "familiar_audience": "The API is one that the client often asks for.",
    UNFAMILIAR_SCOPES = "unfamiliar_scopes": "Scopes that are asked for are new or rare in the client's history.",
    FAMILIAR_SCOPES = "familiar_scopes": "All scopes that are asked for are ones that the client often asks for.",
    DISGUISED_ADDRESS = "disguised_address": "The e-mail address or the name hides letters or mixes alphabets within a word.",
    LINK_IN_NAME = "link_in_name": "The name carries a link, which a welcome mail would deliver.",
    NAME_SIGN_UPS = "name_sign_ups": "Accounts with the same full name were made lately.",
    RANGE_SIGN_UPS = "range_sign_ups": "Many accounts were made from the wider range of addresses lately, beside other signs of a program.",
    BLOCK_FRAUD = "block_fraud": "What came from the same block of addresses at other accounts was called fraudulent lately.",
    PARALLEL_NETWORKS = "parallel_networks": "A client asks from a new network while it asks from another one.",
    UNUSUAL_RATE = "unusual_rate": "A client asks more often within an hour than on a usual day.",
    UNFAMILIAR_TOKEN_KIND = "unfamiliar_token_kind": "A kind of token in the exchange is new or rare in the client's history.",
    FAMILIAR_TOKEN_KIND = "familiar_token_kind": "All kinds of token in the exchange are ones that the client often uses.",
    NEW_ACTOR = "new_actor": "The account of the user who acts in the exchange was made lately.",
    ACTOR_RESET = "actor_reset": "The password of the user who acts in the exchange was reset lately.",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_snake_case_and_explained() {
        let mut seen = std::collections::BTreeSet::new();
        for (code, doc) in CODES {
            assert!(seen.insert(*code), "{code} stands twice");
            assert!(code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{code}");
            assert!(doc.ends_with('.') && doc.len() > 20, "{code}");
        }
    }
}
