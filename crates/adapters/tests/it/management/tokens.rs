//! Tokens: one request for all, renewed in time, and given up when refused.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_adapters::management::{Credentials, KeyAlgorithm, Plan, Settings};
use countersign_app::management::{Error, Lane, Why};
use countersign_auth0::management::users;
use countersign_core::{Secret, testing::HeldClock};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::tenant::{
    Act, START, Tenant, answer, cause, decided, id, ok, refuse, serve, settings, tenant, token, user,
};

/// A tenant that does this about tokens and gives the user for all else.
async fn giving(act: impl Fn(usize) -> Act + Send + Sync + 'static) -> Tenant {
    let clock = Arc::new(HeldClock::at(START));
    let act = move |asked: &super::tenant::Asked| {
        if asked.target == "/oauth/token" { act(asked.before) } else { ok(&user()) }
    };
    serve(clock, act, |url| settings(url, Plan::Unlimited)).await
}

async fn get(tenant: &Tenant) -> Result<users::User, Error> {
    tenant.management.read(&users::get(&id()), Lane::Interactive).await
}

async fn many(tenant: &Tenant) -> Vec<Result<users::User, Error>> {
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let management = Arc::clone(&tenant.management);
        tasks.spawn(async move { management.read(&users::get(&id()), Lane::Interactive).await });
    }
    tasks.join_all().await
}

/// The token that the last request showed.
fn shown(tenant: &Tenant) -> String {
    let last = tenant.all().pop().unwrap().whole;
    last.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).unwrap().to_owned()
}

#[tokio::test]
async fn a_hundred_calls_at_once_ask_for_one_token() {
    let tenant = tenant(|_| ok(&user())).await;
    assert!(many(&tenant).await.iter().all(Result::is_ok));
    assert_eq!((tenant.tokens(), tenant.asked().len()), (1, 100));
    assert_eq!(tenant.management.scopes().unwrap().to_vec(), ["read:users", "update:users"]);
    let request = tenant.all().into_iter().find(|asked| asked.target == "/oauth/token").unwrap().json();
    let audience = format!("{}api/v2/", tenant.url);
    assert_eq!(
        (request["grant_type"].as_str(), request["audience"].as_str()),
        (Some("client_credentials"), Some(audience.as_str()))
    );
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let tenant = giving(|number| token(number, 86_400)).await;
    get(&tenant).await.unwrap();
    tenant.clock.advance(Duration::from_secs(86_400 - 301));
    get(&tenant).await.unwrap();
    assert_eq!(shown(&tenant), "CANARY-token-0");
    tenant.clock.advance(Duration::from_secs(2));
    get(&tenant).await.unwrap();
    assert_eq!((shown(&tenant).as_str(), tenant.tokens()), ("CANARY-token-1", 2));
}

#[tokio::test]
async fn a_token_that_can_not_be_renewed_serves_until_its_end() {
    let tenant = giving(|number| if number == 0 { token(0, 100) } else { answer("503 Down", &[], "") }).await;
    get(&tenant).await.unwrap();
    tenant.clock.advance(Duration::from_secs(95));
    assert!(many(&tenant).await.iter().all(Result::is_ok));
    assert_eq!(tenant.tokens(), 2, "the failure is remembered for a while");
    tenant.clock.advance(Duration::from_secs(6));
    assert!(matches!(get(&tenant).await, Err(Error::Unavailable { why: Why::NoToken, .. })));
}

#[tokio::test]
async fn refused_credentials_are_told_to_all_who_wait_and_asked_about_once() {
    let body = r#"{"error":"access_denied","error_description":"CANARY-client-secret"}"#;
    let tenant = giving(move |_| answer("401 Unauthorized", &[], body)).await;
    let errors: Vec<Error> = many(&tenant).await.into_iter().map(Result::unwrap_err).collect();
    assert!(errors.iter().all(|error| matches!(error, Error::Unavailable { why: Why::Credentials, .. })));
    assert_eq!((tenant.tokens(), tenant.asked().len()), (1, 0));
    tenant.clock.advance(Duration::from_secs(2));
    get(&tenant).await.unwrap_err();
    assert_eq!(tenant.tokens(), 2, "after a pause it is asked again");
    tenant.clock.advance(Duration::from_millis(1_500));
    get(&tenant).await.unwrap_err();
    assert_eq!(tenant.tokens(), 2, "the pause has grown");
}

#[tokio::test]
async fn a_tenant_that_gives_no_token_now_is_asked_again_a_few_times() {
    let tenant =
        giving(|number| if number < 2 { answer("503 Down", &[], "") } else { token(number, 100) }).await;
    get(&tenant).await.unwrap();
    assert!(tenant.tokens() == 3 && tenant.slept().len() <= 3, "{:?}", tenant.slept());
}

#[tokio::test]
async fn answers_without_a_token_are_no_tokens() {
    for body in [
        "",
        "{}",
        r#"{"access_token":"a\nb","token_type":"Bearer","expires_in":1}"#,
        r#"{"access_token":"a","token_type":"mac","expires_in":1}"#,
    ] {
        let tenant = giving(|_| answer("200 OK", &[], body)).await;
        assert!(matches!(get(&tenant).await, Err(Error::Unavailable { why: Why::Nonsense, .. })), "{body}");
    }
}

#[tokio::test]
async fn a_revoked_token_is_replaced_once() {
    let revoked = |asked: &super::tenant::Asked| {
        if asked.whole.contains("CANARY-token-0") {
            refuse("401 Unauthorized", "", "Invalid token")
        } else {
            ok(&user())
        }
    };
    let tenant = tenant(revoked).await;
    assert!(many(&tenant).await.iter().all(Result::is_ok));
    assert_eq!(tenant.tokens(), 2, "however many were told so");
}

#[tokio::test]
async fn tokens_that_are_all_refused_end_in_an_error() {
    let tenant = tenant(|_| refuse("401 Unauthorized", "", "Invalid token")).await;
    let error = get(&tenant).await.unwrap_err();
    assert_eq!(error.to_string(), "`users.get` was refused with status 401: Invalid token");
    assert_eq!((tenant.tokens(), tenant.asked().len()), (2, 2));
}

#[tokio::test]
async fn a_private_key_signs_an_assertion_for_each_request() {
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let public = DecodingKey::from_rsa_pem(pair.public_key_pem().as_bytes()).unwrap();
    for (algorithm, expected) in [
        (KeyAlgorithm::Rs256, Algorithm::RS256),
        (KeyAlgorithm::Rs384, Algorithm::RS384),
        (KeyAlgorithm::Ps256, Algorithm::PS256),
    ] {
        let pem = Secret::new(pair.serialize_pem().into_bytes());
        let key_id = Some("kid-1".to_owned());
        let clock = Arc::new(HeldClock::at(START));
        let act = |asked: &super::tenant::Asked| {
            if asked.target == "/oauth/token" { token(asked.before, 10) } else { ok(&user()) }
        };
        let with_key = |url: &str| Settings {
            credentials: Credentials::Key { pem, algorithm, key_id },
            ..settings(url, Plan::Unlimited)
        };
        let tenant = serve(clock, act, with_key).await;
        get(&tenant).await.unwrap();
        tenant.clock.advance(Duration::from_secs(11));
        get(&tenant).await.unwrap();
        let mut used = Vec::new();
        for request in tenant.all().iter().filter(|asked| asked.target == "/oauth/token") {
            let body = request.json();
            assert_eq!(
                body["client_assertion_type"],
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            );
            assert_eq!(body.get("client_secret"), None);
            let assertion = body["client_assertion"].as_str().unwrap();
            let mut validation = Validation::new(expected);
            // Time stands still here, and the library's does not.
            validation.validate_exp = false;
            validation.set_audience(&[&tenant.url]);
            let claims: Value = decode(assertion, &public, &validation).unwrap().claims;
            assert_eq!(decode_header(assertion).unwrap().kid.as_deref(), Some("kid-1"));
            assert_eq!(
                (claims["iss"].as_str(), claims["sub"].as_str()),
                (Some("CANARY-client"), Some("CANARY-client"))
            );
            assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
            used.push(claims["jti"].clone());
        }
        assert!(used.len() == 2 && used[0] != used[1]);
    }
}

/// A token with an id of its own.
fn named(number: usize) -> Act {
    let claims = URL_SAFE_NO_PAD.encode(format!("{{\"jti\":\"t{number}\"}}"));
    ok(&json!({"access_token": format!("e30.{claims}.x"), "token_type": "Bearer", "expires_in": 1_000}))
}

/// The ids of the tokens that writes were said to be sent with.
fn makers(tenant: &Tenant) -> Vec<String> {
    let makers = tenant.records.makers.lock().unwrap().clone();
    makers.into_iter().map(|maker| maker.map(|maker| maker.token_id).unwrap_or_default()).collect()
}

/// The ids of the tokens that requests to this path showed.
fn ids_shown(tenant: &Tenant, path: &str) -> Vec<String> {
    let asked = tenant.all().into_iter().filter(|asked| asked.target == path);
    let claims = asked.map(|asked| {
        let token = asked.whole.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice::<Value>(&claims).unwrap()["jti"].as_str().unwrap().to_owned()
    });
    claims.collect()
}

/// A tenant that gives tokens with ids, and does this about all else.
async fn naming(act: impl Fn(&super::tenant::Asked) -> Act + Send + Sync + 'static) -> Tenant {
    let act = move |asked: &super::tenant::Asked| {
        if asked.target == "/oauth/token" { named(asked.before) } else { act(asked) }
    };
    serve(Arc::new(HeldClock::at(START)), act, |url| settings(url, Plan::Unlimited)).await
}

#[tokio::test]
async fn a_write_that_is_sent_again_by_another_token_is_recorded_by_that_too() {
    let user_path = "/api/v2/users/auth0%7C1";
    let tenant = naming(|asked| match asked.before {
        0 => refuse("401 Unauthorized", "", "Invalid token"),
        _ => ok(&user()),
    })
    .await;
    tenant.management.write(&users::block(&id(), true), Lane::Containment, &cause()).await.unwrap();
    assert_eq!(
        (makers(&tenant), ids_shown(&tenant, user_path)),
        (vec!["t0".into(), "t1".into()], vec!["t0".into(), "t1".into()])
    );
    let lines = tenant.records.lines.lock().unwrap().clone();
    assert_eq!(lines, ["users.update tester", "1: Refused(401)", "users.update tester", "3: Done(200)"]);
}

#[tokio::test]
async fn a_token_that_is_renewed_between_two_tries_is_recorded_before_it_is_shown() {
    let tenant = naming(|asked| match asked.before {
        0 if asked.method == "DELETE" => answer("429 Too Many Requests", &["retry-after: 50"], "{}"),
        _ if asked.method == "DELETE" => answer("204 No Content", &[], ""),
        _ => ok(&user()),
    })
    .await;
    get(&tenant).await.unwrap();
    // Its last tenth begins while the write waits.
    tenant.clock.advance(Duration::from_secs(880));
    tenant.management.write(&users::delete(&id()), Lane::Bulk, &decided()).await.unwrap();
    let shown = ids_shown(&tenant, "/api/v2/users/auth0%7C1");
    assert_eq!(makers(&tenant), shown[1..], "{shown:?}");
    assert_eq!(makers(&tenant).last().map(String::as_str), Some("t1"));
}

#[tokio::test]
async fn nothing_is_sent_again_by_a_new_token_after_an_answer_that_is_none() {
    let create =
        || users::create(super::tenant::fields(&json!({"email": "a@example.com", "connection": "people"})));
    // Its token is refused, and of the second sending nobody knows.
    let tenant = naming(|asked| match asked.before {
        0 => refuse("401 Unauthorized", "", "Invalid token"),
        _ => Act::Close,
    })
    .await;
    let error = tenant.management.write(&create(), Lane::Bulk, &cause()).await.unwrap_err();
    assert!(matches!(error, Error::Unknown { .. }), "{error}");
    assert_eq!(ids_shown(&tenant, "/api/v2/users"), ["t0", "t1"]);
    let lines = tenant.records.lines.lock().unwrap().clone();
    assert_eq!(lines[1..], ["1: Refused(401)", "users.create tester", "3: Unknown"]);
    // Of the first sending nobody knows: no token makes it two.
    let tenant = naming(|asked| match asked.before {
        0 => Act::Close,
        _ => refuse("401 Unauthorized", "", "Invalid token"),
    })
    .await;
    let error = tenant.management.write(&create(), Lane::Bulk, &cause()).await.unwrap_err();
    assert!(matches!(error, Error::Unknown { .. }), "{error}");
    assert_eq!(ids_shown(&tenant, "/api/v2/users"), ["t0"]);
    // What does the same when it is sent twice may be; that nobody knows of the first stays said.
    let error = tenant.management.write(&users::delete(&id()), Lane::Bulk, &cause()).await.unwrap_err();
    assert!(matches!(error, Error::Unknown { .. }), "{error}");
    // An answer that is no answer of the API's says nothing, whatever its status.
    let tenant = naming(|_| answer("401 Unauthorized", &[], "<html>")).await;
    let error = tenant.management.write(&create(), Lane::Bulk, &cause()).await.unwrap_err();
    assert!(matches!(error, Error::Unknown { .. }), "{error}");
    assert_eq!(ids_shown(&tenant, "/api/v2/users"), ["t0"]);
}

#[tokio::test]
async fn a_write_names_the_token_that_it_is_sent_with() {
    let tenant = giving(named).await;
    let write =
        || async { tenant.management.write(&users::block(&id(), true), Lane::Bulk, &cause()).await.unwrap() };
    write().await;
    write().await;
    // Why this long: it is renewed in its last tenth, and what is told must be the new one.
    tenant.clock.advance(Duration::from_secs(950));
    write().await;
    assert_eq!(makers(&tenant), ["t0", "t0", "t1"]);
    let claims = shown(&tenant).split('.').nth(1).map(|claims| URL_SAFE_NO_PAD.decode(claims).unwrap());
    assert_eq!(claims.unwrap(), br#"{"jti":"t1"}"#);
}

#[tokio::test]
async fn a_client_that_may_only_read_asks_for_that_alone_and_takes_no_token_with_more() {
    let clock = Arc::new(HeldClock::at(START));
    let scopes = |scopes: &str| {
        let body = json!({"access_token": "CANARY-token-0", "token_type": "Bearer", "expires_in": 86_400, "scope": scopes});
        ok(&body)
    };
    let act = move |asked: &super::tenant::Asked| match (asked.target.as_str(), asked.before) {
        ("/oauth/token", 0) => scopes("read:users update:users"),
        ("/oauth/token", _) => scopes("read:users"),
        _ => ok(&user()),
    };
    let asking = ["read:roles", "read:users"].map(str::to_owned).into();
    let tenant = super::tenant::serve_by(
        clock,
        act,
        |url| settings(url, Plan::Unlimited),
        |client| client.asking_for(&asking),
    )
    .await;
    assert_eq!(
        get(&tenant).await.unwrap_err().to_string().matches("more scopes than it asked for").count(),
        1
    );
    assert_eq!(tenant.asked().len(), 0, "nothing was asked with it");
    tenant.clock.advance(Duration::from_secs(2));
    assert!(get(&tenant).await.is_ok());
    let asked = tenant.all().into_iter().filter(|asked| asked.target == "/oauth/token");
    for request in asked.map(|asked| asked.json()) {
        assert_eq!(request["scope"], "read:roles read:users");
    }
}
