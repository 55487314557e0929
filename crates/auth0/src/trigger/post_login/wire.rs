//! Effects as `{"call": …, "args": […]}`, with exactly the documented arguments.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Effect;
use crate::{
    claim::{ClaimName, ClaimValue},
    factor::{ChallengeFactors, EnrollFactors},
    metadata::Mark,
    redirect::RedirectUrl,
    text::Reason,
    trigger::wire::{ChallengeArgs, MarkKey, write, write_challenge},
};

/// The provider that `multifactor.enable` is given: the one that turns policy MFA off.
#[derive(Serialize, Deserialize)]
enum Provider {
    #[serde(rename = "none")]
    None,
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let call = self.call();
        match self {
            Self::Deny { reason } => write(serializer, call, &(reason,)),
            Self::ChallengeWith { factors } => write_challenge(serializer, call, factors),
            Self::ChallengeWithAny { factors } => write(serializer, call, &(factors,)),
            Self::EnrollWithAny { factors } => write(serializer, call, &(factors,)),
            Self::SkipMultifactor => write(serializer, call, &(Provider::None,)),
            Self::SendUserTo { url } => write(serializer, call, &(url,)),
            Self::SetIdTokenClaim { name, value } | Self::SetAccessTokenClaim { name, value } => {
                write(serializer, call, &(name, value))
            }
            Self::SetAppMetadata { value } => write(serializer, call, &(MarkKey::Countersign, value)),
        }
    }
}

/// Each call with the tuple of its arguments.
#[derive(Deserialize)]
#[serde(tag = "call", content = "args", deny_unknown_fields)]
enum Call {
    #[serde(rename = "access.deny")]
    Deny((Reason,)),
    #[serde(rename = "authentication.challengeWith")]
    ChallengeWith(ChallengeArgs),
    #[serde(rename = "authentication.challengeWithAny")]
    ChallengeWithAny((ChallengeFactors,)),
    #[serde(rename = "authentication.enrollWithAny")]
    EnrollWithAny((EnrollFactors,)),
    #[serde(rename = "multifactor.enable")]
    Enable((Provider,)),
    #[serde(rename = "redirect.sendUserTo")]
    SendUserTo((RedirectUrl,)),
    #[serde(rename = "idToken.setCustomClaim")]
    IdTokenClaim((ClaimName, ClaimValue)),
    #[serde(rename = "accessToken.setCustomClaim")]
    AccessTokenClaim((ClaimName, ClaimValue)),
    #[serde(rename = "user.setAppMetadata")]
    AppMetadata((MarkKey, Mark)),
}

impl<'de> Deserialize<'de> for Effect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Call::deserialize(deserializer)? {
            Call::Deny((reason,)) => Self::Deny { reason },
            Call::ChallengeWith(ChallengeArgs(factors)) => Self::ChallengeWith { factors },
            Call::ChallengeWithAny((factors,)) => Self::ChallengeWithAny { factors },
            Call::EnrollWithAny((factors,)) => Self::EnrollWithAny { factors },
            Call::Enable((Provider::None,)) => Self::SkipMultifactor,
            Call::SendUserTo((url,)) => Self::SendUserTo { url },
            Call::IdTokenClaim((name, value)) => Self::SetIdTokenClaim { name, value },
            Call::AccessTokenClaim((name, value)) => Self::SetAccessTokenClaim { name, value },
            Call::AppMetadata((MarkKey::Countersign, value)) => Self::SetAppMetadata { value },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{factor::Factor, shape::decode};

    fn challenge(factors: &[Factor]) -> ChallengeFactors {
        ChallengeFactors::new(factors.to_vec()).unwrap()
    }

    fn value(value: Value) -> ClaimValue {
        value.try_into().unwrap()
    }

    fn claim() -> ClaimName {
        "https://countersign.example/risk_level".parse().unwrap()
    }

    #[test]
    fn every_effect_looks_as_documented_and_comes_back() {
        let name = claim().to_string();
        for (effect, wire, changes) in [
            (Effect::Deny { reason: "no".into() }, json!({"call": "access.deny", "args": ["no"]}), true),
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
            (
                Effect::SendUserTo { url: "https://verify.example/step-up".parse().unwrap() },
                json!({"call": "redirect.sendUserTo", "args": ["https://verify.example/step-up"]}),
                true,
            ),
            (Effect::SkipMultifactor, json!({"call": "multifactor.enable", "args": ["none"]}), true),
            (
                Effect::SetIdTokenClaim { name: claim(), value: value(json!("high")) },
                json!({"call": "idToken.setCustomClaim", "args": [name, "high"]}),
                false,
            ),
            (
                Effect::SetAccessTokenClaim { name: claim(), value: value(json!(null)) },
                json!({"call": "accessToken.setCustomClaim", "args": [name, null]}),
                false,
            ),
            (
                Effect::SetAppMetadata { value: json!({"decision_id": "dec_1"}).try_into().unwrap() },
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
