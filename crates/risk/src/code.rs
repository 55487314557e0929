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
    LEAKED_PASSWORD = "leaked_password": "The password that is reset was found in a breach lately.",
    DORMANT_CLIENT = "dormant_client": "A client asks for a token that nobody has used for long.",
    UNFAMILIAR_AUDIENCE = "unfamiliar_audience": "The API is new or rare in the client's history.",
    FAMILIAR_AUDIENCE = "familiar_audience": "The API is one that the client often asks for.",
    UNFAMILIAR_SCOPES = "unfamiliar_scopes": "Scopes that are asked for are new or rare in the client's history.",
    UNFAMILIAR_BLOCK = "unfamiliar_block": "The block of addresses is new or rare in the user's history, and among colleagues.",
    FAMILIAR_BLOCK = "familiar_block": "The block of addresses is one that the user, or colleagues, often sign in from.",
    FAR_PLACE = "far_place": "The place is far from every place that the user was confirmed at.",
    UNUSUAL_VERSION = "unusual_version": "The browser is older than the newest one that the user had on such a machine, or far newer.",
    USUAL_VERSION = "usual_version": "The browser has the newest version that the user had on such a machine.",
    UNFAMILIAR_LANGUAGE = "unfamiliar_language": "The browser's language is new or rare in the user's history, and among colleagues.",
    FAMILIAR_LANGUAGE = "familiar_language": "The browser's language is one that the user, or colleagues, often have.",
    UNFAMILIAR_TLS = "unfamiliar_tls": "The TLS fingerprint is new or rare in the user's history, and among colleagues.",
    FAMILIAR_TLS = "familiar_tls": "The TLS fingerprint is one that the user, or colleagues, often have.",
    TLS_MISMATCH = "tls_mismatch": "The TLS fingerprint is unusual for the browser and system that the request names: a program that calls itself so, or a proxy.",
    TLS_MATCH = "tls_match": "The TLS fingerprint is usual for the browser and system that the request names.",
    THIN_HISTORY = "thin_history": "Few sign-ins of the user are confirmed.",
    LONG_ABSENCE = "long_absence": "The user's last confirmed sign-in was long ago.",
    BLOCK_IN_USE = "block_in_use": "More accounts signed in from the block of addresses lately than failed there.",
    TLS_FAILURES = "tls_failures": "Sign-ins at many accounts failed with the same TLS fingerprint lately.",
    TLS_IN_USE = "tls_in_use": "More accounts signed in with the TLS fingerprint lately than failed with it.",
    NETWORK_FAILURES = "network_failures": "Sign-ins at many accounts failed lately from the same network, which is new to the user.",
    COLLEAGUES_HERE = "colleagues_here": "Colleagues were confirmed on the same block of addresses within 30 days.",
    SUSPECT_NETWORK = "suspect_network": "The network rents out machines, hides who is behind it or is shared by many organizations; at a sign-in also where it is on no list, and always only where it is new to the user.",
    ACCESS_NETWORK = "access_network": "The network is one of homes, phones and offices.",
    NETWORK_ATTACKS = "network_attacks": "Confirmed attacks came lately from the network, which is new to the user.",
    TLS_ATTACKS = "tls_attacks": "Confirmed attacks had lately the TLS fingerprint, which is new to the user.",
    SESSION_NETWORK_CHANGED = "session_network_changed": "The session, or refresh token, comes from another network than it began in and was last used in.",
    SESSION_NETWORK_SAME = "session_network_same": "The session, or refresh token, comes from the network that it began in or was last used in.",
    SESSION_COUNTRY_CHANGED = "session_country_changed": "The session, or refresh token, comes from another country than it began in.",
    SESSION_COUNTRY_SAME = "session_country_same": "The session, or refresh token, comes from the country that it began in.",
    SESSION_DEVICE_CHANGED = "session_device_changed": "The session, or refresh token, comes from another program or machine than it began with.",
    SESSION_DEVICE_SAME = "session_device_same": "The session, or refresh token, comes from the program and machine that it began with.",
    SESSION_TLS_CHANGED = "session_tls_changed": "The session, or refresh token, comes with another TLS fingerprint than it began with.",
    SESSION_TLS_SAME = "session_tls_same": "The session, or refresh token, comes with the TLS fingerprint that it began with.",
    SESSION_BLOCK_CHANGED = "session_block_changed": "The session, or refresh token, comes from another block of addresses than it began in and was last used in.",
    SESSION_BLOCK_SAME = "session_block_same": "The session, or refresh token, comes from a block of addresses that it began in or was last used in.",
    NEW_CLIENT_AND_NETWORK = "new_client_and_network": "The client and the network are both new to the user.",
    NEW_PROVIDER = "new_provider": "The network is new while the place and the client are the user's own, as when somebody changes the provider.",
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
    COMPLIANT_DEVICE = "compliant_device": "The machine is managed and as it should be, by the word of who manages it.",
    NON_COMPLIANT_DEVICE = "non_compliant_device": "The machine is managed and not as it should be, by the word of who manages it.",
    UNMANAGED_DEVICE = "unmanaged_device": "Nobody manages the machine, by the tenant's account.",
    OWN_MODEL = "own_model": "The operator's own model, which is attached at this tenant, raises or lowers the risk.",
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

    #[test]
    fn the_page_of_reasons_says_what_the_registry_says() {
        let page = include_str!("../../../docs/reasons.md");
        let row = |line: &'static str| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ");
        let mut told: Vec<(&str, &str)> = page.lines().filter_map(row).collect();
        for (_, words) in &mut told {
            *words = words.split(" | ").next().unwrap();
        }
        told.sort_unstable();
        let mut known = CODES.to_vec();
        known.sort_unstable();
        assert_eq!(told, known, "docs/reasons.md repeats crates/risk/src/code.rs, each code once");
    }
}
