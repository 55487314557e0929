//! Which factors the user has, has passed, and may sensibly be asked for.

use countersign_core::Timestamp;

use super::PostLogin;
use crate::{
    factor::FactorType,
    object::{Authentication, factors::is_independent},
};

impl PostLogin {
    /// The factors already proven in this transaction or session; see [`Authentication::passed_factors`].
    #[must_use]
    pub fn passed_factors(&self) -> Vec<FactorType> {
        self.authentication.as_option().map(Authentication::passed_factors).unwrap_or_default()
    }

    /// When a second factor was last passed in this session; see [`Authentication::newest_mfa_at`].
    #[must_use]
    pub fn newest_mfa_at(&self) -> Option<Timestamp> {
        self.authentication.as_option().and_then(Authentication::newest_mfa_at)
    }

    /// The factors that the user can be challenged for; see
    /// [`User::enrolled_factors`](crate::object::User::enrolled_factors()).
    #[must_use]
    pub fn enrolled_factors(&self) -> Vec<FactorType> {
        self.user.enrolled_factors()
    }

    /// Whether passing `factor` would prove something that the first factor did not.
    ///
    /// An e-mail code proves nothing after passwordless e-mail, a phone nothing after passwordless SMS, and the
    /// device's authenticator nothing after a passkey. Of a type that the documentation does not name, nothing is
    /// known: it is never independent.
    #[must_use]
    pub fn independent_of_first_factor(&self, factor: &FactorType) -> bool {
        is_independent(factor, Some(self.connection.strategy.as_str()), self.authentication.as_option())
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
