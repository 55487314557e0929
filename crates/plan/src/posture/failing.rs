//! Whether our Actions fail as they run.

use super::{Area, Check, Finding, Rule, Severity, View};

const FAILING: Rule = Rule::new("action.failing", Severity::Warning).of(&[Area::Logs]);

pub(super) const CHECK: Check = Check { rules: &[&FAILING], run };

/// The code of a run of Actions that failed (Auth0 docs, "Log Event Type Codes").
const KIND: &str = "actions_execution_failed";

/// How far back it is looked, in microseconds.
pub(super) const WINDOW: i64 = 600 * 1_000_000;

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Logs) {
        return Vec::new();
    }
    let is_it = |log: &&super::LogSeen| log.kind == KIND && view.now.since(log.at) <= WINDOW;
    let count = view.posture.logs.iter().filter(is_it).count();
    if count == 0 {
        return Vec::new();
    }
    let text = format!("{count} runs of the tenant's Actions failed in the last ten minutes");
    let fix = "look at the tenant's logs of that type: they name the Action and the error";
    vec![FAILING.found("actions", text, fix)]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, expected, log, posture};

    #[test]
    fn failed_runs_count_for_ten_minutes() {
        let mut failing = posture();
        failing.logs.push(log("actions_execution_failed", -60));
        assert_eq!(codes(&failing, &expected()), ["action.failing"]);
        failing.logs.pop();
        failing.logs.push(log("actions_execution_failed", -700));
        assert_eq!(codes(&failing, &expected()), [""; 0]);
    }
}
