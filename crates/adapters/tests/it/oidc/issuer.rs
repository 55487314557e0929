//! An issuer of a test's own: it publishes and answers what the test says, and remembers what it was asked.

use std::{
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_adapters::oidc::{Authentication, Provider, Settings, TenantSettings, TenantTokens};
use countersign_app::access::provider::{
    AccessTokens, Begin, Finish, Granted, Identity, IdentityProvider, ProviderError, TokenError,
};
use countersign_core::{Secret, Timestamp, testing::HeldClock};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpListener, task::JoinSet};

use crate::peer;

pub const NOW: i64 = 1_787_212_800;
pub const CLIENT: &str = "console";
pub const AUDIENCE: &str = "https://countersign.example.com/";
pub const BACK: &str = "https://console.example.com/auth/callback";
pub const CODE: &str = "CANARY-code";
pub const SECRET: &str = "CANARY secret: +%&";
/// The verifier of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A key that an issuer signs with.
pub struct Key {
    pub algorithm: Algorithm,
    pub id: &'static str,
    pub public_pem: String,
    public_raw: Vec<u8>,
    encoding: EncodingKey,
}

impl Key {
    pub fn new(algorithm: Algorithm, id: &'static str) -> Self {
        let kind = match algorithm {
            Algorithm::ES256 => &PKCS_ECDSA_P256_SHA256,
            Algorithm::EdDSA => &PKCS_ED25519,
            _ => &PKCS_RSA_SHA256,
        };
        let pair = KeyPair::generate_for(kind).unwrap();
        let pem = pair.serialize_pem();
        let encoding = match algorithm {
            Algorithm::ES256 => EncodingKey::from_ec_pem(pem.as_bytes()),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(pem.as_bytes()),
            _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
        };
        let (public_pem, public_raw) = (pair.public_key_pem(), pair.public_key_raw().to_vec());
        Self { algorithm, id, public_pem, public_raw, encoding: encoding.unwrap() }
    }

    /// The key that is published from the start. All tests share it: to make one takes long.
    pub fn first() -> &'static Self {
        static FIRST: OnceLock<Key> = OnceLock::new();
        FIRST.get_or_init(|| Self::new(Algorithm::RS256, "first"))
    }

    /// As it is published.
    pub fn public(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = match self.algorithm {
            Algorithm::ES256 => {
                let (x, y) = self.public_raw[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            Algorithm::EdDSA => json!({"kty": "OKP", "crv": "Ed25519", "x": text(&self.public_raw)}),
            algorithm => {
                serde_json::to_value(Jwk::from_encoding_key(&self.encoding, algorithm).unwrap()).unwrap()
            }
        };
        merge(&mut key, &json!({"kid": self.id, "use": "sig"}));
        key
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.to_owned()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.encoding).unwrap()
    }
}

/// What is answered at one address.
#[derive(Clone)]
pub enum Page {
    Json(Value),
    /// Whole, as it goes over the wire.
    Raw(String),
    Silence,
}

pub struct Pages {
    pub discovery: Page,
    pub keys: Page,
    pub token: Page,
}

/// An issuer with what goes by it.
pub struct World {
    /// With the slash at the end.
    pub issuer: String,
    pub clock: Arc<HeldClock>,
    pub pages: Arc<Mutex<Pages>>,
    pub provider: Provider,
    pub tokens: TenantTokens,
    asked: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/", listener.local_addr().unwrap());
        let discovery = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}authorize?tenant=acme"),
            "token_endpoint": format!("{issuer}oauth/token"),
            "jwks_uri": format!("{issuer}.well-known/jwks.json"),
        });
        let pages = Arc::new(Mutex::new(Pages {
            discovery: Page::Json(discovery),
            keys: Page::Json(json!({"keys": [Key::first().public()]})),
            token: Page::Silence,
        }));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (told, shown) = (Arc::clone(&asked), Arc::clone(&pages));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = peer::read(&mut stream).await;
                let page = page_of(&shown.lock().unwrap(), &request);
                told.lock().unwrap().push(request);
                match page {
                    // A client that has read enough may have gone.
                    Page::Json(body) => {
                        drop(stream.write_all(peer::answer("200 OK", &body.to_string()).as_bytes()).await);
                    }
                    Page::Raw(bytes) => drop(stream.write_all(bytes.as_bytes()).await),
                    Page::Silence => open.push(stream),
                }
            }
        });
        let clock = Arc::new(HeldClock::at(Timestamp::from_seconds(NOW)));
        let mut settings = settings(&issuer);
        change(&mut settings);
        let provider = Provider::new(settings, Arc::clone(&clock) as _).unwrap();
        let tokens = TenantTokens::new(tenant(&issuer), Arc::clone(&clock) as _).unwrap();
        Self { issuer, clock, pages, provider, tokens, asked, _serving: serving }
    }

    /// The claims of a good ID token, changed.
    pub fn claims(&self, changes: &Value) -> Value {
        let mut claims = json!({
            "iss": self.issuer, "sub": "auth0|pat", "aud": CLIENT, "iat": NOW - 5, "exp": NOW + 300,
            "nonce": "nonce-1", "name": "CANARY-name",
        });
        merge(&mut claims, changes);
        claims
    }

    /// The claims of a good access token, changed.
    pub fn grant(&self, changes: &Value) -> Value {
        let mut claims = json!({
            "iss": self.issuer, "sub": "billing@clients", "azp": "billing", "aud": AUDIENCE, "iat": NOW - 5,
            "exp": NOW + 300, "scope": "decide read:ledger", "gty": "client-credentials",
        });
        merge(&mut claims, changes);
        claims
    }

    /// Has the code answered with this ID token.
    pub fn answer_with(&self, token: &str) {
        let body = json!({"id_token": token, "access_token": "CANARY-access", "token_type": "Bearer"});
        self.pages.lock().unwrap().token = Page::Json(body);
    }

    /// Finishes a sign-in at which the provider gives this ID token.
    pub async fn finish_with(&self, token: &str) -> Result<Identity, ProviderError> {
        self.answer_with(token);
        self.finish(finish()).await
    }

    pub async fn finish(&self, finish: Finish) -> Result<Identity, ProviderError> {
        let ended = self.provider.finish(&finish).await;
        let told = ended.as_ref().map_or_else(|error| format!("{error} {error:?}"), |_| String::new());
        assert!(!told.contains("CANARY") && !told.contains("eyJ"), "{told}");
        ended
    }

    pub async fn verify(&self, token: &str) -> Result<Granted, TokenError> {
        self.tokens.verify(token).await
    }

    /// The method and the path of each request.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|request| request.split(" HTTP").next().unwrap().to_owned()).collect()
    }

    /// How often the keys were asked for.
    pub fn keys_asked(&self) -> usize {
        self.asked().iter().filter(|asked| asked.contains("jwks")).count()
    }

    /// The last request, whole.
    pub fn last(&self) -> String {
        self.asked.lock().unwrap().last().unwrap().clone()
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Publishes these keys alone.
    pub fn publish(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        self.pages.lock().unwrap().keys = Page::Json(json!({ "keys": keys }));
    }

    /// Changes what the provider says about itself.
    pub fn discover_with(&self, changes: &Value) {
        let mut pages = self.pages.lock().unwrap();
        let Page::Json(discovery) = &mut pages.discovery else { panic!("the document was replaced") };
        merge(discovery, changes);
    }
}

fn page_of(pages: &Pages, request: &str) -> Page {
    let target = request.split(' ').nth(1).unwrap_or_default();
    match target {
        "/.well-known/openid-configuration" => pages.discovery.clone(),
        "/.well-known/jwks.json" => pages.keys.clone(),
        "/oauth/token" => pages.token.clone(),
        other => panic!("nothing is at {other}"),
    }
}

fn merge(value: &mut Value, changes: &Value) {
    value.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
}

pub fn settings(issuer: &str) -> Settings {
    Settings {
        issuer: issuer.to_owned(),
        client_id: CLIENT.to_owned(),
        authentication: Authentication::Basic(Secret::new(SECRET.into())),
        scopes: vec!["profile".to_owned()],
        roles_claim: Some("groups".to_owned()),
        hosts: Vec::new(),
        authorities: None,
        timeout: peer::PATIENCE,
    }
}

pub fn tenant(issuer: &str) -> TenantSettings {
    TenantSettings {
        tenant: issuer.parse().unwrap(),
        custom_domains: vec!["https://login.example.com".parse().unwrap()],
        audience: AUDIENCE.to_owned(),
        authorities: None,
        timeout: peer::PATIENCE,
    }
}

pub fn begin() -> Begin {
    Begin {
        state: "state&1".to_owned(),
        nonce: "nonce-1".to_owned(),
        verifier: Secret::new(VERIFIER.into()),
        redirect_uri: BACK.to_owned(),
        max_age: Duration::from_secs(600),
    }
}

pub fn finish() -> Finish {
    Finish {
        code: Secret::new(CODE.into()),
        verifier: Secret::new(VERIFIER.into()),
        nonce: "nonce-1".to_owned(),
        redirect_uri: BACK.to_owned(),
        issuer: None,
    }
}
