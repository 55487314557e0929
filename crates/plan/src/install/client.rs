//! The service's own client: it may do what the capabilities need after the installation, and nothing else.

use countersign_auth0::management::{client_grants::ClientGrant, clients::Client};
use serde_json::json;

use super::{ClientGoal, Draft, Goal, Observed, owned, strangers};
use crate::{Act, Claim, Keep, Look, Part, Step, Template, Undo};

/// What the service's client is called.
pub const CLIENT_NAME: &str = "Countersign service";

/// What the service's client is for, in the words that stand at the tenant.
pub const CLIENT_DESCRIPTION: &str = "Reads this tenant for Countersign; made by `countersign tenant apply`";

/// The secret of the service's client, as it is kept.
pub const CLIENT_SECRET: &str = "client_secret";

const CREATE: &str = "client.create";

const GRANT: &str = "client_grant.create";

/// The identifier of a tenant's Management API: with `https`, however the tenant is reached.
#[must_use]
pub fn audience(domain: &str) -> String {
    format!("https://{domain}/api/v2/")
}

pub(super) fn plan(goal: &Goal, observed: &Observed, scopes: &[String], draft: &mut Draft) {
    let audience = audience(&goal.domain);
    // Why: a client that may do nothing is not worth a credential.
    let wanted = goal.client.as_ref().filter(|_| !scopes.is_empty());
    let (client, grant) = (observed.our_client(), observed.our_grant(&audience));
    if wanted.is_some() && client.is_none() {
        let strangers = strangers::in_the_way(goal, observed, owned::CLIENT);
        if !strangers.is_empty() {
            return draft.findings.extend(strangers);
        }
    }
    match (wanted, client) {
        (Some(wanted), None) => draft.steps.push(create(wanted)),
        (None, Some(client)) => {
            // Why before the client: its grants go with it, and would not be there to be deleted.
            draft.deletes.extend(grant.map(delete_grant));
            draft.deletes.push(delete(client));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    match (wanted, grant) {
        (Some(_), None) => draft.steps.push(create_grant(client, &audience, scopes)),
        (Some(_), Some(grant)) => draft.steps.extend(update_grant(grant, scopes)),
        (None, _) => {}
    }
}

fn create(wanted: &ClientGoal) -> Step {
    let mut keeps = vec![Keep::id("client_id", "/client_id")];
    let (way, proof) = match wanted {
        ClientGoal::Secret => {
            keeps.push(Keep::secret(CLIENT_SECRET, "/client_secret"));
            ("token_endpoint_auth_method", json!("client_secret_post"))
        }
        ClientGoal::PublicKey(pem) => {
            let credential = json!({"name": "countersign", "credential_type": "public_key", "pem": pem});
            ("client_authentication_methods", json!({"private_key_jwt": {"credentials": [credential]}}))
        }
    };
    let body = json!({
        "name": CLIENT_NAME,
        "description": CLIENT_DESCRIPTION,
        "app_type": "non_interactive",
        "grant_types": ["client_credentials"],
        "oidc_conformant": true,
        way: proof,
    });
    let is_it = vec![Claim::is("/name", json!(CLIENT_NAME))];
    let id = Part::answer(CREATE, "client_id");
    let of_it = Template::new("clients.get", vec![id.clone()]);
    Step {
        name: CREATE.to_owned(),
        reason: "the service reads the tenant by a client of its own, never by the installer's".to_owned(),
        act: Act {
            request: Template::new("clients.create", Vec::new()).body(body.into()),
            before: Look::absent("clients.list", is_it.clone()),
            after: Look::item("clients.list", is_it.clone(), Vec::new()),
            is_blind: false,
            keeps,
        },
        undo: Undo::By(Box::new(Act {
            request: Template::new("clients.delete", vec![id]),
            before: Look::at(of_it.clone(), is_it),
            after: Look::gone(of_it),
            is_blind: false,
            keeps: Vec::new(),
        })),
        remember: None,
    }
}

fn create_grant(client: Option<&Client>, audience: &str, scopes: &[String]) -> Step {
    let client = client
        .map_or_else(|| Part::answer(CREATE, "client_id"), |client| Part::text(client.client_id.as_str()));
    let is_it = vec![Claim::is("/client_id", client.clone()), Claim::is("/audience", json!(audience))];
    let id = Part::answer(GRANT, "id");
    let of_it = Template::new("client_grants.get", vec![id.clone()]);
    let body = Part::object([
        ("client_id", client),
        ("audience", json!(audience).into()),
        ("scope", json!(scopes).into()),
    ]);
    Step {
        name: GRANT.to_owned(),
        reason: "the service's client may do what the capabilities need, and nothing else".to_owned(),
        act: Act {
            request: Template::new("client_grants.create", Vec::new()).body(body),
            before: Look::absent("client_grants.list", is_it.clone()),
            after: Look::item("client_grants.list", is_it, vec![Claim::set("/scope", "", scopes)]),
            is_blind: false,
            keeps: vec![Keep::id("id", "/id")],
        },
        undo: Undo::By(Box::new(Act {
            request: Template::new("client_grants.delete", vec![id]),
            before: Look::at(of_it.clone(), Vec::new()),
            after: Look::gone(of_it),
            is_blind: false,
            keeps: Vec::new(),
        })),
        remember: None,
    }
}

fn update_grant(grant: &ClientGrant, scopes: &[String]) -> Option<Step> {
    let mut there: Vec<String> = grant.scope.as_option().cloned().unwrap_or_default();
    there.sort_unstable();
    there.dedup();
    if there == scopes {
        return None;
    }
    let id = Part::text(grant.id.as_str());
    let of_it = Template::new("client_grants.get", vec![id.clone()]);
    let act = |from: &[String], to: &[String]| Act {
        request: Template::new("client_grants.update", vec![id.clone()]).body(json!({"scope": to}).into()),
        before: Look::at(of_it.clone(), vec![Claim::set("/scope", "", from)]),
        after: Look::at(of_it.clone(), vec![Claim::set("/scope", "", to)]),
        is_blind: false,
        keeps: Vec::new(),
    };
    Some(Step {
        name: "client_grant.update".to_owned(),
        reason: "what the service's client may do is not what the capabilities need".to_owned(),
        act: act(&there, scopes),
        undo: Undo::By(Box::new(act(scopes, &there))),
        remember: None,
    })
}

fn delete_grant(grant: &ClientGrant) -> Step {
    let id = Part::text(grant.id.as_str());
    let of_it = Template::new("client_grants.get", vec![id.clone()]);
    Step {
        name: "client_grant.delete".to_owned(),
        reason: "the service's client is to do nothing any more".to_owned(),
        act: Act {
            request: Template::new("client_grants.delete", vec![id]),
            before: Look::at(of_it.clone(), Vec::new()),
            after: Look::gone(of_it),
            is_blind: false,
            keeps: Vec::new(),
        },
        undo: Undo::Irreversible("it is made again by `countersign tenant apply`".to_owned()),
        remember: None,
    }
}

fn delete(client: &Client) -> Step {
    let id = Part::text(client.client_id.as_str());
    let of_it = Template::new("clients.get", vec![id.clone()]);
    Step {
        name: "client.delete".to_owned(),
        reason: "the service's client is not wanted any more".to_owned(),
        act: Act {
            request: Template::new("clients.delete", vec![id]),
            before: Look::at(of_it.clone(), vec![Claim::is("/name", json!(client.name.as_option()))]),
            after: Look::gone(of_it),
            is_blind: false,
            keeps: Vec::new(),
        },
        undo: Undo::Irreversible("its id and its secret are gone with it".to_owned()),
        remember: None,
    }
}
