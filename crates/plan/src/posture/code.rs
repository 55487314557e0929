//! Whether our Actions run the code that we deployed, and that of this version.

use super::{Area, Check, Finding, Rule, Severity, View, bound::APPLY, config_text};
use crate::{install::deployed_code, sha256};

const EDITED: Rule = Rule::new("action.edited", Severity::Critical).of(&[Area::Actions]);
const OUTDATED: Rule = Rule::new("action.outdated", Severity::Warning).of(&[Area::Actions]);
const STRANGE: Rule = Rule::new("action.strange", Severity::Warning).of(&[Area::Actions]);

pub(super) const CHECK: Check = Check { rules: &[&EDITED, &OUTDATED, &STRANGE], run };

/// The line in which our Actions name their code: they send it with each request (actions/build.mjs).
const DECLARED: (&str, &str) = ("\nconst CODE = '", "';\n");

/// How long a declared hash is.
const DIGITS: usize = 64;

/// What an Action says of its own code: the SHA-256 of it without CONFIG and with zeros in place of the hash. `None` where it says
/// nothing.
#[must_use]
pub fn declared(code: &str) -> Option<&str> {
    let (_, rest) = code.split_once(DECLARED.0)?;
    let (hash, _) = rest.split_once(DECLARED.1)?;
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (hash.len() == DIGITS && hash.bytes().all(is_digit)).then_some(hash)
}

/// The SHA-256 of an Action's code without its CONFIG, which is the operator's own.
#[must_use]
pub fn shipped(code: &str) -> String {
    let (before, _, after) = config_text::split(code);
    sha256(&[before.as_bytes(), after.as_bytes()].concat())
}

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Actions) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (trigger, expected) in view.expected.actions() {
        let action = view.posture.installed.our_action(trigger);
        let Some(code) = action.and_then(deployed_code) else { continue };
        let is_current = expected.shipped.as_ref().is_none_or(|hash| *hash == shipped(code));
        let is_applied = expected.applied.contains(&sha256(code.as_bytes()));
        let is_edited = if expected.applied.is_empty() { !is_current } else { !is_applied };
        if is_edited {
            let text = match expected.applied.is_empty() {
                true => format!("our Action for `{trigger}` runs other code than this version ships"),
                false => format!("our Action for `{trigger}` runs code that was not deployed by us"),
            };
            let fix = "compare it with what you know in the Auth0 dashboard (Actions, History), then put ours back by \
                       `countersign tenant apply`; change only its CONFIG, with `--code`";
            found.push(EDITED.found(trigger.as_str(), text, fix));
        } else if !is_current {
            let text = format!("our Action for `{trigger}` is of another version than the service");
            found.push(OUTDATED.found(trigger.as_str(), text, APPLY));
        }
        let asking = view.posture.asking.get(&trigger);
        if asking.is_some_and(|codes| codes.iter().any(|asked| asked.as_deref() != declared(code))) {
            let text = format!("decisions of `{trigger}` were asked for by other code than our Action runs");
            let fix = "see in the records of the last minutes which `action.code` asked, and who else has the Action's key; if it is \
                       not yours, replace the key by `countersign keys rotate action`";
            found.push(STRANGE.found(trigger.as_str(), text, fix));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use countersign_core::Trigger;

    use super::{
        super::testing::{codes, deploy, expected, our_code, posture},
        *,
    };

    #[test]
    fn what_we_did_not_deploy_is_edited_and_what_is_old_outdated() {
        let mut edited = posture();
        deploy(&mut edited, &format!("{}// more\n", our_code()));
        assert_eq!(codes(&edited, &expected()), ["action.edited"]);
        let mut newer = expected();
        let action = newer.actions.as_mut().unwrap().get_mut(&Trigger::PostLogin).unwrap();
        action.shipped = Some(shipped("other"));
        assert_eq!(codes(&posture(), &newer), ["action.outdated"]);
    }

    #[test]
    fn a_config_of_the_operator_s_is_no_edit_where_nothing_was_applied_by_us() {
        let mut by_hand = expected();
        by_hand.actions.as_mut().unwrap().get_mut(&Trigger::PostLogin).unwrap().applied.clear();
        let mut posture = posture();
        deploy(&mut posture, &our_code().replace("800", "500"));
        assert_eq!(codes(&posture, &by_hand), [""; 0]);
        deploy(&mut posture, &our_code().replace("exports", "module.exports"));
        assert_eq!(codes(&posture, &by_hand), ["action.edited"]);
    }

    #[test]
    fn who_asks_with_other_code_than_what_runs_is_strange() {
        let hash = "a".repeat(64);
        let code = our_code().replace("exports.x", &format!("\nconst CODE = '{hash}';\nexports.x"));
        let mut told = expected();
        let action = told.actions.as_mut().unwrap().get_mut(&Trigger::PostLogin).unwrap();
        action.applied.insert(sha256(code.as_bytes()));
        action.shipped = Some(shipped(&code));
        let mut posture = posture();
        deploy(&mut posture, &code);
        for (asked, found) in [
            (vec![Some(hash.clone())], &[""; 0][..]),
            (vec![None], &["action.strange"]),
            (vec![Some(hash.clone()), Some("b".repeat(64))], &["action.strange"]),
        ] {
            posture.asking = [(Trigger::PostLogin, asked.into_iter().collect())].into();
            assert_eq!(codes(&posture, &told), found);
        }
        posture.asking = [(Trigger::CredentialsExchange, [None].into())].into();
        assert_eq!(codes(&posture, &told), [""; 0], "what is not ours may ask as it likes");
    }

    #[test]
    fn what_is_declared_is_the_hash_of_the_rest() {
        for code in [
            include_str!("../../../../actions/dist/post-login.js"),
            include_str!("../../../../actions/dist/pre-user-registration.js"),
            include_str!("../../../../actions/dist/post-user-registration.js"),
            include_str!("../../../../actions/dist/credentials-exchange.js"),
            include_str!("../../../../actions/dist/password-reset-post-challenge.js"),
            include_str!("../../../../actions/dist/post-change-password.js"),
            include_str!("../../../../actions/dist/guard-send-phone-message.js"),
            include_str!("../../../../actions/dist/guard-custom-token-exchange.js"),
        ] {
            let hash = declared(code).unwrap();
            assert_eq!(shipped(&code.replace(hash, &"0".repeat(DIGITS))), hash);
        }
        for other in ["", "\nconst CODE = '", "\nconst CODE = 'ab';\n", "const CODE = x;\n"] {
            assert_eq!(declared(other), None);
        }
    }
}
