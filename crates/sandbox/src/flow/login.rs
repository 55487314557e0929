//! Signing in: by a browser, without being asked, by a refresh token, by a password alone.

use serde_json::{Value, json};

use super::{
    end::{Course, Ending, FlowEnd, Refusal, Stage, Suspended},
    facts::{Facts, text},
    record::{Entry, Shape, record},
    run::{Ask, Begin, Bound},
};
use crate::Handler;

/// Why a sign-in failed before any Action ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// The password is wrong.
    Password,
    /// There is no such user; the facts hold the name that was typed.
    User,
    /// The user is blocked by an administrator.
    Blocked,
    /// Ten failures on one account from one address.
    AccountLimit,
    /// A hundred failures from one address.
    AddressLimit,
    /// Twenty sign-ins of one user from one address within a minute.
    RateLimit,
    /// The user is no member of the organization.
    Member,
    /// The sign-in goes by a session, and there is none that serves.
    Session,
    /// The person was not asked yet what the application may have.
    Consent,
}

/// What came of what was asked of the person.
#[derive(Debug, Clone, PartialEq)]
pub enum Came {
    /// The factor was passed, with its name in `enrolledFactors`.
    Passed(String),
    /// The factor was not passed; the transaction goes on waiting.
    NotPassed(String),
    /// Back from a redirect or a form, by `/continue` with a `state`.
    Back(String),
}

/// Why somebody who came back is not let go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContinueError {
    /// Another answer was waited for.
    #[error("the transaction waits for another answer")]
    NotAsked,
    /// The `state` is not the transaction's.
    #[error("no transaction has that state")]
    UnknownState,
}

/// A sign-in that failed by itself.
pub fn failed_login(stage: &mut Stage<'_>, facts: &Facts, failed: Failed) -> FlowEnd {
    let transaction = facts.transaction.get("id").cloned();
    let with = |error: &str| {
        let mut details = json!({ "error": { "message": error } });
        if let (Some(id), Some(object)) = (&transaction, details.as_object_mut()) {
            object.insert("transaction_id".to_owned(), id.clone());
        }
        details
    };
    let (wrong, scopes) = ("Wrong email or password.", facts.scopes());
    let entry = match failed {
        Failed::Password => Entry::new("fp", Shape::Person, wrong).with(with(wrong)),
        Failed::User => Entry::new("fu", Shape::Nobody, wrong).with(with(wrong)),
        Failed::Blocked => refused(facts, "user is blocked", "unauthorized"),
        Failed::Member => refused(facts, "user is not part of the organization", "invalid_request"),
        Failed::Consent => refused(facts, "Consent required", "consent_required"),
        Failed::Session => Entry::new("fsa", Shape::Machine, "Login required").scoped(&scopes),
        Failed::AccountLimit => Entry::new("limit_wc", Shape::Person, ""),
        Failed::RateLimit => Entry::new("limit_sul", Shape::Person, ""),
        Failed::AddressLimit => Entry::new("limit_mu", Shape::Nobody, "").with(json!({ "flow": "login" })),
    };
    let (error, status) = match failed {
        Failed::Password | Failed::User => ("invalid_grant", 403),
        Failed::Blocked => ("unauthorized", 403),
        Failed::Member => ("invalid_request", 400),
        Failed::Session => ("login_required", 400),
        Failed::Consent => ("consent_required", 400),
        Failed::AccountLimit | Failed::AddressLimit | Failed::RateLimit => ("too_many_attempts", 429),
    };
    let description = if entry.description.is_empty() { "Too many attempts." } else { entry.description };
    let logs = vec![record(&entry, facts, stage.at, stage.dice)];
    FlowEnd::new(Ending::refused(error, description, status), logs)
}

/// The record of somebody who is known and may not get in.
fn refused<'a>(facts: &Facts, message: &'a str, error: &str) -> Entry<'a> {
    let (kind, shape) = if facts.is_silent() { ("fsa", Shape::Token) } else { ("f", Shape::Person) };
    let error = json!({ "message": message, "oauthError": error, "type": "oauth-authorization" });
    Entry::new(kind, shape, message).with(json!({ "error": error }))
}

/// Why a refresh token was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedRefresh {
    /// It is none, is expired, or is revoked.
    Token,
    /// Its session is over.
    Session,
    /// The person took the grant back.
    Grant,
}

/// A refresh that failed by itself.
pub fn failed_refresh(stage: &mut Stage<'_>, facts: &Facts, failed: FailedRefresh) -> FlowEnd {
    let reason = match failed {
        FailedRefresh::Token => "invalid_token",
        FailedRefresh::Session => "session_not_found",
        FailedRefresh::Grant => "grant_revoked",
    };
    let words = "Unknown or invalid refresh token.";
    let scopes = facts.scopes();
    let entry = Entry::new("fertft", Shape::Token, words).scoped(&scopes);
    let entry = entry.with(json!({ "failure_reason": reason, "actions": { "executions": [] } }));
    let logs = vec![record(&entry, facts, stage.at, stage.dice)];
    FlowEnd::new(Ending::refused("invalid_grant", words, 403), logs)
}

/// A sign-in after its first factor: runs the Actions and writes what became of it.
pub async fn login(stage: &mut Stage<'_>, facts: &Facts, bound: &[Bound]) -> FlowEnd {
    let course = Course::run(stage, Handler::ExecutePostLogin, bound, facts, Default::default()).await;
    ended(stage, facts, course)
}

/// A sign-in that waited: the Action that asked goes on, then the ones after it. `facts` are of the new request; what
/// was passed meanwhile is added to its methods.
///
/// # Errors
/// When something else was waited for, or the `state` is not the transaction's; then it waits on.
pub async fn continue_login(
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
    let mut course = Course::run(stage, Handler::ExecutePostLogin, bound, &facts, begin).await;
    course.logs.splice(0..0, before);
    Ok(ended(stage, &facts, course))
}

/// What an answer comes to.
pub(super) enum Answered {
    /// The transaction waits on.
    Waits(Box<FlowEnd>),
    /// It goes on, after these records.
    GoesOn(Vec<Value>),
}

/// Checks an answer against what was asked, and adds what was passed to the facts.
pub(super) fn answered(
    stage: &mut Stage<'_>,
    facts: &mut Facts,
    suspended: &Suspended,
    came: &Came,
) -> Result<Answered, ContinueError> {
    let may = |factor: &str| match &suspended.ask {
        Ask::Challenge(factors) | Ask::Enroll(factors) => {
            factors.is_empty() || factors.iter().any(|one| text(one, "type") == factor)
        }
        Ask::Redirect(_) | Ask::Form(_) => false,
    };
    match came {
        Came::Passed(factor) if may(factor) => {
            let method = json!({ "name": "mfa", "type": factor, "timestamp": crate::event::iso(stage.at) });
            facts.methods.push(method);
            let (kind, words) = if matches!(suspended.ask, Ask::Enroll(_)) {
                facts.factors.get_or_insert_default().push(json!({ "type": factor }));
                ("gd_enrollment_complete", "Guardian - Enrollment complete")
            } else {
                ("gd_auth_succeed", "Guardian - Second factor authentication succeeded")
            };
            let entry = Entry::new(kind, Shape::Factor, words);
            let entry = entry.with(guardian(facts, factor, None));
            Ok(Answered::GoesOn(vec![record(&entry, facts, stage.at, stage.dice)]))
        }
        Came::NotPassed(factor) if may(factor) => {
            let entry =
                Entry::new("gd_auth_failed", Shape::Factor, "Guardian - Second factor authentication failed");
            let failure = json!({ "errorCode": "invalid_otp", "message": "Invalid code" });
            let entry = entry.with(guardian(facts, factor, Some(failure)));
            let logs = vec![record(&entry, facts, stage.at, stage.dice)];
            let ending = Ending::Suspended(Box::new(suspended.clone()));
            Ok(Answered::Waits(Box::new(FlowEnd::new(ending, logs))))
        }
        Came::Back(state) if matches!(suspended.ask, Ask::Redirect(_) | Ask::Form(_)) => {
            // Why: Auth0 finds the transaction by the state of the address, whatever else the request holds.
            if *state == suspended.state {
                Ok(Answered::GoesOn(Vec::new()))
            } else {
                Err(ContinueError::UnknownState)
            }
        }
        _ => Err(ContinueError::NotAsked),
    }
}

/// The details of a record about a second factor.
fn guardian(facts: &Facts, factor: &str, failure: Option<Value>) -> Value {
    let mut details = json!({
        "request": {
            "ip": facts.visit.ip,
            "method": "POST",
            "path": format!("/api/verify-{factor}"),
            "query": "",
            "userAgent": super::agent::parsed(facts.visit.user_agent.as_deref()),
            "body": { "code": "******" },
            "auth": { "scopes": ["authenticate"], "strategy": "jwt_transaction_token" },
        },
        "response": {},
        "authenticator": { "id": null, "type": factor },
    });
    if let (Some(failure), Some(object)) = (failure, details.as_object_mut()) {
        object.insert("failure_details".to_owned(), failure);
    }
    details
}

/// The codes of a success and of a failure, and the words of the success.
fn codes(facts: &Facts) -> (&'static str, &'static str, &'static str) {
    match facts.protocol() {
        "oauth2-refresh-token" => ("sertft", "fertft", "Refresh Token for Access Token"),
        "oauth2-token-exchange" => ("secte", "fecte", "Successful Exchange via Custom Token Exchange"),
        "oauth2-password" | "oauth2-resource-owner" => ("sepft", "fepft", "Password for Access Token"),
        _ if facts.is_silent() => ("ssa", "fsa", "Successful Silent Auth"),
        _ => ("s", "f", "Successful login"),
    }
}

/// Writes the record and ends the flow; a sign-in that came through counts at the user.
fn ended(stage: &mut Stage<'_>, facts: &Facts, mut course: Course) -> FlowEnd {
    let silent = facts.is_silent();
    let (success, failure, words) = codes(facts);
    let is_waiting = matches!(course.ran.end, super::run::End::Suspended(..));
    let scopes = course.ran.asked.scopes_of(facts.scopes());
    match course.refusal(silent) {
        Some(refusal) => {
            let shape = shape(failure);
            let details = details(facts, &course, Some(&refusal));
            let entry = Entry::new(failure, shape, &refusal.description).scoped(&scopes);
            course.log(stage, facts, &entry.with(details));
        }
        None if is_waiting => {}
        None => {
            let details = details(facts, &course, None);
            let entry = Entry::new(success, shape(success), words).scoped(&scopes);
            course.log(stage, facts, &entry.with(details));
        }
    }
    let at = course.at;
    let mut end = course.finish(facts, silent);
    if end.ending == Ending::Done && matches!(success, "s" | "sepft" | "secte") {
        let logins = facts.user.get("logins_count").and_then(Value::as_u64).unwrap_or(0);
        let now = crate::event::iso(at);
        end.user.insert("last_login".to_owned(), json!(now));
        end.user.insert("updated_at".to_owned(), json!(now));
        end.user.insert("last_ip".to_owned(), json!(facts.visit.ip));
        end.user.insert("logins_count".to_owned(), json!(logins.saturating_add(1)));
    }
    end
}

const fn shape(code: &str) -> Shape {
    match code.as_bytes() {
        b"s" | b"f" => Shape::Person,
        _ => Shape::Token,
    }
}

fn details(facts: &Facts, course: &Course, refusal: Option<&Refusal>) -> Value {
    let mut details = json!({ "actions": course.actions() });
    let Some(object) = details.as_object_mut() else { return details };
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    match facts.protocol() {
        "oauth2-refresh-token" => return details,
        "oauth2-token-exchange" => {
            let kind = facts.transaction.get("subject_token_type").cloned();
            put("subject_token_type", kind.unwrap_or_else(|| json!("")));
            if let Some(actor) = facts.transaction.get("actor") {
                put("actor", actor.clone());
            }
            return details;
        }
        _ => {}
    }
    if let Some(Refusal { error, description, .. }) = refusal {
        put("error", json!({ "message": description, "oauthError": error, "type": error }));
    }
    // Why the check: Auth0 writes an assessment whole or not at all.
    if facts.risk.pointer("/assessments/UntrustedIP").is_some() {
        put("riskAssessment", facts.risk.clone());
    }
    if let Some(id) = facts.transaction.get("id") {
        put("transaction_id", id.clone());
    }
    let session = text(&facts.session, "id");
    if !session.is_empty() {
        put("session_id", json!(session));
        put(
            "prompts",
            json!([{ "name": "prompt-authenticate", "requiredCaptcha": false, "session_id": session }]),
        );
    }
    let logins = facts.user.get("logins_count").and_then(Value::as_u64).unwrap_or(0);
    let logins = if refusal.is_none() { logins.saturating_add(1) } else { logins };
    put("stats", json!({ "loginsCount": logins }));
    details
}
