//! Factors: as events name them, and as a challenge or an enrollment asks for them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

mod list;

pub use list::{ChallengeFactors, EnrollFactors, FactorsError};

open_enum! {
    /// A kind of factor as events name it.
    FactorType {
        /// A one-time code from an authenticator app.
        Otp = "otp",
        /// A one-time code by e-mail.
        Email = "email",
        /// A one-time code by text message or call.
        Phone = "phone",
        /// A push notification to the Guardian app.
        PushNotification = "push-notification",
        /// An authenticator built into the device.
        WebauthnPlatform = "webauthn-platform",
        /// A security key.
        WebauthnRoaming = "webauthn-roaming",
        /// A recovery code.
        RecoveryCode = "recovery-code",
    }
}

/// How a one-time code reaches a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PhoneMethod {
    /// By text message.
    Sms,
    /// By a call.
    Voice,
    /// As the user chooses.
    Both,
}

/// A factor to ask for, with the options documented for it and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Factor {
    /// A one-time code from an authenticator app.
    Otp,
    /// A one-time code by e-mail; for challenges only.
    Email,
    /// A one-time code by text message or call.
    Phone {
        /// How the code is sent; `None` leaves it to the tenant's settings.
        preferred_method: Option<PhoneMethod>,
    },
    /// A push notification to the Guardian app.
    PushNotification {
        /// Whether a one-time code may be typed instead; `None` leaves it to the tenant's settings.
        otp_fallback: Option<bool>,
    },
    /// An authenticator built into the device.
    WebauthnPlatform,
    /// A security key.
    WebauthnRoaming,
    /// A recovery code.
    RecoveryCode,
}

impl Factor {
    /// The factor of this type without options; `None` for a type that the documentation does not name.
    #[must_use]
    pub const fn plain(factor: &FactorType) -> Option<Self> {
        Some(match factor {
            FactorType::Otp => Self::Otp,
            FactorType::Email => Self::Email,
            FactorType::Phone => Self::Phone { preferred_method: None },
            FactorType::PushNotification => Self::PushNotification { otp_fallback: None },
            FactorType::WebauthnPlatform => Self::WebauthnPlatform,
            FactorType::WebauthnRoaming => Self::WebauthnRoaming,
            FactorType::RecoveryCode => Self::RecoveryCode,
            FactorType::Other(_) => return None,
        })
    }

    /// The type of this factor.
    #[must_use]
    pub const fn factor_type(self) -> FactorType {
        match self {
            Self::Otp => FactorType::Otp,
            Self::Email => FactorType::Email,
            Self::Phone { .. } => FactorType::Phone,
            Self::PushNotification { .. } => FactorType::PushNotification,
            Self::WebauthnPlatform => FactorType::WebauthnPlatform,
            Self::WebauthnRoaming => FactorType::WebauthnRoaming,
            Self::RecoveryCode => FactorType::RecoveryCode,
        }
    }

    const fn options(self) -> FactorOptions {
        match self {
            Self::Phone { preferred_method } => FactorOptions { preferred_method, otp_fallback: None },
            Self::PushNotification { otp_fallback } => FactorOptions { preferred_method: None, otp_fallback },
            _ => FactorOptions { preferred_method: None, otp_fallback: None },
        }
    }
}

/// A factor on the wire.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a factor object")]
struct FactorObject {
    #[serde(rename = "type")]
    factor: FactorType,
    #[serde(default, skip_serializing_if = "FactorOptions::is_empty")]
    options: FactorOptions,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object of factor options")]
struct FactorOptions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preferred_method: Option<PhoneMethod>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    otp_fallback: Option<bool>,
}

impl FactorOptions {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FactorObject { factor: self.factor_type(), options: self.options() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let FactorObject { factor, options } = FactorObject::deserialize(deserializer)?;
        let plain =
            Self::plain(&factor).ok_or_else(|| de::Error::custom("expected a documented factor type"))?;
        let FactorOptions { preferred_method, otp_fallback } = options;
        match (plain, preferred_method, otp_fallback) {
            (Self::Phone { .. }, preferred_method, None) => Ok(Self::Phone { preferred_method }),
            (Self::PushNotification { .. }, None, otp_fallback) => {
                Ok(Self::PushNotification { otp_fallback })
            }
            (plain, None, None) => Ok(plain),
            _ => Err(de::Error::custom(
                "only a phone has `preferredMethod`, only a push notification `otpFallback`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_look_as_documented_and_come_back() {
        for (factor, text) in [
            (Factor::Otp, r#"{"type":"otp"}"#),
            (Factor::Email, r#"{"type":"email"}"#),
            (Factor::Phone { preferred_method: None }, r#"{"type":"phone"}"#),
            (
                Factor::Phone { preferred_method: Some(PhoneMethod::Both) },
                r#"{"type":"phone","options":{"preferredMethod":"both"}}"#,
            ),
            (
                Factor::PushNotification { otp_fallback: Some(false) },
                r#"{"type":"push-notification","options":{"otpFallback":false}}"#,
            ),
            (Factor::WebauthnPlatform, r#"{"type":"webauthn-platform"}"#),
            (Factor::WebauthnRoaming, r#"{"type":"webauthn-roaming"}"#),
            (Factor::RecoveryCode, r#"{"type":"recovery-code"}"#),
        ] {
            assert_eq!(serde_json::to_string(&factor).unwrap(), text);
            assert_eq!(serde_json::from_str::<Factor>(text).unwrap(), factor);
        }
    }

    #[test]
    fn options_of_another_factor_and_unknown_factors_are_refused() {
        for text in [
            r#"{"type":"otp","options":{"otpFallback":true}}"#,
            r#"{"type":"phone","options":{"otpFallback":true}}"#,
            r#"{"type":"push-notification","options":{"preferredMethod":"sms"}}"#,
            r#"{"type":"phone","options":{"preferredMethod":"fax"}}"#,
            r#"{"type":"otp","later":1}"#,
            r#"{"type":"smoke-signal"}"#,
            r#"{}"#,
        ] {
            assert!(serde_json::from_str::<Factor>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_documented_type_has_a_factor() {
        for word in FactorType::WORDS {
            let factor_type = FactorType::from(*word);
            assert_eq!(Factor::plain(&factor_type).unwrap().factor_type(), factor_type);
        }
        assert_eq!(Factor::plain(&FactorType::from("smoke-signal")), None);
    }
}
