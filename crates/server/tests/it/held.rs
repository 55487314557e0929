//! Who is held to organizations of a tenant: what they get of it, and what pages show to each role.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use countersign_app::{
    DecisionFilter,
    access::{Caller, Settings},
};
use countersign_privacy::Token;
use countersign_rights::{Action, Grant, Place, Role};
use countersign_testkit::{Answer, HOST, OTHER_TENANT, Setup, TENANT, TestApp, Vouching};
use serde_json::{Value, json};

use crate::world::{at_home, bare, check_problem, id_of};

const OWN: [&str; 2] = ["org_ours", "org_more"];

struct Scene {
    service: TestApp,
    /// Decisions of our two organizations in turn, of another one, and of none.
    ours: Vec<String>,
    theirs: Vec<String>,
    cookie: String,
}

fn grants(organizations: &[&str]) -> Vec<Grant> {
    let at =
        |organization: &&str| Place::Organization(TENANT.parse().unwrap(), organization.parse().unwrap());
    organizations.iter().map(|of| Grant::new(Role::TenantAdmin, at(of)).unwrap()).collect()
}

async fn decide(service: &TestApp, organization: Option<&str>) -> String {
    let mut event = at_home("auth0|anna");
    match organization {
        Some(organization) => event["organization"]["id"] = json!(organization),
        None => drop(event.as_object_mut().unwrap().remove("organization")),
    }
    id_of(&service.decide(&event).await)
}

impl Scene {
    async fn start() -> Self {
        let access = Settings { provider: Some(Arc::new(Vouching)), ..Settings::default() };
        let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for organization in ["org_ours", "org_more", "org_ours", "org_more"] {
            ours.push(decide(&service, Some(organization)).await);
            theirs.push(decide(&service, Some("org_theirs")).await);
        }
        theirs.push(decide(&service, None).await);
        let mut held = grants(&OWN);
        let other = Place::Organization(OTHER_TENANT.parse().unwrap(), "org_theirs".parse().unwrap());
        held.push(Grant::new(Role::TenantAdmin, other).unwrap());
        service.grant("rae", held).await;
        let cookie = service.session_of("rae").await;
        Self { service, ours, theirs, cookie }
    }

    async fn get(&self, path: &str) -> Answer {
        self.service.browse("GET", path, &self.cookie).await
    }

    async fn listed(&self, more: &str) -> Vec<String> {
        let answer = self.get(&format!("/v1/decisions?tenant={TENANT}{more}")).await;
        let rows = answer.json["decisions"].as_array().unwrap_or_else(|| panic!("{}", answer.json)).clone();
        rows.iter().map(|row| row["decision_id"].as_str().unwrap().to_owned()).collect()
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = Request::post(path)
            .header("host", HOST)
            .header("cookie", &self.cookie)
            .header("sec-fetch-site", "same-origin")
            .header("countersign-tenant", TENANT)
            .body(Body::from(body.to_string()));
        self.service.send(request.unwrap()).await
    }

    async fn caller(&self) -> Caller {
        let token = Token::received(self.cookie.split_once('=').unwrap().1).unwrap();
        self.service.app.caller_of_session(&token).await.unwrap().unwrap()
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.clone()).unwrap()
}

#[tokio::test]
async fn who_administers_two_organizations_reads_both_in_one_order_and_no_other() {
    let scene = Scene::start().await;
    let newest_first = |of: &[usize]| of.iter().map(|at| scene.ours[*at].clone()).collect::<Vec<_>>();
    assert_eq!(scene.listed("").await, newest_first(&[3, 2, 1, 0]));
    assert_eq!(scene.listed("&organization=org_more").await, newest_first(&[3, 1]));
    assert_eq!(scene.listed("&organization=org_theirs").await, [] as [String; 0]);
    let permit = scene
        .service
        .app
        .permit_within(&scene.caller().await, Action::ReadDecisions, &TENANT.parse().unwrap())
        .await
        .unwrap();
    assert!(permit.whole().is_none());
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let filter = DecisionFilter { before, ..DecisionFilter::default() };
        let page = scene.service.app.decisions(&permit, filter, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.leaf_index);
        seen.extend(page.iter().map(|row| row.decision.id.to_string()));
    }
    assert_eq!(seen, newest_first(&[3, 2, 1, 0]), "page by page");
    let filter = DecisionFilter { after: Some(0), ..DecisionFilter::default() };
    let oldest = scene.service.app.decisions(&permit, filter, 2).await.unwrap();
    assert_eq!(
        oldest.iter().map(|row| row.decision.id.to_string()).collect::<Vec<_>>(),
        newest_first(&[0, 1])
    );
    for (ids, status) in [(&scene.ours, 200), (&scene.theirs, 404)] {
        for id in ids {
            for path in [
                format!("/v1/decisions/{id}"),
                format!("/v1/decisions/{id}/receipt"),
                format!("/decisions/{id}"),
                format!("/decisions/{id}/receipt"),
            ] {
                assert_eq!(scene.get(&format!("{path}?tenant={TENANT}")).await.status, status, "{path}");
            }
        }
    }
    let live = text(&scene.get(&format!("/console/live?tenant={TENANT}")).await);
    assert!(
        scene.ours.iter().all(|id| live.contains(id)) && scene.theirs.iter().all(|id| !live.contains(id))
    );
}

#[tokio::test]
async fn who_administers_two_organizations_tells_and_opens_what_is_of_either_and_nothing_else() {
    let scene = Scene::start().await;
    let verdict = |id: &str| json!({ "kind": "verdict", "decision_id": id, "verdict": "legitimate" });
    let reveal = |id: &str| json!({ "what": { "kind": "decision", "id": id }, "fields": ["user.email"], "reason": "case 4711" });
    let path = format!("/v1/reveals/{TENANT}");
    for id in &scene.ours[..2] {
        let told = scene.post("/v1/outcomes", &verdict(id)).await;
        assert_eq!((told.status, &told.json["outcome"]), (200, &json!("recorded")), "{}", told.json);
        let opened = scene.post(&path, &reveal(id)).await;
        assert!(opened.status == 200 && opened.json["values"]["user.email"].is_string(), "{}", opened.json);
    }
    for id in &scene.theirs {
        check_problem(&scene.post("/v1/outcomes", &verdict(id)).await, 404, "not_found");
        check_problem(&scene.post(&path, &reveal(id)).await, 404, "not_found");
    }
    let of_account = json!({ "kind": "login_failed", "user_id": "auth0|anna" });
    check_problem(&scene.post("/v1/outcomes", &of_account).await, 404, "not_found");
    for kind in ["user", "incident", "alert", "suppression", "log"] {
        let what =
            json!({ "what": { "kind": kind, "id": "any" }, "fields": ["entity"], "reason": "case 4711" });
        check_problem(&scene.post(&path, &what).await, 404, "not_found");
    }
}

#[tokio::test]
async fn an_organization_that_a_policy_closes_is_left_out_and_the_other_stays() {
    let closed = format!(
        "@id(\"closed\") forbid (principal, action, resource == Countersign::Organization::\"{TENANT} org_more\");"
    );
    let access = Settings {
        provider: Some(Arc::new(Vouching)),
        policies: vec![("own.cedar".to_owned(), closed)],
        ..Settings::default()
    };
    let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
    let [ours, more] = [decide(&service, Some("org_ours")).await, decide(&service, Some("org_more")).await];
    service.grant("rae", grants(&OWN)).await;
    let cookie = service.session_of("rae").await;
    let listed = text(&service.browse("GET", &format!("/v1/decisions?tenant={TENANT}"), &cookie).await);
    assert!(listed.contains(&ours) && !listed.contains(&more), "{listed}");
    let shown = service.browse("GET", &format!("/v1/decisions/{more}?tenant={TENANT}"), &cookie).await;
    check_problem(&shown, 404, "not_found");
    // Whoever has no other is denied.
    service.grant("lou", grants(&["org_more"])).await;
    let cookie = service.session_of("lou").await;
    let denied = service.browse("GET", &format!("/v1/decisions?tenant={TENANT}"), &cookie).await;
    check_problem(&denied, 403, "denied");
}

/// A page as whoever has these grants sees it.
async fn page(service: &TestApp, name: &str, grants: Vec<Grant>, path: &str) -> String {
    service.grant(name, grants).await;
    let answer = service.browse("GET", path, &service.session_of(name).await).await;
    assert_eq!(answer.status, 200, "{name}: {path}");
    text(&answer)
}

fn role(role: Role) -> Vec<Grant> {
    vec![Grant::new(role, Place::Tenant(TENANT.parse().unwrap())).unwrap()]
}

#[tokio::test]
async fn pages_show_an_organizations_administrator_nothing_of_the_tenant() {
    let scene = Scene::start().await;
    let service = &scene.service;
    // Something is held against the person, for what they did elsewhere.
    let mark =
        json!({ "user_id": "auth0|anna", "mark": "compromised", "actor": "mia", "reason": "it was told" });
    let marked = service.operate("POST", &format!("/v1/users/{TENANT}/marks"), &mark).await;
    assert_eq!(marked.status, 200, "{}", marked.json);
    let path = format!("/decisions/{}?tenant={TENANT}", scene.ours[0]);
    let (risk, marks) = ("User risk now", "action=\"/users/mark\"");
    let held = page(service, "cus", grants(&OWN[..1]), &path).await;
    let two = page(service, "two", grants(&OWN), &path).await;
    for page in [&held, &two] {
        assert!(!page.contains(risk) && !page.contains(marks), "{page}");
        assert!(
            page.contains("It was the user…") && page.contains("/reveal\""),
            "what is theirs to do: {page}"
        );
    }
    let viewer = page(service, "vic", role(Role::Viewer), &path).await;
    assert!(viewer.contains(risk) && !viewer.contains(marks) && !viewer.contains("It was the user…"));
    let analyst = page(service, "ana", role(Role::Analyst), &path).await;
    assert!(analyst.contains(risk) && analyst.contains(marks) && analyst.contains("It was the user…"));

    let list = format!("/?tenant={TENANT}");
    let of_tenant = ["Kill switches", "Mode <strong>", "/switches/"];
    let sections =
        ["href=\"/incidents?", "href=\"/users?", "href=\"/alerts?", "href=\"/models?", "href=\"/access?"];
    for name in ["cus", "two"] {
        let page = page(service, name, Vec::new(), &list).await;
        assert!(page.contains(&scene.ours[0]));
        for part in of_tenant.iter().chain(&sections) {
            assert!(!page.contains(part), "{part} in {page}");
        }
        assert!(scene.theirs.iter().all(|id| !page.contains(id)) && !page.contains("org_theirs"), "{page}");
    }
    let viewer = page(service, "vic", Vec::new(), &list).await;
    assert!(viewer.contains("Kill switches") && viewer.contains("href=\"/incidents?"));
    assert!(
        !viewer.contains("/switches/") && !viewer.contains("href=\"/access?"),
        "what a viewer may not do"
    );
    let operator = page(service, "ope", role(Role::Operator), &list).await;
    assert!(operator.contains("/switches/post-login?"));
    let path = format!("/v1/switches/{TENANT}/post-login");
    let thrown = service.operate("PUT", &path, &json!({ "off": true })).await;
    assert_eq!(thrown.status, 200, "{}", thrown.json);
    assert!(page(service, "vic", Vec::new(), &list).await.contains("Countersign is off for post-login"));
    assert!(!page(service, "cus", Vec::new(), &list).await.contains("Countersign is off"));
}

#[tokio::test]
async fn what_opens_fields_on_a_page_takes_the_right_to_the_page() {
    let policy = "@id(\"blind\") forbid (principal in Countersign::Role::\"operator\", action in Countersign::Action::\"read\", resource);";
    let access = Settings {
        provider: Some(Arc::new(Vouching)),
        policies: vec![("own.cedar".to_owned(), policy.to_owned())],
        ..Settings::default()
    };
    let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
    let decision = decide(&service, Some("org_ours")).await;
    let subject =
        service.get(&format!("/v1/decisions/{decision}?tenant={TENANT}")).await.json["subject"].clone();
    service.grant("ope", role(Role::Operator)).await;
    let cookie = service.session_of("ope").await;
    for (path, more) in [
        (format!("/decisions/{decision}/reveal"), "field=user.email".to_owned()),
        ("/users/reveal".to_owned(), format!("field=email&subject={}", subject.as_str().unwrap())),
        ("/suppressions/rec_1/reveal".to_owned(), "field=entity".to_owned()),
        ("/incidents/inc_1/reveal".to_owned(), "field=accounts".to_owned()),
    ] {
        let form = format!("tenant={TENANT}&reason=case+4711&{more}");
        let request = Request::post(&path)
            .header("host", HOST)
            .header("cookie", &cookie)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form));
        assert_eq!(service.send(request.unwrap()).await.status, 403, "{path}");
    }
    let leaves = service.store.list_leaves(&TENANT.parse().unwrap(), 0, 1_000).await.unwrap();
    let kinds = leaves.iter().map(|row| serde_json::from_slice::<Value>(&row.leaf).unwrap()["kind"].clone());
    assert_eq!(kinds.filter(|kind| kind == "reveal").count(), 0, "nothing was opened");
    let body = json!({ "what": { "kind": "decision", "id": decision }, "fields": ["user.email"], "reason": "case 4711" });
    let request = Request::post(format!("/v1/reveals/{TENANT}"))
        .header("host", HOST)
        .header("cookie", &cookie)
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body.to_string()));
    assert_eq!(service.send(request.unwrap()).await.status, 200, "the fields alone take no more");
}

#[tokio::test]
async fn who_administers_one_tenant_sees_and_ends_what_is_granted_there_alone() {
    let access = Settings { provider: Some(Arc::new(Vouching)), ..Settings::default() };
    let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
    service.grant("tom", role(Role::Administrator)).await;
    let friend = service.grant("friend", role(Role::Viewer)).await;
    let elsewhere = Grant::new(Role::Viewer, Place::Tenant(OTHER_TENANT.parse().unwrap())).unwrap();
    let everywhere = Grant::new(Role::Auditor, Place::Installation).unwrap();
    service.grant("stranger", vec![elsewhere, everywhere]).await;
    let cookie = service.session_of("tom").await;
    let all = service.get("/v1/access/grants").await.json["grants"].as_array().unwrap().clone();
    let is_here = |grant: &&Value| grant["tenant"] == TENANT;
    let here = format!("/v1/access/grants?tenant={TENANT}");
    let listed = service.browse("GET", &here, &cookie).await.json["grants"].as_array().unwrap().clone();
    assert_eq!(listed, all.iter().filter(is_here).cloned().collect::<Vec<_>>());
    assert_eq!(listed.len(), 2);
    check_problem(&service.browse("GET", "/v1/access/grants", &cookie).await, 403, "denied");
    let other = format!("/v1/access/grants?tenant={OTHER_TENANT}");
    check_problem(&service.browse("GET", &other, &cookie).await, 404, "tenant.unknown");
    let shown = text(&service.browse("GET", &format!("/access?tenant={TENANT}"), &cookie).await);
    assert!(shown.contains("Name of friend") && shown.contains("/access/end-grant"), "{shown}");
    assert!(!shown.contains("stranger") && !shown.contains(">Sessions<"), "{shown}");
    let end = async |id: &str, at: &str| {
        service.browse("POST", &format!("/v1/access/grants/{id}/end?tenant={at}"), &cookie).await
    };
    for foreign in all.iter().filter(|grant| !is_here(grant)) {
        check_problem(&end(foreign["id"].as_str().unwrap(), TENANT).await, 404, "not_found");
        check_problem(&end(foreign["id"].as_str().unwrap(), OTHER_TENANT).await, 404, "tenant.unknown");
    }
    let theirs = listed.iter().find(|grant| grant["principal"] == *friend).unwrap();
    let ended = end(theirs["id"].as_str().unwrap(), TENANT).await;
    assert_eq!(ended.status, 200, "{}", ended.json);
    let form = format!("tenant={TENANT}&principal={friend}&role=analyst&at={TENANT}");
    let send = async |form: String| {
        let request = Request::post("/access/grant")
            .header("host", HOST)
            .header("cookie", &cookie)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form));
        service.send(request.unwrap()).await.status
    };
    assert_eq!(send(form.clone()).await, 303, "a page does the same");
    assert_eq!(send(form.replace(&format!("at={TENANT}"), "at=")).await, 404, "not at all tenants");
    assert_eq!(send(form.replace(&format!("at={TENANT}"), &format!("at={OTHER_TENANT}"))).await, 404);
    let left = service.get("/v1/access/grants").await.json["grants"].as_array().unwrap().clone();
    let roles: Vec<_> = left.iter().filter(|grant| grant["principal"] == *friend).collect();
    assert!(roles.len() == 1 && roles[0]["role"] == "analyst", "{roles:?}");
}

#[tokio::test]
async fn who_was_disabled_is_enabled_again_and_not_added_anew() {
    let access = Settings { provider: Some(Arc::new(Vouching)), ..Settings::default() };
    let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
    let id = service.grant("mia", role(Role::Viewer)).await;
    let old = service.session_of("mia").await;
    let act =
        async |act: &str| service.operate("POST", &format!("/v1/access/people/{id}/{act}"), &json!({})).await;
    check_problem(&act("enable").await, 404, "not_found");
    assert_eq!(act("disable").await.status, 200);
    assert_eq!(service.sign_in("mia").await.status, 403);
    let anew = json!({ "issuer": countersign_testkit::ISSUER, "subject": "mia", "name": "Mia" });
    let refused = service.operate("POST", "/v1/access/people", &anew).await;
    check_problem(&refused, 409, "person.disabled");
    assert!(refused.json["detail"].as_str().unwrap().contains(&id), "{}", refused.json);
    let enabled = act("enable").await;
    assert_eq!((enabled.status, &enabled.json), (200, &json!({ "id": id, "enabled": true })));
    assert_eq!(service.browse("GET", "/", &old).await.status, 401, "the old session stays ended");
    let cookie = service.session_of("mia").await;
    assert_eq!(service.browse("GET", "/", &cookie).await.status, 200, "with what was granted before");
    let leaves = service.store.list_leaves(&TENANT.parse().unwrap(), 0, 1_000).await.unwrap();
    let facts = leaves.iter().map(|row| serde_json::from_slice::<Value>(&row.leaf).unwrap()["facts"].clone());
    let told: Vec<_> = facts.filter(|facts| facts["change"] == "person_enabled").collect();
    assert!(told.len() == 1 && told[0]["principal"] == *id && told[0]["by"] == "local", "{told:?}");
    assert_eq!(service.send(bare("POST", &format!("/v1/access/people/{id}/enable"))).await.status, 401);
}
