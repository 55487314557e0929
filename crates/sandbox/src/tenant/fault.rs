//! What goes wrong, in Auth0's envelope.

use serde_json::json;

use super::Reply;

/// A refusal: `{statusCode, error, message, errorCode?}`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {message}")]
pub struct Fault {
    status: u16,
    message: String,
    code: Option<&'static str>,
}

impl Fault {
    /// A refusal without a code.
    #[must_use]
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: None }
    }

    /// The same refusal with an `errorCode`.
    #[must_use]
    pub const fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// 400 `invalid_body`: a body of the right form that can't be.
    #[must_use]
    pub fn invalid_body(message: impl Into<String>) -> Self {
        Self::new(400, message).code("invalid_body")
    }

    /// 400 `invalid_body`: a body that breaks a rule of its form, which `what` says in the validator's words.
    #[must_use]
    pub fn payload(what: &str) -> Self {
        Self::invalid_body(format!("Payload validation error: {what}."))
    }

    /// 400 `invalid_query_string`.
    #[must_use]
    pub fn query(what: &str) -> Self {
        Self::new(400, format!("Query validation error: {what}.")).code("invalid_query_string")
    }

    /// 400 `invalid_uri`.
    #[must_use]
    pub fn uri(message: impl Into<String>) -> Self {
        Self::new(400, message).code("invalid_uri")
    }

    /// 404.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, message)
    }

    /// 409.
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, message)
    }
}

/// The phrase of a status.
const fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Payload Too Large",
        414 => "URI Too Long",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

impl From<Fault> for Reply {
    fn from(Fault { status, message, code }: Fault) -> Self {
        let mut body = json!({"statusCode": status, "error": phrase(status), "message": message});
        if let (Some(code), Some(fields)) = (code, body.as_object_mut()) {
            fields.insert("errorCode".to_owned(), code.into());
        }
        Self::new(status, body)
    }
}
