use std::{sync::Arc, time::Duration};

use countersign_core::{Clock, testing::HeldClock};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Actions, Kind, Order, Outcome, run};
use crate::tenant::{
    Call, Method, Plan,
    http::Shell,
    testing::{self, BASE, NOW},
};

/// A tenant with people, an application, an API, and somewhere to run Actions.
struct World {
    shell: Shell,
    clock: Arc<HeldClock>,
    token: String,
    client: String,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(HeldClock::at(NOW));
        let mut tenant = testing::tenant(Plan::Unlimited);
        let token = testing::token(&mut tenant);
        let shared: Arc<dyn Clock> = Arc::<HeldClock>::clone(&clock);
        let shell =
            Shell::new(tenant, shared, "https").with_actions(Actions::in_folder(folder.path().to_owned()));
        let mut world = Self { shell, clock, token, client: String::new(), _folder: folder };
        world.call(Method::Post, "/connections", json!({"name": "people", "strategy": "auth0"}));
        let client = json!({"name": "Portal", "callbacks": ["https://app.example.com/"], "app_type": "regular_web",
            "grant_types": ["authorization_code", "refresh_token", "password", "client_credentials"]});
        let client = world.call(Method::Post, "/clients", client);
        client["client_id"].as_str().unwrap().clone_into(&mut world.client);
        world
    }

    fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let call = Call::new(method, BASE, path).with_bearer(&self.token).with_json(body);
        let reply = self.shell.tenant().lock().call(&call, self.clock.now());
        assert!(reply.status < 300, "{path}: {}", reply.json());
        reply.json().clone()
    }

    fn get(&self, path: &str) -> Value {
        let call = Call::new(Method::Get, BASE, path).with_bearer(&self.token);
        let reply = self.shell.tenant().lock().call(&call, self.clock.now());
        assert_eq!(reply.status, 200, "{path}: {}", reply.json());
        reply.json().clone()
    }

    fn user(&self, name: &str) -> String {
        let body = json!({"connection": "people", "email": format!("{name}@example.com"), "password": "a good password"});
        self.call(Method::Post, "/users", body)["user_id"].as_str().unwrap().to_owned()
    }

    /// Deploys an Action and binds it.
    fn bind(&self, trigger: &str, code: &str) {
        let version = if trigger == "post-login" { "v3" } else { "v2" };
        let body = json!({"name": format!("of {trigger}"), "code": code, "runtime": "node22",
            "supported_triggers": [{"id": trigger, "version": version}],
            "secrets": [{"name": "KEY", "value": "of the tenant"}]});
        let action = self.call(Method::Post, "/actions/actions", body);
        let id = action["id"].as_str().unwrap();
        // What is built takes a while, and so does a deployment.
        self.clock.advance(Duration::from_secs(60));
        self.get(&format!("/actions/actions/{id}"));
        self.call(Method::Post, &format!("/actions/actions/{id}/deploy"), json!({}));
        let bindings =
            json!({"bindings": [{"ref": {"type": "action_id", "value": id}, "display_name": "it"}]});
        self.call(Method::Patch, &format!("/actions/triggers/{trigger}/bindings"), bindings);
    }

    async fn run(&self, kind: Kind, order: Value) -> Outcome {
        let order: Order = serde_json::from_value(order).unwrap();
        run(&self.shell, BASE, kind, order).await.unwrap()
    }

    async fn login(&self, more: Value) -> Outcome {
        let mut order = json!({"user": "pat@example.com", "connection": "people", "client_id": self.client,
            "password": "a good password", "scope": "openid profile email offline_access",
            "visit": {"ip": "203.0.113.7", "user_agent": "curl/8"}});
        order.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        self.run(Kind::Login, order).await
    }

    fn claims(&self, token: &str) -> Value {
        self.shell.tenant().lock().claims_of(token, self.clock.now()).unwrap()
    }

    fn types(&self) -> Vec<String> {
        let tenant = self.shell.tenant();
        let tenant = tenant.lock();
        let records = tenant.state().records.all().filter(|record| record["type"] != "sapi");
        records.map(|record| record["type"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_sign_in_runs_the_bound_action_and_leaves_its_traces() {
    let world = World::new();
    let user = world.user("pat");
    world.bind(
        "post-login",
        "exports.onExecutePostLogin = async (event, api) => {
            api.idToken.setCustomClaim('https://example.com/from', event.secrets.KEY + ' ' + event.request.ip);
            api.user.setAppMetadata('seen', event.stats.logins_count);
            api.accessToken.removeScope('email');
        };",
    );
    let outcome = world.login(json!({"nonce": "n-1"})).await;
    assert_eq!((outcome.kind, &outcome.logs[..]), ("done", &["s".to_owned()][..]), "{:?}", outcome.refusal);
    let tokens = outcome.tokens.unwrap();
    let claims = world.claims(tokens.id_token.as_deref().unwrap());
    assert_eq!(claims["https://example.com/from"], "of the tenant 203.0.113.7");
    assert_eq!(
        (&claims["sub"], &claims["nonce"], &claims["amr"]),
        (&json!(user), &json!("n-1"), &json!(["pwd"]))
    );
    assert_eq!(
        (&claims["sid"], &claims["auth_time"]),
        (&json!(outcome.session_id), &json!(world.clock.now().seconds()))
    );
    assert_eq!(tokens.scope, "openid profile offline_access");
    let shown = world.get(&format!("/users/{}", user.replace('|', "%7C")));
    assert_eq!((&shown["app_metadata"], &shown["logins_count"]), (&json!({"seen": 0}), &json!(1)));
    assert_eq!(shown["last_ip"], "203.0.113.7");
    let execution = world.get(&format!("/actions/executions/{}", outcome.executions[0]));
    assert_eq!((&execution["status"], &execution["trigger_id"]), (&json!("final"), &json!("post-login")));
    let log = &world.get("/logs?per_page=1")[0];
    assert_eq!((&log["type"], &log["details"]["actions"]["executions"][0]), (&json!("s"), &execution["id"]));

    let refresh = json!({"client_id": world.client, "refresh_token": tokens.refresh_token});
    let again = world.run(Kind::Refresh, refresh).await;
    assert_eq!((again.kind, &again.logs[..]), ("done", &["sertft".to_owned()][..]));
    assert_eq!(again.session_id, outcome.session_id);
}

#[tokio::test]
async fn an_action_can_refuse_and_can_challenge() {
    let world = World::new();
    let user = world.user("pat");
    super::login::enroll(&mut world.shell.tenant().lock(), &user, "otp", NOW);
    world.bind(
        "post-login",
        "exports.onExecutePostLogin = async (event, api) => {
            if (event.request.ip === '203.0.113.9') api.access.deny('not from there');
            else api.authentication.challengeWithAny([{ type: 'otp' }]);
        };
        exports.onContinuePostLogin = async (event, api) => { api.user.setAppMetadata('passed', true); };",
    );
    let refused = world.login(json!({"visit": {"ip": "203.0.113.9"}})).await;
    assert_eq!((refused.kind, refused.refusal.unwrap().description.as_str()), ("refused", "not from there"));
    let asked = world.login(json!({})).await;
    assert_eq!((asked.kind, &asked.tokens), ("challenge", &None));
    let state = asked.state.unwrap();
    let failed = json!({"state": state, "factor": "otp", "passes": false});
    let waits = world.run(Kind::Continue, failed).await;
    assert_eq!((waits.kind, &waits.logs[..]), ("challenge", &["gd_auth_failed".to_owned()][..]));
    let done = world.run(Kind::Continue, json!({"state": state, "factor": "otp"})).await;
    assert_eq!((done.kind, &done.logs[..]), ("done", &["gd_auth_succeed".to_owned(), "s".to_owned()][..]));
    let claims = world.claims(done.tokens.unwrap().id_token.as_deref().unwrap());
    assert_eq!(claims["amr"], json!(["pwd", "mfa"]));
    let again: Order = serde_json::from_value(json!({"state": state, "factor": "otp"})).unwrap();
    assert!(run(&world.shell, BASE, Kind::Continue, again).await.is_err(), "a state is used once");
    assert_eq!(world.login(json!({"factor": "otp"})).await.kind, "done");
}

#[tokio::test]
async fn ten_wrong_passwords_block_the_account_for_that_address_alone() {
    let world = World::new();
    world.user("pat");
    for _ in 0..10 {
        assert_eq!(world.login(json!({"password": "wrong"})).await.kind, "refused");
    }
    let types = world.types();
    assert_eq!((types.len(), &types[9][..], &types[10][..]), (11, "fp", "limit_wc"));
    let blocked = world.login(json!({})).await;
    assert_eq!(blocked.refusal.unwrap().error, "too_many_attempts");
    assert_eq!(world.login(json!({"visit": {"ip": "203.0.113.8"}})).await.kind, "done");
    let unknown = world.login(json!({"user": "nobody@example.com"})).await;
    assert_eq!(unknown.logs, ["fu"]);
}

#[tokio::test]
async fn somebody_signs_up_resets_and_changes_a_password() {
    let world = World::new();
    let order = json!({"connection": "people", "client_id": world.client, "password": "a good password",
        "profile": {"email": "new@example.com"}, "visit": {"ip": "203.0.113.7"}});
    let made = world.run(Kind::SignUp, order.clone()).await;
    assert_eq!((made.kind, &made.logs[..]), ("done", &["ss".to_owned()][..]));
    let again = world.run(Kind::SignUp, order).await;
    assert_eq!(again.refusal.unwrap().error, "invalid_signup");
    let user = made.user_id.unwrap();
    let order = json!({"user": user, "client_id": world.client, "new_password": "another password"});
    let reset = world.run(Kind::Reset, order).await;
    assert_eq!((reset.kind, &reset.logs[..]), ("done", &["scpr".to_owned(), "scp".to_owned()][..]));
    assert!(world.shell.tenant().lock().has_password(&user, "another password"));
    let order = json!({"user": user, "client_id": world.client, "new_password": "short"});
    assert_eq!(world.run(Kind::ChangePassword, order).await.logs, ["fcp"]);
    assert!(world.shell.tenant().lock().has_password(&user, "another password"));
}

#[tokio::test]
async fn a_client_gets_what_its_grant_and_its_action_leave() {
    let world = World::new();
    let api = json!({"identifier": "urn:orders", "name": "Orders", "scopes": [{"value": "read"}, {"value": "write"}]});
    world.call(Method::Post, "/resource-servers", api);
    let order = json!({"client_id": world.client, "audience": "urn:orders"});
    let refused = world.run(Kind::ClientCredentials, order.clone()).await;
    assert_eq!((refused.kind, &refused.logs[..]), ("refused", &["feccft".to_owned()][..]));
    let grant = json!({"client_id": world.client, "audience": "urn:orders", "scope": ["read", "write"]});
    world.call(Method::Post, "/client-grants", grant);
    world.bind(
        "credentials-exchange",
        "exports.onExecuteCredentialsExchange = async (event, api) => {
            api.accessToken.setCustomClaim('https://example.com/by', event.client.name);
        };",
    );
    let given = world.run(Kind::ClientCredentials, order).await;
    let tokens = given.tokens.unwrap();
    let claims = world.claims(&tokens.access_token);
    assert_eq!((tokens.scope.as_str(), &claims["https://example.com/by"]), ("read write", &json!("Portal")));
    assert_eq!((&claims["gty"], tokens.id_token), (&json!("client-credentials"), None));
}

#[tokio::test]
async fn who_is_no_member_does_not_get_into_an_organization() {
    let world = World::new();
    let user = world.user("pat");
    let organization = world.call(Method::Post, "/organizations", json!({"name": "acme"}));
    let outcome = world.login(json!({"organization": "acme"})).await;
    assert_eq!((outcome.kind, &outcome.logs[..]), ("refused", &["f".to_owned()][..]));
    let id = organization["id"].as_str().unwrap();
    world.call(Method::Post, &format!("/organizations/{id}/members"), json!({"members": [user]}));
    let outcome = world.login(json!({"organization": id})).await;
    assert_eq!(world.claims(&outcome.tokens.unwrap().access_token)["org_id"], id);
}

#[tokio::test]
async fn without_node_a_bound_action_is_told_and_nothing_happens() {
    let world = World::new();
    world.user("pat");
    world.bind("post-login", "exports.onExecutePostLogin = async () => {};");
    let shell = world.shell.clone().with_actions(Actions::none());
    let order: Order =
        serde_json::from_value(json!({"user": "pat@example.com", "client_id": world.client})).unwrap();
    let fault = run(&shell, BASE, Kind::Login, order).await.unwrap_err();
    assert!(fault.to_string().starts_with("503: Actions can't run"), "{fault}");
}

#[tokio::test]
async fn a_session_serves_a_silent_sign_in_until_it_is_gone() {
    let world = World::new();
    world.user("pat");
    let first = world.login(json!({})).await;
    let silent = json!({"prompt": "none", "session_id": first.session_id, "user": "", "password": null});
    let again = world.login(silent.clone()).await;
    assert_eq!((again.kind, &again.logs[..]), ("done", &["ssa".to_owned()][..]));
    let id = first.session_id.unwrap();
    world.shell.tenant().lock().state_mut().end_session(&id, NOW);
    let over = world.login(silent).await;
    assert_eq!(
        (over.refusal.unwrap().error.as_str(), &over.logs[..]),
        ("login_required", &["fsa".to_owned()][..])
    );
}
