//! `/was-this-you/…`: the page behind the link that a person was mailed. Whoever has the link sees no more than they know already; looking
//! changes nothing, and an answer is a form of this page.

use super::segments::Segments;
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_app::{Error, inquiries::Page};
use countersign_core::TenantId;
use maud::{Markup, html};

use super::{confirm::Pairs, layout, query::Parameters};
use crate::Server;

/// Tenant, question and code of a link.
type Link = (String, String, String);

/// Answers `GET /was-this-you/{tenant}/{id}/{code}`.
pub(super) async fn show(State(server): State<Server>, Segments(link): Segments<Link>) -> Response {
    let (tenant, id, code) = link;
    let Some(tenant) = tenant_of(&server, &tenant) else { return over() };
    match server.0.app.inquiry_page(&tenant, (&id, &code)).await {
        Ok(page) => private(StatusCode::OK, question(&page)),
        Err(Error::NotFound(_)) => over(),
        Err(_) => later(),
    }
}

/// Answers the same path's `POST`.
pub(super) async fn answer(
    State(server): State<Server>,
    Segments(link): Segments<Link>,
    form: Result<Form<Pairs>, FormRejection>,
) -> Response {
    let (tenant, id, code) = link;
    let said = form.ok().and_then(|Form(pairs)| Parameters::new(pairs).ok());
    let said = said.as_ref().and_then(|said| {
        let is_they = match said.get("answer")? {
            "yes" => true,
            "no" => false,
            _ => return None,
        };
        Some((said.get("form")?, is_they))
    });
    let (Some(tenant), Some((form, is_they))) = (tenant_of(&server, &tenant), said) else { return over() };
    match server.0.app.answer_inquiry(&tenant, (&id, &code), (form, is_they)).await {
        Ok(()) => private(StatusCode::OK, thanks(is_they)),
        Err(Error::NotFound(_)) => over(),
        Err(_) => later(),
    }
}

fn tenant_of(server: &Server, name: &str) -> Option<std::sync::Arc<countersign_app::Tenant>> {
    let id: TenantId = name.parse().ok()?;
    server.0.app.tenant(&id).ok()
}

/// A page that nobody keeps, and that no search engine lists.
fn private(status: StatusCode, page: Markup) -> Response {
    let mut response = (status, page).into_response();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn question(page: &Page) -> Markup {
    let Page { at, place, device, form } = page;
    let text = at.to_string();
    let minute = text.get(..16).unwrap_or(&text).replace('T', " ");
    layout::bare(
        "Was this you?",
        html! {
            p { "Somebody signed in to your account:" }
            ul {
                li { "at " strong { (minute) " UTC" } }
                @if let Some(place) = place { li { "near " strong { (place) } } }
                @if let Some(device) = device { li { "with " strong { (device) } } }
            }
            form method="post" {
                input type="hidden" name="form" value=(form);
                p.buttons {
                    button.button name="answer" value="yes" { "Yes, it was me" }
                    button.button.danger name="answer" value="no" { "No, it was not me" }
                }
            }
            p.quiet { "This page never asks for a password. Places are those of networks, and may be off by a city or more." }
        },
    )
}

fn thanks(is_they: bool) -> Markup {
    layout::bare(
        "Thank you",
        html! {
            @if is_they {
                p { "Your answer was noted. If your account was restricted, it stays so until somebody has looked at it." }
            } @else {
                p { "Your answer was noted, and those who look after your account were told." }
                p { "Change your password where you usually sign in, and everywhere else where you used the same." }
            }
        },
    )
}

/// One page for every link that can't be answered, so that it tells nothing.
fn over() -> Response {
    let page = layout::bare(
        "This link can't be used",
        html! { p { "It was answered, its time is over, or it is not whole. You need not do anything; if you are unsure about your account, change your password." } },
    );
    private(StatusCode::NOT_FOUND, page)
}

fn later() -> Response {
    let page =
        layout::bare("Not available now", html! { p { "Please open the link again in a few minutes." } });
    private(StatusCode::SERVICE_UNAVAILABLE, page)
}

#[cfg(test)]
mod tests {
    use countersign_core::Timestamp;

    use super::*;
    use crate::console::samples;

    #[test]
    fn the_page_says_what_the_person_knows_and_leads_nowhere_else() {
        let page = Page {
            at: Timestamp::from_seconds(1_764_450_607),
            place: Some(samples::HOSTILE.to_owned()),
            device: Some("Chrome on Windows".to_owned()),
            form: "f0".to_owned(),
        };
        let text = question(&page).into_string();
        assert!(text.contains("2025-11-29 21:10 UTC") && text.contains("Chrome on Windows"), "{text}");
        assert!(!text.contains(samples::HOSTILE), "it is escaped");
        assert!(!text.contains("http://") && !text.contains("https://") && text.contains("method=\"post\""));
        assert!(thanks(true).into_string().contains("it stays so until somebody has looked at it"));
        assert!(thanks(false).into_string().contains("Change your password"));
    }
}
