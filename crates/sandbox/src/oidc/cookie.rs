//! The cookie that carries a browser's session.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use crate::{
    simulate::{self, Cookie},
    tenant::http::Shell,
};

/// What the cookie is called (Auth0: "Cookies").
const NAME: &str = "auth0";

/// The value that a browser sends.
pub(super) fn sent(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).map(|(_, value)| value)
}

/// The session that a browser proves to be its own.
pub(super) fn session(shell: &Shell, headers: &HeaderMap) -> Option<String> {
    let (tenant, now) = (shell.tenant(), shell.now());
    let tenant = tenant.lock();
    simulate::of_cookie(tenant.state(), sent(headers)?, now).map(|session| session.id.clone())
}

/// The same response, by which the browser keeps the session.
pub(super) fn set(shell: &Shell, headers: &HeaderMap, session: Option<&str>, response: Response) -> Response {
    let cookie = session.and_then(|id| simulate::cookie(&mut shell.tenant().lock(), id, shell.now()));
    let Some(Cookie { value, seconds }) = cookie else { return response };
    let age = seconds.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    with(shell, headers, &format!("{value}{age}"), response)
}

/// The same response, by which the browser forgets the session.
pub(super) fn clear(shell: &Shell, headers: &HeaderMap, response: Response) -> Response {
    with(shell, headers, "; Max-Age=0", response)
}

fn with(shell: &Shell, headers: &HeaderMap, value: &str, mut response: Response) -> Response {
    // Why: without TLS no browser takes a cookie for the frames of other sites.
    let reach = if shell.base_url(headers).starts_with("https:") { "None; Secure" } else { "Lax" };
    let cookie = format!("{NAME}={value}; Path=/; HttpOnly; SameSite={reach}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
