//! Auth0's own risk assessment, where the tenant has it. Its words: high confidence is low risk.

use countersign_core::MicroLogit;

use crate::{Code, Contribution, Features, Model, Profile, code, number::LIMIT_MICRO};

fn fixed(code: Code, micro: MicroLogit, text: &'static str) -> Option<Contribution> {
    Contribution::new(code, micro, (-LIMIT_MICRO, LIMIT_MICRO), text)
}

/// The overall confidence; `None` without one, and for `neutral` and words not known.
pub(super) fn confidence(features: &Features, _: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let weights = &model.auth0;
    match features.auth0.as_ref()?.confidence.as_ref()?.as_str() {
        "low" => fixed(
            code::AUTH0_LOW_CONFIDENCE,
            weights.low_micro,
            "Auth0's own assessment has low confidence in this sign-in.",
        ),
        "medium" => fixed(
            code::AUTH0_MEDIUM_CONFIDENCE,
            weights.medium_micro,
            "Auth0's own assessment has medium confidence in this sign-in.",
        ),
        "high" => fixed(
            code::AUTH0_HIGH_CONFIDENCE,
            weights.high_micro,
            "Auth0's own assessment has high confidence in this sign-in.",
        ),
        _ => None,
    }
}

/// `NewDevice`; `None` when it did not run or could not tell.
pub(super) fn new_device(features: &Features, _: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let weights = &model.auth0;
    let (code, micro, text) = match features.auth0.as_ref()?.new_device.as_ref()?.as_str() {
        "no_match" => {
            (code::AUTH0_NEW_DEVICE, weights.no_match_micro, "Auth0 has not seen this user on this device.")
        }
        "unknown_device" => {
            (code::AUTH0_NEW_DEVICE, weights.unknown_device_micro, "Auth0 can't tell which device this is.")
        }
        "partial_match" => (
            code::AUTH0_NEW_DEVICE,
            weights.partial_match_micro,
            "Auth0 knows either the device or its browser, not both.",
        ),
        "match" => {
            (code::AUTH0_KNOWN_DEVICE, weights.match_micro, "Auth0 has seen this user on this device lately.")
        }
        _ => return None,
    };
    fixed(code, micro, text)
}

/// `ImpossibleTravel`; `None` when it did not run or could not tell.
pub(super) fn impossible_travel(
    features: &Features,
    _: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let weights = &model.auth0;
    let (code, micro, text) = match features.auth0.as_ref()?.impossible_travel.as_ref()?.as_str() {
        "impossible_travel_from_last_login" => (
            code::AUTH0_TRAVEL,
            weights.impossible_travel_micro,
            "Auth0 finds the travel since the last sign-in impossible.",
        ),
        "anonymous_proxy" => (
            code::AUTH0_TRAVEL,
            weights.anonymous_proxy_micro,
            "Auth0 finds that the sign-in came through an anonymous proxy.",
        ),
        "substantial_travel_from_last_login" | "invalid_travel" => (
            code::AUTH0_TRAVEL,
            weights.substantial_travel_micro,
            "Auth0 finds substantial travel since the last sign-in.",
        ),
        "minimal_travel_from_last_login" => (
            code::AUTH0_NO_TRAVEL,
            weights.minimal_travel_micro,
            "Auth0 finds next to no travel since the last sign-in.",
        ),
        _ => return None,
    };
    fixed(code, micro, text)
}

/// `UntrustedIP`; `None` unless the address was found on a deny list.
pub(super) fn untrusted_ip(features: &Features, _: Option<&Profile>, model: &Model) -> Option<Contribution> {
    match features.auth0.as_ref()?.untrusted_ip.as_ref()?.as_str() {
        "found_on_deny_list" => fixed(
            code::AUTH0_UNTRUSTED_IP,
            model.auth0.deny_list_micro,
            "Auth0 found the address on a deny list of addresses with abuse.",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Auth0Risk, samples::ordinary};

    fn with(auth0: Auth0Risk) -> Features {
        Features { auth0: Some(auth0), ..ordinary() }
    }

    #[test]
    fn less_confidence_never_counts_less() {
        let of = |word: &str| {
            let features = with(Auth0Risk { confidence: Some(word.into()), ..Auth0Risk::default() });
            confidence(&features, None, &Model::default()).map_or(0, |reason| reason.micro)
        };
        let order = ["high", "neutral", "medium", "low"].map(of);
        assert!(order.is_sorted(), "{order:?}");
        assert!(of("high") < 0 && of("low") > 0);
    }

    #[test]
    fn each_code_counts_as_documented() {
        let model = Model::default();
        let device = |code: &str| {
            let features = with(Auth0Risk { new_device: Some(code.into()), ..Auth0Risk::default() });
            new_device(&features, None, &model).map_or(0, |reason| reason.micro)
        };
        assert!(
            ["match", "initial_login", "partial_match", "unknown_device", "no_match"].map(device).is_sorted()
        );
        let travel = |code: &str| {
            let features = with(Auth0Risk { impossible_travel: Some(code.into()), ..Auth0Risk::default() });
            impossible_travel(&features, None, &model).map_or(0, |reason| reason.micro)
        };
        assert!(
            [
                "minimal_travel_from_last_login",
                "travel_from_last_login",
                "substantial_travel_from_last_login",
                "anonymous_proxy",
                "impossible_travel_from_last_login"
            ]
            .map(travel)
            .is_sorted()
        );
        let listed =
            with(Auth0Risk { untrusted_ip: Some("found_on_deny_list".into()), ..Auth0Risk::default() });
        assert!(untrusted_ip(&listed, None, &model).unwrap().micro > 0);
    }

    #[test]
    fn what_auth0_could_not_tell_or_we_do_not_know_counts_nothing() {
        for word in ["assessment_not_available", "initial_login", "neutral", "a word of next year", ""] {
            let word = Some(word.into());
            let features = with(Auth0Risk {
                confidence: word.clone(),
                new_device: word.clone(),
                impossible_travel: word.clone(),
                untrusted_ip: word,
            });
            for term in [confidence, new_device, impossible_travel, untrusted_ip] {
                assert_eq!(term(&features, None, &Model::default()), None);
            }
        }
    }
}
