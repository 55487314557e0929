//! Refusals as RFC 9457 problem details: what, where, and what would be right.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_app::{
    acts::{PlanRefusal, Refused},
    incidents::HandlingError,
    models::ModelRefusal,
};
use serde::Serialize;

use crate::admission::{OVERLOADED, Shed};

/// One refused request. Nothing in it repeats a value from the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Details {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    #[serde(serialize_with = "status")]
    status: StatusCode,
    detail: String,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Located>,
    /// In seconds, for the header alone.
    #[serde(skip)]
    retry_after: Option<u64>,
}

/// Where in the request something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Located {
    pub(crate) path: String,
    pub(crate) message: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn status<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind: format!("urn:countersign:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem"),
            status,
            detail: detail.into(),
            code,
            request_id: None,
            errors: Vec::new(),
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
        }))
    }

    /// The answer to a request that took too long to answer.
    #[must_use]
    pub fn late() -> Self {
        let detail = "this could not be answered in time; what it was to change may have been changed";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "request.timeout", detail)
    }

    pub(crate) fn at(mut self, path: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.errors.push(Located { path: path.into(), message: message.into() });
        self
    }

    /// The same problem with another status.
    pub(crate) fn with(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self.0.title = status.canonical_reason().unwrap_or("Problem");
        self
    }

    pub(crate) fn of_request(mut self, id: &str) -> Self {
        self.0.request_id = Some(id.to_owned());
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// After how many seconds it is worth another try.
    pub(crate) fn seconds_to_wait(&self) -> Option<u64> {
        self.0.retry_after
    }

    /// The stable code, such as `signature.stale`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, retry_after) = (self.0.status, self.0.code, self.0.retry_after);
        let mut response = (status, Json(self)).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if code == OVERLOADED {
            response.extensions_mut().insert(Shed);
        }
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<countersign_app::Error> for Problem {
    fn from(error: countersign_app::Error) -> Self {
        use countersign_app::Error;
        let status = match &error {
            Error::UnknownTenant | Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::WrongTenant | Error::Denied(_) | Error::StaleSignIn(_) => StatusCode::FORBIDDEN,
            Error::Replayed
            | Error::PolicyChanged
            | Error::ModelsChanged
            | Error::TooMany(..)
            | Error::Stale
            | Error::ReviewClosed
            | Error::ReviewExists
            | Error::NameTaken
            | Error::PersonDisabled(_)
            | Error::IncidentChanged
            | Error::Handling(HandlingError::Closed)
            | Error::Plan(PlanRefusal::NoHands | PlanRefusal::Gate(_) | PlanRefusal::Misfit) => {
                StatusCode::CONFLICT
            }
            Error::Plan(PlanRefusal::Review(refused)) => review_status(*refused),
            Error::Plan(PlanRefusal::NotAPerson) => StatusCode::FORBIDDEN,
            Error::Plan(PlanRefusal::Read(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Error::NoSuchVersion
            | Error::Model(_)
            | Error::Plan(PlanRefusal::Faults(_))
            | Error::Handling(_)
            | Error::Suppression(_)
            | Error::Actor
            | Error::Audience
            | Error::Containment
            | Error::Priority
            | Error::Reason
            | Error::Fields
            | Error::WriteCause
            | Error::NoProvider
            | Error::Scope
            | Error::Days(_)
            | Error::Grant(_)
            | Error::Text(..) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Erased | Error::NotKept => StatusCode::GONE,
            Error::LedgerUnavailable | Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Error::ForeignKey { .. }
            | Error::ForeignMasterKey
            | Error::RolledBack { .. }
            | Error::Diverged { .. }
            | Error::UnreadablePolicy { .. }
            | Error::UnreadableModel { .. }
            | Error::FaultyRules { .. }
            | Error::AccessPolicy(_)
            | Error::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if let Some(detail) = error.detail() {
            tracing::error!(code = error.code(), detail, "a request failed");
        }
        let problem = Self::new(status, error.code(), error.to_string());
        match error {
            Error::Model(ModelRefusal::Fault(fault)) => problem.at(fault.path, fault.message),
            Error::Model(ModelRefusal::OwnFaults(faults)) => {
                faults.into_iter().fold(problem, |problem, fault| {
                    let path = if fault.path == "." { String::new() } else { format!(".{}", fault.path) };
                    problem.at(format!("own_model{path}"), fault.message)
                })
            }
            Error::Plan(PlanRefusal::Faults(faults)) => faults.into_iter().fold(problem, |problem, fault| {
                let place = match fault.wanted {
                    Some(wanted) if fault.place.is_empty() => format!("wanted[{wanted}]"),
                    Some(wanted) => format!("wanted[{wanted}].{}", fault.place),
                    None => fault.place,
                };
                problem.at(place, fault.right)
            }),
            _ => problem,
        }
    }
}

/// The status of an act on a plan that does not count.
const fn review_status(refused: Refused) -> StatusCode {
    match refused {
        Refused::NoReason => StatusCode::UNPROCESSABLE_ENTITY,
        Refused::NotAPerson => StatusCode::FORBIDDEN,
        Refused::OtherHash
        | Refused::NotOpen
        | Refused::Late
        | Refused::Own
        | Refused::Twice
        | Refused::NotTheirs
        | Refused::ReportOnly
        | Refused::Early
        | Refused::Misfit => StatusCode::CONFLICT,
    }
}

/// The answer where there is nothing.
pub(crate) async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path")
}

/// The answer to a wrong method.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take that method")
}
