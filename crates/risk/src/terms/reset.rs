//! Terms of a password's reset or change.

use crate::{Contribution, Features, Model, Profile, code, number::LIMIT_MICRO};

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// What another reset shortly before counts; `None` when the last one is not told.
pub(super) fn repeated(features: &Features, _: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let hours = features.reset.as_ref()?.hours_since_reset?;
    (hours < model.reset.repeated_hours).then_some(())?;
    let text = format!("The password was last reset less than {} h before.", hours.saturating_add(1));
    Contribution::new(code::REPEATED_RESET, model.reset.repeated_micro, (0, LIMIT_MICRO), text)
}

/// Other accounts reset from the same block.
pub(super) fn block(features: &Features, _: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let count = features.reset.as_ref()?.accounts_from_block;
    model.reset.block.contribution(code::BLOCK_RESETS, (0, count), |others, span| {
        format!("The passwords of {others} were reset from the same block of addresses {span}.")
    })
}

/// Whether a second factor guards the account afterwards; `None` when not told.
pub(super) fn second_factor(features: &Features, _: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let weights = &model.reset;
    if features.reset.as_ref()?.has_second_factor? {
        let text = "A second factor is enrolled, which guards the account after the reset.";
        Contribution::new(code::SECOND_FACTOR, weights.second_factor_micro, (-LIMIT_MICRO, 0), text)
    } else {
        let text = "No second factor is enrolled that would guard the account after the reset.";
        Contribution::new(code::NO_SECOND_FACTOR, weights.no_second_factor_micro, (0, LIMIT_MICRO), text)
    }
}

/// What it counts that nobody has used the account for long; `None` without a confirmed sign-in.
pub(super) fn dormant(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    features.reset.as_ref()?;
    let days = features.at.seconds().saturating_sub(profile?.last_seen()?.seconds()) / DAY_S;
    (days > i64::from(model.reset.dormant_days)).then_some(())?;
    let text = format!("No sign-in of this account was confirmed for {days} days.");
    Contribution::new(code::DORMANT_ACCOUNT, model.reset.dormant_micro, (0, LIMIT_MICRO), text)
}

/// What it counts that Auth0 found the password in a breach that is reset now: whoever knows it may know that of the mailbox,
/// too. `None` where it found none, or the password was changed since.
pub(super) fn leaked(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    features.reset.as_ref()?;
    let days = profile?.user_risk().leaked_days_ago(features.at)?;
    (days < model.reset.leaked_days).then_some(())?;
    let text =
        format!("The password was found in a breach less than {} days before.", days.saturating_add(1));
    Contribution::new(code::LEAKED_PASSWORD, model.reset.leaked_micro, (0, LIMIT_MICRO), text)
}

#[cfg(test)]
mod tests {
    use countersign_auth0::trigger::{
        password_reset_post_challenge::PasswordResetPostChallenge, post_change_password::PostChangePassword,
    };
    use countersign_core::{Score, Timestamp};
    use serde_json::json;

    use super::*;
    use crate::{
        Assessment, Readings, UserSignalKind, assess,
        samples::{event, extracted, home, now},
    };

    const RESET: &str = include_str!("../../../../fixtures/events/password-reset-post-challenge.json");
    const CHANGE: &str = include_str!("../../../../fixtures/events/post-change-password.json");

    fn of(patch: &serde_json::Value, readings: Readings) -> Assessment {
        let event: PasswordResetPostChallenge = event(RESET, patch);
        assess(&extracted(&event, readings), Some(&home(60)), &Model::default())
    }

    fn codes(assessment: &Assessment) -> Vec<&str> {
        assessment.reasons.iter().map(|reason| reason.code.as_str()).collect()
    }

    #[test]
    fn an_ordinary_reset_is_low_and_knows_device_and_place() {
        let assessment = of(&json!({}), Readings::default());
        assert!(assessment.score < Score::from_percent(10), "{assessment:?}");
        for code in ["familiar_country", "familiar_device", "second_factor"] {
            assert!(codes(&assessment).contains(&code), "{assessment:?}");
        }
        assert!(!codes(&assessment).contains(&"unfamiliar_network"), "the network is not told");
    }

    #[test]
    fn a_row_of_resets_from_one_block_is_suspicious() {
        let readings = |resets_day| Readings { resets_day, ..Readings::default() };
        let scores = [0, 3, 10, 32].map(|count| of(&json!({}), readings(count)).score);
        assert!(scores.is_sorted() && scores[0] < scores[3], "{scores:?}");
        let elsewhere = json!({
            "request": {"geoip": {"countryCode": "AU", "latitude": -33.9, "longitude": 151.2}, "user_agent": "curl/8.5.0"}
        });
        let assessment = of(&elsewhere, readings(10));
        assert!(assessment.score >= Score::from_percent(90), "{assessment:?}");
    }

    #[test]
    fn a_reset_again_within_a_day_and_a_missing_factor_count() {
        let again = json!({"user": {"last_password_reset": "2026-08-20T05:30:00Z", "enrolledFactors": []}});
        let assessment = of(&again, Readings::default());
        assert!(
            codes(&assessment).contains(&"repeated_reset")
                && codes(&assessment).contains(&"no_second_factor")
        );
        let text =
            &assessment.reasons.iter().find(|reason| reason.code == code::REPEATED_RESET).unwrap().text;
        assert_eq!(text, "The password was last reset less than 3 h before.");
    }

    #[test]
    fn an_address_at_a_look_alike_domain_is_flagged() {
        let assessment = of(&json!({"user": {"email": "pat.doe@acrne-corp.com"}}), Readings::default());
        assert_eq!(codes(&assessment).first(), Some(&"look_alike_domain"));
        let event: PasswordResetPostChallenge =
            event(RESET, &json!({"user": {"email": "pat.doe@acrne-corp.com"}}));
        let features = extracted(&event, Readings::default());
        assert!(assess(&features, None, &Model::default()).score >= Score::from_percent(60));
    }

    #[test]
    fn the_change_itself_is_no_earlier_reset() {
        let event: PostChangePassword =
            event(CHANGE, &json!({"user": {"last_password_reset": "2026-08-20T08:00:00Z"}}));
        let features = extracted(&event, Readings::default());
        assert_eq!(features.reset.as_ref().unwrap().hours_since_reset, None);
        assert_eq!(second_factor(&features, None, &Model::default()), None, "not told");
    }

    #[test]
    fn a_sleeping_account_is_noticed() {
        let event: PasswordResetPostChallenge = event(RESET, &json!({}));
        let mut features = extracted(&event, Readings::default());
        let (profile, model) = (home(60), Model::default());
        assert_eq!(dormant(&features, Some(&profile), &model), None);
        features.at = Timestamp::from_seconds(now().seconds() + 100 * DAY_S);
        assert!(dormant(&features, Some(&profile), &model).is_some());
        assert_eq!(dormant(&features, None, &model), None);
        features.reset = None;
        assert_eq!(dormant(&features, Some(&profile), &model), None, "a sign-in is not a reset");
    }

    /// The profile of the account when its password was found in a breach so many days ago.
    fn leaked_days_ago(days: i64) -> Profile {
        let mut profile = home(60);
        let at = Timestamp::from_seconds(now().seconds() - days * DAY_S);
        profile.user_risk_mut().add(UserSignalKind::LeakedPassword, at, 0);
        profile
    }

    #[test]
    fn a_password_that_leaked_counts_at_its_reset_for_a_while_and_never_at_a_sign_in() {
        let features =
            extracted(&event::<PasswordResetPostChallenge>(RESET, &json!({})), Readings::default());
        let of = |profile: &Profile| assess(&features, Some(profile), &Model::default());
        let (before, after) = (of(&home(60)), of(&leaked_days_ago(2)));
        assert_eq!(after.logit_micro - before.logit_micro, Model::default().reset.leaked_micro);
        let told = after.reasons.iter().find(|reason| reason.code == code::LEAKED_PASSWORD).unwrap();
        assert_eq!(told.text, "The password was found in a breach less than 3 days before.");
        assert!(after.score < Score::from_percent(10), "an owner at home who was told to reset it is low");
        assert_eq!(of(&leaked_days_ago(30)), before, "it was long ago");
        let sign_in = Features { reset: None, ..features };
        assert_eq!(leaked(&sign_in, Some(&leaked_days_ago(2)), &Model::default()), None);
    }

    #[test]
    fn a_password_that_was_changed_since_it_leaked_is_another() {
        let features =
            extracted(&event::<PasswordResetPostChallenge>(RESET, &json!({})), Readings::default());
        let mut profile = leaked_days_ago(2);
        let change = |days: i64| Timestamp::from_seconds(now().seconds() - days * DAY_S);
        profile.user_risk_mut().change_password(change(3));
        assert!(leaked(&features, Some(&profile), &Model::default()).is_some(), "that was the earlier one");
        profile.user_risk_mut().change_password(change(1));
        assert_eq!(leaked(&features, Some(&profile), &Model::default()), None);
        profile.user_risk_mut().add(UserSignalKind::LeakedPassword, now(), 0);
        assert!(leaked(&features, Some(&profile), &Model::default()).is_some(), "the new one leaked, too");
    }

    #[test]
    fn a_model_of_before_reads_as_it_was_and_says_nothing_of_leaks() {
        let model = Model::default();
        let mut document = serde_json::to_value(&model).unwrap();
        let reset = document["reset"].as_object_mut().unwrap();
        reset.retain(|name, _| !name.starts_with("leaked_"));
        let before: Model = serde_json::from_value(document.clone()).unwrap();
        assert_eq!(serde_json::to_value(&before).unwrap(), document, "so that its tag stays");
        let features =
            extracted(&event::<PasswordResetPostChallenge>(RESET, &json!({})), Readings::default());
        assert_eq!(leaked(&features, Some(&leaked_days_ago(2)), &before), None);
    }
}
