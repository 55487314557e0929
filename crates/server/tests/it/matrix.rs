//! Every route as everybody: each role, each kind of credential, each wrong place.

use axum::{body::Body, http::Request};
use countersign_app::access::{Caller, NewGrant, NewToken, Settings};
use countersign_rights::{Action, Grant, How, Place, Role};
use countersign_testkit::{
    Answer, Granting, HOST, OTHER_TENANT, Setup, TENANT, TestApp, Vouching, access_token,
};

use crate::{
    guard::{Right, path_of, routes},
    world::{at_home, id_of},
};

/// What each role is for, written down apart from the policies.
fn is_for(role: Role, action: Action) -> bool {
    use Action::*;
    let reads = matches!(
        action,
        ReadDecisions
            | ReadLedger
            | ReadPolicies
            | ReadModels
            | ReadUsers
            | ReadTokens
            | ReadFindings
            | ReadIncidents
            | ReadPlans
            | ReadWatch
            | ReadMetrics
    );
    let triage = matches!(
        action,
        WorkIncidents | ChangeSuppressions | TellOutcomes | MarkUsers | FindEntities | WorkReviews
    );
    let reveal = matches!(action, RevealDecisions | RevealLogs | RevealPersonal | RevealPlans);
    let is_of_plans = matches!(action, RevealPlans | WorkReviews);
    let operate = matches!(
        action,
        SetSwitches
            | ApplyPolicies
            | ChangeModels
            | ChangeTokens
            | TestHooks
            | WriteTenant
            | ProposePlans
            | ExecutePlans
    );
    let administer = matches!(action, ErasePeople | ReadAccess | ChangeAccess | MaintainData);
    match role {
        Role::Viewer => reads,
        Role::Analyst => reads || triage || reveal,
        Role::Approver => reads || is_of_plans || action == ApprovePlans,
        Role::Operator => reads || operate || is_of_plans || action == RevealPersonal,
        Role::Auditor => reads || action == ReadAccess,
        Role::Administrator => reads || triage || reveal || operate || administer,
        Role::TenantAdmin => false,
    }
}

async fn service() -> TestApp {
    let access = Settings { provider: Some(std::sync::Arc::new(Vouching)), ..Settings::default() };
    TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await
}

fn tenant(name: &str) -> Place {
    Place::Tenant(name.parse().unwrap())
}

async fn person(service: &TestApp, subject: &str, role: Role, at: Place) -> String {
    service.grant(subject, vec![Grant::new(role, at).unwrap()]).await;
    service.session_of(subject).await
}

fn path(route: &str, decision: &str) -> String {
    let path = path_of(route, decision);
    // What stands in the path is not said again.
    let is_said = route.contains("{tenant}") || route.starts_with("/v1/access");
    if is_said { path.split('?').next().unwrap().to_owned() } else { path }
}

/// A request to a route with as much of a body as it takes to be asked who may.
fn request(method: &str, route: &str, decision: &str, credential: (&str, &str)) -> Request<Body> {
    let is_form = !route.starts_with("/v1/");
    let body = match (method, is_form) {
        ("GET" | "DELETE", _) => String::new(),
        (_, true) => format!("tenant={TENANT}"),
        (_, false) => r#"{"principal":"per_1","role":"viewer"}"#.to_owned(),
    };
    Request::builder()
        .method(method)
        .uri(path(route, decision))
        .header("host", HOST)
        .header("sec-fetch-site", "same-origin")
        .header(
            "content-type",
            if is_form { "application/x-www-form-urlencoded" } else { "application/json" },
        )
        .header(credential.0, credential.1)
        .body(Body::from(body))
        .unwrap()
}

fn guarded() -> Vec<(&'static str, &'static str, Action, bool)> {
    routes()
        .into_iter()
        .filter_map(|(method, route, right)| match right {
            Right::Needs(action) => Some((method, route, action, false)),
            Right::NeedsHere(action) => Some((method, route, action, true)),
            Right::Token | Right::Open | Right::Signed | Right::Known | Right::Local => None,
        })
        .collect()
}

fn is_denied(answer: &Answer) -> bool {
    // A page says it in words, an interface by its code.
    answer.status == 403
}

#[tokio::test]
async fn every_role_may_what_it_is_for_and_nothing_else() {
    let service = service().await;
    let decision = id_of(&service.decide(&at_home("auth0|anna")).await);
    for role in Role::ALL.iter().copied().filter(|role| *role != Role::TenantAdmin) {
        let everywhere = person(&service, &format!("all-{role}"), role, Place::Installation).await;
        let here = person(&service, &format!("here-{role}"), role, tenant(TENANT)).await;
        for (method, route, action, is_installation) in guarded() {
            for (cookie, is_enough) in [(&everywhere, true), (&here, !is_installation)] {
                let answer = service.send(request(method, route, &decision, ("cookie", cookie))).await;
                let may = is_for(role, action) && is_enough;
                assert_ne!(answer.status, 401, "{role}: {method} {route}");
                assert_eq!(!is_denied(&answer), may, "{role}: {method} {route}: {}", answer.status);
            }
        }
    }
}

#[tokio::test]
async fn no_route_is_changed_by_a_session_from_a_page_of_somebody_else() {
    let service = service().await;
    let decision = id_of(&service.decide(&at_home("auth0|anna")).await);
    let cookie = person(&service, "ada", Role::Administrator, Place::Installation).await;
    let leaves = async || {
        let tenant = TENANT.parse().unwrap();
        service.store.list_leaves(&tenant, 0, 1_000).await.unwrap().len()
    };
    let before = leaves().await;
    let unsafe_routes = routes().into_iter().filter(|(method, _, right)| {
        *method != "GET" && !matches!(right, Right::Open | Right::Token | Right::Signed)
    });
    let mut count = 0;
    for (method, route, _) in unsafe_routes {
        for (name, value) in [
            ("x-nothing", "said"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let mut request = request(method, route, &decision, ("cookie", &cookie));
            request.headers_mut().remove("sec-fetch-site");
            request.headers_mut().insert(name, value.parse().unwrap());
            let answer = service.send(request).await;
            let code = answer.json["code"].as_str();
            let is_refused = matches!(code, Some("origin.missing" | "origin.foreign"));
            assert!(
                answer.status == 403 && is_refused,
                "{method} {route} {name}: {value}: {}",
                answer.status
            );
        }
        count += 1;
    }
    assert!(count > 60, "{count}");
    assert_eq!(leaves().await, before, "nothing was done");
    let me = service.browse("GET", "/v1/access/me", &cookie).await;
    assert_eq!(me.status, 200, "nor was the session ended");
}

#[tokio::test]
async fn links_are_made_with_the_token_of_the_data_directory_alone() {
    let service = service().await;
    let (_, route, _) = routes().into_iter().find(|(_, _, right)| *right == Right::Local).unwrap();
    for role in Role::ALL.iter().copied().filter(|role| *role != Role::TenantAdmin) {
        let cookie = person(&service, &format!("all-{role}"), role, Place::Installation).await;
        let answer = service.send(request("POST", route, "", ("cookie", &cookie))).await;
        assert!(is_denied(&answer), "{role}");
    }
    let local = format!("Bearer {}", countersign_testkit::TOKEN);
    let answer = service.send(request("POST", route, "", ("authorization", &local))).await;
    assert_eq!(answer.status, 422, "it is asked for a reason");
}

#[tokio::test]
async fn at_another_tenant_there_is_nothing() {
    let service = service().await;
    let decision = id_of(&service.decide(&at_home("auth0|anna")).await);
    let stranger = person(&service, "stranger", Role::Administrator, tenant(OTHER_TENANT)).await;
    for (method, route, _, is_installation) in guarded() {
        let answer = service.send(request(method, route, &decision, ("cookie", &stranger))).await;
        let expected = if is_installation { 403 } else { 404 };
        assert_eq!(answer.status, expected, "{method} {route}");
        assert!(!String::from_utf8_lossy(&answer.bytes).contains("sub_"), "{method} {route}");
    }
}

#[tokio::test]
async fn who_administers_one_organization_is_held_to_it() {
    let service = service().await;
    let mut event = at_home("auth0|anna");
    event["organization"]["id"] = "org_ours".into();
    let ours = id_of(&service.decide(&event).await);
    event["organization"]["id"] = "org_theirs".into();
    let theirs = id_of(&service.decide(&event).await);
    let at = Place::Organization(TENANT.parse().unwrap(), "org_ours".parse().unwrap());
    let admin = person(&service, "customer", Role::TenantAdmin, at).await;
    let get = async |path: String| service.send(request("GET", &path, "", ("cookie", &admin))).await;

    let listed = get("/v1/decisions".to_owned()).await;
    let ids: Vec<_> =
        listed.json["decisions"].as_array().unwrap().iter().map(|row| row["decision_id"].clone()).collect();
    assert_eq!(ids, std::slice::from_ref(&ours), "{}", listed.json);
    for (id, status) in [(&ours, 200), (&theirs, 404)] {
        for path in
            [format!("/v1/decisions/{id}"), format!("/v1/decisions/{id}/receipt"), format!("/decisions/{id}")]
        {
            assert_eq!(get(path.clone()).await.status, status, "{path}");
        }
        let verdict =
            service.send(request("POST", &format!("/decisions/{id}/verdict"), "", ("cookie", &admin))).await;
        assert_eq!(
            verdict.status,
            if status == 200 { 422 } else { 404 },
            "what it says is looked at only there"
        );
    }
    for (method, route, action, _) in guarded() {
        if !matches!(action, Action::ReadDecisions | Action::TellOutcomes | Action::RevealPersonal) {
            let answer = service.send(request(method, route, &ours, ("cookie", &admin))).await;
            assert!(is_denied(&answer), "{method} {route}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn what_ended_is_no_credential() {
    let service = service().await;
    let decision = id_of(&service.decide(&at_home("auth0|anna")).await);
    let id = service.grant("mia", vec![Grant::new(Role::Administrator, Place::Installation).unwrap()]).await;
    let cookie = service.session_of("mia").await;
    // Nothing is done to her: her session ends by itself.
    service.grant("noa", vec![Grant::new(Role::Administrator, Place::Installation).unwrap()]).await;
    let unused = service.session_of("noa").await;
    let local = Caller::local(How::Process);
    let permit = service.app.permit_here(&local, Action::ChangeAccess).await.unwrap();
    let account = service.app.make_account(&permit, "soar").await.unwrap();
    let grant = Grant::new(Role::Administrator, Place::Installation).unwrap();
    service.app.grant(&permit, &NewGrant { principal: account.clone(), grant }).await.unwrap();
    let token = |days| NewToken { scopes: ["*".to_owned()].into(), days };
    let short = service.app.make_account_token(&permit, &account, &token(1)).await.unwrap();
    let revoked = service.app.make_account_token(&permit, &account, &token(30)).await.unwrap();
    let bearer = |made: &countersign_app::access::TokenMade| format!("Bearer {}", made.token.expose());
    let credentials = [
        ("cookie", cookie.clone()),
        ("cookie", unused.clone()),
        ("authorization", bearer(&short)),
        ("authorization", bearer(&revoked)),
    ];
    for credential in &credentials {
        let answer = service.send(request("GET", "/v1/decisions", "", (credential.0, &credential.1))).await;
        assert_eq!(answer.status, 200, "while it holds");
    }

    service.app.disable_person(&permit, &id).await.unwrap();
    service.app.revoke_account_token(&permit, &revoked.id).await.unwrap();
    service.clock.advance(std::time::Duration::from_secs(86_400));
    for (method, route, _, _) in guarded() {
        for credential in &credentials {
            let answer = service.send(request(method, route, &decision, (credential.0, &credential.1))).await;
            assert_eq!(answer.status, 401, "{method} {route}");
        }
    }
    assert_eq!(service.sign_in("mia").await.status, 403, "nor may who was disabled sign in again");
    assert_eq!(service.sign_in("noa").await.status, 303, "whose session ended by itself may");
}

#[tokio::test]
async fn an_application_of_one_organization_is_held_to_it() {
    let tokens = [(TENANT.parse().unwrap(), std::sync::Arc::new(Granting) as _)].into();
    let service = TestApp::start_with(
        |_| {},
        Setup { access: Settings { tokens, ..Settings::default() }, ..Setup::default() },
    )
    .await;
    let mut event = at_home("auth0|anna");
    let mut ids = Vec::new();
    for organization in ["org_ours", "org_theirs"] {
        event["organization"]["id"] = organization.into();
        ids.push(id_of(&service.decide(&event).await));
    }
    let all = ["decide", "read:decisions", "read:ledger", "operate"];
    let held = format!("Bearer {}.org_ours", access_token("shop", &all));
    let free = format!("Bearer {}", access_token("shop", &all));
    let get = async |path: &str, token: &str| {
        service.send(request("GET", path, "", ("authorization", token))).await
    };
    for (token, own, theirs) in [(&held, 200, 404), (&free, 200, 200)] {
        for (id, status) in [(&ids[0], own), (&ids[1], theirs)] {
            for path in [format!("/v1/decisions/{id}"), format!("/v1/decisions/{id}/receipt")] {
                assert_eq!(get(&path, token).await.status, status, "{path}");
            }
        }
    }
    let listed = get("/v1/decisions", &held).await;
    let rows = listed.json["decisions"].as_array().unwrap();
    assert!(rows.len() == 1 && rows[0]["decision_id"] == ids[0], "{}", listed.json);
    for (method, route, action, _) in guarded() {
        let answer = service.send(request(method, route, &ids[1], ("authorization", &held))).await;
        let expected = match action {
            Action::ReadDecisions if route.contains("{id}") => 404,
            Action::ReadDecisions => 200,
            // What can be done to all of a tenant alone is denied, whatever the token's scopes are.
            _ => 403,
        };
        assert_eq!(answer.status, expected, "{method} {route}");
        let is_told = String::from_utf8_lossy(&answer.bytes).contains(&ids[1]);
        assert!(expected == 404 || !is_told, "{method} {route}");
    }
}

#[tokio::test]
async fn a_token_narrows_its_account_and_opens_no_access() {
    let service = service().await;
    let decision = id_of(&service.decide(&at_home("auth0|anna")).await);
    let local = Caller::local(How::Process);
    let permit = service.app.permit_here(&local, Action::ChangeAccess).await.unwrap();
    let account = service.app.make_account(&permit, "soar").await.unwrap();
    let grant = Grant::new(Role::Administrator, Place::Installation).unwrap();
    service.app.grant(&permit, &NewGrant { principal: account.clone(), grant }).await.unwrap();
    let scopes = [Action::ReadIncidents, Action::WorkIncidents].map(|action| action.as_str().to_owned());
    let made = service
        .app
        .make_account_token(&permit, &account, &NewToken { scopes: scopes.clone().into(), days: 1 })
        .await
        .unwrap();
    let all = service
        .app
        .make_account_token(&permit, &account, &NewToken { scopes: ["*".to_owned()].into(), days: 1 })
        .await
        .unwrap();
    for (method, route, action, _) in guarded() {
        let narrow = format!("Bearer {}", made.token.expose());
        let answer = service.send(request(method, route, &decision, ("authorization", &narrow))).await;
        assert_eq!(!is_denied(&answer), scopes.contains(&action.as_str().to_owned()), "{method} {route}");
        let wide = format!("Bearer {}", all.token.expose());
        let answer = service.send(request(method, route, &decision, ("authorization", &wide))).await;
        let is_kept = matches!(
            action,
            Action::ReadAccess
                | Action::ChangeAccess
                | Action::RevealLogs
                | Action::RevealDecisions
                | Action::RevealPersonal
                | Action::RevealPlans
                | Action::ApprovePlans
        );
        assert_eq!(
            is_denied(&answer),
            is_kept,
            "{method} {route}: `*` opens neither access nor what names people"
        );
    }
}
