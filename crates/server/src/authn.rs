//! From the headers of a request to a caller: a token, or the session of a browser.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use countersign_app::{
    Error,
    access::{Caller, InstallationPermit, Permit, Refusal, ScopedPermit},
};
use countersign_core::TenantId;
use countersign_privacy::Token;
use countersign_rights::{Action, How};

use crate::{Problem, Server, rate};

/// The cookie of a signed-in browser, over TLS.
const SECURE_COOKIE: &str = "__Host-countersign";

/// The same on plain HTTP at a loopback address, where browsers keep no `__Host-` cookie.
const PLAIN_COOKIE: &str = "countersign_session";

/// The header of what a page asks by itself.
const OPEN_PAGE: &str = "countersign-open-page";

/// The caller of a request that [`require`] let through.
pub(crate) struct Known(pub(crate) Caller);

impl<S: Send + Sync> FromRequestParts<S> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Why refused: a route that nobody guards must not be taken for one that anybody may use.
        parts.extensions.get::<Caller>().cloned().map(Self).ok_or_else(missing)
    }
}

pub(crate) fn missing() -> Problem {
    let detail = "this needs `Authorization: Bearer` with a token that holds, or the session of a browser that signed in";
    Problem::new(StatusCode::UNAUTHORIZED, "credential.missing", detail)
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a page is wanted, as browsers say it.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    text(headers, header::ACCEPT).is_some_and(|accept| accept.contains("text/html"))
}

/// Whether a page asks by itself, as its scripts say it: for events as they come, or for how far something is by now. Whoever says so
/// otherwise only shortens their own session.
fn is_of_open_page(headers: &HeaderMap) -> bool {
    text(headers, header::ACCEPT) == Some("text/event-stream") || headers.contains_key(OPEN_PAGE)
}

/// What is found of a cookie of this name.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE);
    let pairs = all.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

impl Server {
    /// What a browser shows of its session.
    pub(crate) fn session<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        cookie(headers, self.cookie_name())
    }

    /// Whether a request shows something that may prove who asks; nobody looked at it yet.
    pub(crate) fn shows_credential(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(header::AUTHORIZATION) || self.session(headers).is_some()
    }

    /// Whether browsers reach us over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.0.public_url.starts_with("https://")
    }

    fn cookie_name(&self) -> &'static str {
        if self.is_secure() { SECURE_COOKIE } else { PLAIN_COOKIE }
    }

    /// The header that gives a browser a cookie until it is closed or `seconds` are over; 0 takes it away.
    pub(crate) fn set_cookie(&self, name: &str, value: &str, seconds: Option<u64>) -> Option<HeaderValue> {
        let secure = if self.is_secure() { "; Secure" } else { "" };
        let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")).ok()
    }

    /// The header that makes a browser one that is signed in.
    pub(crate) fn session_cookie(&self, token: &Token) -> Option<HeaderValue> {
        self.set_cookie(self.cookie_name(), token.expose(), None)
    }

    /// The header that takes the session away.
    pub(crate) fn no_session_cookie(&self) -> Option<HeaderValue> {
        self.set_cookie(self.cookie_name(), "", Some(0))
    }

    /// Who asks, as [`Self::proved`] finds them, within what they may.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn caller(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Option<Caller>, Problem> {
        let caller = self.proved(headers, extensions).await?;
        // Why not the data directory's token: what has it runs this machine, and counts its own questions.
        if let Some(caller) = caller.as_ref().filter(|caller| caller.principal().how != How::File)
            && let Err(problem) = self.0.callers.take(caller)
        {
            self.0.app.tell_limited(caller).await;
            return Err(problem);
        }
        Ok(caller)
    }

    /// Who asks, within what their address may; `None` when no credential came, or none that holds, which is counted.
    ///
    /// # Errors
    /// When it can't be looked up now, and `rate_limited`.
    async fn proved(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<Option<Caller>, Problem> {
        if let Some(value) = text(headers, header::AUTHORIZATION) {
            let Some(token) = value.strip_prefix("Bearer ") else { return Ok(self.no_credential()) };
            return rate::known(self, extensions, token, self.bearer(token)).await;
        }
        let Some(session) = self.session(headers) else {
            let is_unreadable = headers.contains_key(header::AUTHORIZATION);
            return Ok(if is_unreadable { self.no_credential() } else { None });
        };
        let Some(token) = Token::received(session) else { return Ok(self.no_credential()) };
        let app = &self.0.app;
        if is_of_open_page(headers) {
            return rate::known(self, extensions, session, app.caller_of_open_page(&token)).await;
        }
        rate::known(self, extensions, session, app.caller_of_session(&token)).await
    }

    /// Who asks by a request that has waited since: what it came with may have ended, or what its caller may.
    ///
    /// # Errors
    /// As [`Self::caller`], and where it holds no more.
    pub(crate) async fn caller_still(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Caller, Problem> {
        self.proved(headers, extensions).await?.ok_or_else(missing)
    }

    /// Nobody, by something that is no credential of ours by its form; counted.
    fn no_credential(&self) -> Option<Caller> {
        self.0.app.count_refused(Refusal::Credential);
        None
    }

    async fn bearer(&self, token: &str) -> Result<Option<Caller>, Error> {
        if self.0.operator.is(token) {
            return Ok(Some(Caller::local(How::File)));
        }
        if rate::is_access_token(token) {
            return self.0.app.caller_of_access_token(token).await;
        }
        let Some(token) = Token::received(token) else { return Ok(None) };
        self.0.app.caller_of_account_token(&token).await
    }

    /// Refuses what a browser's session would change from elsewhere than a page of ours, and counts it.
    pub(crate) fn check_page(
        &self,
        caller: &Caller,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<(), Problem> {
        if caller.session().is_none() || is_from_here(method, headers) {
            return Ok(());
        }
        self.0.app.count_refused(Refusal::Page);
        let detail = "what a browser's session changes comes from a page of ours: `Origin` or `Sec-Fetch-Site` says so";
        Err(Problem::new(StatusCode::FORBIDDEN, "origin.missing", detail))
    }

    /// Lets a caller do something at a tenant.
    pub(crate) async fn permit(
        &self,
        caller: &Caller,
        action: Action,
        tenant: &str,
    ) -> Result<Permit, Problem> {
        let tenant: TenantId = tenant.parse().map_err(|_| Problem::from(Error::UnknownTenant))?;
        Ok(self.0.app.permit(caller, action, &tenant).await?)
    }

    /// Lets a caller do something with decisions of a tenant, or of the organizations of it that are theirs.
    pub(crate) async fn permit_within(
        &self,
        caller: &Caller,
        action: Action,
        tenant: &str,
    ) -> Result<ScopedPermit, Problem> {
        let tenant: TenantId = tenant.parse().map_err(|_| Problem::from(Error::UnknownTenant))?;
        Ok(self.0.app.permit_within(caller, action, &tenant).await?)
    }

    /// Lets a caller do something that belongs to no tenant.
    pub(crate) async fn permit_here(
        &self,
        caller: &Caller,
        action: Action,
    ) -> Result<InstallationPermit, Problem> {
        Ok(self.0.app.permit_here(caller, action).await?)
    }
}

/// Lets only callers through who are known.
pub(crate) async fn require(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let caller = match server.caller(headers, request.extensions()).await {
        Ok(caller) => caller,
        Err(problem) => return crate::console::refused(headers, problem),
    };
    let Some(caller) = caller else {
        if wants_page(headers) {
            return crate::console::signed_out(&server, &request);
        }
        return missing().into_response();
    };
    if let Err(problem) = server.check_page(&caller, request.method(), headers) {
        return crate::console::refused(headers, problem);
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Whether a request by cookie changes nothing, or was made by a page of ours. A foreign `Origin` was refused before.
fn is_from_here(method: &Method, headers: &HeaderMap) -> bool {
    match text(headers, header::HeaderName::from_static("sec-fetch-site")) {
        _ if method.is_safe() => true,
        Some(site) => site == "same-origin",
        None => headers.contains_key(header::ORIGIN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_cookie_is_found_among_others_and_by_its_whole_name() {
        let found = headers(&[("cookie", "a=1; countersign_session=x; xcountersign_session=y")]);
        assert_eq!(cookie(&found, PLAIN_COOKIE), Some("x"));
        assert_eq!(cookie(&headers(&[("cookie", "xcountersign_session=y")]), PLAIN_COOKIE), None);
        assert_eq!(cookie(&headers(&[]), PLAIN_COOKIE), None);
    }

    #[test]
    fn what_changes_something_comes_from_a_page_of_ours() {
        assert!(is_from_here(&Method::GET, &headers(&[("sec-fetch-site", "cross-site")])));
        assert!(is_from_here(&Method::POST, &headers(&[("sec-fetch-site", "same-origin")])));
        assert!(is_from_here(&Method::POST, &headers(&[("origin", "http://127.0.0.1:8377")])));
        for foreign in ["cross-site", "same-site", "none"] {
            let sent = headers(&[("sec-fetch-site", foreign), ("origin", "http://127.0.0.1:8377")]);
            assert!(!is_from_here(&Method::POST, &sent), "{foreign}");
        }
        assert!(!is_from_here(&Method::POST, &headers(&[])));
    }
}
