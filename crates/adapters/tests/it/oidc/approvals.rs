//! Who signs in, or shows a token, by a key that the provider has taken back approves nothing.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use countersign_adapters::oidc::{Provider, TenantTokens};
use countersign_app::{
    access::{Caller, NewGrant, Settings as Access, provider::AccessTokens},
    acts::Hands,
};
use countersign_core::Clock;
use countersign_rights::{Action, Grant, How, Place, Role};
use countersign_testkit::{Answer, HOST, Setup, TENANT, TestApp, cookie_of};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::{
    management::tenant,
    oidc::issuer::{CODE, Key, World, settings, tenant as tenant_settings},
};

/// A service whose people sign in at the issuer.
struct Scene {
    world: World,
    service: TestApp,
    _tenant: tenant::Tenant,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let provider = Provider::new(settings(&world.issuer), Arc::clone(&world.clock) as _).unwrap();
        let tokens =
            TenantTokens::new(tenant_settings(&world.issuer), Arc::clone(&world.clock) as _).unwrap();
        let tokens: Arc<dyn AccessTokens> = Arc::new(tokens);
        let access = Access {
            provider: Some(Arc::new(provider)),
            tokens: BTreeMap::from([(TENANT.parse().unwrap(), tokens)]),
            ..Access::default()
        };
        let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
        let user = json!({"user_id": "auth0|1", "app_metadata": {"key": "old"}});
        let tenant = tenant::tenant(move |_| tenant::ok(&user)).await;
        let plan = countersign_adapters::management::Plan::Unlimited;
        let client = countersign_adapters::management::Management::new(
            tenant::settings(&tenant.url, plan),
            tenant.surroundings(),
        );
        service.tenant().give_hands(Hands {
            port: Box::new(client.unwrap()),
            domain: "t.eu.auth0.com".to_owned(),
            settings: Default::default(),
            receivers: BTreeMap::new(),
            secrets: BTreeMap::new(),
            keeper: None,
        });
        let scene = Self { world, service, _tenant: tenant };
        for (name, role) in [("mia", Role::Operator), ("noa", Role::Approver), ("nia", Role::Approver)] {
            scene.admit(name, role).await;
        }
        scene
    }

    async fn admit(&self, subject: &str, role: Role) {
        let permit =
            self.service.app.permit_here(&Caller::local(How::Process), Action::ChangeAccess).await.unwrap();
        let issuer = Some(self.world.issuer.as_str());
        let principal = self.service.app.add_person(&permit, issuer, subject, subject).await.unwrap();
        let grant = Grant::new(role, Place::Tenant(TENANT.parse().unwrap())).unwrap();
        self.service.app.grant(&permit, &NewGrant { principal, grant }).await.unwrap();
    }

    fn pass(&self, seconds: u64) {
        self.world.pass(seconds);
        self.service.clock.advance(Duration::from_secs(seconds));
    }

    /// Signs somebody in by an ID token of this key; the cookie of the session, empty where there is none.
    async fn session(&self, subject: &str, key: &Key) -> String {
        let began = self.service.browse("GET", "/sign-in/start?to=%2Fplans", "").await;
        let location = began.headers["location"].to_str().unwrap();
        let part = |name: &str| {
            let found = location.split(['?', '&']).find_map(|pair| pair.strip_prefix(&format!("{name}=")));
            found.unwrap().to_owned()
        };
        let now = self.service.clock.now().seconds();
        let claims =
            json!({"sub": subject, "nonce": part("nonce"), "iat": now, "exp": now + 300, "auth_time": now});
        self.world.answer_with(&key.sign(&self.world.claims(&claims)));
        let path = format!("/sign-in/callback?state={}&code={CODE}", part("state"));
        let answer = self.service.browse("GET", &path, &cookie_of(&began, "countersign_sign_in")).await;
        cookie_of(&answer, "countersign_session")
    }

    /// An access token of this key with every scope that there is for plans.
    fn token(&self, key: &Key) -> String {
        let now = self.service.clock.now().seconds();
        let scope = "read_plans propose_plans approve_plans execute_plans";
        key.sign(&self.world.grant(&json!({"iat": now, "exp": now + 300, "scope": scope})))
    }

    async fn post(&self, who: (&str, &str), path: &str, body: &Value) -> Answer {
        let request = Request::post(path)
            .header("host", HOST)
            .header("sec-fetch-site", "same-origin")
            .header(who.0, who.1)
            .body(Body::from(body.to_string()));
        self.service.send(request.unwrap()).await
    }

    /// All that is told of the plan.
    async fn plan(&self, cookie: &str, id: &str) -> Value {
        self.service.browse("GET", &format!("/v1/plans/{TENANT}/{id}"), cookie).await.json
    }
}

#[tokio::test]
async fn an_approval_by_a_key_that_was_taken_back_is_refused_and_changes_nothing() {
    let scene = Scene::new().await;
    let (old, new) = (Key::first(), Key::new(Algorithm::PS256, "second"));
    let (mia, noa) = (scene.session("mia", old).await, scene.session("noa", old).await);
    assert!(!mia.is_empty() && !noa.is_empty());
    let change = json!({"change": "set_app_metadata", "user": "auth0|1", "keys": {"key": "new"}});
    let wanted = json!({"title": "a drill", "wanted": [{"change": change, "reason": "a drill",
        "evidence": [{"kind": "log", "id": "900"}]}]});
    let proposed = scene.post(("cookie", &mia), &format!("/v1/plans/{TENANT}"), &wanted).await;
    assert_eq!(proposed.status, 201, "{}", proposed.json);
    let id = proposed.json["id"].as_str().unwrap();
    let (approve, hash) =
        (format!("/v1/plans/{TENANT}/{id}/approve"), json!({"hash": proposed.json["hash"]}));

    scene.world.publish(&[&new]);
    scene.pass(600);
    let before = scene.plan(&mia, id).await;
    assert_eq!(before["plan"]["state"], "proposed");
    // Nobody gets a session by the old key, and its access tokens are none.
    let nia = scene.session("nia", old).await;
    assert_eq!(nia, "");
    let bearer = format!("Bearer {}", scene.token(old));
    // Whoever signed out has no session either, whatever it was made by.
    assert!(scene.post(("cookie", &noa), "/sign-out", &Value::Null).await.status < 400);
    let forged = format!("countersign_session={}", scene.token(old));
    for who in [("cookie", &*nia), ("authorization", &*bearer), ("cookie", &*noa), ("cookie", &*forged)] {
        let refused = scene.post(who, &approve, &hash).await;
        assert_eq!(refused.status, 401, "{}: {}", who.0, refused.json);
    }
    // A good token is known, and still no person.
    let bearer = format!("Bearer {}", scene.token(&new));
    let refused = scene.post(("authorization", &bearer), &approve, &hash).await;
    assert_eq!(refused.status, 403, "{}", refused.json);
    assert_eq!(scene.plan(&mia, id).await, before);
    scene.service.app.run_plans(&scene.service.tenant()).await.unwrap();
    assert_eq!(scene.plan(&mia, id).await, before);

    let noa = scene.session("noa", &new).await;
    let approved = scene.post(("cookie", &noa), &approve, &hash).await;
    assert_eq!((approved.status, &approved.json["state"]), (200, &json!("approved")), "{}", approved.json);
}
