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
