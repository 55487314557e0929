//! Tokens, keys and documents that anybody may have written: nothing breaks, and no token is believed but the one that was signed.

use std::sync::OnceLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_core::Timestamp;
use countersign_fuzz::{Said, Target};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::{Value, json};

use super::{
    discovery::{self, Hosts},
    identity::{self, Expected},
    jwks::KeySet,
    jws::Unverified,
    tenant,
};

const ISSUER: &str = "https://acme.eu.auth0.com/";

/// All that is taken of any issuer.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];

fn pair() -> &'static KeyPair {
    static PAIR: OnceLock<KeyPair> = OnceLock::new();
    PAIR.get_or_init(|| KeyPair::generate_for(&PKCS_ED25519).unwrap())
}

/// The published half of the key, as an issuer writes it.
fn keys() -> Value {
    let x = URL_SAFE_NO_PAD.encode(pair().public_key_raw());
    json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "one", "use": "sig", "alg": "EdDSA"},
        {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": "two"},
        {"kty": "RSA", "n": "sXchDaQebHnPiGvyDOAT4saGEUet", "e": "AQAB", "kid": "three"},
    ]})
}

fn signed(claims: &Value, kid: Option<&str>) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(&pair().serialize_der())).unwrap()
}

fn person() -> Value {
    json!({"iss": ISSUER, "sub": "google-oauth2|1", "aud": ["console"], "exp": 2_000, "iat": 900, "nonce": "n", "name": "Pat",
        "auth_time": 950, "amr": ["mfa"], "https://example.com/groups": ["secops"]})
}

fn application() -> Value {
    json!({"iss": ISSUER, "sub": "billing@clients", "aud": "https://countersign.example/", "exp": 2_000, "iat": 900, "azp": "billing",
        "scope": "decide read:ledger", "org_id": "org_1"})
}

fn tokens(set: &KeySet, truth: &[String], text: &str) -> Said {
    let token = match Unverified::read(text, &ALGORITHMS) {
        Ok(token) => token,
        Err(flaw) => return Ok(format!("{flaw:?}")),
    };
    let issuer = token.issuer().map(str::len);
    let claims = match token.verify(set) {
        Ok(claims) => claims,
        Err(flaw) => return Ok(format!("{flaw:?} {:?}", issuer.is_some())),
    };
    // A signature holds for what was signed alone: everything before the last dot.
    let signed = |token: &str| token.rsplit_once('.').map(|(message, _)| message.to_owned());
    if !truth.iter().any(|known| signed(known) == signed(text)) {
        return Err(format!("a token that nobody signed is believed: {text}"));
    }
    let expected = Expected {
        issuer: ISSUER,
        client_id: "console",
        nonce: "n",
        roles_claim: Some("https://example.com/groups"),
        now: Timestamp::from_seconds(1_000),
    };
    Ok(format!("{:?} {:?}", identity::read(claims, &expected).is_ok(), tenant::read(claims).is_ok()))
}

/// A document at each place where an issuer's answers are read, and as the claims of a token that is well signed.
fn documents(hosts: &Hosts, document: &Value) -> Said {
    let set = KeySet::read(document.clone()).map(|set| {
        ALGORITHMS.map(|algorithm| set.fitting(algorithm, Some("one")).map(|keys| keys.len()).ok())
    });
    let discovered = discovery::read(document.clone(), ISSUER, hosts).map(|found| {
        [found.authorization, found.token, found.keys].map(|url| url.host_str().map(str::to_owned))
    });
    if let Ok(found) = &discovered
        && found.iter().any(|host| host.as_deref() != Some("acme.eu.auth0.com"))
    {
        return Err(format!("an endpoint elsewhere is taken: {found:?}"));
    }
    let known = KeySet::read(keys()).map_err(|why| format!("{why:?}"))?;
    let believed = document.as_object().map(|_| {
        let token = signed(document, Some("one"));
        tokens(&known, std::slice::from_ref(&token), &token)
    });
    Ok(format!("{set:?} {:?} {:?}", discovered.err(), believed.transpose()?))
}

#[test]
fn tokens_and_documents() {
    let hosts = Hosts::new(&ISSUER.parse().unwrap(), &[]).unwrap();
    let set = KeySet::read(keys()).unwrap();
    let truth =
        [signed(&person(), Some("one")), signed(&application(), Some("one")), signed(&application(), None)];
    let unsigned = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
        URL_SAFE_NO_PAD.encode(person().to_string())
    );
    let discovery = json!({
        "issuer": ISSUER, "authorization_endpoint": "https://acme.eu.auth0.com/authorize", "token_endpoint": "https://acme.eu.auth0.com/oauth/token",
        "jwks_uri": "https://acme.eu.auth0.com/.well-known/jwks.json", "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"], "id_token_signing_alg_values_supported": ["RS256"],
        "authorization_response_iss_parameter_supported": true,
    });
    Target::new("tokens")
        .examples(truth.clone())
        .examples([unsigned])
        .examples([keys(), discovery, person(), application()].map(|document| document.to_string()))
        .words([
            "eyJhbGciOiJub25lIn0",
            "..",
            "\"alg\":\"HS256\"",
            "\"crit\":[\"exp\"]",
            "\"kid\":\"two\"",
            "\"aud\":[",
            "\"exp\":1e300",
            "@clients",
        ])
        .at_most(40 * 1024)
        .run(|input| {
            let text = String::from_utf8_lossy(input);
            let said = tokens(&set, &truth, &text)?;
            let document = serde_json::from_slice::<Value>(input).ok();
            let read = document.map(|document| documents(&hosts, &document)).transpose()?;
            Ok(format!("{said} {read:?}"))
        });
}
