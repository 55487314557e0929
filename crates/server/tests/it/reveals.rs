//! Personal data: masked for everybody until it is opened, field by field, with a reason, as a leaf.

use std::collections::BTreeSet;

use axum::{body::Body, http::Request};
use countersign_rights::{Action, Grant, Place, Role};
use countersign_testkit::{Answer, HOST, Setup, TENANT, TestApp, Vouching, log_token};
use serde_json::{Value, json};

use crate::{
    guard::{Right, routes},
    plans::{acts_at, block, wanted},
    world::{at_home, check_problem, complete, id_of},
};

const USER: &str = "auth0|c4naryuser";
const EMAIL: &str = "c4nary.mail@example.org";
const NAME: &str = "C4nary Person";
const ADDRESS: &str = "203.0.113.177";
const OTHER_ADDRESS: &str = "2001:db8:4a5:77:1:2:3:5ca1";
const AGENT: &str = "Mozilla/5.0 C4naryAgent Chrome/140.0.0.0";
/// In every text that people write.
const WROTE: &str = "c4nary wrote that";

/// What must not come out; all of it in small letters.
const PERSONAL: [&str; 4] = ["c4nary", ADDRESS, "2001:db8:4a5:77", "203.0.113.0/24"];

struct Scene {
    service: TestApp,
    decision: String,
    incident: String,
    alert: String,
    entry: String,
    suppression: String,
    subject: String,
    plan: String,
    review: String,
}

fn event() -> Value {
    let mut event = at_home(USER);
    event["user"]["email"] = json!(EMAIL);
    event["user"]["name"] = json!(NAME);
    event["user"]["user_metadata"] = json!({ "tier": "c4nary" });
    event["request"]["ip"] = json!(ADDRESS);
    event["request"]["user_agent"] = json!(AGENT);
    event["organization"]["id"] = json!("org_ours");
    event
}

async fn attack(service: &TestApp) {
    let now = service.app.clock().now();
    let entry = |n: i64| {
        let at = now.plus((n * 11 - 180) * 1_000_000);
        let address = if n % 2 == 0 { ADDRESS } else { OTHER_ADDRESS };
        json!({"log_id": format!("9{}fp", at.micros()), "type": "fp", "tenant_name": TENANT, "date": at.to_string(),
            "user_id": USER, "user_name": EMAIL, "ip": address, "user_agent": AGENT, "description": WROTE})
    };
    let entries: Vec<_> = (0..14).map(entry).collect();
    let request = Request::post(format!("/v1/logs/{TENANT}"))
        .header("host", HOST)
        .header("authorization", format!("Bearer {}", log_token(TENANT).expose()))
        .body(Body::from(json!(entries).to_string()))
        .unwrap();
    assert_eq!(service.send(request).await.status, 200);
    let (tenant, lead) = (service.tenant(), service.lead().await);
    while service.app.watch_next(&tenant, &lead).await.unwrap().entries > 0 {}
}

impl Scene {
    async fn start() -> Self {
        let access = countersign_app::access::Settings {
            provider: Some(std::sync::Arc::new(Vouching)),
            ..countersign_app::access::Settings::default()
        };
        let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
        let decision = id_of(&service.decide(&event()).await);
        complete(&service, &decision).await;
        attack(&service).await;
        let first = async |path: &str, list: &str| {
            let page = service.get(&format!("{path}/{TENANT}")).await.json;
            page[list][0].clone()
        };
        let text = |row: Value, name: &str| row[name].as_str().unwrap_or_else(|| panic!("{row}")).to_owned();
        let incident = text(first("/v1/incidents", "incidents").await, "id");
        let alert = text(first("/v1/alerts", "alerts").await, "id");
        let entry = text(first("/v1/logs", "entries").await, "log_id");
        let post = async |path: &str, body: Value| {
            let answer = service.operate("POST", path, &body).await;
            assert!(answer.status < 300, "{path}: {}", answer.json);
            answer.json
        };
        let note = json!({ "actor": "mia", "text": WROTE });
        post(&format!("/v1/incidents/{TENANT}/{incident}/notes"), note).await;
        let version = first("/v1/incidents", "incidents").await["version"].clone();
        let closing =
            json!({ "actor": "mia", "version": version, "disposition": "true_positive", "reason": WROTE });
        post(&format!("/v1/incidents/{TENANT}/{incident}/close"), closing).await;
        let until = service.app.clock().now().plus(86_400_000_000);
        let entity = json!({ "kind": "user", "name": USER });
        let new = json!({ "actor": "mia", "entity": entity, "until": until, "reason": WROTE });
        let suppression = text(post(&format!("/v1/suppressions/{TENANT}"), new).await, "id");
        let mark = json!({ "user_id": USER, "mark": "compromised", "actor": "mia", "reason": WROTE });
        let subject = text(post(&format!("/v1/users/{TENANT}/marks"), mark).await, "subject");
        acts_at(&service, countersign_plan::gate::Settings::default()).lock().add_user(USER, Some("people"));
        let keys = json!({ "tier": "c4nary" });
        let changes = [block(USER), json!({ "change": "set_user_metadata", "user": USER, "keys": keys })];
        let plan = text(post(&format!("/v1/plans/{TENANT}"), wanted(&changes, WROTE)).await, "id");
        let note = json!({ "actor": "mia", "text": WROTE });
        post(&format!("/v1/plans/{TENANT}/{plan}/comments"), note.clone()).await;
        let open = json!({ "decision": decision, "reason": WROTE });
        let review = text(post(&format!("/v1/reviews/{TENANT}"), open).await, "id");
        post(&format!("/v1/reviews/{TENANT}/{review}/comments"), note).await;
        Self { service, decision, incident, alert, entry, suppression, subject, plan, review }
    }

    async fn session(&self, who: &str, role: Role, at: Place) -> String {
        self.service.grant(who, vec![Grant::new(role, at).unwrap()]).await;
        self.service.session_of(who).await
    }

    /// The path of a route with what is there.
    fn path(&self, route: &str) -> String {
        let id = match route {
            _ if route.contains("/incidents/") => &self.incident,
            _ if route.contains("/alerts/") => &self.alert,
            _ if route.contains("/logs/") => &self.entry,
            _ if route.contains("/suppressions/") => &self.suppression,
            _ if route.contains("/plans/") => &self.plan,
            _ if route.contains("/reviews/") => &self.review,
            _ => &self.decision,
        };
        let path = route
            .replace("{tenant}", TENANT)
            .replace("{id}", id)
            .replace("{subject}", &self.subject)
            .replace("{trigger}", "post-login")
            .replace("{version}", "0");
        let query = match route {
            "/decisions/{id}/verdict" => format!("?tenant={TENANT}&verdict=legitimate"),
            "/switches/{trigger}" => format!("?tenant={TENANT}&state=off"),
            _ if route.contains("{tenant}") || route.starts_with("/v1/access") || route == "/metrics" => {
                String::new()
            }
            _ => format!("?tenant={TENANT}"),
        };
        path + &query
    }

    async fn send(&self, method: &str, path: &str, cookie: &str, kind: &str, body: String) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", HOST)
            .header("cookie", cookie)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", kind)
            .body(Body::from(body));
        self.service.send(request.unwrap()).await
    }

    /// Reveals through the API.
    async fn reveal(&self, cookie: &str, kind: &str, id: &str, fields: &[&str], reason: &str) -> Answer {
        let body = json!({ "what": { "kind": kind, "id": id }, "fields": fields, "reason": reason });
        self.send("POST", &format!("/v1/reveals/{TENANT}"), cookie, "application/json", body.to_string())
            .await
    }

    async fn leaves(&self) -> Vec<Value> {
        let id = TENANT.parse().unwrap();
        let leaves = self.service.store.list_leaves(&id, 0, 1_000).await.unwrap();
        let leaves = leaves.iter().map(|row| serde_json::from_slice::<Value>(&row.leaf).unwrap());
        leaves.filter(|leaf| leaf["kind"] == "reveal").collect()
    }
}

fn look(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    for needle in PERSONAL {
        assert!(!text.contains(needle), "{what} holds `{needle}`: {text}");
    }
}

/// All but those that tell who works here, to who may know: names of operators are what they are about.
fn is_of_people(route: &str) -> bool {
    !route.starts_with("/access") && !route.starts_with("/v1/access")
}

#[tokio::test]
async fn no_get_shows_whom_anything_is_about_whatever_the_role() {
    let scene = Scene::start().await;
    for role in
        [Role::Viewer, Role::Analyst, Role::Approver, Role::Operator, Role::Auditor, Role::Administrator]
    {
        let cookie = scene.session(&format!("all-{role}"), role, Place::Installation).await;
        let mut seen = BTreeSet::new();
        for (method, route, right) in routes() {
            if method != "GET" || !right.is_guarded() || !is_of_people(route) {
                continue;
            }
            let path = scene.path(route);
            let answer = scene.service.browse("GET", &path, &cookie).await;
            look(&format!("{role}: {path}"), &answer.bytes);
            assert!(matches!(answer.status, 200 | 403), "{role}: {path}: {} {}", answer.status, answer.json);
            if answer.status == 200 {
                seen.insert(route);
            }
        }
        // All of them but the questions before an act, which takes another role.
        let missed: Vec<_> = routes()
            .into_iter()
            .filter(|(method, route, right)| {
                *method == "GET" && right.is_guarded() && is_of_people(route) && !seen.contains(route)
            })
            .map(|(_, route, _)| route)
            .collect();
        let questions = ["/decisions/{id}/verdict", "/incidents/{id}/contain", "/switches/{trigger}"];
        assert!(missed.iter().all(|route| questions.contains(route)), "{role}: {missed:?}");
    }
    assert!(scene.leaves().await.is_empty(), "nothing was opened");
}

#[tokio::test]
async fn one_person_has_one_alias_wherever_they_appear() {
    let scene = Scene::start().await;
    let get = async |path: String| scene.service.get(&path).await.json;
    let incident = get(format!("/v1/incidents/{TENANT}/{}", scene.incident)).await;
    let user =
        incident["users"].as_array().unwrap().iter().find(|user| user["subject"] == *scene.subject).unwrap();
    let alias = user["name"].as_str().unwrap();
    assert!(alias.starts_with("als_") && alias.len() == 36, "{alias}");
    assert_eq!(get(format!("/v1/decisions?tenant={TENANT}")).await["decisions"][0]["alias"], alias);
    let decision = get(format!("/v1/decisions/{}?tenant={TENANT}", scene.decision)).await;
    assert_eq!((&decision["alias"], &decision["subject"]), (&json!(alias), &json!(scene.subject)));
    let masked = |path: &str| {
        let fields = decision["fields"].as_array().unwrap();
        fields.iter().find(|field| field["path"] == path).unwrap()["shown"].clone()
    };
    assert_eq!((masked("user.user_id"), masked("user.email")), (json!(alias), json!("[personal]")));
    let sources = incident["addresses"].as_array().unwrap();
    assert!(sources.iter().any(|source| source["name"] == masked("request.ip")), "{incident}");
    assert_eq!(get(format!("/v1/users/{TENANT}")).await["users"][0]["alias"], alias);
    assert_eq!(get(format!("/v1/alerts/{TENANT}/{}", scene.alert)).await["entity"]["name"], alias);
    assert_eq!(get(format!("/v1/suppressions/{TENANT}")).await["suppressions"][0]["entity"]["name"], alias);
    assert_eq!(get(format!("/v1/logs/{TENANT}/{}", scene.entry)).await["entry"]["user_id"], alias);
    let short = format!("{}\u{2026}", &alias[..10]);
    for page in [
        format!("/?tenant={TENANT}"),
        format!("/decisions/{}?tenant={TENANT}", scene.decision),
        format!("/incidents/{}?tenant={TENANT}", scene.incident),
        format!("/users?tenant={TENANT}"),
        format!("/suppressions?tenant={TENANT}"),
    ] {
        let text = String::from_utf8(scene.service.get(&page).await.bytes).unwrap();
        assert!(text.contains(&short) && text.contains(alias), "{page}");
        assert!(!text.contains(">sub_"), "{page}");
    }
}

#[tokio::test]
async fn what_is_asked_for_is_opened_and_the_ledger_says_who_and_what_and_not_why() {
    let scene = Scene::start().await;
    let place = Place::Tenant(TENANT.parse().unwrap());
    let cookie = scene.session("ana", Role::Analyst, place).await;
    let me = scene.service.browse("GET", "/v1/access/me", &cookie).await.json["principal"].clone();
    let reason = "case 4711, c4nary called";
    let targets: [(&str, &str, &[&str], &[&str]); 6] = [
        (
            "incident",
            &scene.incident,
            &["accounts", "sources", "texts"],
            &[USER, ADDRESS, OTHER_ADDRESS, WROTE],
        ),
        ("alert", &scene.alert, &["entity"], &[USER]),
        ("decision", &scene.decision, &["user.email", "request.ip"], &[EMAIL, ADDRESS]),
        ("user", &scene.subject, &["user_id", "name", "email"], &[USER, NAME, EMAIL]),
        ("suppression", &scene.suppression, &["entity", "reason"], &[USER, WROTE]),
        ("log", &scene.entry, &["user_name", "ip"], &[EMAIL]),
    ];
    for (number, (kind, id, fields, values)) in targets.into_iter().enumerate() {
        let answer = scene.reveal(&cookie, kind, id, fields, reason).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.json);
        let told = answer.json["values"].as_object().unwrap();
        let names: BTreeSet<&str> = told.keys().map(String::as_str).collect();
        assert_eq!(names, fields.iter().copied().collect(), "{kind}");
        let text = answer.json["values"].to_string();
        assert!(values.iter().all(|value| text.contains(value)), "{kind}: {text}");
        let leaves = scene.leaves().await;
        assert_eq!(leaves.len(), number + 1, "{kind}");
        let (leaf, facts) = (&leaves[number], &leaves[number]["facts"]);
        assert_eq!((&leaf["id"], &facts["by"], &facts["what"]), (&answer.json["reveal"], &me, &json!(kind)));
        let mut expected: Vec<&str> = fields.to_vec();
        expected.sort_unstable();
        assert_eq!(facts["fields"], expected.join(","));
        let record = if kind == "user" { facts["record"].is_null() } else { facts["record"] == id };
        assert!(record && leaf["commitments"].as_array().unwrap().len() == 1, "{leaf}");
        look("a leaf", leaf.to_string().as_bytes());
        assert!(!leaf.to_string().contains("4711"), "the reason is sealed: {leaf}");
    }
    let user = scene.reveal(&cookie, "user", &scene.subject, &["user_id", "phone"], reason).await.json;
    assert_eq!(user["values"]["user_id"], USER);
    let other = scene.reveal(&cookie, "decision", &scene.decision, &["user.name"], reason).await.json;
    assert_eq!(other["values"], json!({ "user.name": NAME }), "and nothing else");
}

#[tokio::test]
async fn without_a_reason_a_right_or_a_field_nothing_is_opened() {
    let scene = Scene::start().await;
    let here = Place::Tenant(TENANT.parse().unwrap());
    let analyst = scene.session("ana", Role::Analyst, here.clone()).await;
    let (decision, field) = (&*scene.decision, &["user.email"][..]);
    for reason in ["", "  ", "ab", "  ab  ", &"x".repeat(501)] {
        check_problem(
            &scene.reveal(&analyst, "decision", decision, field, reason).await,
            422,
            "reveal.reason",
        );
    }
    for fields in
        [&[][..], &["user.later"], &["user"], &["user.email_verified"], &["*"], &["transaction.state"]]
    {
        check_problem(
            &scene.reveal(&analyst, "decision", decision, fields, "case 1").await,
            422,
            "reveal.fields",
        );
    }
    check_problem(
        &scene.reveal(&analyst, "incident", &scene.incident, &["users"], "case 1").await,
        422,
        "reveal.fields",
    );
    check_problem(
        &scene.reveal(&analyst, "incident", "inc_0000000000000000", &["accounts"], "case 1").await,
        404,
        "not_found",
    );
    check_problem(&scene.reveal(&analyst, "planet", "x", field, "case 1").await, 422, "body.shape");
    for (who, role) in [("vi", Role::Viewer), ("ap", Role::Approver), ("au", Role::Auditor)] {
        let cookie = scene.session(who, role, here.clone()).await;
        let denied = scene.reveal(&cookie, "decision", decision, field, "case 1").await;
        check_problem(&denied, 403, "denied");
        let page = scene
            .service
            .browse("GET", &format!("/incidents/{}?tenant={TENANT}", scene.incident), &cookie)
            .await;
        assert!(!String::from_utf8_lossy(&page.bytes).contains("/reveal\""), "{who} is offered nothing");
    }
    let receipt = format!("/v1/decisions/{decision}/receipt?tenant={TENANT}");
    let body = json!({ "reason": "ab" }).to_string();
    let refused = scene.send("POST", &receipt, &analyst, "application/json", body).await;
    check_problem(&refused, 422, "reveal.reason");
    let entry = format!("/v1/logs/{TENANT}/{}", scene.entry);
    let body = json!({ "reason": " " }).to_string();
    check_problem(
        &scene.send("POST", &entry, &analyst, "application/json", body).await,
        422,
        "reveal.reason",
    );
    assert!(scene.leaves().await.is_empty(), "nothing was opened");
    let operator = scene.session("op", Role::Operator, here).await;
    assert_eq!(scene.reveal(&operator, "decision", decision, field, "case 1").await.status, 200);
}

#[tokio::test]
async fn who_administers_one_organization_opens_its_decisions_and_nothing_else() {
    let scene = Scene::start().await;
    let mut event = event();
    event["organization"]["id"] = json!("org_theirs");
    let theirs = id_of(&scene.service.decide(&event).await);
    let at = Place::Organization(TENANT.parse().unwrap(), "org_ours".parse().unwrap());
    let cookie = scene.session("customer", Role::TenantAdmin, at).await;
    let ours = scene.reveal(&cookie, "decision", &scene.decision, &["user.email"], "they asked us").await;
    assert_eq!((ours.status, &ours.json["values"]["user.email"]), (200, &json!(EMAIL)));
    for (kind, id, field) in [
        ("decision", &theirs, "user.email"),
        ("incident", &scene.incident, "accounts"),
        ("alert", &scene.alert, "entity"),
        ("user", &scene.subject, "email"),
        ("suppression", &scene.suppression, "entity"),
        ("log", &scene.entry, "ip"),
    ] {
        check_problem(&scene.reveal(&cookie, kind, id, &[field], "they asked us").await, 404, "not_found");
    }
    assert_eq!(scene.leaves().await.len(), 1);
    let form = format!("tenant={TENANT}&field=user.email&reason=they+asked");
    let kind = "application/x-www-form-urlencoded";
    let page = format!("/decisions/{}/reveal", scene.decision);
    assert_eq!(scene.send("POST", &page, &cookie, kind, form.clone()).await.status, 200);
    for (page, status) in [
        (format!("/decisions/{theirs}/reveal"), 404),
        // The answer would be a page that they may not read.
        (format!("/incidents/{}/reveal", scene.incident), 403),
        ("/users/reveal".to_owned(), 403),
        (format!("/suppressions/{}/reveal", scene.suppression), 403),
    ] {
        assert_eq!(scene.send("POST", &page, &cookie, kind, form.clone()).await.status, status, "{page}");
    }
}

#[tokio::test]
async fn a_page_shows_what_was_opened_in_its_one_answer() {
    let scene = Scene::start().await;
    let cookie = scene.session("ana", Role::Analyst, Place::Tenant(TENANT.parse().unwrap())).await;
    let kind = "application/x-www-form-urlencoded";
    let post = async |path: &str, fields: &str| {
        let form = format!("tenant={TENANT}&reason=case+4711&{fields}");
        let answer = scene.send("POST", path, &cookie, kind, form).await;
        let text = String::from_utf8(answer.bytes).unwrap();
        assert_eq!(answer.status, 200, "{path}: {text}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        text
    };
    let incident = post(&format!("/incidents/{}/reveal", scene.incident), "field=accounts").await;
    assert!(
        incident.contains(USER) && !incident.contains(ADDRESS) && !incident.contains(WROTE),
        "{incident}"
    );
    let all = "field=accounts&field=sources&field=texts";
    let incident = post(&format!("/incidents/{}/reveal", scene.incident), all).await;
    assert!([USER, ADDRESS, WROTE].iter().all(|value| incident.contains(value)), "{incident}");
    let decision = post(&format!("/decisions/{}/reveal", scene.decision), "field=user.email").await;
    assert!(
        decision.contains(EMAIL) && !decision.contains(ADDRESS) && !decision.contains(NAME),
        "{decision}"
    );
    let users = post("/users/reveal", &format!("subject={}&field=name&at_least=high", scene.subject)).await;
    assert!(users.contains(NAME) && !users.contains(EMAIL), "{users}");
    let path = format!("/suppressions/{}/reveal", scene.suppression);
    let suppressions = post(&path, "field=entity").await;
    assert!(suppressions.contains(USER) && !suppressions.contains(WROTE), "{suppressions}");
    assert_eq!(scene.leaves().await.len(), 5);
    let refused = scene.send("POST", &path, &cookie, kind, format!("tenant={TENANT}&field=entity")).await;
    assert_eq!(refused.status, 422, "without a reason");
    assert_eq!(scene.leaves().await.len(), 5);
}

#[tokio::test]
async fn erasing_the_person_takes_why_they_were_opened_with_them() {
    let scene = Scene::start().await;
    let cookie = scene.session("ana", Role::Analyst, Place::Tenant(TENANT.parse().unwrap())).await;
    let told = scene.reveal(&cookie, "decision", &scene.decision, &["user.email"], "case 4711").await;
    assert_eq!(told.status, 200);
    let erased = scene
        .service
        .operate("POST", &format!("/v1/erasures/{TENANT}"), &json!({ "subject": scene.subject }))
        .await;
    assert_eq!(erased.json["erased"], json!(true));
    let again = scene.reveal(&cookie, "decision", &scene.decision, &["user.email"], "case 4711").await;
    check_problem(&again, 410, "subject.erased");
    check_problem(
        &scene.reveal(&cookie, "user", &scene.subject, &["email"], "case 4711").await,
        404,
        "not_found",
    );
    let report = scene.service.app.audit(&scene.service.tenant()).await.unwrap();
    assert!(report.size > 0);
    assert_eq!(scene.leaves().await.len(), 1, "that it was opened stays");
}

#[test]
fn every_reveal_takes_its_own_right() {
    let reveals = routes().into_iter().filter(|(_, route, _)| route.contains("reveal"));
    for (method, route, right) in reveals {
        let is_of_plans = route.contains("/plans/") || route.contains("/reviews/");
        let expected = if is_of_plans { Action::RevealPlans } else { Action::RevealPersonal };
        assert_eq!((method, right), ("POST", Right::Needs(expected)), "{route}");
    }
}
