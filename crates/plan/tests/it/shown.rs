//! What a person reads before anything is sent.

use countersign_core::Trigger;
use countersign_plan::install::{self, Autonomy, Capability, Goal};

use crate::support::{Run, add_foreign, code, everything};

fn login_only(version: u8) -> Goal {
    let mut goal = everything(version);
    goal.actions.retain(|trigger, _| *trigger == Trigger::PostLogin);
    goal.capabilities = [(Capability::Decide, Autonomy::Report)].into();
    (goal.log_stream, goal.event_stream, goal.api, goal.client) = (None, None, None, None);
    goal
}

#[test]
fn a_first_plan_shows_calls_scopes_order_and_how_it_is_undone() {
    let mut run = Run::default();
    add_foreign(&mut run.world, Trigger::PostLogin, "partner", "api.access.deny('x')");
    insta::assert_snapshot!(install::plan(&login_only(1), &run.observe()).text());
}

#[test]
fn a_change_of_code_is_shown_line_by_line() {
    let mut run = Run::default();
    run.apply(&install::plan(&login_only(1), &run.observe()));
    let text = install::plan(&login_only(2), &run.observe()).text();
    assert!(text.contains("     - const VERSION = 1;\n     + const VERSION = 2;\n"), "{text}");
}

#[test]
fn nothing_to_do_is_said_so_and_no_secret_is_ever_shown() {
    let mut run = Run::default();
    let plan = install::plan(&everything(1), &run.observe());
    let text = plan.text();
    assert!(!text.contains("value of"), "{text}");
    assert!(text.contains("Authorization\":\"Bearer <secret LOG_STREAM_TOKEN>"), "{text}");
    assert!(text.contains("COUNTERSIGN_KEY=<secret COUNTERSIGN_KEY>"), "{text}");
    run.apply(&plan);
    assert!(install::plan(&everything(1), &run.observe()).text().contains("Nothing has to change."));
    assert!(!String::from_utf8(plan.canonical()).unwrap().contains("value of"));
}

#[test]
fn names_and_code_of_the_tenant_can_t_steer_a_terminal() {
    let mut run = Run::default();
    add_foreign(&mut run.world, Trigger::PostLogin, "\u{1b}[2Jevil\u{7}", "api.access.deny('x')");
    let pasted = format!("{}\u{1b}[31m", code(Trigger::PostLogin, 0));
    add_foreign(&mut run.world, Trigger::PostLogin, "pasted", &pasted);
    let text = install::plan(&everything(1), &run.observe()).text();
    assert!(text.contains("evil") && !text.chars().any(|char| char.is_control() && char != '\n'), "{text:?}");
}
