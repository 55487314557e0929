//! Hooks that are left, and what becomes of each.

use countersign_core::Timestamp;

use super::{Area, Check, Finding, Rule, Severity, View};

const LEFTOVER: Rule = Rule::new("hook.leftover", Severity::Critical).of(&[Area::Hooks]);

pub(super) const CHECK: Check = Check { rules: &[&LEFTOVER], run };

/// When Hooks and Rules stop to run: 18 November 2026 (Auth0 docs, "Rules and Hooks end of life").
const END: Timestamp = Timestamp::from_seconds(1_794_960_000);

/// What has become of a leftover by now.
pub(super) fn fate(now: Timestamp) -> &'static str {
    if now >= END { "has not run since 18 November 2026" } else { "stops to run on 18 November 2026" }
}

/// The Action that a Hook becomes, and what changes in its code.
fn migration(trigger: &str) -> Option<(&'static str, &'static str)> {
    Some(match trigger {
        "credentials-exchange" => (
            "credentials-exchange` v2",
            "claims by `api.accessToken.setCustomClaim`, a refusal by `api.access.deny(code, reason)`",
        ),
        "pre-user-registration" => (
            "pre-user-registration` v2",
            "metadata by `api.user.setUserMetadata` and `setAppMetadata`, `PreUserRegistrationError` by `api.access.deny(reason, userMessage)`",
        ),
        "post-user-registration" => {
            ("post-user-registration` v2", "`user.id` is `event.user.user_id`, with its `auth0|` before it")
        }
        "post-change-password" => ("post-change-password` v2", "`context.connection` is `event.connection`"),
        "send-phone-message" => (
            "send-phone-message` v2",
            "`recipient`, `text` and `context.code` are in `event.message_options`",
        ),
        _ => return None,
    })
}

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Hooks) {
        return Vec::new();
    }
    let enabled = view.posture.hooks.iter().filter(|hook| hook.enabled.as_option() != Some(&false));
    let found = enabled.map(|hook| {
        let trigger = hook.trigger_id.as_option().map_or("", String::as_str);
        let (fate, id) = (fate(view.now), hook.id.as_str());
        let (text, fix) = match migration(trigger) {
            Some((action, changes)) => (
                format!("the Hook `{id}` of `{trigger}` {fate}"),
                format!(
                    "make it an Action of `{action}: `context.webtask.secrets` is `event.secrets`, `context.clientID` is \
                     `event.client.client_id`, {changes}; then delete the Hook"
                ),
            ),
            None => (
                format!("the Hook `{id}` {fate}"),
                "see which Action does its work, then delete the Hook".to_owned(),
            ),
        };
        LEFTOVER.found(id, text, fix)
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{
            check,
            testing::{NOW, codes, expected, posture},
        },
        *,
    };

    fn hook(trigger: &str, is_enabled: bool) -> countersign_auth0::management::hooks::Hook {
        serde_json::from_value(
            json!({"id": "00001", "name": "x", "triggerId": trigger, "enabled": is_enabled}),
        )
        .unwrap()
    }

    #[test]
    fn each_hook_that_runs_is_told_with_the_action_that_it_becomes() {
        for trigger in [
            "credentials-exchange",
            "pre-user-registration",
            "post-user-registration",
            "post-change-password",
            "send-phone-message",
        ] {
            let mut left = posture();
            left.hooks.push(hook(trigger, true));
            let found = check(&left, &expected(), NOW);
            assert_eq!(found.len(), 1);
            assert!(found[0].fix.contains(&format!("Action of `{trigger}` v2")), "{}", found[0].fix);
        }
        let mut left = posture();
        left.hooks = vec![hook("post-login", false)];
        assert_eq!(codes(&left, &expected()), [""; 0]);
        left.hooks = vec![hook("something", true)];
        assert_eq!(codes(&left, &expected()), ["hook.leftover"]);
    }

    #[test]
    fn the_day_on_which_they_end_is_told_before_and_after() {
        assert_eq!("2026-11-18T00:00:00Z".parse(), Ok(END));
        assert!(fate(END).contains("since") && fate(END.plus(-1)).contains("stops"));
    }
}
