//! Which factors the user has, has passed, and may sensibly be asked for.

use countersign_core::Timestamp;

use super::PostLogin;
use crate::{
    factor::FactorType,
    object::{Method, MethodName},
};

impl PostLogin {
    /// The factors already proven in this transaction or session, each once, in the order of the event.
    ///
    /// Types that the documentation does not name are left out, as are passwords and providers, which are no factors
    /// to ask for.
    #[must_use]
    pub fn passed_factors(&self) -> Vec<FactorType> {
        distinct(self.methods().iter().filter_map(|method| match method.name.as_option()? {
            MethodName::Mfa => method.factor.as_option().cloned(),
            MethodName::Sms | MethodName::PhoneNumber => Some(FactorType::Phone),
            MethodName::Email => Some(FactorType::Email),
            _ => None,
        }))
    }

    /// When a second factor was last passed in this session, by the method `mfa`.
    ///
    /// `None` when there was none or its time can't be read; it may lie in the future when Auth0's clock is ahead.
    #[must_use]
    pub fn newest_mfa_at(&self) -> Option<Timestamp> {
        let second = self.methods().iter().filter(|method| method.name.as_option() == Some(&MethodName::Mfa));
        second.filter_map(|method| method.timestamp.as_option()?.parse().ok()).max()
    }

    /// The factors that the user can be challenged for, each once, in the order of the event.
    ///
    /// From `user.enrolledFactors`, or from the coarser `user.multifactor` when that is absent or null. Types that the
    /// documentation does not name are left out; empty means that the user has none, or that nothing is known.
    #[must_use]
    pub fn enrolled_factors(&self) -> Vec<FactorType> {
        if let Some(enrolled) = self.user.enrolled_factors.as_option() {
            return distinct(enrolled.iter().filter_map(|enrolled| enrolled.factor.as_option().cloned()));
        }
        let providers = self.user.multifactor.as_option().map_or(&[][..], Vec::as_slice);
        distinct(providers.iter().flat_map(|provider| of_provider(provider)).flatten())
    }

    /// Whether passing `factor` would prove something that the first factor did not.
    ///
    /// An e-mail code proves nothing after passwordless e-mail, a phone nothing after passwordless SMS, and the
    /// device's authenticator nothing after a passkey. Of a type that the documentation does not name, nothing is
    /// known: it is never independent.
    #[must_use]
    pub fn independent_of_first_factor(&self, factor: &FactorType) -> bool {
        let strategy = self.connection.strategy.as_str();
        let came_by = |names: &[MethodName]| {
            self.methods()
                .iter()
                .filter_map(|method| method.name.as_option())
                .any(|name| names.contains(name))
        };
        match factor {
            FactorType::Email => strategy != "email" && !came_by(&[MethodName::Email]),
            FactorType::Phone => strategy != "sms" && !came_by(&[MethodName::Sms, MethodName::PhoneNumber]),
            FactorType::WebauthnPlatform => !came_by(&[MethodName::Passkey]),
            FactorType::Otp
            | FactorType::PushNotification
            | FactorType::WebauthnRoaming
            | FactorType::RecoveryCode => true,
            FactorType::Other(_) => false,
        }
    }

    fn methods(&self) -> &[Method] {
        let methods =
            self.authentication.as_option().and_then(|authentication| authentication.methods.as_option());
        methods.map_or(&[][..], Vec::as_slice)
    }
}

/// The documented types, each once; so at most seven, whatever the event says.
fn distinct(types: impl Iterator<Item = FactorType>) -> Vec<FactorType> {
    let mut found = Vec::new();
    for factor in types {
        if factor.is_documented() && !found.contains(&factor) {
            found.push(factor);
        }
    }
    found
}

/// The factors behind a name in `user.multifactor`. Guardian's app answers pushes and shows codes; Duo can't be
/// challenged as a factor.
fn of_provider(provider: &str) -> [Option<FactorType>; 2] {
    match provider {
        "guardian" => [Some(FactorType::PushNotification), Some(FactorType::Otp)],
        "google-authenticator" => [Some(FactorType::Otp), None],
        "sms" => [Some(FactorType::Phone), None],
        "duo" => [None, None],
        other => [Some(FactorType::from(other)), None],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::trigger::post_login::testing::event;

    fn with_methods(methods: &Value) -> PostLogin {
        event(&json!({"authentication": {"methods": methods}}))
    }

    fn words(types: &[FactorType]) -> Vec<&str> {
        types.iter().map(FactorType::as_str).collect()
    }

    #[test]
    fn passed_factors_come_from_the_methods() {
        for (methods, passed) in [
            (json!([]), &[][..]),
            (json!([{"name": "pwd"}, {"name": "passkey"}, {"name": "federated"}, {}]), &[]),
            (json!([{"name": "mfa", "type": "otp"}, {"name": "mfa", "type": "otp"}]), &["otp"]),
            (json!([{"name": "mfa"}, {"name": "mfa", "type": null}, {"name": "mfa", "type": "smoke"}]), &[]),
            (
                json!([{"name": "email"}, {"name": "sms"}, {"name": "phone_number"}, {"name": "mfa", "type": "email"}]),
                &["email", "phone"],
            ),
            (json!([{"name": "pwd", "type": "otp"}]), &[]),
        ] {
            assert_eq!(words(&with_methods(&methods).passed_factors()), passed, "{methods}");
        }
        assert!(event(&json!({"authentication": null})).passed_factors().is_empty());
    }

    #[test]
    fn the_newest_second_factor_counts() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let mfa = |text: &str| json!({"name": "mfa", "timestamp": text});
        for (methods, newest) in [
            (json!([]), None),
            (json!([{"name": "pwd", "timestamp": "2026-08-20T08:00:00Z"}]), None),
            (json!([mfa("yesterday"), {"name": "mfa"}]), None),
            (
                json!([mfa("2026-08-20T08:00:00.812Z"), mfa("2026-08-19T08:00:00Z"), mfa("")]),
                at("2026-08-20T08:00:00.812Z"),
            ),
        ] {
            assert_eq!(with_methods(&methods).newest_mfa_at(), newest, "{methods}");
        }
    }

    #[test]
    fn enrolled_factors_fall_back_to_the_providers() {
        for (user, enrolled) in [
            (json!({}), &[][..]),
            (
                json!({"enrolledFactors": [{"type": "email"}, {"type": "phone", "options": {}}]}),
                &["email", "phone"],
            ),
            (json!({"enrolledFactors": [{"type": "otp"}, {}, {"type": "otp"}, {"type": "smoke"}]}), &["otp"]),
            (json!({"enrolledFactors": [], "multifactor": ["guardian"]}), &[]),
            (json!({"enrolledFactors": null, "multifactor": ["guardian"]}), &["push-notification", "otp"]),
            (
                json!({"multifactor": ["google-authenticator", "otp", "guardian"]}),
                &["otp", "push-notification"],
            ),
            (json!({"multifactor": ["sms", "phone", "duo", "smoke"]}), &["phone"]),
            (
                json!({"multifactor": ["webauthn-platform", "webauthn-roaming"]}),
                &["webauthn-platform", "webauthn-roaming"],
            ),
        ] {
            let event = event(&json!({"user": user}));
            assert_eq!(words(&event.enrolled_factors()), enrolled, "{user}");
        }
    }

    #[test]
    fn a_factor_that_repeats_the_first_is_not_independent() {
        let by = |strategy: &str, method: &str| {
            event(
                &json!({"connection": {"strategy": strategy}, "authentication": {"methods": [{"name": method}]}}),
            )
        };
        for (strategy, method, dependent) in [
            ("auth0", "pwd", &[][..]),
            ("email", "email", &["email"]),
            ("email", "pwd", &["email"]),
            ("auth0", "email", &["email"]),
            ("sms", "sms", &["phone"]),
            ("auth0", "phone_number", &["phone"]),
            ("auth0", "passkey", &["webauthn-platform"]),
            ("samlp", "federated", &[]),
        ] {
            let event = by(strategy, method);
            for word in FactorType::WORDS {
                let independent = event.independent_of_first_factor(&FactorType::from(*word));
                assert_eq!(independent, !dependent.contains(word), "{word} after {strategy} and {method}");
            }
            assert!(!event.independent_of_first_factor(&FactorType::from("smoke")));
        }
    }
}
