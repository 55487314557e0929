//! Whether sign-ins happen that nobody asked us about.

use countersign_core::{Mode, Trigger};

use super::{Area, Check, Finding, Logins, Rule, Severity, View};

const UNDECIDED: Rule = Rule::new("login.undecided", Severity::Critical).of(&[Area::Logs]);
const UNCOMPARED: Rule = Rule::new("login.uncompared", Severity::Warning).of(&[Area::Logs]);

pub(super) const CHECK: Check = Check { rules: &[&UNDECIDED, &UNCOMPARED], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let Some(logins) = view.posture.logins else { return Vec::new() };
    let (expected, trigger) = (view.expected, Trigger::PostLogin);
    let is_asked = expected.actions().any(|(known, _)| known == trigger)
        && expected.policy.mode(trigger) != Mode::Off
        && !expected.policy.off.contains(&trigger);
    if !is_asked {
        return Vec::new();
    }
    match logins {
        Logins::Compared { succeeded, decided } if decided < succeeded => {
            let text = format!(
                "the tenant's log has {succeeded} successful sign-ins of the last minutes, and we decided about {decided}"
            );
            let fix = "see whether our Action of `post-login` is bound and runs, whether it reaches the service, and what its \
                       CONFIG leaves out";
            vec![UNDECIDED.found(trigger.as_str(), text, fix)]
        }
        Logins::Compared { .. } => Vec::new(),
        Logins::TooMany => {
            let text = "the tenant's log or our decisions grow so fast that what can be read back of them is younger than a \
                        minute, so sign-ins are not compared with decisions";
            let fix =
                "compare `countersign_decisions` with the tenant's own number of sign-ins by other means";
            vec![UNCOMPARED.found(trigger.as_str(), text, fix)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{codes, expected, posture},
        *,
    };

    const MISSED: Logins = Logins::Compared { succeeded: 3, decided: 2 };

    #[test]
    fn more_sign_ins_than_decisions_are_found_unless_we_are_off() {
        let mut missed = posture();
        missed.logins = Some(MISSED);
        assert_eq!(codes(&missed, &expected()), ["login.undecided"]);
        let mut off = expected();
        off.policy.off.insert(Trigger::PostLogin);
        assert_eq!(codes(&missed, &off), [""; 0]);
        let mut off = expected();
        off.policy.modes.insert(Trigger::PostLogin, Mode::Off);
        assert_eq!(codes(&missed, &off), [""; 0]);
        // Denied sign-ins were decided about and did not succeed.
        missed.logins = Some(Logins::Compared { succeeded: 3, decided: 5 });
        assert_eq!(codes(&missed, &expected()), [""; 0]);
        missed.logins = Some(Logins::TooMany);
        assert_eq!(codes(&missed, &expected()), ["login.uncompared"]);
        assert_eq!(codes(&missed, &off), [""; 0]);
    }
}
