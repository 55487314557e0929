//! Our API, which tokens of the tenant are given out for.

use countersign_auth0::management::resource_servers::ResourceServer;
use serde_json::{Value, json};

use super::{ApiGoal, Draft, Goal, Observed, owned, strangers};
use crate::{Act, Claim, Finding, Keep, Look, Part, Severity, Step, Template, Undo};

/// What our API is called.
pub const API_NAME: &str = "Countersign";

/// What can be done there, and what for.
pub const API_SCOPES: [(&str, &str); 4] = [
    ("decide", "Ask for decisions"),
    ("read:decisions", "Read decisions and their receipts"),
    ("read:ledger", "Read checkpoints and proofs"),
    ("operate", "Change policies and switches"),
];

/// How long a token of our API holds, in seconds; a day is Auth0's default.
pub const TOKEN_SECONDS: u32 = 3600;

const CREATE: &str = "api.create";

pub(super) fn plan(goal: &Goal, observed: &Observed, draft: &mut Draft) {
    match (&goal.api, observed.our_api()) {
        (Some(wanted), None) => {
            let strangers = strangers::in_the_way(goal, observed, owned::API);
            match strangers.is_empty() {
                true => create(wanted, draft),
                false => draft.findings.extend(strangers),
            }
        }
        (Some(wanted), Some(api)) => update(wanted, api, draft),
        (None, Some(api)) => draft.deletes.push(delete(api)),
        (None, None) => {}
    }
}

fn create(wanted: &ApiGoal, draft: &mut Draft) {
    let is_it = vec![Claim::is("/identifier", json!(wanted.identifier))];
    let body = json!({
        "name": API_NAME,
        "identifier": wanted.identifier,
        "signing_alg": "RS256",
        "token_lifetime": TOKEN_SECONDS,
        "allow_offline_access": false,
        "scopes": scopes(&[]),
    });
    let id = Part::answer(CREATE, "id");
    let of_it = Template::new("resource_servers.get", vec![id.clone()]);
    draft.steps.push(Step {
        name: CREATE.to_owned(),
        reason: "our API is not there".to_owned(),
        act: Act {
            request: Template::new("resource_servers.create", Vec::new()).body(body.into()),
            before: Look::absent("resource_servers.list", is_it.clone()),
            after: Look::item(
                "resource_servers.list",
                is_it.clone(),
                vec![Claim::is("/name", json!(API_NAME))],
            ),
            is_blind: false,
            keeps: vec![Keep::id("id", "/id")],
        },
        undo: Undo::By(Box::new(Act {
            request: Template::new("resource_servers.delete", vec![id]),
            before: Look::at(of_it.clone(), is_it),
            after: Look::gone(of_it),
            is_blind: false,
            keeps: Vec::new(),
        })),
        remember: None,
    });
}

/// Ours, and those that were added, each once.
fn scopes(there: &[Value]) -> Vec<Value> {
    let ours =
        API_SCOPES.iter().map(|(value, description)| json!({"value": value, "description": description}));
    let is_ours = |scope: &&Value| API_SCOPES.iter().any(|(value, _)| scope["value"] == *value);
    there.iter().filter(|scope| !is_ours(scope)).cloned().chain(ours).collect()
}

fn values(scopes: &[Value]) -> Vec<&str> {
    scopes.iter().filter_map(|scope| scope.get("value")?.as_str()).collect()
}

fn update(wanted: &ApiGoal, api: &ResourceServer, draft: &mut Draft) {
    if api.identifier.as_option() != Some(&wanted.identifier) {
        draft.findings.push(Finding {
            severity: Severity::Blocks,
            code: "api.other_identifier".to_owned(),
            text: format!(
                "our API has another identifier than `{}`, and an identifier can't be changed: remove it first",
                wanted.identifier
            ),
        });
        return;
    }
    let there: Vec<Value> =
        api.scopes.as_option().into_iter().flatten().map(|scope| Value::Object((**scope).clone())).collect();
    let missing = API_SCOPES.iter().any(|(value, _)| !values(&there).contains(value));
    if !missing {
        return;
    }
    let id = Part::text(api.id.as_str());
    let of_it = Template::new("resource_servers.get", vec![id.clone()]);
    let act = |from: &[Value], to: &[Value]| Act {
        request: Template::new("resource_servers.update", vec![id.clone()])
            .body(json!({"scopes": to}).into()),
        before: Look::at(of_it.clone(), vec![Claim::set("/scopes", "/value", values(from))]),
        after: Look::at(of_it.clone(), vec![Claim::set("/scopes", "/value", values(to))]),
        is_blind: false,
        keeps: Vec::new(),
    };
    let new = scopes(&there);
    draft.steps.push(Step {
        name: "api.update".to_owned(),
        reason: "scopes of our API are missing".to_owned(),
        act: act(&there, &new),
        undo: Undo::By(Box::new(act(&new, &there))),
        remember: None,
    });
}

fn delete(api: &ResourceServer) -> Step {
    let id = Part::text(api.id.as_str());
    let of_it = Template::new("resource_servers.get", vec![id.clone()]);
    Step {
        name: "api.delete".to_owned(),
        reason: "our API is not wanted any more".to_owned(),
        act: Act {
            request: Template::new("resource_servers.delete", vec![id]),
            before: Look::at(of_it.clone(), vec![Claim::is("/name", json!(api.name.as_option()))]),
            after: Look::gone(of_it),
            is_blind: false,
            keeps: Vec::new(),
        },
        undo: Undo::Irreversible("it is made again by `countersign tenant apply`".to_owned()),
        remember: None,
    }
}
