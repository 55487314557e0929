//! A page for what could not be shown or done.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_app::Error;
use maud::{Markup, html};

use super::{layout, query::Link};
use crate::{Problem, authn};

/// Why there is no page; its text is for operators and repeats nothing of the request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    status: StatusCode,
    title: &'static str,
    text: String,
    /// A way on: its text, and where it leads.
    way: Option<(&'static str, String)>,
    /// After how many seconds it is worth another try.
    retry_after: Option<u64>,
}

/// Where somebody shows anew who they are, and comes back to a page from.
fn sign_in_again(to: &str) -> (&'static str, String) {
    ("Sign in again", Link::to("/sign-in/start").with("to", to).with("again", "yes").done())
}

/// A refusal as whoever asked can read it: a browser that wants pages gets one, anybody else the problem.
pub(crate) fn refused(headers: &HeaderMap, problem: Problem) -> Response {
    if authn::wants_page(headers) { Fault::from(problem).into_response() } else { problem.into_response() }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let title = match problem.status() {
            StatusCode::TOO_MANY_REQUESTS => "Too many requests",
            StatusCode::FORBIDDEN => "Not permitted",
            StatusCode::SERVICE_UNAVAILABLE => "Not available now",
            _ => "Something went wrong",
        };
        let mut fault = Self::new(problem.status(), title, problem.detail());
        fault.retry_after = problem.seconds_to_wait();
        if let Some(seconds) = fault.retry_after {
            fault.add(&format!("Try again in {seconds} s"));
        }
        fault
    }
}

impl Fault {
    pub(super) fn new(status: StatusCode, title: &'static str, text: impl Into<String>) -> Self {
        Self { status, title, text: text.into(), way: None, retry_after: None }
    }

    /// A query or form that this page does not take.
    pub(super) fn query(text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "This address can't be read", text)
    }

    /// There is no such thing.
    pub(super) fn not_found(what: &'static str) -> Self {
        Error::NotFound(what).into()
    }

    /// The same, whose way on leads back to this page, if it has one: by default it is the page of access.
    pub(super) fn back_to(mut self, page: &str) -> Self {
        if self.way.is_some() {
            self.way = Some(sign_in_again(page));
        }
        self
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
                @if let Some((text, href)) = &self.way { p { a.button.primary href=(href) { (text) } } }
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
            Error::StaleSignIn(_) => "Sign in again",
            Error::IncidentChanged | Error::ModelsChanged | Error::Stale => "Changed meanwhile",
            Error::Handling(_)
            | Error::Suppression(_)
            | Error::Model(_)
            | Error::Plan(_)
            | Error::Actor
            | Error::Audience
            | Error::ReviewClosed
            | Error::ReviewExists
            | Error::Containment
            | Error::WriteCause
            | Error::Priority
            | Error::Reason
            | Error::Fields
            | Error::NoProvider
            | Error::NameTaken
            | Error::PersonDisabled(_)
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
        let way = matches!(error, Error::StaleSignIn(_)).then(|| sign_in_again("/access"));
        // Why: `Problem` holds the status of each error and logs what must not be shown.
        let status = Problem::from(error).status();
        Self { way, ..Self::new(status, title, text) }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.page()).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
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
    fn who_asks_too_often_is_told_when_to_come_back() {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "too often").retry_after(7);
        let fault = Fault::from(problem);
        let page = fault.page().into_string();
        samples::check_page(&page);
        assert!(page.contains("Too many requests") && page.contains("Try again in 7 s"), "{page}");
        assert_eq!(fault.into_response().headers()["retry-after"], "7");
    }

    #[test]
    fn whose_sign_in_is_too_old_is_shown_where_to_sign_in() {
        let fault = Fault::from(Error::StaleSignIn(12));
        let page = fault.page().into_string();
        samples::check_page(&page);
        assert_eq!(fault.status, StatusCode::FORBIDDEN);
        assert!(page.contains("not older than 12 hours") && page.contains("again=yes"), "{page}");
    }

    #[test]
    fn a_missing_record_is_404_and_an_erased_person_410() {
        assert_eq!(Fault::not_found("decision").status, StatusCode::NOT_FOUND);
        assert_eq!(Fault::from(Error::Erased).status, StatusCode::GONE);
    }
}
