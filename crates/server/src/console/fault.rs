//! A page for what could not be shown or done.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use countersign_app::Error;
use maud::{Markup, html};

use super::layout;
use crate::Problem;

/// Why there is no page; its text is for operators and repeats nothing of the request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    status: StatusCode,
    title: &'static str,
    text: String,
}

impl Fault {
    pub(super) fn new(status: StatusCode, title: &'static str, text: impl Into<String>) -> Self {
        Self { status, title, text: text.into() }
    }

    /// A query or form that this page does not take.
    pub(super) fn query(text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "This address can't be read", text)
    }

    /// There is no such thing.
    pub(super) fn not_found(what: &'static str) -> Self {
        Error::NotFound(what).into()
    }

    /// Adds a sentence, without its full stop.
    pub(super) fn add(&mut self, sentence: &str) {
        self.text.push_str(". ");
        self.text.push_str(sentence);
    }

    fn page(&self) -> Markup {
        layout::bare(
            self.title,
            html! {
                p { (self.text) "." }
                p { a href="/" { "Back to the decisions" } }
                p.quiet { "Status " (self.status.as_u16()) }
            },
        )
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        let title = match error {
            Error::UnknownTenant | Error::NotFound(_) => "Not found",
            Error::Denied(_) => "Not permitted",
            Error::IncidentChanged | Error::ModelsChanged | Error::Stale => "Changed meanwhile",
            Error::Handling(_)
            | Error::Suppression(_)
            | Error::Model(_)
            | Error::Actor
            | Error::NoProvider
            | Error::NameTaken
            | Error::Scope
            | Error::Days(_)
            | Error::Grant(_)
            | Error::Text(..) => "Not taken",
            Error::Erased => "Erased",
            Error::NotKept => "No longer kept",
            Error::LedgerUnavailable | Error::Unavailable { .. } => "Not available now",
            Error::WrongTenant
            | Error::Replayed
            | Error::PolicyChanged
            | Error::TooMany(..)
            | Error::ForeignKey { .. }
            | Error::ForeignMasterKey
            | Error::RolledBack { .. }
            | Error::Diverged { .. }
            | Error::NoSuchVersion
            | Error::UnreadablePolicy { .. }
            | Error::UnreadableModel { .. }
            | Error::FaultyRules { .. }
            | Error::AccessPolicy(_)
            | Error::Internal { .. } => "Something went wrong",
        };
        // Why: `Problem` holds the status of each error and logs what must not be shown.
        let status = Problem::from(error).into_response().status();
        Self { status, title, text }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.status, self.page()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    #[test]
    fn what_went_wrong_inside_stays_inside() {
        let fault = Fault::from(Error::Internal { detail: "/var/lib/secret".to_owned() });
        assert_eq!(fault.status, StatusCode::INTERNAL_SERVER_ERROR);
        let page = fault.page().into_string();
        assert!(!page.contains("secret"));
        samples::check_page(&page);
    }

    #[test]
    fn a_missing_record_is_404_and_an_erased_person_410() {
        assert_eq!(Fault::not_found("decision").status, StatusCode::NOT_FOUND);
        assert_eq!(Fault::from(Error::Erased).status, StatusCode::GONE);
    }
}
