//! The pages of a sign-in: plain forms without script.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

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
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Asks for a name and a password; `fields` come back with them. `asks` is what an application of somebody else gets then.
pub(super) fn password(
    application: &str,
    asks: Option<&str>,
    fields: &[(String, String)],
    wrong: Option<&str>,
) -> Response {
    let asks = asks.map_or_else(String::new, |asks| format!("<p>It gets: {}</p>", escape(asks)));
    let told = wrong.map_or_else(String::new, |wrong| format!("<p role=\"alert\">{}</p>", escape(wrong)));
    let body = format!(
        "<p>to {}</p>{asks}{told}<form method=\"post\" action=\"/authorize\">{}<p><label>E-mail address <input name=\"username\" autocomplete=\"username\" required autofocus></label></p><p><label>Password <input type=\"password\" name=\"password\" autocomplete=\"current-password\" required></label></p><button>Sign in</button></form>",
        escape(application),
        hidden(fields)
    );
    page(StatusCode::OK, "Sign in", &body)
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
