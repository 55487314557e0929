//! What only operators may use, and which hosts and origins are answered.

use axum::{body::Body, http::Request};
use countersign_rights::Action;
use countersign_testkit::{Answer, HOST, TOKEN, TestApp};

use crate::world::{at_home, bare, check_problem, id_of, with_token};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// By a token in the path, which is ended by itself.
    Token,
    /// Anyone.
    Open,
    /// An Action, by its key.
    Signed,
    /// Anybody who is known.
    Known,
    /// Whoever has the token of the data directory.
    Local,
    /// Whoever may do this at the tenant that the request names.
    Needs(Action),
    /// Whoever may do this at all tenants.
    NeedsHere(Action),
}

/// Every route of the router with its methods, and who may use it: the file that reviewers see.
const MATRIX: &str = include_str!("matrix.txt");

/// The rows of the matrix.
pub fn routes() -> Vec<(&'static str, &'static str, Right)> {
    let rows = MATRIX.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|row| {
        let words: Vec<&str> = row.split_whitespace().collect();
        let right = match words[2..] {
            ["token"] => Right::Token,
            ["open"] => Right::Open,
            ["signed"] => Right::Signed,
            ["known"] => Right::Known,
            ["local"] => Right::Local,
            [action] => Right::Needs(action.parse().unwrap_or_else(|_| panic!("{row}"))),
            [action, "installation"] => Right::NeedsHere(action.parse().unwrap_or_else(|_| panic!("{row}"))),
            _ => panic!("{row}"),
        };
        (words[0], words[1], right)
    })
    .collect()
}

impl Right {
    /// Whether a caller must be known.
    pub fn is_guarded(self) -> bool {
        matches!(self, Self::Known | Self::Local | Self::Needs(_) | Self::NeedsHere(_))
    }
}

/// Routes and methods as the source has them.
fn routes_in(source: &str) -> Vec<(String, String)> {
    let mut routes = Vec::new();
    for part in source.split(".route(").skip(1) {
        let path = part.split('"').nth(1).unwrap();
        let handlers = part.split_once("\",").unwrap().1;
        // Up to the parenthesis that closes `.route(`.
        let mut depth = 1;
        let end = handlers.find(|c| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        let handlers = &handlers[..end.unwrap()];
        for method in ["get", "post", "put", "delete", "patch", "any"] {
            let is_there = handlers
                .match_indices(&format!("{method}("))
                .any(|(at, _)| !handlers[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
            if is_there {
                routes.push((method.to_uppercase(), path.to_owned()));
            }
        }
    }
    routes
}

#[test]
fn every_route_has_a_row() {
    let sources = [include_str!("../../src/api/mod.rs"), include_str!("../../src/console/mod.rs")];
    let mut found: Vec<_> = sources.iter().flat_map(|source| routes_in(source)).collect();
    found.sort();
    let mut rows: Vec<_> =
        routes().iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    rows.sort();
    assert_eq!(found, rows, "a route without a row, or a row without a route: say who may use it");
    for source in sources {
        assert!(!source.contains("nest") && !source.contains("route_service"), "teach this test to read it");
    }
    let elsewhere = include_str!("../../src/lib.rs");
    assert!(!elsewhere.contains(".route("), "routes stand in api and console");
}

pub fn path_of(route: &str, decision: &str) -> String {
    let path = route
        .replace("{id}", decision)
        .replace("{tenant}", "example-tenant")
        .replace("{trigger}", "post-login")
        .replace("{subject}", "sub_00000000000000000000000000000000")
        .replace("{code}", "guess")
        .replace("{version}", "0")
        .replace("{token}", "rsk_guess")
        .replace("{file}", "console.css");
    format!("{path}?tenant=example-tenant")
}

/// Credentials that are none.
fn strangers() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    vec![
        ("nothing", vec![]),
        ("a wrong token", vec![("authorization", "Bearer wrong".to_owned())]),
        ("an empty token", vec![("authorization", "Bearer ".to_owned())]),
        ("the start of the token", vec![("authorization", format!("Bearer {}", &TOKEN[..TOKEN.len() - 1]))]),
        ("the token as a password", vec![("authorization", format!("Basic {TOKEN}"))]),
        ("the token as a cookie", vec![("cookie", format!("countersign_session={TOKEN}"))]),
        ("an invented session", vec![("cookie", "countersign_session=AAAA".to_owned())]),
    ]
}

#[tokio::test]
async fn no_operated_route_answers_without_a_credential() {
    let service = TestApp::start(|_| {}).await;
    let decision = id_of(&service.decide(&at_home("auth0|anna")).await);
    for (method, route, right) in routes().into_iter().filter(|(_, _, right)| right.is_guarded()) {
        let path = path_of(route, &decision);
        for (what, headers) in strangers() {
            let mut request = bare(method, &path);
            for (name, value) in headers {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            let answer = service.send(request).await;
            check_problem(&answer, 401, "credential.missing");
            assert_eq!(answer.headers["www-authenticate"], "Bearer", "{method} {path} with {what}");
        }
        let mut browser = bare(method, &path);
        browser.headers_mut().insert("accept", "text/html".parse().unwrap());
        let answer = service.send(browser).await;
        assert_eq!(answer.status, 401, "{method} {path}");
        assert!(!String::from_utf8_lossy(&answer.bytes).contains(&decision), "{method} {path}");
        let answer = service.send(with_token(bare(method, &path))).await;
        // The credential is let in, and there is no token, incident, alert, entry or receiver of that name; and nobody is asked.
        let sorts = ["/incidents/", "/plans/", "/reviews/", "/alerts/", "/logs/", "/hooks/", "/inquiry"];
        let is_nameless =
            method == "DELETE" || route.contains("/access/") || sorts.iter().any(|sort| route.contains(sort));
        let is_found = answer.status != 404 || is_nameless;
        // No token approves, whoever has it.
        if right == Right::Needs(Action::ApprovePlans) {
            assert!(matches!(answer.status, 403 | 422), "{method} {path}: {}", answer.status);
            continue;
        }
        assert!(is_found && !matches!(answer.status, 401 | 403 | 405), "{method} {path}: {}", answer.status);
    }
}

#[tokio::test]
async fn no_signed_route_answers_without_a_signature() {
    let service = TestApp::start(|_| {}).await;
    for (method, route, _) in
        routes().into_iter().filter(|(_, _, right)| matches!(right, Right::Signed | Right::Token))
    {
        assert_eq!(service.send(bare(method, route)).await.status, 401, "{method} {route}");
    }
    let answer = service.send(with_token(bare("POST", "/v1/decisions"))).await;
    check_problem(&answer, 401, "signature.header");
}

#[tokio::test]
async fn health_is_open_and_says_nothing_of_the_inside() {
    let service = TestApp::start(|_| {}).await;
    let answer = service.send(bare("GET", "/health")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json, serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }));
}

async fn with_headers(service: &TestApp, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    service.send(with_token(request.body(Body::empty()).unwrap())).await
}

#[tokio::test]
async fn a_foreign_host_is_misdirected_on_every_route() {
    let service = TestApp::start(|_| {}).await;
    for (method, route, _) in routes() {
        let path = path_of(route, "dec_1");
        for host in ["evil.example", "127.0.0.1", "127.0.0.1:8378", "127.0.0.1:8377.evil.example", ""] {
            let answer = with_headers(&service, method, &path, &[("host", host)]).await;
            check_problem(&answer, 421, "host.foreign");
        }
        let answer = with_headers(&service, method, &path, &[]).await;
        check_problem(&answer, 421, "host.foreign");
    }
    let answer = with_headers(&service, "GET", "/nowhere", &[("host", "evil.example")]).await;
    check_problem(&answer, 421, "host.foreign");
}

#[tokio::test]
async fn a_foreign_origin_is_refused_and_our_own_passes() {
    let service = TestApp::start(|_| {}).await;
    let ours = [format!("http://{HOST}"), format!("https://{HOST}")];
    let foreign =
        ["https://evil.example", "null", "", HOST, "http://127.0.0.1", "http://127.0.0.1:8377.evil.example"];
    for (method, route, _) in routes() {
        let path = path_of(route, "dec_1");
        for origin in foreign {
            let answer = with_headers(&service, method, &path, &[("host", HOST), ("origin", origin)]).await;
            check_problem(&answer, 403, "origin.foreign");
        }
    }
    for origin in &ours {
        let answer = with_headers(&service, "GET", "/metrics", &[("host", HOST), ("origin", origin)]).await;
        assert_eq!(answer.status, 200, "{origin}");
    }
}

#[tokio::test]
async fn a_one_time_link_signs_a_browser_in_once() {
    let service = TestApp::start(|_| {}).await;
    let link = service.server.one_time_path().await.unwrap();
    let other = service.server.one_time_path().await.unwrap();
    assert_ne!(link, other);
    let answer = service.send(bare("GET", &link)).await;
    assert_eq!((answer.status, answer.headers["location"].to_str().unwrap()), (303, "/"));
    let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    let attributes: Vec<&str> = cookie.split(';').map(str::trim).collect();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(attributes.contains(&attribute), "{cookie}");
    }
    assert!(!link.contains(attributes[0].split_once('=').unwrap().1), "the session is not the code");
    let mut page = bare("GET", "/");
    page.headers_mut().insert("cookie", attributes[0].parse().unwrap());
    assert_eq!(service.send(page).await.status, 200);
    let again = service.send(bare("GET", &link)).await;
    assert_eq!(again.status, 401);
    assert!(!again.headers.contains_key("set-cookie"));
    assert_eq!(service.send(bare("GET", "/start/guess")).await.status, 401);
    assert_eq!(service.send(bare("HEAD", &other)).await.status, 405, "a preview does not use the link up");
    assert_eq!(service.send(bare("GET", &other)).await.status, 303, "another link is a link of its own");
}

#[tokio::test]
async fn a_session_and_an_unused_link_end() {
    let service = TestApp::start(|_| {}).await;
    let link = service.server.one_time_path().await.unwrap();
    let unused = service.server.one_time_path().await.unwrap();
    let answer = service.send(bare("GET", &link)).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = || {
        let mut page = bare("GET", "/");
        page.headers_mut().insert("cookie", cookie.parse().unwrap());
        page
    };
    service.clock.advance(std::time::Duration::from_secs(3_600));
    assert_eq!(service.send(page()).await.status, 200);
    assert_eq!(service.send(bare("GET", &unused)).await.status, 401, "after its 15 minutes");
    service.clock.advance(std::time::Duration::from_secs(12 * 3_600));
    assert_eq!(service.send(page()).await.status, 401);
}

#[tokio::test]
async fn every_answer_carries_the_safe_headers() {
    let service = TestApp::start(|_| {}).await;
    let decision = id_of(&service.decide(&at_home("auth0|anna")).await);
    for (method, route, right) in routes().into_iter().chain([("GET", "/nowhere", Right::Open)]) {
        for request in
            [bare(method, &path_of(route, &decision)), with_token(bare(method, &path_of(route, &decision)))]
        {
            let answer = service.send(request).await;
            let header =
                |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            let what = format!("{method} {route} {right:?} {}", answer.status);
            assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"), "{what}");
            assert_eq!(header("referrer-policy").as_deref(), Some("same-origin"), "{what}");
            let policy = header("content-security-policy").unwrap_or_default();
            assert!(
                policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
                "{what}"
            );
            let is_asset = route == "/static/{file}";
            assert_eq!(header("cache-control").as_deref() == Some("no-store"), !is_asset, "{what}");
        }
    }
}
