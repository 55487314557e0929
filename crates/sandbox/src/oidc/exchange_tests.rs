//! Custom token exchange: a profile and its Action, made by the Management API and asked for at `/oauth/token`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::testing::World;
use crate::tenant::Method;

/// Subject tokens are commands here: each calls one method of the documented `api`.
const ACTION: &str = "exports.onExecuteCustomTokenExchange = async (event, api) => {
    const { subject_token, actor_token_type } = event.transaction;
    const [command, ...given] = subject_token.split(' ');
    const attributes = { user_id: given[0], email: given[1], name: given[2], nickname: 'of the old system', undocumented: 1 };
    const behave = (creationBehavior, updateBehavior) => api.authentication.setUserByConnection('people', attributes, { creationBehavior, updateBehavior });
    if (command === 'bad') return api.access.rejectInvalidSubjectToken('not one of ours');
    if (command === 'deny') return api.access.deny(given[0], 'policy');
    if (command === 'throw') throw new Error('secret');
    if (command === 'id') api.authentication.setUserById(given[0]);
    if (command === 'find') behave('none', 'none');
    if (command === 'make') behave('create_if_not_exists', 'none');
    if (command === 'put') behave('create_if_not_exists', 'replace');
    if (command === 'twice') { api.authentication.setUserById('auth0|1'); api.authentication.setUserById('auth0|2'); }
    if (command === 'org') { api.authentication.setUserById(given[0]); api.authentication.setOrganization('acme'); }
    if (actor_token_type) api.authentication.setActor({ sub: 'agent', act: { sub: 'operator' } });
    api.user.setAppMetadata('from', event.client.name + ' ' + event.request.body.subject_token_type);
};";

const LOGIN: &str = "exports.onExecutePostLogin = async (event, api) => {
    const { protocol, subject_token_type, actor } = event.transaction;
    api.idToken.setCustomClaim('https://example.com/by', [protocol, subject_token_type, actor?.sub ?? null, api.redirect.canRedirect()]);
    if (event.user.email === 'no@example.com') api.access.deny('not this one');
};";

const TYPE: &str = "urn:acme:session";

struct Exchanges {
    world: World,
    pat: String,
}

impl Exchanges {
    fn new() -> Self {
        let world = World::new();
        let action_id = world.deploy("custom-token-exchange", "v1", ACTION);
        let profile = json!({"name": "old system", "subject_token_type": TYPE, "action_id": action_id,
            "type": "custom_authentication"});
        world.call(Method::Post, "/token-exchange-profiles", profile);
        world.bind(LOGIN);
        let may = json!({"token_exchange": {"allow_any_profile_of_type": ["custom_authentication"]}});
        world.call(Method::Patch, &format!("/clients/{}", world.client), may);
        let pat = world.send(Method::Get, "/users-by-email?email=pat@example.com", None);
        let pat = pat.json()[0]["user_id"].as_str().unwrap().to_owned();
        Self { world, pat }
    }

    async fn ask(&self, token: &str, more: &str) -> (StatusCode, Value) {
        let World { client, secret, .. } = &self.world;
        let (token, kind) = (token.replace(' ', "+").replace('|', "%7C"), TYPE.replace(':', "%3A"));
        let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
        let body = format!(
            "grant_type={grant}&client_id={client}&client_secret={secret}&scope=openid+email&subject_token={token}&subject_token_type={kind}{more}"
        );
        let (status, _, answer) = self.world.ask("POST", "/oauth/token", &[], &body).await;
        (status, serde_json::from_str(&answer).unwrap())
    }

    /// The claims of the ID token that comes of it.
    async fn claims(&self, token: &str, more: &str) -> Value {
        let (status, tokens) = self.ask(token, more).await;
        assert_eq!(status, StatusCode::OK, "{token}: {tokens}");
        self.world.claims(&tokens["id_token"])
    }

    async fn refused(&self, token: &str) -> (u16, String, String) {
        let (status, body) = self.ask(token, "").await;
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        (status.as_u16(), text("error"), text("error_description"))
    }

    fn user(&self, id: &str) -> Value {
        let path = format!("/users/{}", id.replace('|', "%7C"));
        self.world.send(Method::Get, &path, None).json().clone()
    }
}

fn told(status: u16, error: &str, why: &str) -> (u16, String, String) {
    (status, error.to_owned(), why.to_owned())
}

#[tokio::test]
async fn the_action_of_the_profile_says_whose_token_it_is_and_the_sign_in_follows() {
    let exchanges = Exchanges::new();
    let claims = exchanges.claims(&format!("id {}", exchanges.pat), "").await;
    assert_eq!((&claims["sub"], &claims["email"]), (&json!(exchanges.pat), &json!("pat@example.com")));
    let by = json!(["oauth2-token-exchange", TYPE, null, false]);
    assert_eq!((&claims["https://example.com/by"], &claims["amr"]), (&by, &json!([])));
    assert_eq!(exchanges.user(&exchanges.pat)["app_metadata"]["from"], format!("A & B {TYPE}"));
    let actor = "&actor_token=t&actor_token_type=urn%3Aacme%3Aagent";
    let claims = exchanges.claims(&format!("id {}", exchanges.pat), actor).await;
    assert_eq!(claims["act"], json!({"sub": "agent", "act": {"sub": "operator"}}));
    let records = exchanges.world.records();
    let record = &records[1];
    assert_eq!((&record["type"], &record["user_id"]), (&json!("secte"), &json!(exchanges.pat)));
    assert_eq!(record["details"]["actor"]["sub"], "agent");
    assert_eq!(record["details"]["actions"]["executions"].as_array().unwrap().len(), 1);
    assert!(
        !json!(records).to_string().contains(&format!("id {}", exchanges.pat)),
        "the token is told to nobody"
    );
}

#[tokio::test]
async fn a_user_of_a_connection_is_found_made_or_changed_as_the_action_says() {
    let exchanges = Exchanges::new();
    let missing = told(400, "invalid_request", "The user does not exist.");
    assert_eq!(exchanges.refused("find 77 kim@example.com Kim").await, missing);
    assert_eq!(exchanges.refused("find 77 pat@example.com Pat").await, missing, "an address is no proof");
    let made = exchanges.claims("make 77 kim@example.com Kim", "").await;
    assert_eq!((&made["sub"], &made["email"]), (&json!("auth0|77"), &json!("kim@example.com")));
    let user = exchanges.user("auth0|77");
    assert_eq!((&user["nickname"], user.get("undocumented")), (&json!("of the old system"), None));
    assert_eq!(user["identities"][0]["connection"], "people");
    assert_eq!(exchanges.claims("make 77 new@example.com New", "").await["email"], "kim@example.com");
    assert_eq!(exchanges.claims("put 77 new@example.com New", "").await["email"], "new@example.com");
    assert_eq!(exchanges.user("auth0|77")["name"], "New");
    let (status, error, _) = exchanges.refused("make 78 pat@example.com Pat").await;
    assert_eq!((status, error.as_str()), (400, "invalid_request"));
    assert_eq!(exchanges.world.types(), ["fecte", "fecte", "secte", "secte", "secte", "fecte"]);
}

#[tokio::test]
async fn what_the_action_or_the_sign_in_refuses_gives_no_token() {
    let exchanges = Exchanges::new();
    for (token, status, error, why) in [
        ("bad", 400, "invalid_request", "not one of ours"),
        ("deny own_code", 400, "own_code", "policy"),
        ("deny server_error", 500, "server_error", "policy"),
        ("throw", 400, "access_denied", "An Action failed."),
        ("twice", 400, "access_denied", "An Action failed."),
        ("id auth0|none", 400, "invalid_request", "The user does not exist."),
        ("make 5 no@example.com No", 400, "access_denied", "not this one"),
    ] {
        assert_eq!(exchanges.refused(token).await, told(status, error, why), "{token}");
    }
    assert_eq!(exchanges.refused("nothing").await.0, 400, "somebody must be named");
    let by_name = exchanges.pat.replace('|', "%7C");
    exchanges.world.call(Method::Patch, &format!("/users/{by_name}"), json!({"blocked": true}));
    let blocked = exchanges.refused(&format!("id {}", exchanges.pat)).await;
    assert_eq!(blocked, told(400, "invalid_request", "user is blocked"));
    let types = exchanges.world.types();
    assert_eq!(types.iter().filter(|kind| *kind == "actions_execution_failed").count(), 2);
    assert_eq!(types.iter().filter(|kind| *kind == "fecte").count(), 9);
}

#[tokio::test]
async fn an_organization_takes_its_members_alone() {
    let exchanges = Exchanges::new();
    let token = format!("org {}", exchanges.pat);
    assert_eq!(exchanges.refused(&token).await.1, "invalid_request");
    let organization = exchanges.world.call(Method::Post, "/organizations", json!({"name": "acme"}));
    let stranger = told(400, "invalid_request", "user is not part of the organization");
    assert_eq!(exchanges.refused(&token).await, stranger);
    let id = organization["id"].as_str().unwrap();
    let members = json!({"members": [exchanges.pat]});
    exchanges.world.call(Method::Post, &format!("/organizations/{id}/members"), members);
    assert_eq!(exchanges.claims(&token, "").await["org_id"], id);
}

#[tokio::test]
async fn wrong_subject_tokens_shut_an_address_out_and_other_refusals_do_not() {
    let exchanges = Exchanges::new();
    let good = format!("id {}", exchanges.pat);
    for _ in 0..10 {
        assert_eq!(exchanges.refused("deny own_code").await.0, 400);
    }
    for _ in 0..10 {
        assert_eq!(exchanges.refused("bad").await.0, 400);
    }
    let (status, error, _) = exchanges.refused(&good).await;
    assert_eq!((status, error.as_str()), (429, "too_many_attempts"));
    exchanges.world.clock.advance(std::time::Duration::from_secs(6_001));
    exchanges.claims(&good, "").await;
}

#[tokio::test]
async fn only_clients_that_may_and_types_that_have_a_profile_are_served() {
    let exchanges = Exchanges::new();
    let good = format!("id {}", exchanges.pat);
    let (status, body) = exchanges.ask(&good, "&subject_token_type=urn%3Aacme%3Aother").await;
    assert_eq!(status, StatusCode::OK, "the first counts: {body}");
    let path = format!("/clients/{}", exchanges.world.client);
    exchanges.world.call(Method::Patch, &path, json!({"token_exchange": null}));
    assert_eq!(exchanges.refused(&good).await.1, "unauthorized_client");
    let may = json!({"token_exchange": {"allow_any_profile_of_type": ["custom_authentication"]}});
    exchanges.world.call(Method::Patch, &path, may);
    let profiles = exchanges.world.send(Method::Get, "/token-exchange-profiles", None);
    let profile = profiles.json()["token_exchange_profiles"][0]["id"].as_str().unwrap().to_owned();
    exchanges.world.send(Method::Delete, &format!("/token-exchange-profiles/{profile}"), None);
    let (status, error, why) = exchanges.refused(&good).await;
    assert_eq!((status, error.as_str()), (400, "invalid_request"), "{why}");
    assert_eq!(exchanges.world.types(), ["secte", "fecte", "fecte"]);
}
