//! Answers of every operation, as the OpenAPI document describes them.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Request, header::HeaderValue},
};
use countersign_app::access::Settings as Access;
use countersign_app::inquiries::Settings;
use countersign_core::Clock;
use countersign_detect::Severity;
use countersign_rights::{Grant, Place, Role};
use countersign_testkit::{Answer, HOST, Setup, TENANT, TestApp, Vouching, event_token, log_token};
use serde_json::{Value, json};

use crate::{
    guard::{path_of, routes},
    incidents::found,
    openapi::{check_described, document, operations},
    plans::{Somebody, acts_at, block, send, wanted},
    world::{at_home, bare, id_of, with_token},
};

/// A service, and the document to which its answers are held.
struct Tour {
    service: TestApp,
    document: Value,
    done: Vec<(String, String)>,
}

impl Tour {
    async fn start() -> Self {
        let access = Access { provider: Some(Arc::new(Vouching)), ..Access::default() };
        let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
        Self { service, document: document().await, done: Vec::new() }
    }

    #[track_caller]
    fn hold(&mut self, method: &str, route: &str, answer: Answer) -> Value {
        assert!((200..300).contains(&answer.status), "{method} {route}: {} {}", answer.status, answer.json);
        check_described(&self.document, method, route, &answer);
        self.done.push((method.to_owned(), route.to_owned()));
        answer.json
    }

    /// Gets a path of a route, which is its path with the tenant and whatever follows.
    async fn get(&mut self, route: &str, rest: &[(&str, &str)], query: &str) -> Value {
        let answer = self.service.get(&format!("{}{query}", fill(route, rest))).await;
        self.hold("GET", route, answer)
    }

    async fn send(&mut self, method: &str, route: &str, rest: &[(&str, &str)], body: Value) -> Value {
        let answer = self.service.operate(method, &fill(route, rest), &body).await;
        self.hold(method, route, answer)
    }

    /// As somebody who signed in.
    async fn send_as(
        &mut self,
        who: &Somebody,
        (method, route): (&str, &str),
        rest: &[(&str, &str)],
        body: Value,
    ) -> Value {
        let answer = send(&self.service, who, method, &fill(route, rest), &body).await;
        self.hold(method, route, answer)
    }

    async fn deliver(&mut self, route: &str, name: &str, token: &str, body: &Value) {
        let request = Request::post(fill(route, &[(name, TENANT)]))
            .header("host", HOST)
            .header("authorization", format!("Bearer {token}"))
            .body(Body::from(body.to_string()));
        let answer = self.service.send(request.unwrap()).await;
        self.hold("POST", route, answer);
    }
}

fn fill(route: &str, rest: &[(&str, &str)]) -> String {
    let path = route.replace("{tenant}", TENANT);
    rest.iter().fold(path, |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}"))
}

async fn decisions(tour: &mut Tour) {
    let answer = tour.service.decide(&at_home("auth0|anna")).await;
    let decision = id_of(&answer);
    tour.hold("POST", "/v1/decisions", answer);
    let outcome = json!({ "kind": "completed", "decision_id": decision });
    tour.send("POST", "/v1/outcomes", &[], outcome).await;
    let page = tour.get("/v1/decisions", &[], &format!("?tenant={TENANT}")).await;
    let subject = text(&page["decisions"][0], "subject").to_owned();
    let of = format!("?tenant={TENANT}");
    tour.get("/v1/decisions/{id}", &[("id", &decision)], &of).await;
    tour.get("/v1/decisions/{id}/receipt", &[("id", &decision)], &of).await;
    let opened = tour.service.open_receipt(&decision).await;
    tour.hold("POST", "/v1/decisions/{id}/receipt", opened);
    let settings = Settings {
        mail: "people".to_owned(),
        wait: 3_600_000_000,
        per_day: 3,
        on_no: [].into(),
        on_no_answer: [].into(),
        ask_from: None,
        pause: 3_600_000_000,
    };
    tour.service.tenant().ask_people(settings);
    let inquiry = "/v1/decisions/{id}/inquiry";
    let path = format!("{}{of}", fill(inquiry, &[("id", &decision)]));
    let asked = tour.service.operate("POST", &path, &Value::Null).await;
    tour.hold("POST", inquiry, asked);
    let reveal = json!({ "what": { "kind": "decision", "id": decision }, "fields": ["user.email"], "actor": "mia", "reason": "a drill" });
    tour.send("POST", "/v1/reveals/{tenant}", &[], reveal).await;
    tour.get("/v1/ledger/{tenant}/checkpoint", &[], "").await;
    tour.get("/v1/ledger/{tenant}/verifier", &[], "").await;
    let mark = json!({ "subject": subject, "mark": "compromised", "actor": "mia", "reason": "they called" });
    tour.send("POST", "/v1/users/{tenant}/marks", &[], mark).await;
    tour.get("/v1/users/{tenant}", &[], "").await;
    tour.send("POST", "/v1/users/{tenant}/risk", &[], json!({ "user_id": "auth0|anna" })).await;
    tour.get("/v1/users/{tenant}/{subject}/risk", &[("subject", &subject)], "").await;
    tour.send("POST", "/v1/erasures/{tenant}", &[], json!({ "subject": subject })).await;
    let made = tour.send("POST", "/v1/risk-tokens/{tenant}", &[], json!({})).await;
    let form = json!({ "email": "sales@example.com", "ip": "203.0.113.24", "user_agent": "curl/8.0" });
    tour.send("POST", "/risk/{token}", &[("token", text(&made, "token"))], form).await;
    tour.get("/v1/risk-tokens/{tenant}", &[], "").await;
    tour.send("DELETE", "/v1/risk-tokens/{tenant}/{id}", &[("id", text(&made, "id"))], json!({})).await;
}

async fn watched(tour: &mut Tour) {
    let at = tour.service.clock.now();
    let entry = json!([{ "log_id": "900", "type": "s", "date": at.to_string(), "user_id": "auth0|anna" }]);
    tour.deliver("/v1/logs/{tenant}", "tenant", log_token(TENANT).expose(), &entry).await;
    let message = json!({ "specversion": "1.0", "type": "user.created", "source": format!("urn:auth0:{TENANT}.us"),
        "id": "evt_1", "time": at.to_string(), "a0tenant": TENANT, "data": { "object": { "user_id": "auth0|65f0" } } });
    tour.deliver("/v1/events/{stream}", "stream", event_token(TENANT).expose(), &message).await;
    tour.get("/v1/logs/{tenant}", &[], "").await;
    tour.get("/v1/logs/{tenant}/{id}", &[("id", "900")], "").await;
    let why = json!({ "actor": "mia", "reason": "a drill" });
    tour.send("POST", "/v1/logs/{tenant}/{id}", &[("id", "900")], why).await;
    tour.get("/v1/watch/{tenant}", &[], "").await;
    let entity = json!({ "kind": "user", "name": "auth0|anna" });
    tour.send("POST", "/v1/entities/{tenant}", &[], entity.clone()).await;
    let until = at.plus(countersign_detect::DAY);
    let new = json!({ "actor": "mia", "entity": entity, "detector": "brute_force_account", "until": until, "reason": "a drill" });
    let made = tour.send("POST", "/v1/suppressions/{tenant}", &[], new).await;
    tour.get("/v1/suppressions/{tenant}", &[], "").await;
    let (lift, id) = ("/v1/suppressions/{tenant}/{id}/lift", text(&made, "id"));
    tour.send("POST", lift, &[("id", id)], json!({ "actor": "mia" })).await;
    incident(tour).await;
}

async fn incident(tour: &mut Tour) {
    let id = found(&tour.service, "auth0|7", 0, Severity::High).await;
    let at = [("id", &*id)];
    let page = tour.get("/v1/incidents/{tenant}", &[], "").await;
    let mut version = page["incidents"][0]["version"].as_u64().unwrap();
    let mut act = |more: Value| {
        let mut body = json!({ "actor": "mia", "version": version });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        version += 1;
        body
    };
    tour.send("POST", "/v1/incidents/{tenant}/{id}/acknowledge", &at, act(json!({}))).await;
    tour.send("POST", "/v1/incidents/{tenant}/{id}/assign", &at, act(json!({ "assignee": "noa" }))).await;
    let note = json!({ "actor": "mia", "text": "looked at it" });
    tour.send("POST", "/v1/incidents/{tenant}/{id}/notes", &at, note).await;
    let shown = tour.get("/v1/incidents/{tenant}/{id}", &at, "").await;
    let closing = json!({ "actor": "mia", "version": shown["version"], "disposition": "true_positive", "reason": "an attack" });
    tour.send("POST", "/v1/incidents/{tenant}/{id}/close", &at, closing).await;
    tour.get("/v1/incidents/{tenant}/{id}", &at, "").await;
    let alerts = tour.get("/v1/alerts/{tenant}", &[], "").await;
    if let Some(alert) = alerts["alerts"].as_array().unwrap().first() {
        tour.get("/v1/alerts/{tenant}/{id}", &[("id", text(alert, "id"))], "").await;
    }
}

async fn plans(tour: &mut Tour) {
    let world = acts_at(&tour.service, countersign_plan::gate::Settings::default());
    let mut people = Vec::new();
    for (name, role) in [("olga", Role::Operator), ("pia", Role::Approver)] {
        let at = Place::Tenant(TENANT.parse().unwrap());
        tour.service.grant(name, vec![Grant::new(role, at).unwrap()]).await;
        people.push(Somebody("cookie", tour.service.session_of(name).await));
    }
    let (olga, pia) = (&people[0], &people[1]);
    let mut proposed = Vec::new();
    for user in 1..4 {
        proposed.push(
            tour.send_as(
                olga,
                ("POST", "/v1/plans/{tenant}"),
                &[],
                wanted(&[block(&format!("auth0|{user}"))], "a drill"),
            )
            .await,
        );
    }
    let [one, other, third] = [0, 1, 2].map(|at: usize| text(&proposed[at], "id").to_owned());
    let of = |verb: &str| format!("/v1/plans/{{tenant}}/{{id}}/{verb}");
    let hash = |at: usize| json!({ "hash": proposed[at]["hash"] });
    tour.get("/v1/plans/{tenant}", &[], "?state=proposed").await;
    let hand = json!({ "assignee": "pia", "priority": 2 });
    tour.send_as(pia, ("POST", &of("assign")), &[("id", &one)], hand).await;
    tour.send_as(pia, ("POST", &of("comments")), &[("id", &one)], json!({ "text": "looks right" })).await;
    let reveal = json!({ "fields": ["accounts", "texts"], "reason": "to agree" });
    tour.send_as(pia, ("POST", &of("reveal")), &[("id", &one)], reveal).await;
    tour.send_as(pia, ("POST", &of("approve")), &[("id", &one)], hash(0)).await;
    let refusal = json!({ "hash": proposed[1]["hash"], "reason": "a drill" });
    tour.send_as(pia, ("POST", &of("reject")), &[("id", &other)], refusal).await;
    tour.send_as(olga, ("POST", &of("withdraw")), &[("id", &third)], json!({})).await;
    tour.service.app.run_plans(&tour.service.tenant()).await.unwrap();
    assert_eq!(world.lock().find("users", "auth0|1").unwrap()["blocked"], true);
    for plan in [&one, &other, &third] {
        tour.get("/v1/plans/{tenant}/{id}", &[("id", plan)], "").await;
    }
    tour.send_as(olga, ("POST", &of("undo")), &[("id", &one)], json!({})).await;
    tour.get("/v1/plans/{tenant}", &[], "").await;
    tour.get("/v1/breakers/{tenant}", &[], "").await;
    tour.send("POST", "/v1/breakers/{tenant}/harm", &[], json!({})).await;
    tour.send("POST", "/v1/breakers/{tenant}/close", &[], json!({})).await;
}

async fn reviews(tour: &mut Tour) {
    let decision = id_of(&tour.service.decide(&at_home("auth0|zoe")).await);
    let open = json!({ "decision": decision, "reason": "she called", "audience": "tenant_owner" });
    let review = tour.send("POST", "/v1/reviews/{tenant}", &[], open).await;
    let id = text(&review, "id").to_owned();
    let at = [("id", &*id)];
    tour.get("/v1/reviews/{tenant}", &[], "?status=open").await;
    let hand = json!({ "version": 1, "assignee": "noa" });
    tour.send("POST", "/v1/reviews/{tenant}/{id}/assign", &at, hand).await;
    let comment = json!({ "actor": "mia", "text": "looked at it" });
    tour.send("POST", "/v1/reviews/{tenant}/{id}/comments", &at, comment).await;
    let verdict = json!({ "version": 2, "verdict": "legitimate", "actor": "mia", "reason": "it was her" });
    tour.send("POST", "/v1/reviews/{tenant}/{id}/verdict", &at, verdict).await;
    tour.get("/v1/reviews/{tenant}/{id}", &at, "").await;
    let why = json!({ "actor": "mia", "reason": "a drill" });
    tour.send("POST", "/v1/reviews/{tenant}/{id}/reveal", &at, why).await;
}

async fn operated(tour: &mut Tour) {
    tour.get("/health", &[], "").await;
    tour.get("/metrics", &[], "").await;
    tour.get("/v1/openapi.json", &[], "").await;
    tour.get("/v1/findings/{tenant}", &[], "").await;
    let switch = "/v1/switches/{tenant}/{trigger}";
    tour.send("PUT", switch, &[("trigger", "post-login")], json!({ "off": false })).await;
    let policy = tour.get("/v1/policies/{tenant}", &[], "").await;
    let change = json!({ "expected_version": policy["version"], "document": policy["document"] });
    tour.send("PUT", "/v1/policies/{tenant}", &[], change).await;
    tour.get("/v1/policies/{tenant}/versions", &[], "").await;
    tour.get("/v1/policies/{tenant}", &[], "?version=1").await;
    let own = json!({ "format": "countersign-own-model/1", "name": "night-shift", "version": 1, "kind": "logistic",
        "inputs": [{ "name": "history" }], "logistic": { "intercept": 0.5, "coefficients": [0] },
        "weight_milli": 1000, "bound_micro": 2_000_000 });
    tour.send("POST", "/v1/models/{tenant}/own", &[], json!({ "actor": "mia", "own_model": own })).await;
    let act = json!({ "act": "attach", "version": 1, "expected_act": 0, "actor": "mia" });
    tour.send("POST", "/v1/models/{tenant}/acts", &[], act).await;
    tour.get("/v1/models/{tenant}", &[], "").await;
    tour.get("/v1/models/{tenant}/versions/{version}", &[("version", "0")], "").await;
    tour.get("/v1/models/{tenant}/versions/{version}", &[("version", "1")], "").await;
    tour.get("/v1/models/{tenant}/comparison", &[], "").await;
    tour.get("/v1/models/{tenant}/thresholds", &[], "?trigger=post-login&at_most=0.02").await;
    let cause =
        json!({ "correlation_id": "c", "actor": "mia", "reason": "why", "authority": { "plan": "p" } });
    let write = json!({ "operation": "actions.deploy", "cause": cause });
    let made = tour.send("POST", "/v1/tenant-writes/{tenant}", &[], write).await;
    let (route, at) = ("/v1/tenant-writes/{tenant}/{record}", [("record", text(&made, "record"))]);
    tour.send("PUT", route, &at, json!({ "end": "done", "status": 201 })).await;
}

async fn access(tour: &mut Tour) {
    tour.get("/v1/access/me", &[], "").await;
    tour.get("/v1/access/policies", &[], "").await;
    let person = json!({ "issuer": "https://idp.example.com/", "subject": "mia", "name": "Mia" });
    let person = tour.send("POST", "/v1/access/people", &[], person).await;
    let person = text(&person, "id").to_owned();
    tour.get("/v1/access/people", &[], "").await;
    let grant = json!({ "principal": person, "role": "viewer", "tenant": TENANT });
    let grant = tour.send("POST", "/v1/access/grants", &[], grant).await;
    tour.get("/v1/access/grants", &[], "").await;
    tour.send("POST", "/v1/access/grants/{id}/end", &[("id", text(&grant, "id"))], json!({})).await;
    for act in ["disable", "enable"] {
        tour.send("POST", &format!("/v1/access/people/{{id}}/{act}"), &[("id", &person)], json!({})).await;
    }
    let account = tour.send("POST", "/v1/access/accounts", &[], json!({ "name": "soar" })).await;
    let at = [("id", text(&account, "id"))];
    let token = json!({ "scopes": ["read_incidents"], "days": 1 });
    let token = tour.send("POST", "/v1/access/accounts/{id}/tokens", &at, token).await;
    tour.get("/v1/access/accounts", &[], "").await;
    tour.send("POST", "/v1/access/tokens/{id}/revoke", &[("id", text(&token, "id"))], json!({})).await;
    tour.send("POST", "/v1/access/accounts/{id}/disable", &at, json!({})).await;
    let link = tour.send("POST", "/v1/access/links", &[], json!({ "reason": "a drill" })).await;
    assert_eq!(tour.service.send(bare("GET", text(&link, "path"))).await.status, 303);
    let sessions = tour.get("/v1/access/sessions", &[], "").await;
    let session = text(&sessions["sessions"][0], "id").to_owned();
    tour.send("POST", "/v1/access/sessions/{id}/end", &[("id", &session)], json!({})).await;
}

#[tokio::test]
async fn what_is_answered_to_a_request_that_is_right_is_described() {
    let mut tour = Tour::start().await;
    operated(&mut tour).await;
    decisions(&mut tour).await;
    watched(&mut tour).await;
    access(&mut tour).await;
    plans(&mut tour).await;
    reviews(&mut tour).await;
    let missed: Vec<_> =
        operations(&tour.document).into_keys().filter(|key| !tour.done.contains(key)).collect();
    // A model with its card, a receiver of messages, an alert that a detector raised and a run that halted take more than a request.
    let expected = [
        ("GET", "/v1/alerts/{tenant}/{id}"),
        ("POST", "/v1/hooks/{tenant}/{name}/test"),
        ("POST", "/v1/models/{tenant}"),
        ("POST", "/v1/plans/{tenant}/{id}/resume"),
        ("POST", "/v1/plans/{tenant}/{id}/settle"),
        ("POST", "/v1/plans/{tenant}/{id}/stop"),
    ];
    let expected: Vec<_> =
        expected.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(missed, expected);
}

#[tokio::test]
async fn what_is_answered_to_a_request_that_is_wrong_is_described() {
    let tour = Tour::start().await;
    let decision = id_of(&tour.service.decide(&at_home("auth0|anna")).await);
    let described = operations(&tour.document);
    for (method, route, _) in routes() {
        if !described.contains_key(&(method.to_owned(), route.to_owned())) {
            continue;
        }
        let path = path_of(route, &decision);
        let unknown = path.replace(TENANT, "nobody").replace(&decision, "dec_none");
        let with = |path: &str, body: &str| {
            let mut request = with_token(bare(method, path));
            request.headers_mut().insert("countersign-tenant", HeaderValue::from_static(TENANT));
            *request.body_mut() = Body::from(body.to_owned());
            request
        };
        let mut foreign = bare(method, &path);
        foreign.headers_mut().insert("host", HeaderValue::from_static("evil.example"));
        let mut elsewhere = with(&path, "");
        elsewhere.headers_mut().insert("origin", HeaderValue::from_static("https://evil.example"));
        for request in [
            bare(method, &path),
            bare(method, &unknown),
            foreign,
            elsewhere,
            with(&path, ""),
            with(&path, "{"),
            with(&path, r#"{"unknown":1}"#),
            with(&path, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
            with(&unknown, "{}"),
            with(&format!("{path}&unknown=1"), "{}"),
        ] {
            let answer = tour.service.send(request).await;
            check_described(&tour.document, method, route, &answer);
        }
    }
}
