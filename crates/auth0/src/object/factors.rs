//! Which factors a user has, has passed, and may sensibly be asked for; shared by the triggers that can challenge.

use countersign_core::Timestamp;

use super::{Authentication, Method, MethodName, User};
use crate::factor::FactorType;

impl Authentication {
    /// The methods completed so far, in the order of the event; empty when there are none or nothing is known.
    pub(crate) fn completed(&self) -> &[Method] {
        self.methods.as_option().map_or(&[][..], Vec::as_slice)
    }

    /// The factors already proven in this transaction or session, each once, in the order of the event.
    ///
    /// Types that the documentation does not name are left out, as are passwords and providers, which are no factors
    /// to ask for.
    #[must_use]
    pub fn passed_factors(&self) -> Vec<FactorType> {
        distinct(self.completed().iter().filter_map(|method| match method.name.as_option()? {
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
        let second =
            self.completed().iter().filter(|method| method.name.as_option() == Some(&MethodName::Mfa));
        second.filter_map(|method| method.timestamp.as_option()?.parse().ok()).max()
    }

    /// Whether one of the methods completed so far is one of `names`.
    pub(crate) fn came_by(&self, names: &[MethodName]) -> bool {
        self.completed().iter().filter_map(|method| method.name.as_option()).any(|name| names.contains(name))
    }
}

impl User {
    /// The factors that the user can be challenged for, each once, in the order of the event.
    ///
    /// From `enrolledFactors`, or from the coarser `multifactor` when that is absent or null. Types that the
    /// documentation does not name are left out; empty means that the user has none, or that nothing is known.
    #[must_use]
    pub fn enrolled_factors(&self) -> Vec<FactorType> {
        if let Some(enrolled) = self.enrolled_factors.as_option() {
            return distinct(enrolled.iter().filter_map(|enrolled| enrolled.factor.as_option().cloned()));
        }
        let providers = self.multifactor.as_option().map_or(&[][..], Vec::as_slice);
        distinct(providers.iter().flat_map(|provider| of_provider(provider)).flatten())
    }
}

/// Whether passing `factor` would prove something that the first factor did not, by the connection's strategy and
/// the methods completed; a type that the documentation does not name never does.
pub(crate) fn is_independent(
    factor: &FactorType,
    strategy: Option<&str>,
    authentication: Option<&Authentication>,
) -> bool {
    let came_by = |names: &[MethodName]| authentication.is_some_and(|methods| methods.came_by(names));
    match factor {
        FactorType::Email => strategy != Some("email") && !came_by(&[MethodName::Email]),
        FactorType::Phone => strategy != Some("sms") && !came_by(&[MethodName::Sms, MethodName::PhoneNumber]),
        FactorType::WebauthnPlatform => !came_by(&[MethodName::Passkey]),
        FactorType::Otp
        | FactorType::PushNotification
        | FactorType::WebauthnRoaming
        | FactorType::RecoveryCode => true,
        FactorType::Other(_) => false,
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
