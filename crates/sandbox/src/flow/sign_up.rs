//! Signing up at a database or passwordless connection.

use serde_json::{Map, Value, json};

use super::{
    end::{Course, Ending, FlowEnd, Stage},
    facts::{Facts, text},
    record::{Entry, Shape, record},
    run::Bound,
};
use crate::Handler;

/// What a sign-up's answer calls a refusal by an Action.
const REFUSED: &str = "extensibility_error";

/// Signs up the user of the facts: the Actions that may refuse, the new user, the ones that hear of it. On success the
/// end's `user` is what the new user has besides.
pub async fn sign_up(stage: &mut Stage<'_>, facts: &Facts, before: &[Bound], after: &[Bound]) -> FlowEnd {
    let handler = Handler::ExecutePreUserRegistration;
    let mut course = Course::run(stage, handler, before, facts, Default::default()).await;
    if course.refusal(false).is_some() {
        let words = "PreUserRegistrationError on pre-user-registration";
        let entry = Entry::new("fs", Shape::Nobody, words);
        course.log(stage, facts, &entry.with(json!({ "grant_type": "password" })));
        let mut end = course.finish(facts, false);
        // Why: nobody was made who could have metadata.
        end.user = Map::new();
        if let Ending::Refused(refusal) = &mut end.ending {
            REFUSED.clone_into(&mut refusal.error);
        }
        return end;
    }
    let details = json!({ "body": body(facts), "actions": course.actions() });
    course.log(stage, facts, &Entry::new("ss", Shape::Person, "").with(details));
    let at = course.at;
    let mut end = course.finish(facts, false);
    if facts.strategy_type() == "passwordless" {
        // Why: passwordless users get no metadata by this trigger.
        end.user = Map::new();
    }
    let now = json!(crate::event::iso(at));
    for name in ["created_at", "updated_at"] {
        end.user.insert(name.to_owned(), now.clone());
    }
    let mut made = facts.clone();
    if let Some(user) = made.user.as_object_mut() {
        user.extend(end.user.clone());
    }
    stage.at = at;
    let heard =
        Course::run(stage, Handler::ExecutePostUserRegistration, after, &made, Default::default()).await;
    end.hear(heard);
    end
}

/// A sign-up that failed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedSignUp {
    /// Somebody has the address, name or number.
    Exists,
    /// The password is too weak.
    Password,
    /// Fifty sign-ups in a minute from one address.
    AddressLimit,
}

/// Writes a sign-up that failed before any Action ran; the facts hold what was typed.
pub fn failed_sign_up(stage: &mut Stage<'_>, facts: &Facts, failed: FailedSignUp) -> FlowEnd {
    let (error, words, status) = match failed {
        FailedSignUp::Exists => ("invalid_signup", "Invalid sign up", 400),
        FailedSignUp::Password => ("invalid_password", "Password is too weak", 400),
        FailedSignUp::AddressLimit => ("too_many_requests", "Too many attempts.", 429),
    };
    let entry = match failed {
        FailedSignUp::AddressLimit => {
            Entry::new("limit_mu", Shape::Nobody, "").with(json!({ "flow": "signup" }))
        }
        FailedSignUp::Exists | FailedSignUp::Password => {
            Entry::new("fs", Shape::Nobody, words).with(json!({ "grant_type": "password" }))
        }
    };
    let logs = vec![record(&entry, facts, stage.at, stage.dice)];
    FlowEnd::new(Ending::refused(error, words, status), logs)
}

/// The request, as its record shows it.
fn body(facts: &Facts) -> Value {
    let mut body = Map::new();
    for name in ["email", "username", "phone_number", "name", "given_name", "family_name"] {
        let value = text(&facts.user, name);
        if !value.is_empty() {
            body.insert(name.to_owned(), json!(value));
        }
    }
    body.insert("connection".to_owned(), json!(text(&facts.connection, "name")));
    body.insert("client_id".to_owned(), json!(text(&facts.client, "client_id")));
    body.insert("tenant".to_owned(), json!(facts.tenant));
    body.insert("password".to_owned(), json!("*****"));
    if let Some(language) = &facts.visit.language {
        body.insert("request_language".to_owned(), json!(language));
    }
    Value::Object(body)
}

impl FlowEnd {
    /// Takes in a trigger that nobody waited for: its executions, its failures, and nothing else.
    pub(super) fn hear(&mut self, course: Course) {
        let Course { ran, executions, logs, .. } = course;
        self.executions.extend(executions);
        self.logs.extend(logs);
        self.misuses.extend(ran.misuses);
    }
}
