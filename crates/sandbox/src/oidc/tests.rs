use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_core::testing::HeldClock;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::tenant::{
    Call, Method, Plan,
    http::{Shell, router},
    testing::{self, BASE, NOW},
};

const BOUND: usize = 100_000;
const BACK: &str = "https://app.example.com/back";
const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-of-43-characters";

struct World {
    app: Router,
    shell: Shell,
    client: String,
    secret: String,
}

impl World {
    fn new() -> Self {
        let mut tenant = testing::tenant(Plan::Unlimited);
        let token = testing::token(&mut tenant);
        let mut post = |path: &str, body: Value| {
            let call = Call::new(Method::Post, BASE, path).with_bearer(&token).with_json(body);
            let reply = tenant.call(&call, NOW);
            assert!(reply.status < 300, "{}", reply.json());
            reply.json().clone()
        };
        post("/connections", json!({"name": "people", "strategy": "auth0"}));
        post(
            "/users",
            json!({"connection": "people", "email": "pat@example.com", "password": "a good password"}),
        );
        let client = post(
            "/clients",
            json!({"name": "A & B", "callbacks": [BACK], "app_type": "regular_web",
            "grant_types": ["authorization_code", "password"]}),
        );
        let text = |name: &str| client[name].as_str().unwrap().to_owned();
        let shell = Shell::new(tenant, Arc::new(HeldClock::at(NOW)), "https");
        Self { app: router(shell.clone()), shell, client: text("client_id"), secret: text("client_secret") }
    }

    async fn ask(
        &self,
        verb: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (StatusCode, HeaderMap, String) {
        let mut request = Request::builder().method(verb).uri(path).header("host", "tenant.example.com");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            self.app.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        #[expect(clippy::disallowed_methods, reason = "the bound stands beside it")]
        let bytes = axum::body::to_bytes(body, BOUND).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn query(&self, changes: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()).as_ref());
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", &self.client),
            ("redirect_uri", BACK),
            ("scope", "openid profile email"),
            ("state", "s&1"),
            ("nonce", "n1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        fields.extend(changes);
        let encode = |text: &str| text.replace('&', "%26").replace(':', "%3A").replace(' ', "+");
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Where signing in leads.
    async fn sign_in(&self, password: &str) -> (StatusCode, String, String) {
        let body = format!("{}&username=pat%40example.com&password={password}", self.query(&[]));
        let (status, headers, page) = self.ask("POST", "/authorize", &[], &body).await;
        let location = headers.get("location").map_or("", |location| location.to_str().unwrap());
        (status, location.to_owned(), page)
    }

    async fn exchange(&self, code: &str, changes: &str) -> (StatusCode, Value) {
        let body = format!(
            "grant_type=authorization_code&client_id={}&client_secret={}&code={code}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fback{changes}",
            self.client, self.secret
        );
        let (status, _, body) = self.ask("POST", "/oauth/token", &[], &body).await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

fn code_of(location: &str) -> &str {
    location.strip_prefix("https://app.example.com/back?code=").unwrap().split_once('&').unwrap().0
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_names_who_signed_in() {
    let world = World::new();
    let (status, _, page) = world.ask("GET", &format!("/authorize?{}", world.query(&[])), &[], "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("to A &amp; B<") && page.contains("type=\"password\""));
    let (status, _, page) = world.sign_in("wrong").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Wrong email or password.") && !page.contains("value=\"wrong\""));
    let (status, location, _) = world.sign_in("a+good+password").await;
    assert_eq!(status, StatusCode::FOUND);
    assert!(location.ends_with("&state=s%261"), "{location}");
    let (status, tokens) = world.exchange(code_of(&location), &format!("&code_verifier={VERIFIER}")).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    let claims = world.shell.tenant().lock().claims_of(tokens["id_token"].as_str().unwrap(), NOW).unwrap();
    assert_eq!((&claims["aud"], &claims["nonce"]), (&json!(world.client), &json!("n1")));
    assert_eq!((&claims["iss"], &claims["email"]), (&json!(format!("{BASE}/")), &json!("pat@example.com")));
    assert!(claims["sid"].is_string() && claims["auth_time"] == NOW.seconds());
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let (status, _, profile) = world.ask("GET", "/userinfo", &[("authorization", &bearer)], "").await;
    let profile: Value = serde_json::from_str(&profile).unwrap();
    assert_eq!(
        (status, &profile["sub"], &profile["email"]),
        (StatusCode::OK, &claims["sub"], &claims["email"])
    );
    let (status, again) = world.exchange(code_of(&location), &format!("&code_verifier={VERIFIER}")).await;
    assert_eq!((status, &again["error"]), (StatusCode::FORBIDDEN, &json!("invalid_grant")));
}

#[tokio::test]
async fn a_code_without_its_verifier_gives_nothing() {
    let world = World::new();
    for verifier in ["", "&code_verifier=another"] {
        let (_, location, _) = world.sign_in("a+good+password").await;
        let (status, body) = world.exchange(code_of(&location), verifier).await;
        assert_eq!((status, &body["error"]), (StatusCode::FORBIDDEN, &json!("invalid_grant")), "{verifier}");
    }
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_the_clients() {
    let world = World::new();
    for changes in [[("redirect_uri", "https://app.example.com/back/x")], [("client_id", "nobody")]] {
        let path = format!("/authorize?{}", world.query(&changes));
        let (status, headers, _) = world.ask("GET", &path, &[], "").await;
        assert_eq!((status, headers.get("location")), (StatusCode::BAD_REQUEST, None), "{changes:?}");
    }
    for (changes, error) in [
        ([("response_type", "token")], "unsupported_response_type"),
        ([("code_challenge_method", "plain")], "invalid_request"),
        ([("prompt", "none")], "login_required"),
    ] {
        let path = format!("/authorize?{}", world.query(&changes));
        let (status, headers, _) = world.ask("GET", &path, &[], "").await;
        let location = headers["location"].to_str().unwrap();
        assert_eq!(status, StatusCode::FOUND);
        assert!(location.starts_with(&format!("{BACK}?error={error}&")), "{location}");
    }
}

#[tokio::test]
async fn a_password_alone_gets_tokens_and_a_token_of_an_api_no_profile() {
    let world = World::new();
    let body = format!(
        "grant_type=password&client_id={}&client_secret={}&username=pat%40example.com&password=a+good+password&scope=openid",
        world.client, world.secret
    );
    let (status, _, answer) = world.ask("POST", "/oauth/token", &[], &body).await;
    let tokens: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((status, &tokens["scope"]), (StatusCode::OK, &json!("openid")), "{answer}");
    let (status, _, answer) = world.ask("POST", "/oauth/token", &[], &body.replace("good", "bad")).await;
    let refused: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((status, &refused["error"]), (StatusCode::FORBIDDEN, &json!("invalid_grant")));
    let management = testing::token(&mut world.shell.tenant().lock());
    let bearer = format!("Bearer {management}");
    let (status, _, _) = world.ask("GET", "/userinfo", &[("authorization", &bearer)], "").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_simulation_takes_json_of_its_own_type_and_no_other() {
    let world = World::new();
    let order = json!({"user": "pat@example.com", "client_id": world.client, "scope": "openid"}).to_string();
    let typed = ("content-type", "application/json");
    let path = "/sandbox/simulate/login";
    let (status, _, answer) = world.ask("POST", path, &[typed], &order).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        (status, &answer["outcome"], &answer["logs"]),
        (StatusCode::OK, &json!("done"), &json!(["s"]))
    );
    let plain = ("content-type", "text/plain");
    assert_eq!(world.ask("POST", path, &[plain], &order).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(world.ask("POST", path, &[typed], r#"{"usr": 1}"#).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(world.ask("POST", "/sandbox/simulate/dance", &[typed], "{}").await.0, StatusCode::NOT_FOUND);
}
