//! Effects: exactly the documented calls of their own trigger, on the wire and back.

use std::fmt::Debug;

use countersign_auth0::{
    claim::{ClaimName, ClaimValue},
    decode,
    factor::{ChallengeFactors, EnrollFactors, Factor, FactorType, PhoneMethod},
    metadata::Mark,
    redirect::RedirectUrl,
    scope::Scope,
    trigger::{
        credentials_exchange, custom_token_exchange, event_stream, password_reset_post_challenge,
        post_change_password, post_login, post_user_registration, pre_user_registration, send_phone_message,
    },
};
use countersign_core::Trigger;
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::fixtures::triggers;

/// The calls of each trigger that effects use, with their arguments; a `…?` may be left out. Source: Auth0's reference
/// of the Actions `api` objects, August 2026. `guard.refuse` is our own.
const fn calls(trigger: Trigger) -> &'static [(&'static str, &'static str)] {
    match trigger {
        Trigger::PostLogin => &[
            ("access.deny", "reason"),
            ("accessToken.setCustomClaim", "name, value"),
            ("authentication.challengeWith", "factor, options?"),
            ("authentication.challengeWithAny", "factors"),
            ("authentication.enrollWithAny", "factors"),
            ("idToken.setCustomClaim", "name, value"),
            ("multifactor.enable", "provider"),
            ("redirect.sendUserTo", "url"),
            ("user.setAppMetadata", "key, value"),
        ],
        Trigger::PreUserRegistration => &[
            ("access.deny", "reason, user message"),
            ("user.setAppMetadata", "key, value"),
            ("validation.error", "code, message"),
        ],
        Trigger::CredentialsExchange => &[
            ("access.deny", "code, reason"),
            ("accessToken.setCustomClaim", "name, value"),
            ("transaction.removeTargetScope", "scope"),
        ],
        Trigger::PasswordResetPostChallenge => &[
            ("access.deny", "reason"),
            ("authentication.challengeWith", "factor, options?"),
            ("authentication.challengeWithAny", "factors"),
            ("redirect.sendUserTo", "url"),
        ],
        Trigger::SendPhoneMessage => &[("guard.refuse", "reason")],
        Trigger::CustomTokenExchange => &[("access.deny", "code, reason")],
        Trigger::PostUserRegistration
        | Trigger::PostChangePassword
        | Trigger::EventStream
        | Trigger::ShortForm => &[],
    }
}

/// How many arguments a call may have.
fn arity(arguments: &str) -> std::ops::RangeInclusive<usize> {
    let most = arguments.split(", ").count();
    most - usize::from(arguments.ends_with('?'))..=most
}

/// Whether a call with `arguments` can be read where a trigger documents it with `others`. A code is a text, so a
/// denial with a code reads as one with two texts; never the other way round.
fn is_alike(arguments: &str, others: &str) -> bool {
    arguments == others || (arguments == "code, reason" && others == "reason, user message")
}

/// Whether the trigger's effects can be read from `wire`, and what they are written as again.
fn read(trigger: Trigger, wire: &Value) -> Option<Value> {
    fn again<E: Serialize + DeserializeOwned>(wire: &Value) -> Option<Value> {
        let effect: E = decode(wire.to_string().as_bytes(), "effect").ok()?;
        Some(serde_json::to_value(effect).unwrap())
    }
    match trigger {
        Trigger::PostLogin => again::<post_login::Effect>(wire),
        Trigger::PreUserRegistration => again::<pre_user_registration::Effect>(wire),
        Trigger::PostUserRegistration => again::<post_user_registration::Effect>(wire),
        Trigger::CredentialsExchange => again::<credentials_exchange::Effect>(wire),
        Trigger::PasswordResetPostChallenge => again::<password_reset_post_challenge::Effect>(wire),
        Trigger::PostChangePassword => again::<post_change_password::Effect>(wire),
        Trigger::EventStream => again::<event_stream::Effect>(wire),
        Trigger::SendPhoneMessage => again::<send_phone_message::Effect>(wire),
        Trigger::CustomTokenExchange => again::<custom_token_exchange::Effect>(wire),
        Trigger::ShortForm => None,
    }
}

/// The effect is one documented call of its trigger, says whether it does more than tell something, comes back as it
/// went, and is no effect of a trigger that does not document the call alike.
fn check<E>(trigger: Trigger, effect: &E, call: &str, changes: bool) -> Result<(), TestCaseError>
where
    E: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let wire = serde_json::to_value(effect).unwrap();
    let keys: Vec<&String> = wire.as_object().unwrap().keys().collect();
    prop_assert_eq!(keys, ["call", "args"]);
    prop_assert_eq!(&wire["call"], call);
    let documented = calls(trigger).iter().find(|(known, _)| *known == call);
    let Some((_, arguments)) = documented else {
        return Err(TestCaseError::fail(format!("{trigger} has no `{call}`")));
    };
    let only_tells = call.ends_with(".setCustomClaim") || call.ends_with(".setAppMetadata");
    prop_assert_eq!(changes, !only_tells, "{}", call);
    let args = wire["args"].as_array().unwrap();
    prop_assert!(arity(arguments).contains(&args.len()), "{} has {} arguments", call, args.len());
    prop_assert_eq!(&decode::<E>(wire.to_string().as_bytes(), "effect").unwrap(), effect);
    for other in triggers() {
        match read(other, &wire) {
            Some(again) => {
                let known = calls(other).iter().find(|(known, _)| *known == call);
                prop_assert!(
                    known.is_some_and(|(_, others)| is_alike(arguments, others)),
                    "{} takes {} of {}",
                    other,
                    wire,
                    trigger
                );
                prop_assert_eq!(&again, &wire);
            }
            None => prop_assert!(other != trigger),
        }
    }
    Ok(())
}

fn factor() -> impl Strategy<Value = Factor> {
    let method = prop::sample::select(vec![PhoneMethod::Sms, PhoneMethod::Voice, PhoneMethod::Both]);
    prop_oneof![
        prop::sample::select(FactorType::WORDS)
            .prop_map(|word| Factor::plain(&FactorType::from(word)).unwrap()),
        prop::option::of(method).prop_map(|preferred_method| Factor::Phone { preferred_method }),
        any::<Option<bool>>().prop_map(|otp_fallback| Factor::PushNotification { otp_fallback }),
    ]
}

fn challenge() -> impl Strategy<Value = ChallengeFactors> {
    let factors = prop::collection::vec(factor(), 1..4);
    factors.prop_filter_map("each type once", |factors| ChallengeFactors::new(factors).ok())
}

fn enroll() -> impl Strategy<Value = EnrollFactors> {
    let factors = prop::collection::vec(factor(), 1..4);
    factors.prop_filter_map("each type once, no e-mail", |factors| EnrollFactors::new(factors).ok())
}

fn url() -> impl Strategy<Value = RedirectUrl> {
    "https://[a-z]{1,9}(-[a-z]{1,3})?\\.example(:[1-9][0-9]{0,3})?(/[ -~&&[^ #\"<>\\\\^`{}|]]{0,20})?"
        .prop_map(|text| text.parse().unwrap())
}

fn claim() -> impl Strategy<Value = (ClaimName, ClaimValue)> {
    let name = "https://[a-z]{1,9}\\.example/[a-z_]{1,9}".prop_map(|text| text.parse().unwrap());
    (name, small_json().prop_map(|value| value.try_into().unwrap()))
}

fn small_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z_-]{1,8}", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn mark() -> impl Strategy<Value = Mark> {
    let fields = prop::collection::btree_map("[A-Za-z0-9_-]{1,16}", small_json(), 0..3);
    fields.prop_map(|fields| Value::Object(fields.into_iter().collect()).try_into().unwrap())
}

fn scope() -> impl Strategy<Value = Scope> {
    "[!#-\\[\\]-~]{1,40}".prop_map(|text| text.parse().unwrap())
}

fn post_login_effect() -> impl Strategy<Value = post_login::Effect> {
    use post_login::Effect::{
        ChallengeWith, ChallengeWithAny, Deny, EnrollWithAny, SendUserTo, SetAccessTokenClaim,
        SetAppMetadata, SetIdTokenClaim, SkipMultifactor,
    };
    prop_oneof![
        any::<String>().prop_map(|reason| Deny { reason: reason.into() }),
        challenge().prop_map(|factors| ChallengeWith { factors }),
        challenge().prop_map(|factors| ChallengeWithAny { factors }),
        enroll().prop_map(|factors| EnrollWithAny { factors }),
        Just(SkipMultifactor),
        url().prop_map(|url| SendUserTo { url }),
        claim().prop_map(|(name, value)| SetIdTokenClaim { name, value }),
        claim().prop_map(|(name, value)| SetAccessTokenClaim { name, value }),
        mark().prop_map(|value| SetAppMetadata { value }),
    ]
}

fn pre_user_registration_effect() -> impl Strategy<Value = pre_user_registration::Effect> {
    use pre_user_registration::Effect::{Deny, SetAppMetadata, ValidationError};
    prop_oneof![
        any::<(String, String)>().prop_map(|(reason, user_message)| Deny {
            reason: reason.into(),
            user_message: user_message.into()
        }),
        any::<(String, String)>()
            .prop_map(|(code, message)| ValidationError { code: code.into(), message: message.into() }),
        mark().prop_map(|value| SetAppMetadata { value }),
    ]
}

fn credentials_exchange_effect() -> impl Strategy<Value = credentials_exchange::Effect> {
    use credentials_exchange::{
        DenyCode::{InvalidRequest, InvalidScope, ServerError},
        Effect::{Deny, RemoveTargetScope, SetAccessTokenClaim},
    };
    let code = prop::sample::select(vec![InvalidRequest, InvalidScope, ServerError]);
    prop_oneof![
        (code, any::<String>()).prop_map(|(code, reason)| Deny { code, reason: reason.into() }),
        claim().prop_map(|(name, value)| SetAccessTokenClaim { name, value }),
        scope().prop_map(|scope| RemoveTargetScope { scope }),
    ]
}

fn password_reset_effect() -> impl Strategy<Value = password_reset_post_challenge::Effect> {
    use password_reset_post_challenge::Effect::{ChallengeWith, ChallengeWithAny, Deny, SendUserTo};
    prop_oneof![
        any::<String>().prop_map(|reason| Deny { reason: reason.into() }),
        challenge().prop_map(|factors| ChallengeWith { factors }),
        challenge().prop_map(|factors| ChallengeWithAny { factors }),
        url().prop_map(|url| SendUserTo { url }),
    ]
}

fn custom_token_exchange_effect() -> impl Strategy<Value = custom_token_exchange::Effect> {
    use custom_token_exchange::{
        DenyCode::{InvalidRequest, ServerError, StepUpRequired},
        Effect::Deny,
    };
    let code = prop::sample::select(vec![InvalidRequest, ServerError, StepUpRequired]);
    (code, any::<String>()).prop_map(|(code, reason)| Deny { code, reason: reason.into() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_post_login_effect_is_a_documented_call(effect in post_login_effect()) {
        check(Trigger::PostLogin, &effect, effect.call(), effect.changes_transaction())?;
    }

    #[test]
    fn a_pre_user_registration_effect_is_a_documented_call(effect in pre_user_registration_effect()) {
        check(Trigger::PreUserRegistration, &effect, effect.call(), effect.changes_transaction())?;
    }

    #[test]
    fn a_credentials_exchange_effect_is_a_documented_call(effect in credentials_exchange_effect()) {
        check(Trigger::CredentialsExchange, &effect, effect.call(), effect.changes_transaction())?;
    }

    #[test]
    fn a_password_reset_effect_is_a_documented_call(effect in password_reset_effect()) {
        check(Trigger::PasswordResetPostChallenge, &effect, effect.call(), effect.changes_transaction())?;
    }

    #[test]
    fn a_refused_message_is_a_call_of_the_guard(reason: String) {
        let effect = send_phone_message::Effect::Refuse { reason: reason.into() };
        check(Trigger::SendPhoneMessage, &effect, effect.call(), effect.changes_transaction())?;
    }

    #[test]
    fn a_custom_token_exchange_effect_is_a_documented_call(effect in custom_token_exchange_effect()) {
        check(Trigger::CustomTokenExchange, &effect, effect.call(), effect.changes_transaction())?;
    }

    #[test]
    fn an_asynchronous_trigger_takes_nothing(value in small_json()) {
        prop_assert_eq!(read(Trigger::PostUserRegistration, &value), None);
        prop_assert_eq!(read(Trigger::PostChangePassword, &value), None);
    }
}

#[test]
fn calls_that_countersign_must_not_make_are_refused_by_every_trigger() {
    for wire in [
        json!({"call": "accessToken.addScope", "args": ["admin"]}),
        json!({"call": "transaction.addTargetScope", "args": ["admin"]}),
        json!({"call": "transaction.setTargetScopes", "args": [["admin"]]}),
        json!({"call": "transaction.removeTargetScope", "args": [["admin"]]}),
        json!({"call": "transaction.removeTargetScope", "args": ["read:a write:a"]}),
        json!({"call": "authentication.setPrimaryUser", "args": ["auth0|1"]}),
        json!({"call": "authentication.setUserById", "args": ["auth0|1"]}),
        json!({"call": "user.setUserMetadata", "args": ["countersign", {}]}),
        json!({"call": "user.setAppMetadata", "args": ["roles", {}]}),
        json!({"call": "user.setAppMetadata", "args": ["countersign", {"a.b": 1}]}),
        json!({"call": "user.setAppMetadata", "args": ["countersign", ["admin"]]}),
        json!({"call": "redirect.sendUserTo", "args": ["http://verify.example/"]}),
        json!({"call": "redirect.sendUserTo", "args": ["https://verify.example/", {"query": {}}]}),
        json!({"call": "access.deny", "args": []}),
        json!({"call": "access.deny", "args": [""]}),
        json!({"call": "access.deny", "args": ["x".repeat(257)]}),
        json!({"call": "access.deny", "args": ["two\nlines"]}),
        json!({"call": "access.deny", "args": ["invalid_grant", "no", "no"]}),
        json!({"call": "access.deny", "args": ["no"], "then": "allow"}),
        json!({"call": "guard.allow", "args": []}),
        json!({"call": "access.deny"}),
        json!({"args": ["no"]}),
        json!("access.deny"),
        json!(null),
    ] {
        for trigger in triggers() {
            assert_eq!(read(trigger, &wire), None, "{trigger} takes {wire}");
        }
    }
}

#[test]
fn a_code_that_the_documentation_does_not_name_is_refused() {
    let wire = json!({"call": "access.deny", "args": ["invalid_grant", "no"]});
    assert_eq!(read(Trigger::CredentialsExchange, &wire), None);
    assert_eq!(read(Trigger::CustomTokenExchange, &wire), None);
    // Two texts are what a registration is denied with.
    assert_eq!(read(Trigger::PreUserRegistration, &wire), Some(wire));
}
