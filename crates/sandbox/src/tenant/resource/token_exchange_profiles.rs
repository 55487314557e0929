//! Profiles of token exchange: which Action looks at subject tokens of a type.

use serde_json::{Value, json};

use super::{
    actions::{ACTIONS, trigger_of},
    documents::many::{self, Kind},
};
use crate::{
    dice::Dice,
    tenant::{
        Context, Fault, Operation, Reply,
        check::{Rule, may, need, text},
        id,
        operations::{delete, get, patch, post},
        page,
        state::Object,
    },
};

/// The collection.
pub const PROFILES: &str = "token_exchange_profiles";

const PATH: &str = "/token-exchange-profiles";
const READ: &[&str] = &["read:token_exchange_profiles"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get(PATH, "Get token exchange profiles", READ, list),
    post(
        PATH,
        "Create a token exchange profile",
        &["create:token_exchange_profiles"],
        many::create::<Profile>,
    )
    .body(&NEW),
    get("/token-exchange-profiles/{id}", "Get a token exchange profile", READ, many::read::<Profile>),
    patch(
        "/token-exchange-profiles/{id}",
        "Update an existing token exchange profile",
        &["update:token_exchange_profiles"],
        update,
    )
    .body(&CHANGES),
    delete(
        "/token-exchange-profiles/{id}",
        "Delete a token exchange profile",
        &["delete:token_exchange_profiles"],
        many::remove::<Profile>,
    ),
];

static NEW: Rule = Rule::Object(&[
    need("name", text(1, 255)),
    need("subject_token_type", text(1, 255)),
    need("action_id", text(1, 255)),
    need("type", Rule::OneOf(&["custom_authentication"])),
]);
static CHANGES: Rule = Rule::Object(&[may("name", text(1, 255)), may("subject_token_type", text(1, 255))]);

/// What types of tokens may not begin with (Auth0: "Custom Token Exchange").
const RESERVED: [&str; 7] = [
    "http://auth0.com",
    "https://auth0.com",
    "http://okta.com",
    "https://okta.com",
    "urn:ietf",
    "urn:auth0",
    "urn:okta",
];

struct Profile;

impl Kind for Profile {
    const COLLECTION: &'static str = PROFILES;

    fn new_id(dice: &mut Dice) -> String {
        id::prefixed("tep", dice)
    }

    fn missing(_: &str) -> Fault {
        Fault::not_found("The token exchange profile does not exist.")
    }

    fn start(context: &mut Context<'_>, _: &str) -> Value {
        json!({"created_at": context.iso()})
    }

    fn accepts(context: &Context<'_>, own: &str, profile: &Object) -> Result<(), Fault> {
        let text = |name: &str| profile.get(name).and_then(Value::as_str).unwrap_or_default();
        let kind = text("subject_token_type");
        let is_address = kind.starts_with("https://") || kind.starts_with("urn:");
        if !is_address || RESERVED.iter().any(|reserved| kind.starts_with(reserved)) {
            let message = "subject_token_type must be a URI of yours that begins with https:// or urn:";
            return Err(Fault::invalid_body(message));
        }
        let action = context.state.objects.find(ACTIONS, text("action_id"));
        if action.map(trigger_of) != Some("custom-token-exchange") {
            return Err(Fault::invalid_body("There is no Action of custom-token-exchange with this id"));
        }
        let mut others = context.state.objects.all(PROFILES).filter(|other| other.id != own);
        if others.any(|other| other.text("subject_token_type") == kind) {
            return Err(Fault::conflict("A profile with this subject_token_type exists already"));
        }
        Ok(())
    }
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    page::checkpoint(context.call, PROFILES, "id", &many::all::<Profile>(context))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    many::update::<Profile>(context).map(|_| Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    fn action(api: &mut Api, trigger: &str, version: &str) -> Value {
        let body =
            json!({"name": trigger, "code": "", "supported_triggers": [{"id": trigger, "version": version}]});
        api.post("/actions/actions", body, 201)["id"].clone()
    }

    #[test]
    fn a_profile_names_an_action_for_a_type_of_tokens_that_no_other_has() {
        let mut api = Api::new();
        let action_id = action(&mut api, "custom-token-exchange", "v1");
        let login = action(&mut api, "post-login", "v3");
        let body = |kind: &str, action: &Value| json!({"name": "old", "subject_token_type": kind, "action_id": action, "type": "custom_authentication"});
        let made = api.post(PATH, body("urn:acme:old", &action_id), 201);
        for (kind, action, status) in [
            ("urn:acme:old", &action_id, 409),
            ("urn:acme:new", &login, 400),
            ("urn:ietf:params:oauth:token-type:jwt", &action_id, 400),
            ("ftp://acme.example", &action_id, 400),
        ] {
            api.post(PATH, body(kind, action), status);
        }
        let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
        assert_eq!(api.get(&path, 200), made);
        api.patch(&path, json!({"action_id": login}), 400);
        api.patch(&path, json!({"subject_token_type": "https://acme.example/old"}), 204);
        let listed = api.get(&format!("{PATH}?take=1"), 200);
        assert_eq!(listed[PROFILES][0]["subject_token_type"], "https://acme.example/old");
        api.delete(&path, None, 204);
        api.get(&path, 404);
    }
}
