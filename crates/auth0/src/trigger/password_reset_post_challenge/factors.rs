//! Which factors the user has, has passed, and may sensibly be asked for before the password is replaced.

use countersign_core::Timestamp;

use super::PasswordResetPostChallenge;
use crate::{
    factor::FactorType,
    object::{Authentication, factors::is_independent},
};

impl PasswordResetPostChallenge {
    /// The factors already proven in this reset; see [`Authentication::passed_factors`].
    #[must_use]
    pub fn passed_factors(&self) -> Vec<FactorType> {
        self.authentication.as_option().map(Authentication::passed_factors).unwrap_or_default()
    }

    /// When a second factor was last passed in this reset; see [`Authentication::newest_mfa_at`].
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

    /// Whether passing `factor` would prove something that the reset's first challenge did not.
    ///
    /// A reset begins with a link by e-mail or a code to a phone. Where the event does not say which, neither an e-mail
    /// code nor a phone is independent: whoever holds the mailbox must not get in by it twice.
    #[must_use]
    pub fn independent_of_first_factor(&self, factor: &FactorType) -> bool {
        let authentication = self.authentication.as_option();
        let is_first_known = authentication.is_some_and(|authentication| {
            authentication.completed().iter().any(|method| method.name.as_option().is_some())
        });
        if !is_first_known && matches!(factor, FactorType::Email | FactorType::Phone) {
            return false;
        }
        let strategy = self.connection.as_option().map(|connection| connection.strategy.as_str());
        is_independent(factor, strategy, authentication)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::shape::decode;

    fn event(patch: &Value) -> PasswordResetPostChallenge {
        let mut value = json!({
            "tenant": {"id": "acme"},
            "request": {"ip": "203.0.113.24"},
            "user": {"user_id": "auth0|1"},
        });
        for (key, patch) in patch.as_object().unwrap() {
            value[key] = patch.clone();
        }
        decode(value.to_string().as_bytes(), "event").unwrap()
    }

    #[test]
    fn what_the_reset_began_with_proves_nothing_again() {
        for (methods, dependent) in [
            (json!([{"name": "email"}]), &["email"][..]),
            (json!([{"name": "phone_number"}]), &["phone"]),
            (json!([{"name": "sms"}, {"name": "email"}]), &["email", "phone"]),
            (json!([{"name": "pwd"}]), &[]),
            (json!([]), &["email", "phone"]),
            (json!([{}]), &["email", "phone"]),
            (json!(null), &["email", "phone"]),
        ] {
            for event in [
                event(&json!({"authentication": {"methods": methods}})),
                event(&json!({"authentication": {"methods": methods},
                    "connection": {"id": "con_1", "name": "db", "strategy": "auth0"}})),
            ] {
                for word in FactorType::WORDS {
                    let independent = event.independent_of_first_factor(&FactorType::from(*word));
                    assert_eq!(independent, !dependent.contains(word), "{word} after {methods}");
                }
                assert!(!event.independent_of_first_factor(&FactorType::from("smoke")));
            }
        }
        assert!(!event(&json!({})).independent_of_first_factor(&FactorType::Email));
        assert!(event(&json!({})).independent_of_first_factor(&FactorType::Otp));
    }

    #[test]
    fn factors_come_from_the_profile_and_the_methods() {
        let event = event(&json!({
            "authentication": {"methods": [
                {"name": "email"},
                {"name": "mfa", "type": "otp", "timestamp": "2026-08-20T08:00:00Z"},
            ]},
            "user": {"user_id": "auth0|1", "enrolledFactors": [{"type": "otp"}, {"type": "webauthn-roaming"}]},
        }));
        assert_eq!(event.enrolled_factors(), [FactorType::Otp, FactorType::WebauthnRoaming]);
        assert_eq!(event.passed_factors(), [FactorType::Email, FactorType::Otp]);
        assert_eq!(event.newest_mfa_at(), "2026-08-20T08:00:00Z".parse().ok());
    }
}
