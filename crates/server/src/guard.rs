//! What holds for every request: known hosts and origins only, safe headers, one log line, metrics.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use countersign_app::access::Refusal;
use countersign_core::IdKind;

use crate::{Problem, Server, admission::Shed};

/// Refuses foreign `Host` and `Origin` values: a page elsewhere, or a name that someone points at us, gets nothing. It is a metric, and
/// where somebody's credential came with it also counted for the ledger.
pub(crate) async fn host_and_origin(State(server): State<Server>, request: Request, next: Next) -> Response {
    let Some((refusal, problem)) = foreign(&server.0.hosts, server.is_secure(), &request) else {
        return next.run(request).await;
    };
    server.0.metrics.refused(problem.code());
    if server.shows_credential(request.headers()) {
        server.0.app.count_refused(refusal);
    }
    problem.into_response()
}

fn foreign(hosts: &[String], is_secure: bool, request: &Request) -> Option<(Refusal, Problem)> {
    let is_known = |host: &str| hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
    let text = |name: header::HeaderName| {
        request.headers().get(name).map(|value| value.to_str().unwrap_or_default())
    };
    // Why all of them: a target in absolute form names a host too, and whatever stands before us may have gone by any.
    let named =
        request.headers().get_all(header::HOST).iter().map(|value| value.to_str().unwrap_or_default());
    let mut named = named.chain(request.uri().authority().map(Authority::as_str)).peekable();
    if named.peek().is_none() || !named.all(is_known) {
        let detail = "`Host` is none that this server answers for; add it to `server.hosts`";
        return Some((Refusal::Host, Problem::new(StatusCode::MISDIRECTED_REQUEST, "host.foreign", detail)));
    }
    // Why by scheme: whoever sits on the way can make any page of an address that is reached without TLS.
    let schemes: &[&str] = if is_secure { &["https://"] } else { &["http://", "https://"] };
    let is_ours =
        |origin: &str| schemes.iter().filter_map(|scheme| origin.strip_prefix(scheme)).any(is_known);
    if text(header::ORIGIN).is_some_and(|origin| !is_ours(origin)) {
        let detail = "`Origin` is not this server's own";
        return Some((Refusal::Page, Problem::new(StatusCode::FORBIDDEN, "origin.foreign", detail)));
    }
    None
}

/// Scripts, styles and pictures of our own only, no frames, nothing inline.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Writes one log line and counts the request; adds the headers that every answer carries.
pub(crate) async fn observe(State(server): State<Server>, request: Request, next: Next) -> Response {
    let clock = server.0.app.clock();
    let began = clock.monotonic();
    let id = server.0.app.make_id(IdKind::Request).unwrap_or_default();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let mut response = next.run(request).await;
    let took = clock.monotonic().saturating_sub(began);
    let status = response.status();
    server.0.metrics.request(&route, status.as_u16(), took);
    let duration_ms = took.as_secs_f64() * 1_000.0;
    // Why: what is refused for want of capacity is counted and told as a whole; a line each would add to the load.
    let is_shed = response.extensions().get::<Shed>().is_some();
    if status.is_server_error() && !is_shed {
        tracing::error!(request.id = %id, %method, route, status = status.as_u16(), duration_ms, "request failed");
    } else {
        tracing::debug!(request.id = %id, %method, route, status = status.as_u16(), duration_ms, "request answered");
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if server.is_secure() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn every_host_that_a_request_names_is_ours() {
        let hosts = ["console.example".to_owned()];
        let is_refused = |target: &str, named: &[&str]| {
            let request =
                named.iter().fold(Request::get(target), |request, host| request.header("host", *host));
            foreign(&hosts, true, &request.body(Body::empty()).unwrap()).is_some()
        };
        assert!(!is_refused("/", &["CONSOLE.example"]) && !is_refused("https://console.example/", &[]));
        assert!(!is_refused("https://console.example/", &["console.example"]));
        for (target, named) in [
            ("/", &[][..]),
            ("/", &["evil.example"]),
            ("/", &["console.example", "evil.example"]),
            ("https://evil.example/", &["console.example"]),
            ("https://console.example@evil.example/", &["console.example"]),
        ] {
            assert!(is_refused(target, named), "{target} {named:?}");
        }
    }

    #[test]
    fn over_tls_a_page_without_it_is_foreign() {
        let hosts = ["console.example".to_owned()];
        let is_refused = |is_secure, origin: &str| {
            let request = Request::get("/").header("host", "console.example").header("origin", origin);
            foreign(&hosts, is_secure, &request.body(Body::empty()).unwrap()).is_some()
        };
        assert!(is_refused(true, "http://console.example"));
        assert!(!is_refused(true, "https://console.example"));
        for origin in ["http://console.example", "https://console.example"] {
            assert!(!is_refused(false, origin), "{origin}");
        }
        for origin in ["https://evil.example", "null", "https://console.example.evil.example"] {
            assert!(is_refused(true, origin) && is_refused(false, origin), "{origin}");
        }
    }
}
