use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{
    Call, Item, Method, Object, Plan, Reply, Tenant,
    testing::{Api, BASE, NOW, options, request, tenant, token},
    token::{CLIENTS, CREDENTIALS, GRANTS, KEYS},
};

fn roles(token: Option<&str>) -> Call {
    let call = Call::new(Method::Get, BASE, "/roles");
    token.map_or(call.clone(), |token| call.with_bearer(token))
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_call_without_a_good_token_is_refused() {
    let mut tenant = tenant(Plan::Unlimited);
    let good = token(&mut tenant);
    assert_eq!(tenant.call(&roles(Some(&good)), NOW).status, 200);
    let (body, signature) = good.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    let other = format!("{body}.{turned}");
    for bad in [None, Some("nonsense"), Some(other.as_str())] {
        assert_eq!(tenant.call(&roles(bad), NOW).status, 401);
    }
    let later = NOW.plus(86_400 * 1_000_000);
    assert_eq!(tenant.call(&roles(Some(&good)), later).status, 401);
    let mut elsewhere = roles(Some(&good));
    elsewhere.base_url = "https://other.example.com".to_owned();
    assert_eq!(tenant.call(&elsewhere, NOW).status, 401);
}

#[test]
fn a_token_without_the_scope_is_told_which() {
    let mut tenant = tenant(Plan::Unlimited);
    let audience = tenant.options().audience();
    let reply = tenant.token(
        &request(&[
            ("grant_type", "client_credentials"),
            ("client_id", "first"),
            ("client_secret", "sesame"),
            ("audience", &audience),
            ("scope", "read:roles"),
        ]),
        NOW,
    );
    assert_eq!(reply.json()["scope"], "read:roles");
    let token = reply.json()["access_token"].as_str().unwrap();
    let call = Call::new(Method::Post, BASE, "/roles/rol_1/users").with_bearer(token);
    let refused = tenant.call(&call, NOW);
    let message = "Insufficient scope, expected any of: update:roles,create:role_members";
    assert_eq!(
        refused.json(),
        &json!({"statusCode": 403, "error": "Forbidden", "message": message, "errorCode": "insufficient_scope"})
    );
}

#[test]
fn too_many_calls_are_refused_with_the_headers() {
    let mut tenant = tenant(Plan::Free);
    let token = token(&mut tenant);
    let replies: Vec<Reply> = (0..3).map(|_| tenant.call(&roles(Some(&token)), NOW)).collect();
    assert_eq!(replies.iter().map(|reply| reply.status).collect::<Vec<_>>(), [200, 200, 429]);
    assert_eq!(header(&replies[0], "x-ratelimit-remaining"), Some("1"));
    assert_eq!(header(&replies[2], "x-ratelimit-limit"), Some("2"));
    let reset: i64 = header(&replies[2], "x-ratelimit-reset").unwrap().parse().unwrap();
    assert!(reset > NOW.seconds());
}

#[test]
fn a_path_that_is_not_there_is_not_found() {
    let mut api = Api::new();
    assert_eq!(api.get("/nothing", 404)["error"], "Not Found");
    assert_eq!(api.send(Method::Put, "/roles", None).status, 404);
}

#[test]
fn writes_are_logged_and_reads_and_refusals_are_not() {
    let mut api = Api::new();
    api.get("/roles", 200);
    api.post("/roles", json!({}), 400);
    api.post("/roles", json!({"name": "Admin"}), 200);
    let records: Vec<&Object> = api.tenant.state().records.all().collect();
    assert_eq!(records.len(), 1);
    assert_eq!((&records[0]["type"], &records[0]["description"]), (&json!("sapi"), &json!("Create a role")));
    assert_eq!(records[0]["details"]["request"]["auth"]["credentials"]["scopes"], json!(["create:roles"]));
    assert_eq!(records[0]["details"]["response"]["statusCode"], 200);
}

#[test]
fn a_tenant_comes_back_from_its_snapshot_and_begins_anew_when_reset() {
    let mut api = Api::new();
    let made = api.post("/roles", json!({"name": "Admin"}), 200);
    let token = token(&mut api.tenant);
    let snapshot = api.tenant.snapshot().unwrap();
    let mut again = Tenant::restore(options(Plan::Unlimited), snapshot).unwrap();
    assert_eq!(again.call(&roles(Some(&token)), NOW).json()[0]["id"], made["id"]);
    again.reset();
    assert_eq!(again.call(&roles(Some(&token)), NOW).json(), &json!([]));
}

#[test]
fn a_secret_is_demanded_and_must_be_right() {
    let mut tenant = tenant(Plan::Unlimited);
    let audience = tenant.options().audience();
    for secret in ["", "wrong"] {
        let reply = tenant.token(
            &request(&[
                ("grant_type", "client_credentials"),
                ("client_id", "first"),
                ("client_secret", secret),
                ("audience", &audience),
            ]),
            NOW,
        );
        assert_eq!((reply.status, &reply.json()["error"]), (401, &json!("invalid_client")));
    }
    let reply = tenant.token(
        &request(&[
            ("grant_type", "client_credentials"),
            ("client_id", "first"),
            ("client_secret", "sesame"),
            ("audience", "urn:nothing"),
        ]),
        NOW,
    );
    assert_eq!((reply.status, &reply.json()["error"]), (403, &json!("access_denied")));
}

/// A tenant whose first client signs, and what it signs with: the tenant's own key will do.
fn with_credential() -> (Tenant, EncodingKey) {
    let mut tenant = tenant(Plan::Unlimited);
    let pem = tenant.state().objects.all(KEYS).next().unwrap().hidden_text("pem").to_owned();
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    let hidden = json!({"client_id": "first", "pem": pem_of_public(&pem)});
    let item = Item {
        id: "cred_1".to_owned(),
        shown: json!({"alg": "PS256"}).as_object().cloned().unwrap(),
        hidden: hidden.as_object().cloned().unwrap(),
    };
    tenant.state_mut().objects.insert(CREDENTIALS, item);
    let client = tenant.state_mut().objects.find_mut(CLIENTS, "first").unwrap();
    let methods = json!({"private_key_jwt": {"credentials": [{"id": "cred_1"}]}});
    client.shown.insert("client_authentication_methods".to_owned(), methods);
    (tenant, key)
}

fn pem_of_public(private: &str) -> String {
    use aws_lc_rs::{encoding::AsDer, rsa::KeyPair, signature::KeyPair as _};
    use base64::{Engine, engine::general_purpose::STANDARD};
    let text: String = private.lines().filter(|line| !line.starts_with("--")).collect();
    let pair = KeyPair::from_pkcs8(&STANDARD.decode(text).unwrap()).unwrap();
    let der = pair.public_key().as_der().unwrap();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der.as_ref()))
}

fn assertion(key: &EncodingKey, algorithm: Algorithm, changes: &Value) -> String {
    let mut claims = json!({"iss": "first", "sub": "first", "aud": format!("{BASE}/"), "jti": "1",
        "exp": NOW.seconds() + 60});
    claims.as_object_mut().unwrap().extend(changes.as_object().cloned().unwrap());
    let header = Header { kid: Some("cred_1".to_owned()), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, &claims, key).unwrap()
}

fn exchange(tenant: &mut Tenant, assertion: &str) -> u16 {
    let audience = tenant.options().audience();
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let parameters = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", kind),
        ("client_assertion", assertion),
        ("audience", &audience),
    ];
    tenant.token(&request(&parameters), NOW).status
}

#[test]
fn a_signed_assertion_gets_a_token_once() {
    let (mut tenant, key) = with_credential();
    let signed = assertion(&key, Algorithm::PS256, &json!({}));
    assert_eq!(exchange(&mut tenant, &signed), 200);
    assert_eq!(exchange(&mut tenant, &signed), 401);
}

#[test]
fn an_assertion_that_breaks_a_rule_gets_none() {
    let (mut tenant, key) = with_credential();
    let changes = [
        json!({"exp": NOW.seconds()}),
        json!({"exp": NOW.seconds() + 400}),
        json!({"aud": BASE}),
        json!({"sub": "other"}),
        json!({"iss": "other", "sub": "other"}),
        json!({"nbf": NOW.seconds() + 60}),
        json!({"jti": ""}),
    ];
    for changes in changes {
        let signed = assertion(&key, Algorithm::PS256, &changes);
        assert_eq!(exchange(&mut tenant, &signed), 401, "{changes}");
    }
    assert_eq!(exchange(&mut tenant, &assertion(&key, Algorithm::RS256, &json!({}))), 401);
}

#[test]
fn a_key_that_ended_or_that_the_client_does_not_sign_with_gets_none() {
    let (mut tenant, key) = with_credential();
    let signed = assertion(&key, Algorithm::PS256, &json!({}));
    let ended = json!("2026-01-01T00:00:00.000Z");
    let credential = tenant.state_mut().objects.find_mut(CREDENTIALS, "cred_1").unwrap();
    credential.shown.insert("expires_at".to_owned(), ended);
    assert_eq!(exchange(&mut tenant, &signed), 401);
    tenant.state_mut().objects.find_mut(CREDENTIALS, "cred_1").unwrap().shown.remove("expires_at");
    let client = tenant.state_mut().objects.find_mut(CLIENTS, "first").unwrap();
    client.shown.remove("client_authentication_methods");
    assert_eq!(exchange(&mut tenant, &signed), 401);
}

#[test]
fn a_client_that_signs_has_no_use_for_its_secret() {
    let (mut tenant, _) = with_credential();
    let audience = tenant.options().audience();
    let parameters = [
        ("grant_type", "client_credentials"),
        ("client_id", "first"),
        ("client_secret", "sesame"),
        ("audience", &audience),
    ];
    assert_eq!(tenant.token(&request(&parameters), NOW).status, 401);
}

#[test]
fn a_client_needs_the_grant_type_and_a_grant_of_its_own() {
    let mut tenant = tenant(Plan::Unlimited);
    let audience = tenant.options().audience();
    let parameters = [
        ("grant_type", "client_credentials"),
        ("client_id", "first"),
        ("client_secret", "sesame"),
        ("audience", &audience),
    ];
    let grant = tenant.state().objects.all(GRANTS).next().unwrap().id.clone();
    let change = |tenant: &mut Tenant, collection: &str, id: &str, name: &str, value: Value| {
        tenant.state_mut().objects.find_mut(collection, id).unwrap().shown.insert(name.to_owned(), value);
    };
    change(&mut tenant, GRANTS, &grant, "subject_type", json!("user"));
    assert_eq!(tenant.token(&request(&parameters), NOW).json()["error"], "access_denied");
    change(&mut tenant, GRANTS, &grant, "subject_type", json!("client"));
    assert_eq!(tenant.token(&request(&parameters), NOW).status, 200);
    change(&mut tenant, CLIENTS, "first", "grant_types", json!(["authorization_code"]));
    assert_eq!(tenant.token(&request(&parameters), NOW).json()["error"], "unauthorized_client");
}

#[test]
fn the_published_keys_verify_the_tokens() {
    let mut tenant = tenant(Plan::Unlimited);
    let token = token(&mut tenant);
    let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
    let jwks: jsonwebtoken::jwk::JwkSet = serde_json::from_value(tenant.jwks()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(jwks.find(&kid).unwrap()).unwrap();
    let claims = super::token::verify::<Value>(&token, Algorithm::RS256, &key).unwrap();
    assert_eq!((&claims["sub"], &claims["iss"]), (&json!("first@clients"), &json!(format!("{BASE}/"))));
}
