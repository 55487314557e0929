//! Decisions that an application of the tenant asks for by an access token.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use countersign_app::access::Settings;
use countersign_server::{CallerLimits, Limits};
use countersign_testkit::{
    Answer, Granting, HOST, OTHER_TENANT, Setup, TENANT, TOKEN, TestApp, Vouching, access_token, post_login,
};
use serde_json::{Value, json};

use crate::world::{bare, check_problem, count_decisions, id_of, of_tenant, show};

async fn service() -> TestApp {
    limited(0).await
}

async fn limited(decisions_per_second: u32) -> TestApp {
    let Setup { caller_limits, .. } = Setup::default();
    limited_both(decisions_per_second, caller_limits).await
}

async fn limited_both(decisions_per_second: u32, caller_limits: CallerLimits) -> TestApp {
    let access = Settings {
        provider: Some(Arc::new(Vouching)),
        tokens: [(TENANT.parse().unwrap(), Arc::new(Granting) as _)].into(),
        ..Settings::default()
    };
    let limits = Limits { decisions_per_second, ..Setup::default().limits };
    TestApp::start_with(|_| {}, Setup { access, limits, caller_limits, ..Setup::default() }).await
}

async fn ask(service: &TestApp, token: &str, headers: &[(&str, &str)], event: &Value) -> Answer {
    let mut request = Request::post("/v1/decisions")
        .header("host", HOST)
        .header("authorization", format!("Bearer {token}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    service.send(request.body(Body::from(TestApp::question(event).to_string())).unwrap()).await
}

#[tokio::test]
async fn an_application_with_the_scope_gets_a_decision_that_is_recorded_and_not_signed() {
    let service = service().await;
    let token = access_token("shop", &["decide"]);
    let answer = ask(&service, &token, &[("webhook-id", "msg_1")], &post_login()).await;
    let id = id_of(&answer);
    assert!(!answer.headers.contains_key("countersign-signature"));
    assert_eq!(show(&service, &id).await["trigger"], "post-login");
    let again = ask(&service, &token, &[("webhook-id", "msg_1")], &post_login()).await;
    check_problem(&again, 409, "request.replayed");
    assert_eq!(again.json["request_id"], "msg_1");
    assert_eq!(count_decisions(&service, TENANT).await, 1);
}

#[tokio::test]
async fn a_request_without_its_id_or_with_a_token_that_nobody_gave_out_is_refused() {
    let service = service().await;
    let token = access_token("shop", &["decide"]);
    check_problem(&ask(&service, &token, &[], &post_login()).await, 401, "signature.header");
    check_problem(
        &ask(&service, &token, &[("webhook-id", "a b")], &post_login()).await,
        401,
        "signature.header",
    );
    let forged = ask(&service, "no.such.token", &[("webhook-id", "msg_1")], &post_login()).await;
    check_problem(&forged, 401, "credential.missing");
    assert_eq!(count_decisions(&service, TENANT).await, 0);
}

#[tokio::test]
async fn a_token_decides_at_its_tenant_and_in_its_organization_alone() {
    let service = service().await;
    let token = access_token("shop", &["decide"]);
    let foreign = of_tenant(OTHER_TENANT, post_login());
    for headers in
        [&[("webhook-id", "msg_1")][..], &[("webhook-id", "msg_2"), ("countersign-tenant", OTHER_TENANT)]]
    {
        check_problem(&ask(&service, &token, headers, &foreign).await, 403, "tenant.mismatch");
    }
    let mut of_a = post_login();
    of_a["organization"] = json!({ "id": "org_a", "name": "a", "display_name": "A", "metadata": {} });
    let mut of_b = of_a.clone();
    of_b["organization"]["id"] = json!("org_b");
    let held = format!("{token}.org_a");
    id_of(&ask(&service, &held, &[("webhook-id", "msg_3")], &of_a).await);
    check_problem(&ask(&service, &held, &[("webhook-id", "msg_4")], &of_b).await, 403, "denied");
    let mut of_none = post_login();
    of_none.as_object_mut().unwrap().remove("organization");
    check_problem(&ask(&service, &held, &[("webhook-id", "msg_5")], &of_none).await, 403, "denied");
    assert_eq!(count_decisions(&service, TENANT).await, 1);
}

#[tokio::test]
async fn nobody_but_an_application_with_the_scope_decides() {
    let service = service().await;
    let narrow = access_token("shop", &["read:decisions"]);
    check_problem(&ask(&service, &narrow, &[("webhook-id", "msg_1")], &post_login()).await, 403, "denied");
    let made = service.operate("POST", "/v1/access/accounts", &json!({ "name": "shop" })).await;
    let path = format!("/v1/access/accounts/{}/tokens", made.json["id"].as_str().unwrap());
    let token = service.operate("POST", &path, &json!({ "scopes": ["*"], "days": 1 })).await;
    let account = token.json["token"].as_str().unwrap().to_owned();
    let at = [("webhook-id", "msg_2"), ("countersign-tenant", TENANT)];
    check_problem(&ask(&service, TOKEN, &at, &post_login()).await, 403, "denied");
    check_problem(&ask(&service, TOKEN, &at[..1], &post_login()).await, 403, "denied");
    // It has no role anywhere, so that it is not told that the tenant is there.
    check_problem(&ask(&service, &account, &at, &post_login()).await, 404, "tenant.unknown");
    assert_eq!(count_decisions(&service, TENANT).await, 0);
}

#[tokio::test]
async fn what_applications_ask_counts_to_the_tenants_allowance() {
    let service = limited(1).await;
    let token = access_token("shop", &["decide"]);
    for id in ["msg_1", "msg_2"] {
        id_of(&ask(&service, &token, &[("webhook-id", id)], &post_login()).await);
    }
    let limited = ask(&service, &token, &[("webhook-id", "msg_3")], &post_login()).await;
    check_problem(&limited, 429, "rate_limited");
    check_problem(&service.decide(&post_login()).await, 429, "rate_limited");
    service.clock.advance(std::time::Duration::from_secs(2));
    id_of(&ask(&service, &token, &[("webhook-id", "msg_3")], &post_login()).await);
}

#[tokio::test]
async fn who_may_not_decide_uses_up_neither_the_tenants_allowance_nor_an_id() {
    let service = limited(1).await;
    let (narrow, token) = (access_token("shop", &["read:ledger"]), access_token("shop", &["decide"]));
    let held = format!("{token}.org_a");
    for id in (0..20).map(|n| format!("msg_{n}")) {
        for token in [&narrow, &held] {
            check_problem(&ask(&service, token, &[("webhook-id", &id)], &post_login()).await, 403, "denied");
        }
    }
    for id in ["msg_0", "msg_1"] {
        id_of(&ask(&service, &token, &[("webhook-id", id)], &post_login()).await);
    }
}

#[tokio::test]
async fn whoever_asks_by_a_token_is_held_to_the_allowance_of_a_caller() {
    let caller_limits = CallerLimits {
        requests_per_second: 1,
        requests_at_once: 3,
        attempts_per_minute: 0,
        attempts_at_once: 0,
    };
    let service = limited_both(0, caller_limits).await;
    let made = service.operate("POST", "/v1/access/accounts", &json!({ "name": "shop" })).await;
    let path = format!("/v1/access/accounts/{}/tokens", made.json["id"].as_str().unwrap());
    let account = service.operate("POST", &path, &json!({ "scopes": ["*"], "days": 1 })).await;
    let account = account.json["token"].as_str().unwrap().to_owned();
    let leaves = async || {
        service.app.denials_told().await;
        service.store.list_leaves(&OTHER_TENANT.parse().unwrap(), 0, 1_000).await.unwrap().len()
    };
    let before = leaves().await;
    for (token, status, code) in [
        (account, 404, "tenant.unknown"),
        (access_token("shop", &["read:ledger"]), 403, "denied"),
        (access_token("till", &["decide"]), 403, "tenant.mismatch"),
    ] {
        for n in 0..10 {
            let id = format!("msg_{n}");
            let headers = [("webhook-id", &*id), ("countersign-tenant", OTHER_TENANT)];
            let foreign = of_tenant(OTHER_TENANT, post_login());
            let answer = ask(&service, &token, &headers, &foreign).await;
            let (status, code) = if n < 3 { (status, code) } else { (429, "rate_limited") };
            check_problem(&answer, status, code);
        }
    }
    assert_eq!(
        leaves().await,
        before + 2,
        "the account's first denial, and its first request too many; the others asked in the name of their own tenant"
    );
}

#[tokio::test]
async fn a_flood_of_denials_is_one_leaf_and_another_with_their_count() {
    let service = service().await;
    let made = service.operate("POST", "/v1/access/accounts", &json!({ "name": "shop" })).await;
    let path = format!("/v1/access/accounts/{}/tokens", made.json["id"].as_str().unwrap());
    let token = service.operate("POST", &path, &json!({ "scopes": ["*"], "days": 1 })).await;
    let token = token.json["token"].as_str().unwrap().to_owned();
    let denied = async || {
        service.app.denials_told().await;
        let leaves = service.store.list_leaves(&OTHER_TENANT.parse().unwrap(), 0, 1_000).await.unwrap();
        let facts =
            leaves.iter().map(|row| serde_json::from_slice::<Value>(&row.leaf).unwrap()["facts"].clone());
        facts.filter(|facts| facts["change"] == "denied").collect::<Vec<_>>()
    };
    for n in 0..20 {
        let id = format!("msg_{n}");
        let headers = [("webhook-id", &*id), ("countersign-tenant", OTHER_TENANT)];
        check_problem(&ask(&service, &token, &headers, &post_login()).await, 404, "tenant.unknown");
        let mut look = bare("GET", &format!("/v1/users/{OTHER_TENANT}"));
        look.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        check_problem(&service.send(look).await, 404, "tenant.unknown");
    }
    let first = denied().await;
    let actions: Vec<_> = first.iter().map(|facts| facts["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["decide", "read_users"], "{first:?}");
    service.clock.advance(std::time::Duration::from_secs(60));
    service.app.tell_denials().await.unwrap();
    service.app.tell_denials().await.unwrap();
    let mut counted = denied().await.split_off(2);
    counted.sort_by_key(|facts| facts["action"].to_string());
    assert_eq!(counted.len(), 2, "{counted:?}");
    for (facts, action) in counted.iter().zip(["decide", "read_users"]) {
        assert_eq!((&facts["action"], &facts["count"]), (&json!(action), &json!("19")), "{facts}");
        assert_eq!(facts["by"], made.json["id"]);
    }
}
