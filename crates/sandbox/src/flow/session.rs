//! What happens to a session beside signing in: signing out, and its code exchanged for tokens.

use serde_json::{Value, json};

use super::{
    end::{Ending, FlowEnd, Stage},
    facts::Facts,
    record::{Entry, Shape, record},
};

/// A browser that signs out.
pub struct SignOut<'a> {
    /// Its session.
    pub session_id: &'a str,
    /// Where it wants to go.
    pub return_to: Option<&'a str>,
    /// Where it may.
    pub allowed: &'a [String],
    /// Whether it may go where it wants.
    pub may: bool,
}

/// Writes that a browser signed out, or why it could not.
pub fn sign_out(stage: &mut Stage<'_>, facts: &Facts, what: &SignOut<'_>) -> FlowEnd {
    let details = json!({
        "return_to": what.return_to.unwrap_or_default(),
        "allowed_logout_url": what.allowed,
        "session_id": what.session_id,
    });
    let (kind, words) =
        if what.may { ("slo", "User successfully logged out") } else { ("flo", "User logout failed") };
    let entry = Entry::new(kind, Shape::Person, words).with(details);
    let ending = if what.may { Ending::Done } else { Ending::refused("invalid_request", words, 400) };
    FlowEnd::new(ending, vec![record(&entry, facts, stage.at, stage.dice)])
}

/// Writes that an application exchanged a code for tokens, or that it could not; then nobody is known.
pub fn code_exchange(stage: &mut Stage<'_>, facts: &Facts, is_good: bool) -> FlowEnd {
    let scopes = facts.scopes();
    let (entry, ending) = if is_good {
        (Entry::new("seacft", Shape::Token, "Authorization Code for Access Token"), Ending::Done)
    } else {
        let words = "Invalid authorization code";
        (Entry::new("feacft", Shape::Machine, words), Ending::refused("invalid_grant", words, 403))
    };
    let entry = entry.scoped(&scopes).with(Value::Object(serde_json::Map::new()));
    FlowEnd::new(ending, vec![record(&entry, facts, stage.at, stage.dice)])
}
