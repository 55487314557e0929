//! What comes of an order, as whoever gave it is told.

use serde::Serialize;
use serde_json::{Value, json};

use super::text;
use crate::flow::{Ask, Ending, FlowEnd, Refusal};

/// What an application gets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// The ID token, where `openid` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The refresh token, where `offline_access` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The scopes, apart by spaces.
    pub scope: String,
    /// Seconds until the access token ends.
    pub expires_in: i64,
    /// `Bearer`.
    pub token_type: &'static str,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// `done`, `refused`, `challenge`, `enroll`, `redirect` or `form`.
    pub kind: &'static str,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// By which a flow that waits goes on.
    pub state: Option<String>,
    /// What was asked of the person: factors, an address, a form.
    pub asked: Value,
    /// What the application gets.
    pub tokens: Option<Tokens>,
    /// The code that the application exchanges for tokens.
    pub code: Option<String>,
    /// The user.
    pub user_id: Option<String>,
    /// The session.
    pub session_id: Option<String>,
    /// The types of the records that were written, in order.
    pub logs: Vec<String>,
    /// The ids of the executions.
    pub executions: Vec<String>,
    /// What Actions called that nobody documents.
    pub misuses: Vec<(String, Vec<String>)>,
}

impl Outcome {
    /// What a flow's end comes to, before anything is issued.
    pub(super) fn of(end: &FlowEnd) -> Self {
        let (kind, refusal, state, asked) = match &end.ending {
            Ending::Done => ("done", None, None, Value::Null),
            Ending::Refused(refusal) => ("refused", Some(refusal.clone()), None, Value::Null),
            Ending::Suspended(waiting) => {
                let (kind, asked) = match &waiting.ask {
                    Ask::Challenge(factors) => ("challenge", json!(factors)),
                    Ask::Enroll(factors) => ("enroll", json!(factors)),
                    Ask::Redirect(url) => ("redirect", json!(url)),
                    Ask::Form(form) => ("form", form.clone()),
                };
                (kind, None, Some(waiting.state.clone()), asked)
            }
        };
        let ids = end.executions.iter().map(|execution| text(execution, "id").to_owned());
        Self {
            kind,
            refusal,
            state,
            asked,
            tokens: None,
            code: None,
            user_id: None,
            session_id: None,
            logs: end.logs.iter().map(|log| text(log, "type").to_owned()).collect(),
            executions: ids.collect(),
            misuses: end.misuses.clone(),
        }
    }

    /// The answer of `/sandbox/simulate`.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut answer = json!({
            "outcome": self.kind,
            "logs": self.logs,
            "executions": self.executions,
        });
        let Some(object) = answer.as_object_mut() else { return answer };
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                object.insert(name.to_owned(), value);
            }
        };
        if let Some(refusal) = &self.refusal {
            put("error", json!(refusal.error));
            put("error_description", json!(refusal.description));
            put("user_message", json!(refusal.user_message));
            put("status", json!(refusal.status));
        }
        put("state", json!(self.state));
        let asked = match self.kind {
            "redirect" => "url",
            "form" => "form",
            _ => "factors",
        };
        put(asked, self.asked.clone());
        put("tokens", json!(self.tokens));
        put("code", json!(self.code));
        put("user_id", json!(self.user_id));
        put("session_id", json!(self.session_id));
        if !self.misuses.is_empty() {
            put("misuses", json!(self.misuses));
        }
        answer
    }
}
