//! Bodies and queries of every other operation, as somebody sends them who may do everything.

use countersign_fuzz::Target;
use countersign_testkit::{TENANT, TOKEN};
use serde_json::{Value, json};

use super::world::{World, Written, said};
use crate::{
    guard::{Right, path_of, routes},
    world::at_home,
};

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
fn examples(decision: &str) -> Vec<String> {
    let bodies = bodies();
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
            format!("{method} {}{more}\ncontent-type: {kind}\n\n{body}", path_of(route, decision))
        })
        .collect()
}

#[test]
fn bodies_and_queries() {
    let world = World::new();
    let decided = world.runtime.block_on(world.service.decide(&at_home("auth0|anna")));
    let decision = decided.json["decision_id"].as_str().unwrap();
    let bearer = format!("Bearer {TOKEN}");
    let credentials =
        [("authorization", &*bearer), ("countersign-tenant", TENANT), ("sec-fetch-site", "same-origin")];
    Target::new("bodies")
        .examples(examples(decision))
        .words([
            "?tenant=",
            "&opened=true",
            "%2f",
            "%00",
            "dec_",
            "inc_",
            "sub_",
            "per_",
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
