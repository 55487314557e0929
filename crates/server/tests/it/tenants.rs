//! Two tenants in one service: whoever belongs to one finds and changes nothing of the other, whatever they put in the place of a name.

use std::{cell::Cell, collections::BTreeMap, sync::Arc};

use axum::{body::Body, http::Request};
use countersign_app::{
    DecisionFilter,
    access::{Caller, NewGrant, NewToken, Settings, Within, provider::AccessTokens},
};
use countersign_core::TenantId;
use countersign_detect::Severity;
use countersign_rights::{Action, Grant, How, Place, Role};
use countersign_testkit::{
    Granting, HOST, OTHER_TENANT, Setup, TENANT, TestApp, Vouching, access_token, event_token, log_token,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::{
    guard::{Right, routes},
    incidents::found,
    world::{at_home, decide_as, id_of},
};

/// Stands in everything that is the first tenant's alone.
const CANARY: &str = "c4nary";

/// A service in which the first tenant has something of each kind, and somebody of each kind at the second.
struct World {
    runtime: tokio::runtime::Runtime,
    service: TestApp,
    /// What is the first tenant's, by name: its own, and those of what it has.
    names: Vec<String>,
    /// Headers by which somebody of the second tenant comes.
    strangers: Vec<(&'static str, String)>,
}

fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tokens: BTreeMap<TenantId, Arc<dyn AccessTokens>> =
            [(tenant(OTHER_TENANT), Arc::new(Granting) as Arc<dyn AccessTokens>)].into();
        let access = Settings { provider: Some(Arc::new(Vouching)), tokens, ..Settings::default() };
        let (service, names, strangers) = runtime.block_on(async {
            let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
            let names = fill(&service).await;
            let strangers = strangers(&service).await;
            (service, names, strangers)
        });
        Self { runtime, service, names, strangers }
    }

    /// What the first tenant has. Denials are told to the tenant that was asked for, and nothing else is.
    fn state(&self) -> String {
        self.runtime.block_on(async {
            let id = tenant(TENANT);
            let tenant = self.service.app.tenant(&id).unwrap();
            let store = &self.service.store;
            let leaves = store.list_leaves(&id, 0, 100_000).await.unwrap();
            let kept: Vec<_> = leaves
                .iter()
                .filter(|row| {
                    let leaf: Value = serde_json::from_slice(&row.leaf).unwrap();
                    leaf["facts"]["change"] != "denied"
                })
                .map(|row| &row.record_id)
                .collect();
            let decisions = self
                .service
                .app
                .decisions(Within::all(&tenant), DecisionFilter::default(), 999)
                .await
                .unwrap();
            format!(
                "{kept:?} {} {:?} {:?} {:?} {:?} {:?} {:?}",
                decisions.len(),
                store.list_switches(&id).await.unwrap(),
                store.find_policy(&id).await.unwrap(),
                store.list_risk_tokens(&id).await.unwrap(),
                store.list_incidents(&id, countersign_store::IncidentFilter::default(), 99).await.unwrap(),
                store.get_log_state(&id).await.unwrap(),
                store.list_subject_keys(&id, None, 999).await.unwrap(),
            )
        })
    }
}

/// Gives the first tenant something of each kind; returns the names of it.
async fn fill(service: &TestApp) -> Vec<String> {
    let decision = id_of(&service.decide(&at_home(&format!("auth0|{CANARY}"))).await);
    let incident = found(service, &format!("auth0|{CANARY}"), 0, Severity::High).await;
    let shown = service.get(&format!("/v1/decisions/{decision}?tenant={TENANT}")).await;
    let subject = shown.json["subject"].as_str().unwrap().to_owned();
    let note = json!({ "actor": "mia", "text": CANARY });
    service.operate("POST", &format!("/v1/incidents/{TENANT}/{incident}/notes"), &note).await;
    let token = service.operate("POST", &format!("/v1/risk-tokens/{TENANT}"), &json!({})).await;
    let entry = json!([{ "log_id": CANARY, "type": "s", "date": "2026-08-20T08:00:00Z", "user_id": format!("auth0|{CANARY}") }]);
    let delivered = Request::post(format!("/v1/logs/{TENANT}"))
        .header("host", HOST)
        .header("authorization", format!("Bearer {}", log_token(TENANT).expose()))
        .body(Body::from(entry.to_string()));
    assert_eq!(service.send(delivered.unwrap()).await.status, 200);
    let alerts = service.get(&format!("/v1/alerts/{TENANT}")).await;
    let alert = alerts.json["alerts"][0]["id"].as_str().unwrap_or("alr_none").to_owned();
    vec![decision, incident, subject, token.json["id"].as_str().unwrap().to_owned(), CANARY.to_owned(), alert]
}

/// An administrator, a program and an application of the second tenant, and its streams.
async fn strangers(service: &TestApp) -> Vec<(&'static str, String)> {
    let there = || Grant::new(Role::Administrator, Place::Tenant(tenant(OTHER_TENANT))).unwrap();
    service.grant("stranger", vec![there()]).await;
    let cookie = service.session_of("stranger").await;
    let local = Caller::local(How::Process);
    let permit = service.app.permit_here(&local, Action::ChangeAccess).await.unwrap();
    let account = service.app.make_account(&permit, "soar").await.unwrap();
    service.app.grant(&permit, &NewGrant { principal: account.clone(), grant: there() }).await.unwrap();
    let scopes = Action::ALL.iter().map(|action| action.as_str().to_owned()).collect();
    let token =
        service.app.make_account_token(&permit, &account, &NewToken { scopes, days: 1 }).await.unwrap();
    let bearer = |token: &str| ("authorization", format!("Bearer {token}"));
    vec![
        ("cookie", cookie),
        bearer(token.token.expose()),
        bearer(&access_token("shop", &["decide", "read:decisions", "read:ledger", "operate"])),
        bearer(log_token(OTHER_TENANT).expose()),
        bearer(event_token(OTHER_TENANT).expose()),
    ]
}

/// Ways to write a name that a careless reader takes for another one.
fn disguised(name: &str, how: u8) -> String {
    let hex: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
    match how {
        0 => name.to_owned(),
        1 => name.to_uppercase(),
        2 => hex,
        3 => format!("{name}%00"),
        4 => format!("{OTHER_TENANT}%2f..%2f{name}"),
        5 => format!("..%2f{name}"),
        6 => format!("{name}%2f"),
        7 => format!("{name}%20"),
        8 => format!("{name}%0a"),
        9 => name.replace('-', "%e2%80%90"),
        10 => name.replace('a', "%d0%b0"),
        11 => format!("%2e/{name}"),
        12 => format!("{name}%ff"),
        13 => format!("{name}%23{OTHER_TENANT}"),
        14 => format!("{name}%3ftenant={OTHER_TENANT}"),
        _ => format!("{OTHER_TENANT}%00{name}"),
    }
}

/// A text with its escapes read.
fn plain(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(byte)) => bytes.extend([&[byte], &part.as_bytes()[2..]].concat()),
            _ => bytes.extend(part.as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A request: a row of the table of routes, who asks, what stands for each name, and where the tenant is said.
#[derive(Debug, Clone)]
struct Asked {
    row: prop::sample::Index,
    who: prop::sample::Index,
    names: Vec<(prop::sample::Index, u8)>,
    tenants: Vec<(bool, u8)>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let name = || (any::<prop::sample::Index>(), 0..16_u8);
    let said = || (any::<bool>(), 0..16_u8);
    (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        prop::collection::vec(name(), 6),
        prop::collection::vec(said(), 5),
    )
        .prop_map(|(row, who, names, tenants)| Asked { row, who, names, tenants })
}

impl Asked {
    /// The request as it is sent; `None` where no client could send it.
    fn request(&self, world: &World, rows: &[(&str, &str, Right)]) -> Option<(String, Request<Body>)> {
        let (method, route, _) = rows[self.row.index(rows.len())];
        let (header, credential) = &world.strangers[self.who.index(world.strangers.len())];
        let mut names =
            self.names.iter().map(|(which, how)| disguised(which.get(world.names.as_slice()).as_str(), *how));
        let mut tenants = self
            .tenants
            .iter()
            .map(|(is_own, how)| if *is_own { OTHER_TENANT.to_owned() } else { disguised(TENANT, *how) });
        let path: Vec<String> = route
            .split('/')
            .map(|part| match part {
                "{tenant}" | "{stream}" => tenants.next().unwrap_or_default(),
                "{trigger}" => "post-login".to_owned(),
                _ if part.starts_with('{') => names.next().unwrap_or_default(),
                _ => part.to_owned(),
            })
            .collect();
        let (one, two) = (tenants.next().unwrap_or_default(), tenants.next().unwrap_or_default());
        let name = names.next().unwrap_or_default();
        let path = format!("{}?tenant={one}&before={name}", path.join("/"));
        let bare = |text: &str| text.split('%').next().unwrap_or_default().to_owned();
        let body = match route.starts_with("/v1/") {
            _ if method == "GET" || method == "DELETE" => String::new(),
            true => json!({ "tenant": bare(&two), "id": bare(&name), "subject": world.names[2], "user_id": format!("auth0|{CANARY}"), "actor": "mia",
                "reason": "why", "off": true, "version": 1, "text": "x", "principal": "per_1", "role": "viewer", "kind": "user", "name": format!("auth0|{CANARY}") })
            .to_string(),
            false => format!("tenant={two}&id={name}&actor=mia&version=1&reason=why&text=x&act=attach&off=true&subject={}", world.names[2]),
        };
        let kind =
            if route.starts_with("/v1/") { "application/json" } else { "application/x-www-form-urlencoded" };
        let request = Request::builder()
            .method(method)
            .uri(&path)
            .header("host", HOST)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", kind)
            .header("countersign-tenant", bare(&two))
            .header(*header, credential)
            .body(Body::from(body))
            .ok()?;
        Some((format!("{method} {path} as {header} {credential}"), request))
    }
}

#[test]
fn whoever_belongs_to_one_tenant_finds_and_changes_nothing_of_the_other_by_any_name() {
    let world = World::new();
    // What answers for as long as somebody listens is no answer to look at.
    let rows: Vec<_> = routes().into_iter().filter(|(_, route, _)| *route != "/console/live").collect();
    let before = world.state();
    let answered = Cell::new(0);
    TestRunner::new(Config {
        cases: 1_500,
        failure_persistence: None,
        max_shrink_iters: 100,
        ..Config::default()
    })
    .run(&asked(), |asked| {
        let Some((what, request)) = asked.request(&world, &rows) else { return Ok(()) };
        let answer = world.runtime.block_on(world.service.send(request));
        prop_assert!(answer.status < 500, "{what}: {}", answer.status);
        answered.set(answered.get() + u32::from(answer.status < 400));
        let text = String::from_utf8_lossy(&answer.bytes);
        // What was asked for may be said again: not what was found by it.
        let said = plain(&what).to_lowercase();
        for name in [CANARY, &world.names[0], &world.names[1], &world.names[2], TENANT] {
            let is_told = answer.status < 400 || name != TENANT;
            prop_assert!(
                !is_told || !text.contains(name) || said.contains(name),
                "{what} tells `{name}`: {text}"
            );
        }
        Ok(())
    })
    .unwrap();
    assert!(answered.get() > 50, "what is their own is answered: {}", answered.get());
    assert_eq!(world.state(), before, "nothing of the first tenant changed");
}

#[tokio::test]
async fn the_same_names_at_two_tenants_are_two_things() {
    let service = TestApp::start(|_| {}).await;
    let ids = [
        id_of(&decide_as(&service, TENANT, at_home("auth0|same")).await),
        id_of(&decide_as(&service, OTHER_TENANT, at_home("auth0|same")).await),
    ];
    let mut subjects = Vec::new();
    for (tenant, (own, others)) in
        [TENANT, OTHER_TENANT].into_iter().zip([(&ids[0], &ids[1]), (&ids[1], &ids[0])])
    {
        let shown = service.get(&format!("/v1/decisions/{own}?tenant={tenant}")).await;
        subjects.push(shown.json["subject"].as_str().unwrap().to_owned());
        assert_eq!(service.get(&format!("/v1/decisions/{others}?tenant={tenant}")).await.status, 404);
    }
    assert_ne!(subjects[0], subjects[1], "one person at two tenants has two pseudonyms");
    let erased =
        service.operate("POST", &format!("/v1/erasures/{TENANT}"), &json!({ "subject": subjects[0] })).await;
    assert_eq!(erased.status, 200, "{}", erased.json);
    let still = service.get(&format!("/v1/decisions/{}?tenant={OTHER_TENANT}", ids[1])).await;
    assert_eq!(still.json["subject"], subjects[1], "an erasure at one is none at the other");
}

#[tokio::test]
async fn what_is_no_id_of_ours_is_not_found() {
    let service = TestApp::start(|_| {}).await;
    let ids = ["sub_00000000000000000000000000000000", "rec_1", "sub_", "%00", "a%20b", &"a".repeat(20_000)];
    let acts = [
        "people/{id}/disable",
        "people/{id}/enable",
        "grants/{id}/end",
        "sessions/{id}/end",
        "accounts/{id}/disable",
        "tokens/{id}/revoke",
        "accounts/{id}/tokens",
    ];
    let routes = acts.map(|act| ("POST", format!("/v1/access/{act}")));
    let token = ("DELETE", format!("/v1/risk-tokens/{TENANT}/{{id}}"));
    for (method, route) in routes.into_iter().chain([token]) {
        for id in ids {
            let body = json!({ "scopes": ["read_incidents"], "days": 1 });
            let answer = service.operate(method, &route.replace("{id}", id), &body).await;
            let shown = id.get(..40).unwrap_or(id);
            assert_eq!(answer.status, 404, "{method} {route} {shown}: {}", answer.json);
        }
    }
}
