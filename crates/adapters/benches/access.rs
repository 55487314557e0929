//! What it costs to know who asks and whether they may: each credential and the check alone, and whole requests beside the bare one, which nobody is
//! known for.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench without its service must not go on"
)]

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use axum::{Json, Router, body::Body, http::Request, routing::get};
use countersign_adapters::{
    Endpoint,
    oidc::{DEFAULT_TIMEOUT, TenantSettings, TenantTokens},
};
use countersign_app::access::{Caller, NewGrant, NewToken, Settings, provider::AccessTokens};
use countersign_core::{Clock, TenantId, testing::HeldClock};
use countersign_privacy::Token;
use countersign_rights::{Action, Grant, How, Place, Role};
use countersign_testkit::{HOST, START, Setup, TENANT, TestApp, Vouching};
use divan::{Bencher, black_box};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use serde_json::json;
use tokio::{net::TcpListener, runtime::Runtime, task::JoinSet};
use tower::ServiceExt;

const AUDIENCE: &str = "https://countersign.example.com/";

/// Rounds of which the median counts: what the machine does meanwhile meets every kind of request alike.
const ROUNDS: usize = 60;

/// Requests of each kind in a round.
const EACH: u32 = 50;

fn main() {
    divan::main();
    ratios();
}

/// Prints what requests cost whose caller is known, over the bare one, which nobody is known for: 15,000 requests.
#[expect(clippy::print_stdout, reason = "a bench says what it measured")]
#[expect(clippy::disallowed_methods, reason = "a bench goes by the system's clock")]
fn ratios() {
    let world = World::new(0);
    let bearer = |token: &str| format!("Bearer {token}");
    let (account, access) = (bearer(world.account.expose()), bearer(&world.access));
    let cookie = Some(("cookie", &*world.cookie));
    let (me, policies) = ("/v1/access/me", format!("/v1/policies/{TENANT}"));
    let kinds = [
        ("bare", "/health", None),
        ("by a cookie", me, cookie),
        ("by an account's token", me, Some(("authorization", &*account))),
        ("by an access token", me, Some(("authorization", &*access))),
        ("by a cookie, with the check and one row read", &policies, cookie),
    ];
    let mut took = kinds.map(|_| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        for ((_, path, header), took) in kinds.iter().zip(&mut took) {
            let began = Instant::now();
            (0..EACH).for_each(|_| assert_eq!(world.ask(path, *header), 200));
            took.push(began.elapsed() / EACH);
        }
    }
    let medians = took.map(|mut took| {
        took.sort_unstable();
        took[ROUNDS / 2]
    });
    println!("a request, median of {ROUNDS} rounds of {EACH}, and over the bare one:");
    for ((name, ..), median) in kinds.iter().zip(medians) {
        println!("  {name}: {median:?}, {:.2}", median.as_secs_f64() / medians[0].as_secs_f64());
    }
}

/// A service with an administrator by cookie, a program by token, and an application by its tenant's access token.
struct World {
    runtime: Runtime,
    service: TestApp,
    /// Built once: that takes longer than any request.
    router: Router,
    cookie: String,
    account: Token,
    access: String,
    _serving: JoinSet<()>,
}

impl World {
    fn new(policies: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (service, cookie, account, access, serving) = runtime.block_on(Self::make(policies));
        let router = service.server.router();
        Self { runtime, service, router, cookie, account, access, _serving: serving }
    }

    async fn make(policies: usize) -> (TestApp, String, Token, String, JoinSet<()>) {
        let (issuer, access, serving) = issuer().await;
        let settings = TenantSettings {
            tenant: issuer,
            custom_domains: Vec::new(),
            audience: AUDIENCE.to_owned(),
            authorities: None,
            timeout: DEFAULT_TIMEOUT,
        };
        let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(START));
        let tokens = TenantTokens::new(settings, clock).unwrap();
        let tokens: BTreeMap<TenantId, Arc<dyn AccessTokens>> =
            [(TENANT.parse().unwrap(), Arc::new(tokens) as Arc<dyn AccessTokens>)].into();
        let own = (0..policies).map(|n| {
            format!(
                "@id(\"own_{n}\") forbid (principal is Countersign::Person, action in Countersign::Action::\"read\",\n\
                 resource == Countersign::Tenant::\"tenant-{n}\") unless {{ context.how == \"oidc\" }};\n"
            )
        });
        let access_settings = Settings {
            provider: Some(Arc::new(Vouching)),
            tokens,
            policies: vec![("own.cedar".to_owned(), own.collect())],
            ..Settings::default()
        };
        let service =
            TestApp::start_with(|_| {}, Setup { access: access_settings, ..Setup::default() }).await;
        let everywhere = || Grant::new(Role::Administrator, Place::Installation).unwrap();
        service.grant("mia", vec![everywhere()]).await;
        let cookie = service.session_of("mia").await;
        let permit =
            service.app.permit_here(&Caller::local(How::Process), Action::ChangeAccess).await.unwrap();
        let account = service.app.make_account(&permit, "soar").await.unwrap();
        let grant = NewGrant { principal: account.clone(), grant: everywhere() };
        service.app.grant(&permit, &grant).await.unwrap();
        let all = NewToken { scopes: ["*".to_owned()].into(), days: 30 };
        let made = service.app.make_account_token(&permit, &account, &all).await.unwrap();
        (service, cookie, made.token, access, serving)
    }

    fn session(&self) -> Token {
        Token::received(self.cookie.split_once('=').unwrap().1).unwrap()
    }

    fn ask(&self, path: &str, header: Option<(&str, &str)>) -> u16 {
        let mut request = Request::get(path).header("host", HOST);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request = request.body(Body::empty()).unwrap();
        self.runtime.block_on(self.router.clone().oneshot(request)).unwrap().status().as_u16()
    }
}

/// A tenant that publishes its key, and a token that it signed for an application.
async fn issuer() -> (Endpoint, String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}/", listener.local_addr().unwrap());
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let key = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
    let mut public = serde_json::to_value(Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap()).unwrap();
    public["kid"] = json!("one");
    let now = START.seconds();
    let claims = json!({ "iss": issuer, "sub": "shop@clients", "azp": "shop", "aud": AUDIENCE, "iat": now, "exp": now + 3_600,
        "scope": "read:decisions read:ledger" });
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::RS256) };
    let token = encode(&header, &claims, &key).unwrap();
    let keys = json!({ "keys": [public] });
    let router = Router::new().route("/.well-known/jwks.json", get(move || async move { Json(keys) }));
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (issuer.parse().unwrap(), token, serving)
}

#[divan::bench]
fn a_bare_request(bencher: Bencher<'_, '_>) {
    let world = World::new(0);
    bencher.bench_local(|| assert_eq!(world.ask("/health", None), 200));
}

#[divan::bench]
fn a_request_by_cookie(bencher: Bencher<'_, '_>) {
    let world = World::new(0);
    bencher.bench_local(|| assert_eq!(world.ask("/v1/access/me", Some(("cookie", &world.cookie))), 200));
}

#[divan::bench]
fn a_request_by_account_token(bencher: Bencher<'_, '_>) {
    let world = World::new(0);
    let bearer = format!("Bearer {}", world.account.expose());
    bencher.bench_local(|| assert_eq!(world.ask("/v1/access/me", Some(("authorization", &bearer))), 200));
}

#[divan::bench]
fn a_request_by_access_token(bencher: Bencher<'_, '_>) {
    let world = World::new(0);
    let bearer = format!("Bearer {}", world.access);
    bencher.bench_local(|| assert_eq!(world.ask("/v1/access/me", Some(("authorization", &bearer))), 200));
}

/// With the check: who asks, whether they may, and one row read.
#[divan::bench(args = [0, 50])]
fn a_request_by_cookie_that_is_permitted(bencher: Bencher<'_, '_>, policies: usize) {
    let world = World::new(policies);
    let path = format!("/v1/policies/{TENANT}");
    bencher.bench_local(|| assert_eq!(world.ask(&path, Some(("cookie", &world.cookie))), 200));
}

#[divan::bench]
fn who_a_cookie_is(bencher: Bencher<'_, '_>) {
    let world = World::new(0);
    let session = world.session();
    bencher.bench_local(|| {
        let found = world.runtime.block_on(world.service.app.caller_of_session(black_box(&session)));
        assert!(found.unwrap().is_some());
    });
}

#[divan::bench]
fn who_an_account_token_is(bencher: Bencher<'_, '_>) {
    let world = World::new(0);
    bencher.bench_local(|| {
        let found =
            world.runtime.block_on(world.service.app.caller_of_account_token(black_box(&world.account)));
        assert!(found.unwrap().is_some());
    });
}

#[divan::bench]
fn who_an_access_token_is(bencher: Bencher<'_, '_>) {
    let world = World::new(0);
    bencher.bench_local(|| {
        let found =
            world.runtime.block_on(world.service.app.caller_of_access_token(black_box(&world.access)));
        assert!(found.unwrap().is_some());
    });
}

/// The check as a request has it: asked before by the same caller.
#[divan::bench(args = [0, 50])]
fn whether_they_may(bencher: Bencher<'_, '_>, policies: usize) {
    let world = World::new(policies);
    let (app, tenant) = (&world.service.app, TENANT.parse().unwrap());
    let caller = world.runtime.block_on(app.caller_of_session(&world.session())).unwrap().unwrap();
    bencher.bench_local(|| {
        let permit = world.runtime.block_on(app.permit(black_box(&caller), Action::ReadDecisions, &tenant));
        assert!(permit.is_ok());
    });
}
