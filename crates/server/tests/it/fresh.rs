//! What is grave takes a young sign-in, and a set of policies that changes is told.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use countersign_app::access::Settings;
use countersign_rights::{Grant, Place, Role};
use countersign_testkit::{Answer, HOST, START, Setup, TENANT, TestApp, Vouching, cookie_of};
use serde_json::{Value, json};

use crate::world::{bare, check_problem};

async fn service() -> TestApp {
    let access = Settings { provider: Some(Arc::new(Vouching)), ..Settings::default() };
    TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await
}

fn administrator() -> Vec<Grant> {
    vec![Grant::new(Role::Administrator, Place::Installation).unwrap()]
}

async fn grant(service: &TestApp, cookie: &str, accept: &str) -> Answer {
    let body = json!({ "principal": "per_none", "role": "viewer", "tenant": TENANT });
    let request = Request::post("/v1/access/grants")
        .header("host", HOST)
        .header("cookie", cookie)
        .header("sec-fetch-site", "same-origin")
        .header("accept", accept)
        .body(Body::from(body.to_string()))
        .unwrap();
    service.send(request).await
}

#[tokio::test]
async fn who_showed_long_ago_who_they_are_signs_in_again_before_they_grant() {
    let service = service().await;
    service.grant("mia", administrator()).await;
    let hours = |hours: i64| START.seconds() - hours * 3_600;
    let young = service.session_of(&format!("mia~{}", hours(5))).await;
    check_problem(&grant(&service, &young, "*/*").await, 404, "not_found");
    let old = service.session_of(&format!("mia~{}", hours(13))).await;
    check_problem(&grant(&service, &old, "*/*").await, 403, "sign_in.stale");
    assert_eq!(service.browse("GET", "/access", &old).await.status, 200, "looking is not grave");
    let form = Request::post("/access/grant")
        .header("host", HOST)
        .header("cookie", &old)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("principal=per_none&role=viewer"));
    let page = service.send(form.unwrap()).await;
    let text = String::from_utf8(page.bytes).unwrap();
    assert!(page.status == 403 && text.contains("/sign-in/start?to=%2Faccess&amp;again=yes"), "{text}");
    // The same session grows old, too; used all along it lives eight hours.
    for _ in 0..15 {
        service.clock.advance(Duration::from_secs(29 * 60));
        assert_eq!(service.browse("GET", "/access", &young).await.status, 200);
    }
    check_problem(&grant(&service, &young, "*/*").await, 403, "sign_in.stale");
}

#[tokio::test]
async fn a_provider_that_does_not_say_when_is_taken_to_say_long_ago() {
    let service = service().await;
    service.grant("mia", administrator()).await;
    let silent = service.session_of("mia~").await;
    assert_eq!(service.browse("GET", "/access", &silent).await.status, 200);
    check_problem(&grant(&service, &silent, "*/*").await, 403, "sign_in.stale");
    // It is asked each time, and must say it then (OpenID Connect Core 1.0, section 2).
    for (path, age) in [("/sign-in/start", "max_age=43200&"), ("/sign-in/start?again=yes", "max_age=0&")] {
        let began = service.send(bare("GET", path)).await;
        let location = began.headers["location"].to_str().unwrap().to_owned();
        assert!(location.contains(age), "{location}");
    }
    let told = service.session_of("mia").await;
    check_problem(&grant(&service, &told, "*/*").await, 404, "not_found");
}

#[tokio::test]
async fn signing_in_again_takes_a_provider_that_asks_again() {
    let service = service().await;
    service.grant("mia", administrator()).await;
    let again = async |code: String| {
        let began = service.send(bare("GET", "/sign-in/start?to=%2Faccess&again=yes")).await;
        let location = began.headers["location"].to_str().unwrap().to_owned();
        let state =
            location.split(['?', '&']).find_map(|pair| pair.strip_prefix("state=")).unwrap().to_owned();
        let path = format!("/sign-in/callback?state={state}&code={code}");
        service.browse("GET", &path, &cookie_of(&began, "countersign_sign_in")).await
    };
    let now = START.seconds();
    for code in ["mia".to_owned(), format!("mia~{}", now - 300)] {
        let refused = again(code.clone()).await;
        assert_eq!(refused.status, 401, "{code}");
        assert!(String::from_utf8(refused.bytes).unwrap().contains("did not ask anew"), "{code}");
    }
    let signed_in = again(format!("mia~{now}")).await;
    assert_eq!((signed_in.status, signed_in.headers["location"].to_str().unwrap()), (303, "/access"));
}

/// What the leaves say of the set of policies.
async fn told(service: &TestApp) -> Vec<Value> {
    let leaves = service.store.list_leaves(&TENANT.parse().unwrap(), 0, 1_000).await.unwrap();
    let leaves = leaves.iter().map(|row| serde_json::from_slice::<Value>(&row.leaf).unwrap());
    let facts = leaves.filter(|leaf| leaf["kind"] == "access").map(|leaf| leaf["facts"].clone());
    facts.filter(|facts| facts["change"] == "access_policies_changed").collect()
}

#[tokio::test]
async fn another_set_of_policies_is_a_leaf_and_the_same_set_is_none() {
    let policy =
        "@id(\"nobody\") forbid (principal, action == Countersign::Action::\"set_switches\", resource);";
    let access =
        Settings { policies: vec![("own.cedar".to_owned(), policy.to_owned())], ..Settings::default() };
    let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
    let first = told(&service).await;
    assert_eq!((first.len(), &first[0]["before"]), (1, &json!("none")));
    let files = first[0]["files"].as_str().unwrap();
    assert!(files.contains("viewer.cedar") && files.contains("own/own.cedar"), "{files}");
    let served = service.get("/v1/access/policies").await.json;
    assert_eq!(served["sha256"], first[0]["sha256"]);
    assert_eq!(served["files"]["own/own.cedar"].as_str().unwrap().len(), 64);
    // The next start has the shipped ones alone.
    let service = service.reopen(countersign_policy::Document::default()).await;
    let second = told(&service).await;
    assert_eq!((second.len(), &second[1]["before"]), (2, &first[0]["sha256"]));
    assert_eq!((&second[1]["gone"], &second[1]["changed"]), (&json!("own/own.cedar"), &Value::Null));
    let service = service.reopen(countersign_policy::Document::default()).await;
    assert_eq!(told(&service).await.len(), 2, "the same set again");
}

#[tokio::test]
async fn another_configuration_of_who_gets_in_is_a_leaf_and_the_same_is_none() {
    let viewers = || Grant::new(Role::Viewer, Place::Installation).unwrap();
    let access = Settings {
        provider: Some(Arc::new(Vouching)),
        claims: vec![("security".to_owned(), viewers())],
        ..Settings::default()
    };
    let mut service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
    for _ in 0..2 {
        // The next starts have neither a provider nor claims.
        service = service.reopen(countersign_policy::Document::default()).await;
        let told = told(&service).await;
        assert_eq!(told.len(), 2);
        assert_eq!((&told[1]["changed"], &told[1]["before"]), (&json!("[access]"), &told[1]["sha256"]));
        assert_ne!(told[0]["configured"], told[1]["configured"]);
        assert!(
            !format!("{told:?}").contains("security"),
            "what people are called at the provider is nobody's to read"
        );
    }
}

#[tokio::test]
async fn a_form_that_names_no_tenant_changes_nothing() {
    let service = service().await;
    service.grant("mia", administrator()).await;
    let other = service.grant("noa", administrator()).await;
    let cookie = service.session_of("mia").await;
    for (more, status) in [("", 422), ("&tenant=a%20b", 404), ("&tenant=example-tenant", 303)] {
        let form = Request::post("/access/disable")
            .header("host", HOST)
            .header("cookie", &cookie)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(format!("id={other}{more}")));
        assert_eq!(service.send(form.unwrap()).await.status, status, "{more}");
        let people = service.browse("GET", "/v1/access/people", &cookie).await.json;
        let noa = people["people"].as_array().unwrap().iter().find(|person| person["id"] == *other).unwrap();
        assert_eq!(noa["disabled_at"].is_null(), status != 303, "{more}");
    }
}
