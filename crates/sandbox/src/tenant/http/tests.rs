use axum::http::Request;
use countersign_core::testing::HeldClock;
use tower::ServiceExt;

use super::*;
use crate::tenant::{Plan, testing};

fn app() -> Router {
    let clock = Arc::new(HeldClock::at(testing::NOW));
    router(Shell::new(testing::tenant(Plan::Unlimited), clock, "https"))
}

async fn ask(app: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    #[expect(clippy::disallowed_methods, reason = "the bound stands beside it")]
    let bytes = axum::body::to_bytes(body, LARGEST).await.unwrap();
    (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

fn request(verb: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(verb).uri(path).header("host", "tenant.example.com");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

async fn token(app: &Router) -> String {
    let body = json!({"grant_type": "client_credentials", "client_id": "first", "client_secret": "sesame",
        "audience": "https://tenant.example.com/api/v2/"});
    let (status, _, body) = ask(app, request("POST", "/oauth/token", &[JSON], &body.to_string())).await;
    assert_eq!((status, &body["token_type"]), (StatusCode::OK, &json!("Bearer")), "{body}");
    body["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_secret_is_taken_from_json_a_form_or_a_basic_header() {
    let app = app();
    token(&app).await;
    let form = "grant_type=client_credentials&audience=https%3A%2F%2Ftenant.example.com%2Fapi%2Fv2%2F";
    let whole = format!("{form}&client_id=first&client_secret=sesame");
    assert_eq!(ask(&app, request("POST", "/oauth/token", &[FORM], &whole)).await.0, StatusCode::OK);
    let basic = format!("Basic {}", STANDARD.encode("first:sesame"));
    let headers = [FORM, ("authorization", basic.as_str())];
    assert_eq!(ask(&app, request("POST", "/oauth/token", &headers, form)).await.0, StatusCode::OK);
    assert_eq!(ask(&app, request("POST", "/oauth/token", &[FORM], form)).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn calls_go_through_and_a_reset_forgets_them() {
    let app = app();
    let bearer = format!("bearer {}", token(&app).await);
    let headers = [JSON, ("authorization", bearer.as_str())];
    let (status, answered, role) =
        ask(&app, request("POST", "/api/v2/roles", &headers, r#"{"name":"Admin"}"#)).await;
    assert_eq!((status, &role["name"]), (StatusCode::OK, &json!("Admin")));
    assert_eq!(answered["content-type"], "application/json; charset=utf-8");
    let (status, _, body) = ask(&app, request("POST", "/api/v2/roles", &headers, "{")).await;
    assert_eq!((status, &body["statusCode"]), (StatusCode::BAD_REQUEST, &json!(400)));
    assert_eq!(ask(&app, request("POST", "/sandbox/reset", &[], "")).await.0, StatusCode::NO_CONTENT);
    let (_, _, roles) = ask(&app, request("GET", "/api/v2/roles", &headers, "")).await;
    assert_eq!(roles, json!([]));
}

#[tokio::test]
async fn what_is_not_there_is_not_found_in_the_vendors_envelope() {
    let app = app();
    let (status, _, body) = ask(&app, request("GET", "/nowhere", &[], "")).await;
    assert_eq!((status, &body["error"]), (StatusCode::NOT_FOUND, &json!("Not Found")));
    let large = "x".repeat(LARGEST + 1);
    let (status, _, body) = ask(&app, request("POST", "/api/v2/roles", &[JSON], &large)).await;
    assert_eq!((status, &body["statusCode"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!(413)));
}

#[tokio::test]
async fn discovery_names_the_host_that_was_called() {
    let (_, _, found) = ask(&app(), request("GET", "/.well-known/openid-configuration", &[], "")).await;
    assert_eq!(found["issuer"], "https://tenant.example.com/");
    let (_, _, jwks) = ask(&app(), request("GET", "/.well-known/jwks.json", &[], "")).await;
    assert_eq!((&jwks["keys"][0]["kty"], &jwks["keys"][0]["use"]), (&json!("RSA"), &json!("sig")));
}
