//! The pages of a sign-in: plain forms without script.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::request::Request;
use crate::tenant::http::{Ready, Shell};

/// How the pages look: one column, by the system's fonts and its choice of light or dark.
const STYLE: &str = "\
:root{color-scheme:light dark;--line:light-dark(#c9ced6,#454b55);--quiet:light-dark(#555d69,#a8b0bc);--act:light-dark(#1f5fbf,#8ab4ff)}\
body{margin:0;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;background:light-dark(#f3f4f6,#15181d);color:light-dark(#1a1d22,#e7e9ec)}\
main{max-width:26rem;margin:10vh auto 2rem;padding:1.5rem;border:1px solid var(--line);border-radius:10px;background:light-dark(#fff,#1d2127)}\
h1{margin:0;font-size:1.5rem}\
h1+p{margin-top:.25rem;color:var(--quiet)}\
input,button{font:inherit;box-sizing:border-box;padding:.5rem .75rem;border:1px solid var(--line);border-radius:6px;background:inherit;color:inherit}\
input{width:100%}\
button{cursor:pointer;border-color:var(--act);color:var(--act)}\
button.person{width:100%;margin-top:.5rem;text-align:start;color:inherit}\
button.person span{display:block;font-size:.875rem;color:var(--quiet)}\
:focus-visible{outline:3px solid var(--act);outline-offset:2px}\
summary{margin-top:1rem;cursor:pointer;color:var(--quiet)}\
[role=alert]{color:light-dark(#a3141d,#ff9a9a)}";

/// What a browser may do with a page: show it, and send its forms.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'; base-uri 'none'")
});

/// Text made safe for HTML, in attributes too.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

fn hidden(fields: &[(String, String)]) -> String {
    let inputs = fields.iter().map(|(name, value)| {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value))
    });
    inputs.collect()
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Asks for a name and a password, and offers who is ready; an application of somebody else says what it gets then.
pub(super) fn password(shell: &Shell, request: &Request, wrong: Option<&str>) -> Response {
    let asks = request.asks().map_or_else(String::new, |asks| format!("<p>It gets: {}</p>", escape(asks)));
    let told = wrong.map_or_else(String::new, |wrong| format!("<p role=\"alert\">{}</p>", escape(wrong)));
    let fields = hidden(&request.fields);
    let ready: String = shell.ready().iter().map(|one| offered(one, &fields)).collect();
    let focus = if ready.is_empty() { " autofocus" } else { "" };
    let form = format!(
        "<form method=\"post\" action=\"/authorize\">{fields}<p><label>E-mail address <input name=\"username\" autocomplete=\"username\" required{focus}></label></p><p><label>Password <input type=\"password\" name=\"password\" autocomplete=\"current-password\" required></label></p><button>Sign in</button></form>"
    );
    let form = match ready.is_empty() {
        true => form,
        false => format!(
            "{ready}<details><summary>With an e-mail address and a password</summary>{form}</details>"
        ),
    };
    let body = format!("<p>to {}</p>{asks}{told}{form}", escape(&request.application));
    page(StatusCode::OK, "Sign in", &body)
}

/// A button that signs in as somebody who is ready.
fn offered(one: &Ready, fields: &str) -> String {
    let Ready { name, what, email, password } = one;
    format!(
        "<form method=\"post\" action=\"/authorize\">{fields}<input type=\"hidden\" name=\"username\" value=\"{}\"><input type=\"hidden\" name=\"password\" value=\"{}\"><button class=\"person\"><strong>{}</strong><span>{}</span></button></form>",
        escape(email),
        escape(password),
        escape(name),
        escape(what)
    )
}

/// Asks for a factor: a button that passes it, and one that doesn't.
pub(super) fn factor(fields: &[(String, String)], factors: &[String]) -> Response {
    let buttons = factors.iter().map(|factor| {
        let factor = escape(factor);
        format!("<button name=\"factor\" value=\"{factor}\">Pass {factor}</button> ")
    });
    let body = format!(
        "<p>A sandbox has no devices: a button stands for each factor.</p><form method=\"post\" action=\"/authorize/continue\">{}{}<button name=\"fails\" value=\"{}\">Fail</button></form>",
        hidden(fields),
        buttons.collect::<String>(),
        escape(factors.first().map_or("otp", String::as_str)),
    );
    page(StatusCode::OK, "Second factor", &body)
}

/// Says what an application asks for; the answer comes with the ticket.
pub(super) fn consent(application: &str, ticket: &str, scopes: &str) -> Response {
    let body = format!(
        "<p>{} asks for: {}</p><form method=\"post\" action=\"/authorize/consent\"><input type=\"hidden\" name=\"ticket\" value=\"{}\"><button name=\"answer\" value=\"accept\">Accept</button> <button name=\"answer\" value=\"decline\">Decline</button></form>",
        escape(application),
        escape(scopes),
        escape(ticket)
    );
    page(StatusCode::OK, "Authorize", &body)
}

/// Shows a form of an Action as a button that sends it empty.
pub(super) fn form(fields: &[(String, String)]) -> Response {
    let body = format!(
        "<form method=\"post\" action=\"/authorize/continue\">{}<button>Continue</button></form>",
        hidden(fields)
    );
    page(StatusCode::OK, "Form", &body)
}

/// Says what is wrong where nobody can be sent back.
pub(super) fn wrong(what: &str) -> Response {
    page(StatusCode::BAD_REQUEST, "Error", &format!("<p>{}</p>", escape(what)))
}

/// Says that somebody is signed out.
pub(super) fn signed_out() -> Response {
    page(StatusCode::OK, "Signed out", "<p>You are signed out.</p>")
}

/// Sends the browser elsewhere.
pub(super) fn redirect(url: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(url) else { return wrong("The address can't be gone to.") };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_parameter_stays_text() {
        let shown = hidden(&[("a\"><script>".to_owned(), "'&".to_owned())]);
        assert_eq!(shown, "<input type=\"hidden\" name=\"a&quot;&gt;&lt;script&gt;\" value=\"&#39;&amp;\">");
    }
}
