//! Tokens without a browser: a client's own, and one in exchange for another.

use serde_json::{Value, json};

use super::{
    end::{Course, Ending, FlowEnd, Stage},
    facts::Facts,
    login::login,
    record::{Entry, Shape, record},
    run::Bound,
};
use crate::{Exchange, Handler};

/// A client asks for a token of its own; `granted` are the scopes that it may have.
pub async fn credentials(
    stage: &mut Stage<'_>,
    facts: &Facts,
    bound: &[Bound],
    granted: &[String],
) -> FlowEnd {
    let handler = Handler::ExecuteCredentialsExchange;
    let mut course = Course::run(stage, handler, bound, facts, Default::default()).await;
    let wanted = course.ran.asked.target_scopes.clone().unwrap_or_else(|| facts.scopes());
    let mut scopes: Vec<String> = Vec::new();
    for scope in wanted {
        if granted.contains(&scope) && !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    let details = json!({ "actions": course.actions() });
    match course.refusal(false) {
        Some(refusal) => {
            let entry = Entry::new("feccft", Shape::Machine, &refusal.description);
            course.log(stage, facts, &entry.with(details));
        }
        None => {
            let entry = Entry::new("seccft", Shape::Machine, "Client Credentials for Access Token");
            course.log(stage, facts, &entry.scoped(&scopes).with(details));
        }
    }
    let mut end = course.finish(facts, false);
    if end.ending == Ending::Done {
        end.scopes = scopes;
    }
    end
}

/// Somebody asked for a client's own token and is not that client, or may not have one.
pub fn failed_credentials(stage: &mut Stage<'_>, facts: &Facts, error: &str, why: &str) -> FlowEnd {
    let entry = Entry::new("feccft", Shape::Machine, why);
    let logs = vec![record(&entry, facts, stage.at, stage.dice)];
    FlowEnd::new(Ending::refused(error, why, if error == "invalid_client" { 401 } else { 403 }), logs)
}

/// A token that is not exchanged, before any Action ran.
pub fn failed_exchange(stage: &mut Stage<'_>, facts: &Facts, error: &str, why: &str) -> FlowEnd {
    let kind = facts.transaction.get("subject_token_type").cloned().unwrap_or_else(|| json!(""));
    let entry = Entry::new("fecte", Shape::Machine, why).with(json!({ "subject_token_type": kind }));
    let logs = vec![record(&entry, facts, stage.at, stage.dice)];
    let status = match error {
        "unauthorized_client" => 403,
        "too_many_attempts" => 429,
        _ => 400,
    };
    FlowEnd::new(Ending::refused(error, why, status), logs)
}

/// A token in exchange for another: the profile's Action says whose it is, `find` gives the facts of that user's sign-in
/// (organization and connection included) or says why there are none, and the Actions after a sign-in run.
pub async fn token_exchange(
    stage: &mut Stage<'_>,
    facts: &Facts,
    profile: &Bound,
    after: &[Bound],
    find: impl FnOnce(&Exchange) -> Result<Facts, String>,
) -> FlowEnd {
    let bound = std::slice::from_ref(profile);
    let handler = Handler::ExecuteCustomTokenExchange;
    let mut course = Course::run(stage, handler, bound, facts, Default::default()).await;
    let kind = facts.transaction.get("subject_token_type").cloned().unwrap_or_else(|| json!(""));
    let details = json!({ "subject_token_type": kind, "actions": course.actions() });
    if let Some(refusal) = course.refusal(false) {
        let entry = Entry::new("fecte", Shape::Machine, &refusal.description);
        course.log(stage, facts, &entry.with(details));
        return course.finish(facts, false);
    }
    let mut found = match find(&course.ran.asked.exchange) {
        Ok(found) => found,
        Err(why) => {
            course.log(stage, facts, &Entry::new("fecte", Shape::Machine, &why).with(details));
            let mut end = course.finish(facts, false);
            end.ending = Ending::refused("invalid_request", &why, 400);
            return end;
        }
    };
    carry(&mut found, facts, &course);
    stage.at = course.at;
    let first = course.finish(&found, false);
    if let Some(user) = found.user.as_object_mut() {
        user.extend(first.user.clone());
    }
    let mut end = login(stage, &found, after).await;
    end.join(first);
    end
}

/// What the exchange leaves for the sign-in that follows it.
fn carry(found: &mut Facts, facts: &Facts, course: &Course) {
    let mut put = |name: &str, value: Value| found.transaction.insert(name.to_owned(), value);
    put("protocol", json!("oauth2-token-exchange"));
    for name in ["requested_scopes", "subject_token_type", "actor_token_type"] {
        if let Some(value) = facts.transaction.get(name) {
            put(name, value.clone());
        }
    }
    if let Some(actor) = &course.ran.asked.exchange.actor {
        put("actor", actor.clone());
    }
}

impl FlowEnd {
    /// Takes in the end of a trigger that ran before; what this one changes stands over it.
    fn join(&mut self, first: Self) {
        let Self { user, logs, executions, misuses, exchange, .. } = first;
        self.exchange = exchange;
        self.logs.splice(0..0, logs);
        self.executions.splice(0..0, executions);
        self.misuses.splice(0..0, misuses);
        for (name, value) in user {
            self.user.entry(name).or_insert(value);
        }
    }
}
