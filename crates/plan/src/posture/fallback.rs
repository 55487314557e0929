//! Whether what our Actions do by themselves is what our policy takes them to do.

use countersign_core::{Mode, Trigger};

use super::{Area, Check, Finding, Rule, Severity, View, config_text};
use crate::install::deployed_code;

const FALLBACK: Rule = Rule::new("action.fallback", Severity::Warning).of(&[Area::Actions]);
const BREAK_GLASS: Rule = Rule::new("action.break_glass", Severity::Warning).of(&[Area::Actions]);
const ENFORCE: Rule = Rule::new("action.enforce", Severity::Warning).of(&[Area::Actions]);

pub(super) const CHECK: Check = Check { rules: &[&FALLBACK, &BREAK_GLASS, &ENFORCE], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Actions) {
        return Vec::new();
    }
    let policy = &view.expected.policy;
    let mut found = Vec::new();
    for (trigger, _) in view.expected.actions() {
        let action = view.posture.installed.our_action(trigger);
        let Some(code) = action.and_then(deployed_code) else { continue };
        let fallback = config_text::fallback(code);
        // Why of sign-ins alone: the policy's word is about people who can be asked for a factor.
        if trigger == Trigger::PostLogin
            && fallback.as_ref().is_some_and(|word| word != policy.fallback.as_str())
        {
            let text = format!(
                "`fallback.default` in the CONFIG of our Action for `{trigger}` is not `{}`, which the policy says",
                policy.fallback.as_str()
            );
            let fix = "make both alike: `policy.fallback` by `countersign policy apply`, or the Action's CONFIG by \
                       `countersign tenant apply --code`";
            found.push(FALLBACK.found(trigger.as_str(), text, fix));
        }
        if trigger == Trigger::PostLogin {
            found.extend(
                view.expected.console_client.as_deref().and_then(|console| not_exempt(code, console)),
            );
        }
        if policy.mode(trigger) == Mode::Enforce && config_text::enforces(code) == Some(false) {
            let text = format!(
                "the policy enforces at `{trigger}`, and the CONFIG of our Action there has `enforce: false`"
            );
            let fix = "set `enforce: true` in the Action's CONFIG by `countersign tenant apply --code`, or the mode to `audit`";
            found.push(ENFORCE.found(trigger.as_str(), text, fix));
        }
    }
    found
}

/// Our own console's client, where the Action does not exempt it.
fn not_exempt(code: &str, console: &str) -> Option<Finding> {
    let exempt = config_text::exempt_clients(code)?;
    if exempt.iter().any(|client| client == console) {
        return None;
    }
    let text = "people sign in to our console by a client that our Action does not exempt: while the service is away, the \
                Action's fallback decides whether they get in";
    let fix = format!(
        "put `{console}` into `break_glass.client_ids` of the Action's CONFIG by `countersign tenant apply`, with `--code` where \
         the code is your own"
    );
    Some(BREAK_GLASS.found(Trigger::PostLogin.as_str(), text, fix))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Fallback,
            testing::{codes, expected, posture},
        },
        *,
    };

    #[test]
    fn another_fallback_and_a_mode_that_the_action_does_not_follow_are_found() {
        let mut other = expected();
        other.policy.fallback = Fallback::Challenge;
        assert_eq!(codes(&posture(), &other), ["action.fallback"]);
        let mut enforcing = expected();
        enforcing.policy.modes.insert(Trigger::PostLogin, Mode::Enforce);
        assert_eq!(codes(&posture(), &enforcing), ["action.enforce"]);
    }

    #[test]
    fn a_client_of_our_console_that_is_not_exempt_is_found() {
        let code = "// --- config ---\nbreak_glass: { client_ids: ['console'] },\n// --- end ---\n";
        assert!(not_exempt(code, "console").is_none());
        assert!(not_exempt("// its CONFIG is not to be read", "console").is_none());
        let found = not_exempt(code, "another").unwrap();
        assert_eq!(found.code, "action.break_glass");
        assert!(found.fix.contains("`another`"));
    }
}
