use axum::http::StatusCode;
use serde_json::{Value, json};

use super::testing::{BACK, VERIFIER, World, code_of};
use crate::tenant::{
    http::Ready,
    testing::{self, BASE, NOW},
};

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
async fn the_page_offers_who_is_ready_and_a_button_signs_in_as_them() {
    let pat = Ready {
        name: "Pat <b>".to_owned(),
        what: "looks after \"incidents\"".to_owned(),
        email: "pat@example.com".to_owned(),
        password: "a good password".to_owned(),
    };
    let world = World::with_ready(vec![pat]);
    let (status, headers, page) =
        world.ask("GET", &format!("/authorize?{}", world.query(&[])), &[], "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("<strong>Pat &lt;b&gt;</strong><span>looks after &quot;incidents&quot;</span>"),
        "{page}"
    );
    let (_, form) = page.split_once("name=\"username\" value=\"").unwrap();
    let (email, form) = form.split_once('"').unwrap();
    let (_, form) = form.split_once("name=\"password\" value=\"").unwrap();
    let (password, _) = form.split_once('"').unwrap();
    assert_eq!((email, password), ("pat@example.com", "a good password"));
    let (status, location, _) = world.sign_in(&password.replace(' ', "+")).await;
    assert_eq!(status, StatusCode::FOUND);
    assert!(location.contains("code="), "{location}");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
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
