//! Single sign-on by the browser's session.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::testing::{BACK, VERIFIER, World, code_of};
use crate::tenant::{
    Method,
    access::NewMethod,
    testing::{BASE, NOW},
};

/// A browser: its cookie.
#[derive(Default)]
struct Browser(String);

/// What an answer comes to: a page, or the address that the browser is sent to.
#[derive(Debug, PartialEq)]
enum Seen {
    Page(String),
    Sent(String),
}

impl Seen {
    fn code(&self) -> &str {
        let Self::Sent(location) = self else { panic!("{self:?}") };
        code_of(location)
    }

    fn is_error(&self, error: &str) -> bool {
        matches!(self, Self::Sent(to) if to.starts_with(&format!("{BACK}?error={error}&")))
    }

    fn asks_for_password(&self) -> bool {
        matches!(self, Self::Page(page) if page.contains("type=\"password\""))
    }
}

impl Browser {
    async fn go(&mut self, world: &World, verb: &str, path: &str, body: &str) -> (StatusCode, Seen) {
        let (status, headers, page) = world.ask(verb, path, &[("cookie", &self.0)], body).await;
        self.keep(&headers);
        let sent = headers.get("location").map(|to| to.to_str().unwrap().to_owned());
        (status, sent.map_or(Seen::Page(page), Seen::Sent))
    }

    fn keep(&mut self, headers: &HeaderMap) {
        if let Some(cookie) = headers.get("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=None; Secure"), "{cookie}");
            cookie.split_once(';').unwrap().0.clone_into(&mut self.0);
        }
    }

    async fn authorize(&mut self, world: &World, changes: &[(&str, &str)]) -> Seen {
        self.go(world, "GET", &format!("/authorize?{}", world.query(changes)), "").await.1
    }

    async fn sign_in(&mut self, world: &World, name: &str, changes: &[(&str, &str)]) -> Seen {
        let who = format!("username={name}%40example.com&password=a+good+password");
        let body = format!("{}&{who}", world.query(changes));
        self.go(world, "POST", "/authorize", &body).await.1
    }

    /// Signs in, and tells what the ID token says.
    async fn signed_in(&mut self, world: &World) -> Value {
        let seen = self.sign_in(world, "pat", &[]).await;
        said(world, &seen).await
    }
}

/// What the ID token says that a code is exchanged for.
async fn said(world: &World, seen: &Seen) -> Value {
    let (_, tokens) = world.exchange(seen.code(), &format!("&code_verifier={VERIFIER}")).await;
    world.claims(&tokens["id_token"])
}

fn user(world: &World, name: &str) -> String {
    let body = json!({"connection": "people", "email": format!("{name}@example.com"), "password": "a good password"});
    world.call(Method::Post, "/users", body)["user_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_browser_that_is_signed_in_is_not_asked_again() {
    let (world, mut browser) = (World::new(), Browser::default());
    let first = browser.signed_in(&world).await;
    world.clock.advance(Duration::from_secs(60));
    let again = said(&world, &browser.authorize(&world, &[]).await).await;
    assert_eq!((&again["sid"], &again["sub"]), (&first["sid"], &first["sub"]));
    assert_eq!(again["auth_time"], NOW.seconds(), "nobody was there again");
    let silent = said(&world, &browser.authorize(&world, &[("prompt", "none")]).await).await;
    assert_eq!(silent["sid"], first["sid"]);
    assert_eq!(world.types(), ["s", "seacft", "s", "seacft", "ssa", "seacft"]);
    assert!(Browser::default().authorize(&world, &[]).await.asks_for_password());
    // Applications know the session's id, which proves nothing.
    let sid = first["sid"].as_str().unwrap();
    for forged in [format!("auth0={sid}."), format!("auth0={sid}.{sid}"), format!("auth0={sid}")] {
        assert!(Browser(forged).authorize(&world, &[]).await.asks_for_password());
    }
}

#[tokio::test]
async fn who_must_be_there_is_asked_again_in_the_same_session() {
    let (world, mut browser) = (World::new(), Browser::default());
    let first = browser.signed_in(&world).await;
    world.clock.advance(Duration::from_secs(61));
    for changes in [[("prompt", "login")], [("prompt", "select_account")], [("max_age", "60")]] {
        assert!(browser.authorize(&world, &changes).await.asks_for_password(), "{changes:?}");
    }
    assert!(browser.authorize(&world, &[("max_age", "61")]).await.code().len() > 20);
    let late = [("prompt", "none"), ("max_age", "60")];
    assert!(browser.authorize(&world, &late).await.is_error("login_required"));
    for wrong in [[("prompt", "none login")], [("max_age", "soon")]] {
        assert!(browser.authorize(&world, &wrong).await.is_error("invalid_request"), "{wrong:?}");
    }
    let seen = browser.sign_in(&world, "pat", &[("prompt", "login")]).await;
    let again = said(&world, &seen).await;
    assert_eq!((&again["sid"], &again["auth_time"]), (&first["sid"], &json!(NOW.seconds() + 61)));
    assert!(browser.authorize(&world, &[("max_age", "0")]).await.asks_for_password());
    assert!(browser.sign_in(&world, "pat", &[("prompt", "none")]).await.is_error("login_required"));
    let empty = format!("{}&username=&password=", world.query(&[]));
    assert!(browser.go(&world, "POST", "/authorize", &empty).await.1.asks_for_password());
}

#[tokio::test]
async fn another_user_of_the_browser_ends_the_session_before() {
    let (world, mut browser) = (World::new(), Browser::default());
    let kim = user(&world, "kim");
    let first = browser.signed_in(&world).await;
    let before = Browser(browser.0.clone());
    let second = said(&world, &browser.sign_in(&world, "kim", &[]).await).await;
    assert_eq!(second["sub"], kim);
    assert_ne!(second["sid"], first["sid"]);
    let Browser(cookie) = before;
    assert!(Browser(cookie).authorize(&world, &[]).await.asks_for_password());
    let gone = world.send(Method::Get, &format!("/sessions/{}", first["sid"].as_str().unwrap()), None);
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn signing_out_ends_the_session_where_the_browser_may_go() {
    let (world, mut browser) = (World::new(), Browser::default());
    let claims = browser.signed_in(&world).await;
    let cookie = browser.0.clone();
    let bad = format!("/v2/logout?client_id={}&returnTo=https%3A%2F%2Fevil.example%2F", world.client);
    assert_eq!(browser.go(&world, "GET", &bad, "").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(browser.authorize(&world, &[("prompt", "none")]).await.code().len(), 48);
    let good = bad.replace("evil.example%2F", "app.example.com%2Fbye");
    let (status, seen) = browser.go(&world, "GET", &good, "").await;
    assert_eq!((status, seen), (StatusCode::FOUND, Seen::Sent("https://app.example.com/bye".into())));
    assert_eq!(browser.0, "auth0=");
    assert!(Browser(cookie).authorize(&world, &[("prompt", "none")]).await.is_error("login_required"));
    let records = world.records();
    let (left, out) = (&records[2], &records[4]);
    assert_eq!((&left["type"], &out["type"]), (&json!("flo"), &json!("slo")));
    let details = json!({"return_to": "https://app.example.com/bye",
        "allowed_logout_url": ["https://app.example.com/bye"], "session_id": claims["sid"]});
    assert_eq!((&out["details"], &out["user_name"]), (&details, &json!("pat@example.com")));
    let without = browser.go(&world, "GET", "/v2/logout", "").await;
    assert_eq!((without.0, world.records().len()), (StatusCode::OK, records.len()), "nobody was there");
}

#[tokio::test]
async fn an_id_token_that_is_handed_back_names_the_application_even_when_it_has_ended() {
    let (world, mut browser) = (World::new(), Browser::default());
    let seen = browser.sign_in(&world, "pat", &[]).await;
    let (_, tokens) = world.exchange(seen.code(), &format!("&code_verifier={VERIFIER}")).await;
    world.clock.advance(Duration::from_secs(40_000));
    let path = |hint: &str| {
        let back = "https%3A%2F%2Fapp.example.com%2Fbye";
        format!("/oidc/logout?id_token_hint={hint}&post_logout_redirect_uri={back}&state=s%261")
    };
    let hint = tokens["id_token"].as_str().unwrap();
    let forged = format!("{}x", hint.rsplit_once('.').unwrap().0);
    assert_eq!(browser.go(&world, "GET", &path(&forged), "").await.0, StatusCode::BAD_REQUEST);
    let (_, seen) = browser.go(&world, "GET", &path(hint), "").await;
    assert_eq!(seen, Seen::Sent("https://app.example.com/bye?state=s%261".into()));
    assert!(browser.authorize(&world, &[]).await.asks_for_password());
}

#[tokio::test]
async fn an_application_of_somebody_else_gets_what_it_asks_for_once_that_was_let() {
    let (world, mut browser) = (World::new(), Browser::default());
    browser.signed_in(&world).await;
    let other = world.call(
        Method::Post,
        "/clients",
        json!({"name": "Other", "callbacks": [BACK], "app_type": "regular_web", "is_first_party": false,
            "oidc_conformant": true, "grant_types": ["authorization_code"]}),
    );
    let id = other["client_id"].as_str().unwrap();
    let ours = [("client_id", id)];
    let silent = [("client_id", id), ("prompt", "none")];
    assert!(browser.authorize(&world, &silent).await.is_error("consent_required"));
    let ticket = |seen: &Seen| {
        let Seen::Page(page) = seen else { panic!("{seen:?}") };
        assert!(page.contains("Other asks for: openid profile email"), "{page}");
        let (_, rest) = page.split_once("name=\"ticket\" value=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let first = ticket(&browser.authorize(&world, &ours).await);
    let answer = |ticket: &str, answer: &str| format!("ticket={ticket}&answer={answer}");
    let path = "/authorize/consent";
    let stolen = Browser::default().go(&world, "POST", path, &answer(&first, "accept")).await;
    assert_eq!(stolen.0, StatusCode::BAD_REQUEST);
    let second = ticket(&browser.authorize(&world, &ours).await);
    let declined = browser.go(&world, "POST", path, &answer(&second, "decline")).await.1;
    assert!(declined.is_error("access_denied"), "{declined:?}");
    assert!(browser.authorize(&world, &silent).await.is_error("consent_required"));
    let third = ticket(&browser.authorize(&world, &ours).await);
    assert_eq!(browser.go(&world, "POST", path, &answer(&third, "accept")).await.1.code().len(), 48);
    let spent = browser.go(&world, "POST", path, &answer(&third, "accept")).await;
    assert_eq!(spent.0, StatusCode::BAD_REQUEST);
    assert_eq!(browser.authorize(&world, &silent).await.code().len(), 48);
    let more = [("client_id", id), ("prompt", "none"), ("scope", "openid phone")];
    assert!(browser.authorize(&world, &more).await.is_error("consent_required"), "more than was let");
    ticket(&browser.authorize(&world, &[("client_id", id), ("prompt", "consent")]).await);
    // Who signs in on the page that says what the application gets lets it have that.
    let page = Browser::default().authorize(&world, &more[..1]).await;
    assert!(matches!(&page, Seen::Page(page) if page.contains("It gets: openid profile email")));
    let types = world.types();
    assert_eq!(types[2..], ["fsa", "fsa", "s", "ssa", "fsa"]);
}

#[tokio::test]
async fn actions_of_a_silent_sign_in_run_and_may_ask_for_nothing() {
    let (world, mut browser) = (World::new(), Browser::default());
    world.bind(
        "exports.onExecutePostLogin = async (event, api) => {
            const isSilent = event.transaction.prompt.includes('none');
            api.idToken.setCustomClaim('https://example.com/seen', [isSilent, api.redirect.canRedirect(), event.session.id]);
            if (isSilent && event.transaction.requested_scopes.includes('phone')) api.redirect.sendUserTo('https://app.example.com/more');
            if (event.transaction.requested_scopes.includes('address')) api.access.deny('not today');
        };",
    );
    let first = browser.signed_in(&world).await;
    assert_eq!(first["https://example.com/seen"], json!([false, true, first["sid"]]));
    let silent = said(&world, &browser.authorize(&world, &[("prompt", "none")]).await).await;
    assert_eq!(silent["https://example.com/seen"], json!([true, false, first["sid"]]));
    let redirected = [("prompt", "none"), ("scope", "openid phone")];
    assert!(browser.authorize(&world, &redirected).await.is_error("interaction_required"));
    let denied = [("prompt", "none"), ("scope", "openid address")];
    assert!(browser.authorize(&world, &denied).await.is_error("access_denied"));
    assert_eq!(world.types()[2..], ["ssa", "seacft", "fsa", "fsa"]);
    let path = format!("/users/{}", first["sub"].as_str().unwrap().replace('|', "%7C"));
    world.call(Method::Patch, &path, json!({"blocked": true}));
    assert!(browser.authorize(&world, &[("prompt", "none")]).await.is_error("unauthorized"));
}

#[tokio::test]
async fn a_factor_passed_once_is_remembered_by_the_session() {
    let (world, mut browser) = (World::new(), Browser::default());
    world.bind(
        "exports.onExecutePostLogin = async (event, api) => {
            api.session.setCookieMode('persistent');
            if (!event.authentication.methods.some((method) => method.name === 'mfa')) api.authentication.challengeWithAny([{ type: 'otp' }]);
        };",
    );
    let pat =
        world.send(Method::Get, "/users-by-email?email=pat@example.com", None).json()[0]["user_id"].clone();
    let user_id = pat.as_str().unwrap();
    let method = NewMethod { user_id, kind: "totp", ..NewMethod::default() };
    world.shell.tenant().lock().state_mut().enroll(&method, NOW);
    let Seen::Page(page) = browser.sign_in(&world, "pat", &[]).await else { panic!("no page") };
    assert!(browser.0.is_empty(), "there is no session before the factor");
    let (_, rest) = page.split_once("name=\"transaction\" value=\"").unwrap();
    let state = rest.split_once('"').unwrap().0;
    let body = format!("{}&transaction={state}&factor=otp", world.query(&[]));
    let (_, headers, _) = world.ask("POST", "/authorize/continue", &[], &body).await;
    browser.keep(&headers);
    let cookie = headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; Max-Age=604800;"), "{cookie}");
    let silent = said(&world, &browser.authorize(&world, &[("prompt", "none")]).await).await;
    assert_eq!((&silent["amr"], &silent["iss"]), (&json!(["pwd", "mfa"]), &json!(format!("{BASE}/"))));
}
