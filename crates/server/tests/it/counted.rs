//! What is refused is told, and a flood of it is told once.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use countersign_app::access::{Caller, Settings};
use countersign_core::{Clock, OrganizationId, TenantId};
use countersign_rights::{Action, Grant, Place, Role};
use countersign_server::{CallerLimits, PeerTenants};
use countersign_testkit::{
    HOST, OTHER_TENANT, REFUSED, Setup, Signing, TENANT, TestApp, Vouching, post_login, signing_key,
};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::world::bare;

async fn service() -> TestApp {
    let access = Settings { provider: Some(Arc::new(Vouching)), ..Settings::default() };
    TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await
}

/// The facts of a tenant's leaves of access of one kind.
async fn told(service: &TestApp, tenant: &str, change: &str) -> Vec<Value> {
    let leaves = service.store.list_leaves(&tenant.parse().unwrap(), 0, 1_000).await.unwrap();
    let leaves = leaves.iter().map(|row| serde_json::from_slice::<Value>(&row.leaf).unwrap());
    leaves.map(|leaf| leaf["facts"].clone()).filter(|facts| facts["change"] == change).collect()
}

async fn size(service: &TestApp) -> u64 {
    service.store.get_ledger_head(service.tenant().id()).await.unwrap().frontier.size()
}

async fn caller_of(service: &TestApp, cookie: &str) -> Caller {
    let token = countersign_privacy::Token::received(cookie.split_once('=').unwrap().1).unwrap();
    service.app.caller_of_session(&token).await.unwrap().unwrap()
}

fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

fn signed_by(service: &TestApp, seed: u8, timestamp: i64) -> Request<Body> {
    let body = TestApp::question(&post_login()).to_string().into_bytes();
    let Signing { id, .. } = service.signing();
    Request::post("/v1/decisions")
        .header("host", HOST)
        .header("webhook-signature", signing_key(TENANT, seed).sign_request(&id, timestamp, &body))
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("countersign-tenant", TENANT)
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn each_way_to_prove_nothing_is_counted_and_a_flood_of_it_is_one_leaf_a_minute() {
    let service = service().await;
    let now = service.clock.now().seconds();
    let before = size(&service).await;
    for _ in 0..20 {
        let by_token = with(bare("POST", "/v1/decisions"), "authorization", "Bearer csa_guess");
        for (request, status) in [
            (with(by_token, "webhook-id", "msg_1"), 401),
            (with(bare("POST", "/v1/outcomes"), "authorization", "Bearer csa_guess"), 401),
            (with(bare("GET", "/metrics"), "authorization", "Basic guess"), 401),
            (with(bare("GET", "/metrics"), "cookie", "countersign_session=guess"), 401),
            (bare("GET", "/start/guess"), 401),
            (signed_by(&service, 99, now), 401),
            (signed_by(&service, 1, now - 4_000), 401),
            (bare("POST", "/risk/rsk_guess"), 401),
            (with(bare("POST", "/v1/logs/example-tenant"), "authorization", "Bearer guess"), 401),
        ] {
            let what = request.uri().clone();
            assert_eq!(service.send(request).await.status, status, "{what}");
        }
        let mut foreign = signed_by(&service, 1, now);
        let bound = [TENANT.parse::<TenantId>().unwrap()].into();
        foreign.extensions_mut().insert(PeerTenants::new([].into(), Arc::new(bound)));
        assert_eq!(service.send(foreign).await.status, 401);
        assert_eq!(service.sign_in(REFUSED).await.status, 401);
        assert_eq!(service.browse("GET", "/sign-in/callback?state=guess&code=mia", "").await.status, 401);
        let nowhere = with(bare("POST", "/v1/logs/nobody-s-tenant"), "authorization", "Bearer guess");
        assert_eq!(service.send(nowhere).await.status, 401);
    }
    assert_eq!(size(&service).await, before, "a flood writes nothing");
    service.clock.advance(Duration::from_secs(60));
    service.app.tell_refused().await.unwrap();
    let anywhere = json!({ "credentials": "100", "short_form_tokens": "20", "sign_ins": "40", "stream_tokens": "20", "count": "180" });
    let mut here = anywhere.clone();
    for (fact, count) in
        [("signatures", "40"), ("certificates", "20"), ("stream_tokens", "40"), ("count", "260")]
    {
        here[fact] = json!(count);
    }
    for (tenant, mut counts) in [(TENANT, here), (OTHER_TENANT, anywhere)] {
        counts["change"] = json!("refused");
        assert_eq!(told(&service, tenant, "refused").await, [counts], "{tenant}");
    }
}

#[tokio::test]
async fn what_was_refused_at_one_tenant_alone_leaves_nothing_at_another() {
    let service = service().await;
    for n in 0..3 {
        assert_eq!(
            service.send(signed_by(&service, 99, service.clock.now().seconds() + n)).await.status,
            401
        );
    }
    service.clock.advance(Duration::from_secs(60));
    service.app.tell_refused().await.unwrap();
    assert_eq!(told(&service, TENANT, "refused").await[0]["signatures"], "3");
    assert_eq!(told(&service, OTHER_TENANT, "refused").await, [] as [Value; 0]);
}

#[tokio::test]
async fn of_refused_sign_ins_the_first_is_a_leaf_at_once_and_the_others_are_counted() {
    let service = service().await;
    for _ in 0..5 {
        assert_eq!(service.sign_in("lee").await.status, 403);
    }
    assert_eq!(told(&service, TENANT, "sign_in_refused").await.len(), 1);
    service.clock.advance(Duration::from_secs(60));
    service.app.tell_refused().await.unwrap();
    assert_eq!(told(&service, TENANT, "refused").await[0]["sign_ins"], "4");
    assert_eq!(service.sign_in("lee").await.status, 403);
    assert_eq!(told(&service, TENANT, "sign_in_refused").await.len(), 2);
}

#[tokio::test]
async fn a_sign_in_that_is_too_old_for_what_is_wanted_is_a_denial_with_a_leaf() {
    let service = service().await;
    let mia = service.grant("mia", vec![Grant::new(Role::Administrator, Place::Installation).unwrap()]).await;
    let old = service.clock.now().seconds() - 13 * 3_600;
    let cookie = service.session_of(&format!("mia~{old}")).await;
    let refused = service.browse("POST", &format!("/v1/access/people/{mia}/disable"), &cookie).await;
    assert_eq!((refused.status, refused.json["code"].as_str()), (403, Some("sign_in.stale")));
    service.app.denials_told().await;
    for tenant in [TENANT, OTHER_TENANT] {
        let denied = told(&service, tenant, "denied").await;
        assert_eq!(denied.len(), 1, "she has a role at {tenant}");
        assert_eq!(
            (denied[0]["by"].as_str(), denied[0]["action"].as_str()),
            (Some(&*mia), Some("change_access"))
        );
    }
}

#[tokio::test]
async fn a_denial_of_what_belongs_to_no_tenant_is_told_where_the_caller_has_a_role() {
    let service = service().await;
    let at = Place::Tenant(OTHER_TENANT.parse().unwrap());
    service.grant("mia", vec![Grant::new(Role::Viewer, at).unwrap()]).await;
    let cookie = service.session_of("mia").await;
    assert_eq!(service.browse("GET", "/v1/access/people", &cookie).await.status, 403);
    service.app.denials_told().await;
    assert_eq!(told(&service, OTHER_TENANT, "denied").await.len(), 1);
    assert_eq!(told(&service, TENANT, "denied").await.len(), 0, "it is none of that tenant's business");
}

#[tokio::test]
async fn that_a_tenant_is_there_does_not_show_in_how_long_a_denial_takes() {
    let service = service().await;
    let at = Place::Organization(TENANT.parse().unwrap(), "org_1".parse::<OrganizationId>().unwrap());
    service.grant("mia", vec![Grant::new(Role::TenantAdmin, at).unwrap()]).await;
    let cookie = service.session_of("mia").await;
    let mia = caller_of(&service, &cookie).await;
    let held = Connection::open(service.folder().join("countersign.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    // While nothing can be written, whoever is denied does not wait for it, whether the tenant is there or not.
    for tenant in [OTHER_TENANT, "nobody-s-tenant"] {
        let id = tenant.parse().unwrap();
        let asked = service.app.permit(&mia, Action::ReadLedger, &id);
        let denied = tokio::time::timeout(Duration::from_secs(1), asked).await;
        assert_eq!(denied.expect("an answer at once").err().unwrap().code(), "tenant.unknown");
    }
    held.execute_batch("ROLLBACK").unwrap();
    service.app.denials_told().await;
    assert_eq!(told(&service, OTHER_TENANT, "denied").await.len(), 1);
}

#[tokio::test]
async fn ten_thousand_requests_too_many_of_one_caller_are_two_leaves_a_minute() {
    let access = Settings { provider: Some(Arc::new(Vouching)), ..Settings::default() };
    let setup = Setup { access, caller_limits: CallerLimits::default(), ..Setup::default() };
    let service = TestApp::start_with(|_| {}, setup).await;
    let at = Place::Tenant(TENANT.parse().unwrap());
    let mia = service.grant("mia", vec![Grant::new(Role::Viewer, at).unwrap()]).await;
    let cookie = service.session_of("mia").await;
    let mut refused = 0_u32;
    for _ in 0..300 {
        refused += u32::from(service.browse("GET", "/v1/access/me", &cookie).await.status == 429);
    }
    assert_eq!(refused, 100);
    let caller = caller_of(&service, &cookie).await;
    for _ in refused..10_000 {
        service.app.tell_limited(&caller).await;
    }
    service.app.denials_told().await;
    let first = told(&service, TENANT, "limited").await;
    assert_eq!(first.iter().map(|facts| facts["by"].as_str()).collect::<Vec<_>>(), [Some(&*mia)]);
    service.clock.advance(Duration::from_secs(60));
    service.app.tell_denials().await.unwrap();
    let limited = told(&service, TENANT, "limited").await;
    assert_eq!((limited.len(), limited[1]["count"].as_str()), (2, Some("9999")));
    assert!(told(&service, OTHER_TENANT, "limited").await.is_empty(), "she has no role there");
}

#[tokio::test]
async fn whoever_tries_names_of_tenants_is_told_of_at_home_whether_there_is_one_or_not() {
    let service = service().await;
    let at = Place::Tenant(TENANT.parse().unwrap());
    let mia = service.grant("mia", vec![Grant::new(Role::Viewer, at).unwrap()]).await;
    let cookie = service.session_of("mia").await;
    for (tenant, action) in [(OTHER_TENANT, "policies"), ("nobody-s-tenant", "incidents")] {
        let answer = service.browse("GET", &format!("/v1/{action}/{tenant}"), &cookie).await;
        assert_eq!((answer.status, answer.json["code"].as_str()), (404, Some("tenant.unknown")));
    }
    service.app.denials_told().await;
    let mut denied = told(&service, TENANT, "denied").await;
    denied.sort_by_key(|facts| facts["action"].to_string());
    let actions = denied.iter().map(|facts| facts["action"].as_str().unwrap());
    assert_eq!(actions.collect::<Vec<_>>(), ["read_incidents", "read_policies"]);
    for facts in &denied {
        assert_eq!((facts["by"].as_str(), facts["at"].as_str()), (Some(&*mia), Some("elsewhere")));
        assert!(!facts.to_string().contains("tenant"), "neither is named: {facts}");
    }
    let mia = caller_of(&service, &cookie).await;
    let before = size(&service).await;
    for n in 0..10_000 {
        let name = format!("tenant-{n}").parse().unwrap();
        assert!(service.app.permit(&mia, Action::ReadLedger, &name).await.is_err());
    }
    service.clock.advance(Duration::from_secs(60));
    service.app.tell_denials().await.unwrap();
    service.app.denials_told().await;
    assert_eq!(size(&service).await, before + 2, "whatever the names");
    let administrator = Caller::local(countersign_rights::How::File);
    assert!(service.app.permit(&administrator, Action::ReadLedger, &"typo".parse().unwrap()).await.is_err());
    service.app.denials_told().await;
    assert_eq!(size(&service).await, before + 2, "whoever may do it anywhere was denied nothing");
}

#[tokio::test]
async fn a_program_that_asks_for_decisions_of_others_learns_of_no_tenant_and_is_told_of_at_home() {
    let service = service().await;
    let made = service.operate("POST", "/v1/access/accounts", &json!({ "name": "shop" })).await;
    let account = made.json["id"].as_str().unwrap().to_owned();
    let grant = json!({ "principal": account, "role": "viewer", "tenant": TENANT });
    assert_eq!(service.operate("POST", "/v1/access/grants", &grant).await.status, 201);
    let path = format!("/v1/access/accounts/{account}/tokens");
    let made = service.operate("POST", &path, &json!({ "scopes": ["*"], "days": 1 })).await;
    let bearer = format!("Bearer {}", made.json["token"].as_str().unwrap());
    for (id, tenant) in [("msg_1", OTHER_TENANT), ("msg_2", "nobody-s-tenant")] {
        let mut request = with(bare("POST", "/v1/decisions"), "authorization", &bearer);
        request = with(with(request, "webhook-id", id), "countersign-tenant", tenant);
        let bound = [OTHER_TENANT.parse::<TenantId>().unwrap()].into();
        request.extensions_mut().insert(PeerTenants::new([].into(), Arc::new(bound)));
        let answer = service.send(request).await;
        assert_eq!((answer.status, answer.json["code"].as_str()), (404, Some("tenant.unknown")), "{tenant}");
    }
    service.app.denials_told().await;
    service.clock.advance(Duration::from_secs(60));
    service.app.tell_denials().await.unwrap();
    service.app.tell_refused().await.unwrap();
    let denied = told(&service, TENANT, "denied").await;
    let told_of = |facts: &Value| ["by", "action", "at"].map(|fact| facts[fact].as_str().unwrap().to_owned());
    let expected = [&*account, "decide", "elsewhere"].map(str::to_owned);
    assert_eq!(
        denied.iter().map(told_of).collect::<Vec<_>>(),
        [expected.clone(), expected],
        "each of the two"
    );
    assert!(
        told(&service, OTHER_TENANT, "refused").await.is_empty(),
        "nobody was taken for a peer of theirs"
    );
}

#[tokio::test]
async fn a_refusal_that_could_not_be_recorded_is_recorded_with_what_follows() {
    let service = service().await;
    let at = Place::Tenant(TENANT.parse().unwrap());
    service.grant("mia", vec![Grant::new(Role::Viewer, at).unwrap()]).await;
    let cookie = service.session_of("mia").await;
    let held = Connection::open(service.folder().join("countersign.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(service.browse("GET", "/v1/access/people", &cookie).await.status, 403);
    assert_eq!(service.sign_in("lee").await.status, 403);
    service.app.denials_told().await;
    held.execute_batch("ROLLBACK").unwrap();
    for change in ["denied", "sign_in_refused"] {
        assert_eq!(told(&service, TENANT, change).await, [] as [Value; 0]);
    }
    service.clock.advance(Duration::from_secs(60));
    service.app.tell_denials().await.unwrap();
    service.app.tell_refused().await.unwrap();
    let denied = told(&service, TENANT, "denied").await;
    assert_eq!(
        (denied.len(), &denied[0]["action"], &denied[0]["count"]),
        (1, &json!("read_access"), &json!("1"))
    );
    assert_eq!(told(&service, TENANT, "refused").await[0]["sign_ins"], "1");
}

#[tokio::test]
async fn what_comes_from_elsewhere_is_counted_where_it_shows_a_credential_and_else_a_metric() {
    let service = service().await;
    let foreign = |name: &'static str, value: &str| with(bare("GET", "/v1/access/me"), name, value);
    let (page, host) = (("origin", "https://evil.example"), ("host", "evil.example"));
    for ((name, value), status) in [(page, 403), (host, 421)] {
        assert_eq!(service.send(foreign(name, value)).await.status, status);
        for (shown, credential) in
            [("cookie", "countersign_session=guess"), ("authorization", "Bearer csa_guess")]
        {
            let sent = with(foreign(name, value), shown, credential);
            assert_eq!(service.send(sent).await.status, status, "{name} {shown}");
        }
    }
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    for code in ["origin.foreign", "host.foreign"] {
        let line = format!("countersign_refused_total{{code=\"{code}\"}} 3");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
    service.clock.advance(Duration::from_secs(60));
    service.app.tell_refused().await.unwrap();
    let told = told(&service, TENANT, "refused").await;
    let counts = ["count", "foreign_pages", "foreign_hosts"].map(|fact| told[0][fact].as_str());
    assert_eq!((told.len(), counts), (1, [Some("4"), Some("2"), Some("2")]));
}
