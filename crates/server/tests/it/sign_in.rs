//! People sign in at the provider, and what is kept of it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use countersign_app::{
    access::{Caller, NewGrant, Settings},
    hooks::{Hears, Hook, Message, SendHook, Sending, Taken},
    incidents::Severity,
};
use countersign_core::{Clock as _, TenantId};
use countersign_rights::{Action, Grant, How, Place, Role};
use countersign_store::{AccessWrite, Commit, DeliveryFilter, LinkRow, SessionRow};
use countersign_testkit::{OTHER_TENANT, REFUSED, Setup, TENANT, TestApp, Vouching, cookie_of};
use serde_json::Value;

use crate::world::bare;

async fn service() -> TestApp {
    let analysts = Grant::new(Role::Analyst, Place::Tenant(TENANT.parse().unwrap())).unwrap();
    let access = Settings {
        provider: Some(Arc::new(Vouching)),
        claims: vec![("security".to_owned(), analysts)],
        ..Settings::default()
    };
    TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await
}

fn everywhere(role: Role) -> Vec<Grant> {
    vec![Grant::new(role, Place::Installation).unwrap()]
}

/// What the leaves of access at a tenant say, in order: the change and its facts.
async fn told(service: &TestApp, tenant: &str) -> Vec<Value> {
    let id: TenantId = tenant.parse().unwrap();
    let leaves = service.store.list_leaves(&id, 0, 1_000).await.unwrap();
    let leaves = leaves.iter().map(|row| serde_json::from_slice::<Value>(&row.leaf).unwrap());
    let told = leaves.filter(|leaf| leaf["kind"] == "access").map(|leaf| leaf["facts"].clone());
    // The start tells which policies are in force.
    told.filter(|facts| facts["change"] != "access_policies_changed").collect()
}

fn changes(told: &[Value]) -> Vec<&str> {
    told.iter().map(|facts| facts["change"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn somebody_with_a_role_signs_in_and_goes_on_to_where_they_were() {
    let service = service().await;
    let id = service.grant("mia", everywhere(Role::Viewer)).await;
    let answer = service.sign_in("mia").await;
    assert_eq!((answer.status, answer.headers["location"].to_str().unwrap()), (303, "/incidents"));
    let header = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned());
    let header: Vec<String> = header.collect();
    let session = header.iter().find(|value| value.starts_with("countersign_session=")).unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(attribute), "{session}");
    }
    assert!(header.iter().any(|value| value.starts_with("countersign_sign_in=;")), "what was begun is over");
    let cookie = cookie_of(&answer, "countersign_session");
    let page = service.browse("GET", "/", &cookie).await;
    assert_eq!(page.status, 200);
    assert!(String::from_utf8(page.bytes).unwrap().contains("Name of mia"));
    let me = service.browse("GET", "/v1/access/me", &cookie).await.json;
    assert_eq!((me["principal"].as_str(), me["how"].as_str()), (Some(&*id), Some("oidc")));
    let told = told(&service, OTHER_TENANT).await;
    assert_eq!(changes(&told), ["person_added", "granted", "signed_in"]);
    assert_eq!(told[2]["by"], *id);
    assert!(!format!("{told:?}").contains("mia"), "leaves name nobody");
}

#[tokio::test]
async fn a_claim_gives_the_role_that_the_configuration_says() {
    let service = service().await;
    let cookie = service.session_of("noa,security,other").await;
    let me = service.browse("GET", "/v1/access/me", &cookie).await.json;
    assert_eq!(me["tenants"], serde_json::json!([TENANT]));
    assert_eq!(
        changes(&told(&service, OTHER_TENANT).await),
        [] as [&str; 0],
        "it is none of that tenant's business"
    );
    assert_eq!(changes(&told(&service, TENANT).await), ["signed_in"]);
}

#[tokio::test]
async fn who_has_no_role_gets_no_session_and_is_told_how_they_are_known() {
    let service = service().await;
    let answer = service.sign_in("auth0|lee").await;
    assert_eq!(answer.status, 403);
    assert_eq!(cookie_of(&answer, "countersign_session"), "");
    assert!(String::from_utf8(answer.bytes).unwrap().contains("auth0|lee"));
    let told = told(&service, TENANT).await;
    assert_eq!(changes(&told), ["sign_in_refused"]);
    assert!(!format!("{told:?}").contains("lee"));
    assert_eq!(service.sign_in(REFUSED).await.status, 401);
}

#[tokio::test]
async fn only_the_browser_that_began_ends_a_sign_in_and_within_ten_minutes() {
    let service = service().await;
    service.grant("mia", everywhere(Role::Viewer)).await;
    let began = service.browse("GET", "/sign-in/start", "").await;
    let location = began.headers["location"].to_str().unwrap().to_owned();
    let state = location.split(['?', '&']).find_map(|pair| pair.strip_prefix("state=")).unwrap();
    let kept = cookie_of(&began, "countersign_sign_in");
    let other = cookie_of(&service.browse("GET", "/sign-in/start", "").await, "countersign_sign_in");
    let back = format!("/sign-in/callback?state={state}&code=mia");
    for (cookie, path) in [
        ("", back.clone()),
        (&*other, back.clone()),
        ("countersign_sign_in=AAAA", back.clone()),
        (&*kept, "/sign-in/callback?state=guess&code=mia".to_owned()),
        (&*kept, "/sign-in/callback?code=mia".to_owned()),
        (&*kept, format!("/sign-in/callback?state={state}&error=access_denied")),
    ] {
        let answer = service.browse("GET", &path, cookie).await;
        assert_eq!(answer.status, 401, "{path} with {cookie}");
        assert_eq!(cookie_of(&answer, "countersign_session"), "");
    }
    service.clock.advance(Duration::from_secs(601));
    assert_eq!(service.browse("GET", &back, &kept).await.status, 401, "too late");
    service.clock.advance(Duration::from_secs(0));
    let foreign = service.browse("GET", "/sign-in/start?to=%2F%2Fevil.example", "").await;
    assert_eq!(foreign.status, 303);
}

#[tokio::test]
async fn a_session_ends_by_disuse_by_age_by_signing_out_and_by_an_administrator() {
    let service = service().await;
    service.grant("mia", everywhere(Role::Administrator)).await;
    let holds = async |cookie: &str| service.browse("GET", "/v1/access/me", cookie).await.status == 200;

    let unused = service.session_of("mia").await;
    service.clock.advance(Duration::from_secs(29 * 60));
    assert!(holds(&unused).await);
    service.clock.advance(Duration::from_secs(29 * 60));
    assert!(holds(&unused).await, "use prolongs it");
    service.clock.advance(Duration::from_secs(31 * 60));
    assert!(!holds(&unused).await, "half an hour without use");

    let old = service.session_of("mia").await;
    for _ in 0..19 {
        service.clock.advance(Duration::from_secs(25 * 60));
        assert!(holds(&old).await);
    }
    service.clock.advance(Duration::from_secs(10 * 60));
    assert!(!holds(&old).await, "eight hours are over, whatever its use");

    let left = service.session_of("mia").await;
    let out = service.browse("POST", "/sign-out", &left).await;
    assert_eq!(out.status, 303);
    assert!(!holds(&left).await);

    let (one, other) = (service.session_of("mia").await, service.session_of("mia").await);
    let listed = service.browse("GET", "/v1/access/sessions", &one).await.json;
    let sessions = listed["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2, "{listed}");
    let me =
        service.browse("GET", "/v1/access/me", &other).await.json["session"].as_str().unwrap().to_owned();
    let ended = service.browse("POST", &format!("/v1/access/sessions/{me}/end"), &one).await;
    assert_eq!(ended.status, 200, "{}", ended.json);
    assert!(holds(&one).await && !holds(&other).await);
    let told = told(&service, TENANT).await;
    assert!(changes(&told).ends_with(&["signed_in", "signed_in", "session_revoked"]), "{told:?}");
}

#[tokio::test]
async fn a_browser_that_signs_in_again_leaves_no_session_behind() {
    let service = service().await;
    service.grant("mia", everywhere(Role::Viewer)).await;
    let holds = async |cookie: &str| service.browse("GET", "/v1/access/me", cookie).await.status == 200;
    let (first, elsewhere) = (service.session_of("mia").await, service.session_of("mia").await);
    let began = service.browse("GET", "/sign-in/start", &first).await;
    let location = began.headers["location"].to_str().unwrap().to_owned();
    let state = location.split(['?', '&']).find_map(|pair| pair.strip_prefix("state=")).unwrap();
    let back = format!("/sign-in/callback?state={state}&code=mia");
    let cookies = format!("{first}; {}", cookie_of(&began, "countersign_sign_in"));
    let second = cookie_of(&service.browse("GET", &back, &cookies).await, "countersign_session");
    assert!(!holds(&first).await && holds(&second).await && holds(&elsewhere).await);
    let link = service.server.one_time_path().await.unwrap();
    let third = cookie_of(&service.browse("GET", &link, &second).await, "countersign_session");
    assert!(!holds(&second).await && holds(&third).await, "a link does the same");
    let used = service.browse("GET", &link, &third).await;
    assert!(used.status == 401 && holds(&third).await, "who is not signed in anew keeps what they have");
    let ends =
        changes(&told(&service, TENANT).await).iter().filter(|change| **change == "signed_out").count();
    assert_eq!(ends, 2);
}

#[tokio::test]
async fn a_page_that_waits_for_news_gets_none_once_its_session_ended() {
    let service = service().await;
    let id = service.grant("mia", everywhere(Role::Viewer)).await;
    let cookie = service.session_of("mia").await;
    let waiting = bare("GET", &format!("/console/live?tenant={TENANT}"));
    let (mut head, body) = waiting.into_parts();
    for (name, value) in [("cookie", &*cookie), ("last-event-id", "start")] {
        head.headers.insert(name, value.parse().unwrap());
    }
    let mut answer = std::pin::pin!(service.send(axum::http::Request::from_parts(head, body)));
    let early = tokio::time::timeout(Duration::from_millis(500), &mut answer).await;
    assert!(early.is_err(), "it waits for news");
    let permit = service.app.permit_here(&Caller::local(How::Process), Action::ChangeAccess).await.unwrap();
    service.app.disable_person(&permit, &id).await.unwrap();
    assert_eq!(service.decide(&countersign_testkit::post_login()).await.status, 200);
    let answer = answer.await;
    assert_eq!(answer.status, 401, "{}", String::from_utf8_lossy(&answer.bytes));
}

/// The status that whoever has a session of this principal, who came so, is answered with.
async fn asks_in_a_session(service: &TestApp, (principal, how): (&str, How)) -> u16 {
    let (token, now) = (format!("cse_{}_{principal}", how.as_str()), service.clock.now());
    let row = SessionRow {
        id: service.fresh_id(),
        digest: countersign_privacy::Token::received(&token).unwrap().digest(),
        principal: principal.to_owned(),
        how: how.as_str().to_owned(),
        claimed: "[]".to_owned(),
        created_at: now,
        seen_at: now,
        idle_micros: 60_000_000,
        ends_at: now.plus(60_000_000),
        ended_at: None,
    };
    let writes = vec![AccessWrite::AddSession(row).into()];
    let commit = Commit { writes, ..Commit::background(TENANT.parse().unwrap()) };
    service.store.commit(commit).await.unwrap();
    service.browse("GET", "/v1/access/me", &format!("countersign_session={token}")).await.status
}

#[tokio::test]
async fn a_session_by_another_provider_than_the_configured_one_holds_no_more() {
    let service = service().await;
    let permit = service.app.permit_here(&Caller::local(How::Process), Action::ChangeAccess).await.unwrap();
    for (issuer, status) in [(countersign_testkit::ISSUER, 200), ("https://id.before.test/", 401)] {
        let id = service.app.add_person(&permit, Some(issuer), "noa", "Noa").await.unwrap();
        let grant = everywhere(Role::Viewer).remove(0);
        service.app.grant(&permit, &NewGrant { principal: id.clone(), grant }).await.unwrap();
        let me = asks_in_a_session(&service, (&id, How::Oidc)).await;
        assert_eq!(me, status, "{issuer}");
    }
}

#[tokio::test]
async fn a_page_that_asks_by_itself_keeps_no_session_alive() {
    let service = service().await;
    service.grant("mia", everywhere(Role::Viewer)).await;
    let by_itself = [("accept", "text/event-stream"), ("countersign-open-page", "yes")];
    for (name, value) in by_itself {
        let cookie = service.session_of("mia").await;
        let ask = async || {
            let mut request = bare("GET", &format!("/console/live?tenant={TENANT}"));
            for (name, value) in [("cookie", &*cookie), (name, value)] {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            service.send(request).await.status
        };
        for _ in 0..29 {
            service.clock.advance(Duration::from_secs(60));
            assert_eq!(ask().await, 200, "{name}");
        }
        service.clock.advance(Duration::from_secs(60));
        assert_eq!(ask().await, 401, "{name}: nobody used it for half an hour");
    }
    let used = service.session_of("mia").await;
    for _ in 0..3 {
        service.clock.advance(Duration::from_secs(29 * 60));
        assert_eq!(service.browse("GET", "/", &used).await.status, 200);
    }
}

#[tokio::test]
async fn a_link_from_before_people_could_sign_in_opens_nothing() {
    let service = service().await;
    let (code, made_at) =
        (countersign_privacy::Token::received("cln_from_the_start_before").unwrap(), service.clock.now());
    let row = LinkRow {
        id: service.fresh_id(),
        digest: code.digest(),
        how: How::Link.as_str().to_owned(),
        made_at,
        ends_at: made_at.plus(900_000_000),
        used_at: None,
    };
    let writes = vec![AccessWrite::AddLink(row).into()];
    let commit = Commit { writes, ..Commit::background(TENANT.parse().unwrap()) };
    service.store.commit(commit).await.unwrap();
    let used = service.browse("GET", &format!("/start/{}", code.expose()), "").await;
    assert_eq!((used.status, cookie_of(&used, "countersign_session")), (401, String::new()));
}

#[tokio::test]
async fn a_session_from_before_people_could_sign_in_has_ended() {
    let service = service().await;
    for (how, status) in [(How::Link, 401), (How::BreakGlass, 200)] {
        let me = asks_in_a_session(&service, ("local", how)).await;
        assert_eq!(me, status, "{how}");
    }
}

#[tokio::test]
async fn what_a_session_changes_comes_from_a_page_of_ours() {
    let service = service().await;
    service.grant("mia", everywhere(Role::Administrator)).await;
    let cookie = service.session_of("mia").await;
    let send_to = async |path: &str, headers: &[(&str, &str)]| {
        let mut request = bare("POST", path);
        for (name, value) in [("cookie", &*cookie)].iter().chain(headers) {
            request
                .headers_mut()
                .insert(axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        service.send(request).await
    };
    // The second has a way of its own, since Actions tell outcomes at the same path.
    let foreign = [&[][..], &[("sec-fetch-site", "cross-site")], &[("sec-fetch-site", "same-site")]];
    for (path, headers) in
        ["/sign-out", "/v1/outcomes"].into_iter().flat_map(|path| foreign.map(|headers| (path, headers)))
    {
        let answer = send_to(path, headers).await;
        assert_eq!(
            (answer.status, answer.json["code"].as_str()),
            (403, Some("origin.missing")),
            "{headers:?}"
        );
    }
    let ours = &[("sec-fetch-site", "same-origin")];
    assert_eq!(send_to("/v1/outcomes", ours).await.json["code"], "tenant.missing", "it is let in");
    assert_eq!(send_to("/sign-out", ours).await.status, 303);
    service.clock.advance(Duration::from_secs(60));
    service.app.tell_refused().await.unwrap();
    let told = told(&service, TENANT).await;
    let refused = told.last().unwrap();
    assert_eq!((&refused["change"], &refused["foreign_pages"]), (&"refused".into(), &"6".into()), "{told:?}");
}

#[tokio::test]
async fn who_broke_the_glass_is_told_of_everywhere_and_has_an_hour() {
    let service = service().await;
    let refused = service.operate("POST", "/v1/access/links", &serde_json::json!({})).await;
    assert_eq!(refused.status, 422, "a reason is given");
    let body = serde_json::json!({ "reason": "the provider is down" });
    let made = service.operate("POST", "/v1/access/links", &body).await;
    assert_eq!(made.status, 201, "{}", made.json);
    let used = service.browse("GET", made.json["path"].as_str().unwrap(), "").await;
    let cookie = cookie_of(&used, "countersign_session");
    let page = service.browse("GET", "/", &cookie).await;
    assert!(String::from_utf8(page.bytes).unwrap().contains("Break-glass session"));
    for tenant in [TENANT, OTHER_TENANT] {
        assert_eq!(changes(&told(&service, tenant).await), ["break_glass_made", "break_glass_used"]);
    }
    service.clock.advance(Duration::from_secs(59 * 60));
    assert_eq!(service.browse("GET", "/", &cookie).await.status, 200);
    service.clock.advance(Duration::from_secs(60));
    assert_eq!(service.browse("GET", "/", &cookie).await.status, 401);
}

/// A receiver that only hears of what is grave.
struct Receiver;

impl SendHook for Receiver {
    fn send<'a>(&'a self, _: Message<'a>) -> Sending<'a> {
        Box::pin(async { Ok(Taken::default()) })
    }
}

#[tokio::test]
async fn receivers_are_told_of_break_glass_whatever_else_they_hear_of() {
    let hook = Hook {
        name: "soc".to_owned(),
        least: Severity::Critical,
        with_names: false,
        hears: Hears { topics: [].into(), audiences: [].into() },
        sender: Arc::new(Receiver),
    };
    let access = Settings { provider: Some(Arc::new(Vouching)), ..Settings::default() };
    let service = TestApp::start_with(|_| {}, Setup { access, hooks: vec![hook], ..Setup::default() }).await;
    let body = serde_json::json!({ "reason": "the provider is down" });
    let made = service.operate("POST", "/v1/access/links", &body).await;
    service.browse("GET", made.json["path"].as_str().unwrap(), "").await;
    for tenant in [TENANT, OTHER_TENANT] {
        let id: TenantId = tenant.parse().unwrap();
        let rows = service.store.list_deliveries(&id, DeliveryFilter::default(), 99).await.unwrap();
        let events: BTreeSet<_> = rows.iter().map(|row| (row.hook.as_str(), row.event.as_str())).collect();
        let expected = [("soc", "access.break_glass_made"), ("soc", "access.break_glass_used")];
        assert_eq!(events, expected.into());
    }
}

#[tokio::test]
async fn a_denial_is_a_leaf_and_says_its_policies_to_those_who_may_know() {
    let forbidding =
        "@id(\"no_erasures\") forbid (principal, action == Countersign::Action::\"erase_people\", resource);";
    let access = Settings {
        provider: Some(Arc::new(Vouching)),
        policies: vec![("ours.cedar".to_owned(), forbidding.to_owned())],
        ..Settings::default()
    };
    let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
    service.grant("ada", everywhere(Role::Administrator)).await;
    let viewer = service.grant("vic", everywhere(Role::Viewer)).await;
    let path = format!("/v1/erasures/{TENANT}");
    let told_to_admin = service.browse("POST", &path, &service.session_of("ada").await).await;
    assert_eq!((told_to_admin.status, told_to_admin.json["code"].as_str()), (403, Some("denied")));
    assert!(
        told_to_admin.json["detail"].as_str().unwrap().contains("`no_erasures`"),
        "{}",
        told_to_admin.json
    );
    let told_to_viewer = service.browse("POST", &path, &service.session_of("vic").await).await;
    assert_eq!(told_to_viewer.status, 403);
    assert!(
        !told_to_viewer.json["detail"].as_str().unwrap().contains("no_erasures"),
        "{}",
        told_to_viewer.json
    );
    service.app.denials_told().await;
    let told = told(&service, TENANT).await;
    let denied: Vec<_> = told.iter().filter(|facts| facts["change"] == "denied").collect();
    assert_eq!(denied.len(), 2);
    assert_eq!(
        (denied[1]["by"].as_str(), denied[1]["action"].as_str()),
        (Some(&*viewer), Some("erase_people"))
    );
}

#[tokio::test]
async fn credentials_that_nobody_knows_are_told_once_a_minute_with_their_count() {
    let service = service().await;
    for _ in 0..3 {
        let mut request = bare("GET", "/metrics");
        request.headers_mut().insert("authorization", "Bearer guess".parse().unwrap());
        assert_eq!(service.send(request).await.status, 401);
    }
    assert_eq!(
        service.send(bare("GET", "/metrics")).await.status,
        401,
        "nothing was shown, so nothing refused"
    );
    service.app.tell_refused().await.unwrap();
    assert_eq!(told(&service, TENANT).await, [] as [Value; 0]);
    service.clock.advance(Duration::from_secs(60));
    service.app.tell_refused().await.unwrap();
    service.app.tell_refused().await.unwrap();
    let told = told(&service, TENANT).await;
    assert_eq!(changes(&told), ["refused"]);
    assert_eq!(told[0]["count"], "3");
}

#[tokio::test]
async fn who_administers_one_tenant_grants_there_and_nowhere_else() {
    let service = service().await;
    let here = Grant::new(Role::Administrator, Place::Tenant(TENANT.parse().unwrap())).unwrap();
    service.grant("tom", vec![here]).await;
    let friend = service.grant("friend", Vec::new()).await;
    let app = &service.app;
    let id = service.session_of("tom").await;
    let session = countersign_privacy::Token::received(id.split_once('=').unwrap().1).unwrap();
    let tom = app.caller_of_session(&session).await.unwrap().unwrap();
    let permit = app.permit(&tom, Action::ChangeAccess, &TENANT.parse().unwrap()).await.unwrap();
    let grant = |at| NewGrant { principal: friend.clone(), grant: Grant::new(Role::Viewer, at).unwrap() };
    assert!(app.grant_at(&permit, &grant(Place::Tenant(TENANT.parse().unwrap()))).await.is_ok());
    assert!(app.grant_at(&permit, &grant(Place::Tenant(OTHER_TENANT.parse().unwrap()))).await.is_err());
    assert!(app.grant_at(&permit, &grant(Place::Installation)).await.is_err());
    assert!(app.permit_here(&tom, Action::ChangeAccess).await.is_err());
    let local = Caller::local(How::Process);
    assert!(app.permit_here(&local, Action::ChangeAccess).await.is_ok());
}

/// Does two things at once that write, neither of which is done before both have looked.
async fn at_once<A, B>(
    service: &TestApp,
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> (A, B) {
    let held = rusqlite::Connection::open(service.folder().join("countersign.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let release = async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        held.execute_batch("ROLLBACK").unwrap();
    };
    let (one, other, ()) = tokio::join!(one, other, release);
    (one, other)
}

#[tokio::test]
async fn two_tabs_in_which_somebody_signs_in_for_the_first_time_are_one_person() {
    let service = service().await;
    let code = "noa,security";
    let (one, other) = at_once(&service, service.sign_in(code), service.sign_in(code)).await;
    assert_eq!((one.status, other.status), (303, 303));
    let people = async |answer| {
        let cookie = cookie_of(answer, "countersign_session");
        service.browse("GET", "/v1/access/me", &cookie).await.json["principal"].to_string()
    };
    assert_eq!(people(&one).await, people(&other).await);
}

#[tokio::test]
async fn who_is_disabled_while_they_sign_in_is_refused_and_the_ledger_says_so() {
    let service = service().await;
    let id = service.grant("mia", everywhere(Role::Viewer)).await;
    let permit = service.app.permit_here(&Caller::local(How::Process), Action::ChangeAccess).await.unwrap();
    let disabling = service.app.disable_person(&permit, &id);
    let (disabled, signed_in) = at_once(&service, disabling, service.sign_in("mia")).await;
    disabled.unwrap();
    assert_eq!(signed_in.status, 403);
    let told = told(&service, TENANT).await;
    let last = told.last().unwrap();
    assert_eq!(
        (&last["change"], &last["why"], &last["by"]),
        (&"sign_in_refused".into(), &"disabled".into(), &(*id).into())
    );
}

#[tokio::test]
async fn a_role_at_a_tenant_that_is_not_there_any_more_lets_nobody_in() {
    let gone = Grant::new(Role::Analyst, Place::Tenant("gone-tenant".parse().unwrap())).unwrap();
    let access = Settings {
        provider: Some(Arc::new(Vouching)),
        claims: vec![("security".to_owned(), gone)],
        ..Settings::default()
    };
    let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
    assert_eq!(service.sign_in("noa,security").await.status, 403);
    assert_eq!(changes(&told(&service, TENANT).await), ["sign_in_refused"]);
}
