//! Effects as `{"call": …, "args": […]}`, with exactly the documented arguments.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
    ser::SerializeStruct,
};

use super::Effect;
use crate::{
    Json,
    claim::ClaimName,
    factor::{ChallengeFactors, EnrollFactors, Factor},
};

/// The provider that `multifactor.enable` is given: the one that turns policy MFA off.
#[derive(Serialize, Deserialize)]
enum Provider {
    #[serde(rename = "none")]
    None,
}

/// The key of `app_metadata` that is ours.
#[derive(Serialize, Deserialize)]
enum MarkKey {
    #[serde(rename = "countersign")]
    Countersign,
}

/// The second argument of `challengeWith`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object with `additionalFactors`")]
struct ChallengeOptions<F> {
    additional_factors: F,
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Deny { reason } => self.write(serializer, &(reason,)),
            Self::ChallengeWith { factors } => match factors.as_slice() {
                [first, rest @ ..] if !rest.is_empty() => {
                    self.write(serializer, &(first, ChallengeOptions { additional_factors: rest }))
                }
                only => self.write(serializer, &only),
            },
            Self::ChallengeWithAny { factors } => self.write(serializer, &(factors,)),
            Self::EnrollWithAny { factors } => self.write(serializer, &(factors,)),
            Self::SkipMultifactor => self.write(serializer, &(Provider::None,)),
            Self::SetIdTokenClaim { name, value } | Self::SetAccessTokenClaim { name, value } => {
                self.write(serializer, &(name, value))
            }
            Self::SetAppMetadata { value } => self.write(serializer, &(MarkKey::Countersign, value)),
        }
    }
}

impl Effect {
    fn write<S: Serializer, A: Serialize>(&self, serializer: S, args: &A) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Effect", 2)?;
        object.serialize_field("call", self.call())?;
        object.serialize_field("args", args)?;
        object.end()
    }
}

/// Each call with the tuple of its arguments.
#[derive(Deserialize)]
#[serde(tag = "call", content = "args", deny_unknown_fields)]
enum Call {
    #[serde(rename = "access.deny")]
    Deny((String,)),
    #[serde(rename = "authentication.challengeWith")]
    ChallengeWith(ChallengeArgs),
    #[serde(rename = "authentication.challengeWithAny")]
    ChallengeWithAny((ChallengeFactors,)),
    #[serde(rename = "authentication.enrollWithAny")]
    EnrollWithAny((EnrollFactors,)),
    #[serde(rename = "multifactor.enable")]
    Enable((Provider,)),
    #[serde(rename = "idToken.setCustomClaim")]
    IdTokenClaim((ClaimName, Json)),
    #[serde(rename = "accessToken.setCustomClaim")]
    AccessTokenClaim((ClaimName, Json)),
    #[serde(rename = "user.setAppMetadata")]
    AppMetadata((MarkKey, Json)),
}

impl<'de> Deserialize<'de> for Effect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Call::deserialize(deserializer)? {
            Call::Deny((reason,)) => Self::Deny { reason },
            Call::ChallengeWith(ChallengeArgs(factors)) => Self::ChallengeWith { factors },
            Call::ChallengeWithAny((factors,)) => Self::ChallengeWithAny { factors },
            Call::EnrollWithAny((factors,)) => Self::EnrollWithAny { factors },
            Call::Enable((Provider::None,)) => Self::SkipMultifactor,
            Call::IdTokenClaim((name, Json(value))) => Self::SetIdTokenClaim { name, value },
            Call::AccessTokenClaim((name, Json(value))) => Self::SetAccessTokenClaim { name, value },
            Call::AppMetadata((MarkKey::Countersign, Json(value))) => Self::SetAppMetadata { value },
        })
    }
}

/// The arguments of `challengeWith`: a factor, and options only where there are alternatives.
struct ChallengeArgs(ChallengeFactors);

impl<'de> Deserialize<'de> for ChallengeArgs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ArgsVisitor;

        impl<'de> Visitor<'de> for ArgsVisitor {
            type Value = ChallengeArgs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of a factor and, if any, its options")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut args: A) -> Result<ChallengeArgs, A::Error> {
                let first: Factor =
                    args.next_element()?.ok_or_else(|| de::Error::invalid_length(0, &self))?;
                let mut factors = vec![first];
                if let Some(options) = args.next_element::<ChallengeOptions<Vec<Factor>>>()? {
                    factors.extend(options.additional_factors);
                }
                ChallengeFactors::new(factors).map(ChallengeArgs).map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_seq(ArgsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shape::decode;

    fn challenge(factors: &[Factor]) -> ChallengeFactors {
        ChallengeFactors::new(factors.to_vec()).unwrap()
    }

    fn claim() -> ClaimName {
        "https://countersign.example/risk_level".parse().unwrap()
    }

    #[test]
    fn every_effect_looks_as_documented_and_comes_back() {
        let name = claim().to_string();
        for (effect, wire, changes) in [
            (Effect::Deny { reason: "no".to_owned() }, json!({"call": "access.deny", "args": ["no"]}), true),
            (
                Effect::ChallengeWith { factors: challenge(&[Factor::Otp]) },
                json!({"call": "authentication.challengeWith", "args": [{"type": "otp"}]}),
                true,
            ),
            (
                Effect::ChallengeWith { factors: challenge(&[Factor::Otp, Factor::Email]) },
                json!({"call": "authentication.challengeWith",
                    "args": [{"type": "otp"}, {"additionalFactors": [{"type": "email"}]}]}),
                true,
            ),
            (
                Effect::ChallengeWithAny { factors: challenge(&[Factor::Otp, Factor::WebauthnRoaming]) },
                json!({"call": "authentication.challengeWithAny",
                    "args": [[{"type": "otp"}, {"type": "webauthn-roaming"}]]}),
                true,
            ),
            (
                Effect::EnrollWithAny { factors: EnrollFactors::new(vec![Factor::Otp]).unwrap() },
                json!({"call": "authentication.enrollWithAny", "args": [[{"type": "otp"}]]}),
                true,
            ),
            (Effect::SkipMultifactor, json!({"call": "multifactor.enable", "args": ["none"]}), true),
            (
                Effect::SetIdTokenClaim { name: claim(), value: json!("high") },
                json!({"call": "idToken.setCustomClaim", "args": [name, "high"]}),
                false,
            ),
            (
                Effect::SetAccessTokenClaim { name: claim(), value: json!(null) },
                json!({"call": "accessToken.setCustomClaim", "args": [name, null]}),
                false,
            ),
            (
                Effect::SetAppMetadata { value: json!({"decision_id": "dec_1"}) },
                json!({"call": "user.setAppMetadata", "args": ["countersign", {"decision_id": "dec_1"}]}),
                false,
            ),
        ] {
            assert_eq!(serde_json::to_value(&effect).unwrap(), wire);
            assert_eq!(serde_json::from_value::<Effect>(wire.clone()).unwrap(), effect);
            let args_first = format!(r#"{{"args":{},"call":{}}}"#, wire["args"], wire["call"]);
            assert_eq!(serde_json::from_str::<Effect>(&args_first).unwrap(), effect);
            assert_eq!(effect.call(), wire["call"]);
            assert_eq!(effect.changes_transaction(), changes, "{wire}");
        }
    }

    #[test]
    fn what_is_not_offered_is_refused() {
        for text in [
            r#"{"call":"accessToken.addScope","args":["admin"]}"#,
            r#"{"call":"authentication.setPrimaryUser","args":["auth0|1"]}"#,
            r#"{"call":"user.setAppMetadata","args":["roles",["admin"]]}"#,
            r#"{"call":"user.setUserMetadata","args":["countersign",1]}"#,
            r#"{"call":"multifactor.enable","args":["any"]}"#,
            r#"{"call":"multifactor.enable","args":["none",{"allowRememberBrowser":true}]}"#,
            r#"{"call":"access.deny","args":[]}"#,
            r#"{"call":"access.deny","args":["no","yes"]}"#,
            r#"{"call":"access.deny","args":["no"],"then":"allow"}"#,
            r#"{"call":"authentication.challengeWith","args":[]}"#,
            r#"{"call":"authentication.challengeWith","args":[{"type":"otp"},{"additionalFactors":[{"type":"otp"}]}]}"#,
            r#"{"call":"authentication.challengeWith","args":[{"type":"otp"},{"additionalFactors":[]},1]}"#,
            r#"{"call":"authentication.challengeWithAny","args":[[]]}"#,
            r#"{"call":"authentication.enrollWithAny","args":[[{"type":"email"}]]}"#,
            r#"{"call":"idToken.setCustomClaim","args":["roles",["admin"]]}"#,
            r#"{"call":"access.deny"}"#,
        ] {
            assert!(decode::<Effect>(text.as_bytes(), "effect").is_err(), "{text}");
        }
    }

    #[test]
    fn a_bad_claim_name_is_located() {
        let text = br#"{"call":"idToken.setCustomClaim","args":["https://auth0.com/x",1]}"#;
        let error = decode::<Effect>(text, "effects[0]").unwrap_err();
        assert_eq!(error.path, "effects[0].args[0]");
        assert_eq!(error.message, "a claim name is not under `auth0.com`, `webtask.io` or `webtask.run`");
    }
}
