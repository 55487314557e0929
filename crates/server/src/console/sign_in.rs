//! Signing in and out: at the identity provider, or by a one-time link.

use super::segments::Segments;
use axum::{
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header, uri::PathAndQuery},
    response::{IntoResponse, Redirect, Response},
};
use countersign_app::access::{Began, Refusal, Returned, SignInRefusal, SignedIn};
use countersign_core::Secret;
use countersign_privacy::Token;
use maud::{Markup, html};

use super::{
    fault::Fault,
    layout,
    query::{Link, Parameters},
};
use crate::{
    Server,
    authn::{self, Known},
};

/// The cookie of a browser that went to the provider.
const STATE_COOKIE: &str = "countersign_sign_in";

/// How long it is kept, in seconds.
const STATE_SECONDS: u64 = 600;

/// The longest path that is gone on to.
const MAX_PATH: usize = 1_024;

/// What a query of ours is.
type Pairs = Result<Query<Vec<(String, String)>>, QueryRejection>;

fn state_cookie(server: &Server) -> String {
    if server.is_secure() { format!("__Host-{STATE_COOKIE}") } else { STATE_COOKIE.to_owned() }
}

fn redirect_uri(server: &Server) -> String {
    format!("{}/sign-in/callback", server.0.public_url)
}

/// A path of ours to go on to: nothing that a browser would take for another host.
fn ours(path: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    let is_ours = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= MAX_PATH
        && path.bytes().all(is_plain);
    is_ours.then_some(path)
}

/// The answer to a browser that is not signed in.
pub(crate) fn signed_out(server: &Server, request: &Request) -> Response {
    let path = request.uri().path_and_query().map(PathAndQuery::as_str).and_then(ours);
    let path = path.filter(|_| request.method().is_safe());
    (StatusCode::UNAUTHORIZED, page(server.0.app.has_provider(), path.unwrap_or("/"))).into_response()
}

/// Answers `GET /sign-in`.
pub(super) async fn show(State(server): State<Server>) -> Markup {
    page(server.0.app.has_provider(), "/")
}

fn page(has_provider: bool, path: &str) -> Markup {
    layout::bare(
        "Not signed in",
        html! {
            @if has_provider {
                p { "This browser has no session here, or its session ended." }
                div.buttons {
                    a.button.primary href=(Link::to("/sign-in/start").with("to", path).done()) { "Sign in" }
                    // Why a way of its own: the provider may remember who was here last, and ask nobody.
                    a.button href=(Link::to("/sign-in/start").with("to", path).with("again", "yes").done()) { "Sign in as somebody else" }
                }
                p.quiet {
                    "If the identity provider can't be reached, whoever has the data directory makes a link that works once: "
                    code { "countersign access break-glass" } ". It raises an alarm."
                }
            } @else {
                p {
                    "This browser has no session here, or its session ended. Open the one-time link that Countersign printed \
                     when it started. A link works once and ends after 15 minutes; start Countersign again for a new one, or run "
                    code { "countersign access link" } "."
                }
            }
            p.quiet {
                "Programs send " code { "Authorization: Bearer" } " with a service account's token, or the one in the data \
                 directory's file " code { "operator.token" } "."
            }
        },
    )
}

fn refused(refusal: &SignInRefusal) -> Response {
    let (status, title) = match refusal {
        SignInRefusal::NoRole { .. } => (StatusCode::FORBIDDEN, "No role here"),
        SignInRefusal::Unreachable | SignInRefusal::Failed(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "Not available now")
        }
        SignInRefusal::NoProvider => (StatusCode::NOT_FOUND, "Not found"),
        SignInRefusal::NotBegun | SignInRefusal::Unproved | SignInRefusal::NotAnew => {
            (StatusCode::UNAUTHORIZED, "Not signed in")
        }
    };
    let page = layout::bare(
        title,
        html! {
            p { (refusal) "." }
            @if let SignInRefusal::NoRole { subject } = refusal {
                p { "An administrator can give you one. This is how the identity provider knows you:" }
                pre tabindex="0" { code { (subject) } }
            }
            p { a href="/sign-in" { "Sign in again" } }
        },
    );
    (status, page).into_response()
}

/// Answers `GET /sign-in/start`: sends the browser to the provider.
pub(super) async fn start(State(server): State<Server>, query: Pairs) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let to = parameters.get("to").and_then(ours).unwrap_or("/").to_owned();
    let is_again = parameters.get("again") == Some("yes");
    let began = match server.0.app.begin_sign_in(redirect_uri(&server), to, is_again).await {
        Ok(Began { url, state }) => (url, state),
        Err(refusal) => return Ok(refused(&refusal)),
    };
    let cookie = server.set_cookie(&state_cookie(&server), &began.1, Some(STATE_SECONDS));
    let mut response = Redirect::to(&began.0).into_response();
    response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}

/// Answers `GET /sign-in/callback`: the browser is back.
pub(super) async fn callback(
    State(server): State<Server>,
    headers: HeaderMap,
    query: Pairs,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let text = |name| parameters.get(name).map(str::to_owned);
    let kept = authn::cookie(&headers, &state_cookie(&server)).unwrap_or_default();
    let returned = Returned {
        state: text("state").unwrap_or_default(),
        code: text("code").map(|code| Secret::new(code.into_bytes())),
        issuer: text("iss"),
    };
    let answer = match server.0.app.finish_sign_in(kept, returned, redirect_uri(&server)).await {
        Ok(SignedIn { token, return_to }) => {
            end_earlier(&server, &headers).await;
            let mut response = Redirect::to(ours(&return_to).unwrap_or("/")).into_response();
            response.headers_mut().extend(server.session_cookie(&token).map(|it| (header::SET_COOKIE, it)));
            response
        }
        Err(refusal) => refused(&refusal),
    };
    Ok(without_state(&server, answer))
}

/// Ends the session that a browser had before: the new cookie takes the place of its own, so that nobody would sign it out.
///
/// Why no error: who signed in is not to be stopped by what was before; that session ends by itself.
async fn end_earlier(server: &Server, headers: &HeaderMap) {
    let Some(token) = server.session(headers).and_then(Token::received) else { return };
    let app = &server.0.app;
    let ended = match app.caller_of_session(&token).await {
        Ok(Some(caller)) => app.sign_out(&caller).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = ended {
        tracing::warn!(detail = error.detail(), "the earlier session of a browser could not be ended");
    }
}

fn without_state(server: &Server, mut response: Response) -> Response {
    if let Some(cookie) = server.set_cookie(&state_cookie(server), "", Some(0)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Answers `GET /start/{code}`: signs a browser in by a one-time link.
pub(super) async fn link(
    State(server): State<Server>,
    headers: HeaderMap,
    Segments(code): Segments<String>,
) -> Response {
    let used = match Token::received(&code) {
        Some(code) => server.0.app.use_link(&code).await,
        None => Ok(None),
    };
    match used {
        Ok(Some(token)) => {
            end_earlier(&server, &headers).await;
            let cookie = server.session_cookie(&token).map(|cookie| (header::SET_COOKIE, cookie));
            let mut response = Redirect::to("/").into_response();
            response.headers_mut().extend(cookie);
            response
        }
        Ok(None) => {
            server.0.app.count_refused(Refusal::Credential);
            (StatusCode::UNAUTHORIZED, page(server.0.app.has_provider(), "/")).into_response()
        }
        Err(error) => Fault::from(error).into_response(),
    }
}

/// Answers `POST /sign-out`.
pub(super) async fn out(State(server): State<Server>, Known(caller): Known) -> Result<Response, Fault> {
    server.0.app.sign_out(&caller).await?;
    let mut response = Redirect::to("/sign-in").into_response();
    response.headers_mut().extend(server.no_session_cookie().map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    #[test]
    fn the_page_without_a_session_says_how_to_get_one() {
        let by_link = page(false, "/").into_string();
        assert!(by_link.contains("one-time link") && by_link.contains("operator.token"));
        samples::check_page(&by_link);
        let by_provider = page(true, "/incidents?tenant=a").into_string();
        assert!(by_provider.contains("/sign-in/start?to=%2Fincidents%3Ftenant%3Da\""), "{by_provider}");
        assert!(
            by_provider.contains("/sign-in/start?to=%2Fincidents%3Ftenant%3Da&amp;again=yes"),
            "{by_provider}"
        );
        samples::check_page(&by_provider);
    }

    #[test]
    fn only_paths_of_ours_are_gone_on_to() {
        for path in ["/", "/incidents?tenant=a&before=1~x"] {
            assert_eq!(ours(path), Some(path));
        }
        for path in
            ["", "incidents", "//evil.example", "/\\evil.example", "https://evil.example", "/a b", "/a\n"]
        {
            assert_eq!(ours(path), None, "{path}");
        }
        assert_eq!(ours(&format!("/{}", "a".repeat(MAX_PATH))), None);
    }
}
