//! Bodies and queries of every other operation, as somebody sends them who may do everything.

use countersign_fuzz::Target;
use countersign_plan::gate::Settings;
use countersign_testkit::{TENANT, TOKEN};
use serde_json::{Value, json};

use super::world::{World, Written, said};
use crate::{
    guard::{Right, path_of, routes},
    plans::{acts_at, block, wanted},
    world::at_home,
};

/// What is there, so that what is asked about it gets beyond its name.
struct There {
    decision: String,
    plan: String,
    /// The hash of the plan.
    hash: String,
    review: String,
}

impl There {
    fn make(world: &World) -> Self {
        let post = |path: &str, body: &Value| {
            let answer = world.runtime.block_on(world.service.operate("POST", path, body));
            assert_eq!(answer.status, 201, "{path}: {}", answer.json);
            answer.json
        };
        let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
        acts_at(&world.service, Settings::default());
        let decided = world.runtime.block_on(world.service.decide(&at_home("auth0|anna")));
        let decision = text(&decided.json, "decision_id");
        let plan = post("/v1/plans/example-tenant", &wanted(&[block("auth0|1")], "Anna called"));
        let review =
            post("/v1/reviews/example-tenant", &json!({ "decision": decision, "reason": "Anna called" }));
        Self { plan: text(&plan, "id"), hash: text(&plan, "hash"), review: text(&review, "id"), decision }
    }

    /// A path of this route, to what is there of its sort.
    fn path(&self, route: &str) -> String {
        let id = match route {
            _ if route.contains("/plans/") => &self.plan,
            _ if route.contains("/reviews/") => &self.review,
            _ => &self.decision,
        };
        path_of(route, id)
    }
}

/// Bodies of plans and reviews, and of what opens.
fn of_desks(there: &There) -> Vec<(&'static str, Value)> {
    let There { decision, hash, .. } = there;
    let opening = json!({ "actor": "mia", "reason": "she asked for it" });
    vec![
        ("/v1/plans/{tenant}", wanted(&[block("auth0|2")], "Anna called")),
        ("/v1/plans/{tenant}/{id}/approve", json!({ "hash": hash })),
        ("/v1/plans/{tenant}/{id}/reject", json!({ "hash": hash, "reason": "not this one" })),
        ("/v1/plans/{tenant}/{id}/settle", json!({ "step": 0, "is_done": true })),
        ("/v1/plans/{tenant}/{id}/undo", json!({ "steps": ["block_user"] })),
        (
            "/v1/plans/{tenant}/{id}/assign",
            json!({ "assignee": null, "audience": "security", "priority": 2 }),
        ),
        ("/v1/plans/{tenant}/{id}/comments", json!({ "actor": "mia", "text": "looked at it" })),
        (
            "/v1/plans/{tenant}/{id}/reveal",
            json!({ "fields": ["texts"], "actor": "mia", "reason": "she asked for it" }),
        ),
        (
            "/v1/reviews/{tenant}",
            json!({ "decision": decision, "assignee": "noa", "audience": "security", "priority": 2, "reason": "Anna called" }),
        ),
        (
            "/v1/reviews/{tenant}/{id}/assign",
            json!({ "version": 1, "assignee": "noa", "audience": "security", "priority": 3 }),
        ),
        ("/v1/reviews/{tenant}/{id}/comments", json!({ "actor": "mia", "text": "looked at it" })),
        (
            "/v1/reviews/{tenant}/{id}/verdict",
            json!({ "version": 1, "verdict": "legitimate", "actor": "mia", "reason": "she says so" }),
        ),
        ("/v1/reviews/{tenant}/{id}/reveal", opening.clone()),
        ("/v1/decisions/{id}/receipt", opening.clone()),
        ("/v1/logs/{tenant}/{id}", opening),
        (
            "/v1/reveals/{tenant}",
            json!({ "what": { "kind": "decision", "id": decision }, "fields": ["event.user.email"], "actor": "mia", "reason": "she asked for it" }),
        ),
    ]
}

/// Bodies that are right, or nearly, by the end of their route.
fn bodies() -> Vec<(&'static str, Value)> {
    let entity = json!({ "kind": "user", "name": "auth0|anna" });
    let own = json!({ "format": "countersign-own-model/1", "name": "night-shift", "version": 1, "kind": "logistic",
        "inputs": [{ "name": "history" }], "logistic": { "intercept": 0.5, "coefficients": [0] }, "weight_milli": 1000, "bound_micro": 2_000_000 });
    let cause =
        json!({ "correlation_id": "c", "actor": "mia", "reason": "why", "authority": { "plan": "p" } });
    vec![
        ("/switches/{tenant}/{trigger}", json!({ "off": true })),
        ("/erasures/{tenant}", json!({ "subject": "sub_00000000000000000000000000000000" })),
        (
            "/policies/{tenant}",
            json!({ "expected_version": 1, "document": { "tenant": { "mode": "enforce" }, "fallback": "challenge" } }),
        ),
        ("/models/{tenant}/own", json!({ "actor": "mia", "own_model": own })),
        ("/models/{tenant}", json!({ "actor": "mia", "model": {} })),
        (
            "/models/{tenant}/acts",
            json!({ "act": "attach", "version": 1, "expected_act": 0, "actor": "mia" }),
        ),
        ("/users/{tenant}/risk", json!({ "user_id": "auth0|anna" })),
        (
            "/users/{tenant}/marks",
            json!({ "subject": "sub_00000000000000000000000000000000", "mark": "compromised", "actor": "mia", "reason": "they called" }),
        ),
        ("/{id}/acknowledge", json!({ "actor": "mia", "version": 1 })),
        ("/{id}/assign", json!({ "actor": "mia", "version": 1, "assignee": "noa" })),
        ("/{id}/notes", json!({ "actor": "mia", "text": "looked at it" })),
        (
            "/{id}/close",
            json!({ "actor": "mia", "version": 1, "disposition": "true_positive", "reason": "an attack" }),
        ),
        ("/entities/{tenant}", entity.clone()),
        (
            "/suppressions/{tenant}",
            json!({ "actor": "mia", "entity": entity, "detector": "brute_force_account", "until": "2026-08-21T08:00:00Z", "reason": "a drill" }),
        ),
        ("/{id}/lift", json!({ "actor": "mia" })),
        ("/tenant-writes/{tenant}", json!({ "operation": "actions.deploy", "cause": cause })),
        ("/tenant-writes/{tenant}/{record}", json!({ "end": "done", "status": 201 })),
        ("/access/people", json!({ "issuer": "https://idp.example.com/", "subject": "mia", "name": "Mia" })),
        (
            "/access/grants",
            json!({ "principal": "per_1", "role": "tenant_admin", "tenant": TENANT, "organization": "org_1" }),
        ),
        ("/access/accounts", json!({ "name": "soar" })),
        ("/access/accounts/{id}/tokens", json!({ "scopes": ["read_incidents"], "days": 1 })),
        ("/access/links", json!({ "reason": "the provider is down" })),
    ]
}

/// A request to each route: with the body that it takes, or with what a page's form sends.
fn examples(there: &There) -> Vec<String> {
    let bodies = [of_desks(there), bodies()].concat();
    let rows = routes()
        .into_iter()
        .filter(|(_, _, right)| !matches!(right, Right::Open | Right::Signed | Right::Token));
    let is_endless = |route: &str| route == "/console/live";
    rows.filter(|(_, route, _)| !is_endless(route))
        .map(|(method, route, _)| {
            let body = bodies.iter().find(|(end, _)| route.ends_with(end)).map(|(_, body)| body.to_string());
            let form = "tenant=example-tenant&actor=mia&version=1&reason=why&text=x&kind=user&name=a&mark=compromised&act=attach&off=true";
            let body = match method {
                "GET" | "DELETE" => String::new(),
                _ if route.starts_with("/v1/") => body.unwrap_or_else(|| "{}".to_owned()),
                _ => form.to_owned(),
            };
            let kind = if route.starts_with("/v1/") { "application/json" } else { "application/x-www-form-urlencoded" };
            let more = "&before=1&level=high&organization=org_1&status=open&limit=5&version=1";
            format!("{method} {}{more}\ncontent-type: {kind}\n\n{body}", there.path(route))
        })
        .collect()
}

#[test]
fn bodies_and_queries() {
    let world = World::new();
    let there = There::make(&world);
    let bearer = format!("Bearer {TOKEN}");
    let credentials =
        [("authorization", &*bearer), ("countersign-tenant", TENANT), ("sec-fetch-site", "same-origin")];
    Target::new("bodies")
        .examples(examples(&there))
        .words([
            "?tenant=",
            "&opened=true",
            "%2f",
            "%00",
            "dec_",
            "inc_",
            "sub_",
            "per_",
            "pln_",
            "\"change\":\"remove_member\"",
            "\"wanted\":[",
            "\"actor\":",
            "\"version\":-1",
            "application/json",
            "text/plain",
        ])
        .run(|input| {
            let request = Written::read(input).and_then(|written| written.request(&credentials));
            let Some(request) = request else { return Ok("no request".to_owned()) };
            let place = request.uri().path().split('/').take(4).collect::<Vec<_>>().join("/");
            let method = request.method().clone();
            let answer = world.tried_whole(request)?;
            Ok(format!("{method} {place} {}", said(&answer)))
        });
    world.assert_whole();
}
