//! Resetting and changing a password.

use serde_json::{Value, json};

use super::{
    end::{Course, Ending, FlowEnd, Stage, Suspended},
    facts::{Facts, text},
    login::{Answered, Came, ContinueError, answered},
    record::{Entry, Shape, record},
    run::{Begin, Bound, End},
};
use crate::Handler;

/// Asks for a mail by which the password can be reset; `sent` is false where none could go out.
pub fn ask_reset(stage: &mut Stage<'_>, facts: &Facts, sent: bool) -> FlowEnd {
    let body = json!({
        "client_id": text(&facts.client, "client_id"),
        "connection": text(&facts.connection, "name"),
        "email": text(&facts.user, "email"),
        "tenant": facts.tenant,
        "debug": false,
        "verify": true,
        "requiredCaptcha": false,
    });
    let words =
        if sent { "Password reset email requested" } else { "The password reset email was not sent." };
    let kind = if sent { "scpr" } else { "fcpr" };
    let entry = Entry::new(kind, Shape::Person, words).with(json!({ "body": body }));
    let logs = vec![record(&entry, facts, stage.at, stage.dice)];
    let ending = if sent { Ending::Done } else { Ending::refused("server_error", words, 500) };
    FlowEnd::new(ending, logs)
}

/// Resets a password after its first challenge: runs the Actions that stand before the new password. When it is done,
/// the new password may be given, and `change_password` follows.
pub async fn reset(stage: &mut Stage<'_>, facts: &Facts, bound: &[Bound]) -> FlowEnd {
    let course = Course::run(stage, Handler::ExecutePostChallenge, bound, facts, Default::default()).await;
    ended(stage, facts, course)
}

/// A reset that waited.
///
/// # Errors
/// When something else was waited for, or the `state` is not the transaction's; then it waits on.
pub async fn continue_reset(
    stage: &mut Stage<'_>,
    facts: &Facts,
    bound: &[Bound],
    suspended: &Suspended,
    came: &Came,
) -> Result<FlowEnd, ContinueError> {
    let mut facts = facts.clone();
    let before = match answered(stage, &mut facts, suspended, came)? {
        Answered::Waits(end) => return Ok(*end),
        Answered::GoesOn(logs) => logs,
    };
    let begin = Begin { continues: Some(suspended.place), asked: suspended.asked.clone() };
    let begin = (begin, suspended.executions.clone());
    let mut course = Course::run(stage, Handler::ExecutePostChallenge, bound, &facts, begin).await;
    course.logs.splice(0..0, before);
    Ok(ended(stage, &facts, course))
}

fn ended(stage: &mut Stage<'_>, facts: &Facts, mut course: Course) -> FlowEnd {
    if let (Some(refusal), false) = (course.refusal(false), matches!(course.ran.end, End::Suspended(..))) {
        let entry = Entry::new("fcp", Shape::Person, &refusal.description);
        course.log(stage, facts, &entry.with(failed_change(facts, &refusal.description)));
    }
    course.finish(facts, false)
}

/// A password was changed, by its owner or after a reset: writes it, and runs the Actions that hear of it.
pub async fn change_password(stage: &mut Stage<'_>, facts: &Facts, bound: &[Bound]) -> FlowEnd {
    let words = "You can now login to the application with the new password.";
    let details = json!({
        "body": { "tenant": facts.tenant },
        "email": text(&facts.user, "email"),
        "title": "Change Password Request",
    });
    let entry = Entry::new("scp", Shape::Person, words).with(details);
    let logs = vec![record(&entry, facts, stage.at, stage.dice)];
    let mut end = FlowEnd::new(Ending::Done, logs);
    let now = json!(crate::event::iso(stage.at));
    for name in ["last_password_reset", "updated_at"] {
        end.user.insert(name.to_owned(), now.clone());
    }
    let mut changed = facts.clone();
    if let Some(user) = changed.user.as_object_mut() {
        user.extend(end.user.clone());
    }
    let heard =
        Course::run(stage, Handler::ExecutePostChangePassword, bound, &changed, Default::default()).await;
    end.hear(heard);
    end
}

/// A new password that was not taken, such as one that is too weak.
pub fn failed_change_password(stage: &mut Stage<'_>, facts: &Facts, why: &str) -> FlowEnd {
    let entry = Entry::new("fcp", Shape::Person, why).with(failed_change(facts, why));
    let logs = vec![record(&entry, facts, stage.at, stage.dice)];
    FlowEnd::new(Ending::refused("invalid_password", why, 400), logs)
}

/// The details of a change that failed; what is secret shows as stars.
fn failed_change(facts: &Facts, why: &str) -> Value {
    json!({
        "body": { "_csrf": "*****", "ticket": "*****", "newPassword": "*****", "confirmNewPassword": "*****" },
        "description": why,
        "query": {
            "client_id": text(&facts.client, "client_id"),
            "connection": text(&facts.connection, "name"),
            "email": text(&facts.user, "email"),
            "includeEmailInRedirect": false,
            "markEmailAsVerified": true,
            "newPassword": "*****",
            "resultUrl": "",
            "tenant": facts.tenant,
            "user_id": text(&facts.user, "user_id"),
            "username": text(&facts.user, "username"),
        },
    })
}
