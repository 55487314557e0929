//! Whether sign-ins happen that nobody asked us about.

use countersign_core::{Mode, Trigger};

use super::{Check, Finding, Rule, Severity, View};

const UNDECIDED: Rule = Rule::new("login.undecided", Severity::Critical);

pub(super) const CHECK: Check = Check { rules: &[&UNDECIDED], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let Some(logins) = view.posture.logins else { return Vec::new() };
    let (expected, trigger) = (view.expected, Trigger::PostLogin);
    let is_asked = expected.actions().any(|(known, _)| known == trigger)
        && expected.policy.mode(trigger) != Mode::Off
        && !expected.policy.off.contains(&trigger);
    if !is_asked || logins.decided >= logins.succeeded {
        return Vec::new();
    }
    let text = format!(
        "the tenant's log has {} successful sign-ins of the last minutes, and we decided about {}",
        logins.succeeded, logins.decided
    );
    let fix = "see whether our Action of `post-login` is bound and runs, whether it reaches the service, and what its \
               CONFIG leaves out";
    vec![UNDECIDED.found(trigger.as_str(), text, fix)]
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Logins,
            testing::{codes, expected, posture},
        },
        *,
    };

    #[test]
    fn more_sign_ins_than_decisions_are_found_unless_we_are_off() {
        let mut missed = posture();
        missed.logins = Some(Logins { succeeded: 3, decided: 2 });
        assert_eq!(codes(&missed, &expected()), ["login.undecided"]);
        let mut off = expected();
        off.policy.off.insert(Trigger::PostLogin);
        assert_eq!(codes(&missed, &off), [""; 0]);
        let mut off = expected();
        off.policy.modes.insert(Trigger::PostLogin, Mode::Off);
        assert_eq!(codes(&missed, &off), [""; 0]);
        // Denied sign-ins were decided about and did not succeed.
        missed.logins = Some(Logins { succeeded: 3, decided: 5 });
        assert_eq!(codes(&missed, &expected()), [""; 0]);
    }
}
