//! Certificates: the tenant's own, which stands in each client's `signing_keys`, and those that clients prove themselves by.

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::AsDer,
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use countersign_core::{Micros, Timestamp};
use jsonwebtoken::DecodingKey;
use serde_json::{Value, json};

use super::{
    der::{self, BITS, FIRST, INTEGER, LONG_TIME, OID, SEQUENCE, SET, SHORT_TIME, UTF8},
    id,
    state::State,
    token::{self, KEYS},
};

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const NULL: &[u8] = &[0x05, 0x00];

/// How long the tenant's own certificate is valid: 13 years.
const LIFETIME: Micros = 13 * 365 * 86_400 * 1_000_000;

/// Where the certificate of a signing key is kept, on its hidden side.
const KEPT: &str = "certificate";

/// The `signing_keys` of every client of a tenant that is reached at `host`; empty when the tenant has no usable key.
pub fn signing_keys(state: &mut State, host: &str, now: Timestamp) -> Value {
    let current = token::current(state).map(|key| key.id.clone());
    let Some(own) = current.and_then(|kid| own(state, &kid, host, now)) else { return json!([]) };
    json!([{"cert": own.cert, "pkcs7": own.pkcs7, "subject": format!("/CN={host}")}])
}

/// The tenant's certificate of one of its keys, in the forms that the API shows.
pub struct Own {
    /// In PEM.
    pub cert: String,
    /// As PKCS #7, in PEM.
    pub pkcs7: String,
    /// SHA-256 in hexadecimal digits.
    pub digest: String,
}

/// The certificate of a key, made when it is first asked for.
pub fn own(state: &mut State, kid: &str, host: &str, now: Timestamp) -> Option<Own> {
    let der = own_der(state, kid, host, now)?;
    let digits = digest(&SHA256, &der);
    Some(Own {
        cert: pem("CERTIFICATE", &der),
        pkcs7: pem("PKCS7", &bundle(&der)),
        digest: digits.as_ref().iter().map(|byte| format!("{byte:02X}")).collect(),
    })
}

fn own_der(state: &mut State, kid: &str, host: &str, now: Timestamp) -> Option<Vec<u8>> {
    let key = state.objects.find(KEYS, kid)?;
    if let Some(kept) = key.hidden.get(KEPT).and_then(Value::as_str) {
        return STANDARD.decode(kept).ok();
    }
    let made = self_signed(key.hidden_text("pem"), host, now)?;
    let key = state.objects.find_mut(KEYS, kid)?;
    key.hidden.insert(KEPT.to_owned(), STANDARD.encode(&made).into());
    Some(made)
}

fn self_signed(private: &str, name: &str, now: Timestamp) -> Option<Vec<u8>> {
    let pair = KeyPair::from_pkcs8(&decode_pem(private)?).ok()?;
    let public = pair.public_key().as_der().ok()?;
    let algorithm = der::write(SEQUENCE, &[&der::write(OID, &[SHA256_WITH_RSA]), NULL]);
    let common_name = [der::write(OID, &[COMMON_NAME]), der::write(UTF8, &[name.as_bytes()])].concat();
    let name = der::write(SEQUENCE, &[&der::write(SET, &[&der::write(SEQUENCE, &[&common_name])])]);
    let validity = [time(now), time(now.plus(LIFETIME))].concat();
    let hash = digest(&SHA256, public.as_ref());
    // Why: a serial number is positive and not zero.
    let serial = [&[0x01], hash.as_ref().get(..8)?].concat();
    let body = der::write(
        SEQUENCE,
        &[
            &der::write(FIRST, &[&der::write(INTEGER, &[&[2]])]),
            &der::write(INTEGER, &[&serial]),
            &algorithm,
            &name,
            &der::write(SEQUENCE, &[&validity]),
            &name,
            public.as_ref(),
        ],
    );
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &body, &mut signature).ok()?;
    Some(der::write(SEQUENCE, &[&body, &algorithm, &der::write(BITS, &[&[0], &signature])]))
}

/// A certificate as PKCS #7, which signs nothing.
fn bundle(certificate: &[u8]) -> Vec<u8> {
    let content = der::write(
        SEQUENCE,
        &[
            &der::write(INTEGER, &[&[1]]),
            &der::write(SET, &[]),
            &der::write(SEQUENCE, &[&der::write(OID, &[DATA])]),
            &der::write(FIRST, &[certificate]),
            &der::write(SET, &[]),
        ],
    );
    der::write(SEQUENCE, &[&der::write(OID, &[SIGNED_DATA]), &der::write(FIRST, &[&content])])
}

fn time(at: Timestamp) -> Vec<u8> {
    let digits: String = at.to_string().chars().filter(char::is_ascii_digit).take(14).collect();
    match digits.strip_prefix("20").filter(|short| *short < "5") {
        Some(short) => der::write(SHORT_TIME, &[short.as_bytes(), b"Z"]),
        None => der::write(LONG_TIME, &[digits.as_bytes(), b"Z"]),
    }
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\r\n{}\r\n-----END {label}-----\r\n", lines.join("\r\n"))
}

fn decode_pem(text: &str) -> Option<Vec<u8>> {
    let inside: String = text.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(inside).ok()
}

/// The `kid` of an RSA public key in PEM, or of the one in a certificate: its thumbprint by RFC 7638. `None` for anything
/// else, a private key and a key of fewer than 2,048 or more than 4,096 bits.
pub fn key_id(text: &str) -> Option<String> {
    let key = DecodingKey::from_rsa_pem(text.as_bytes()).ok()?;
    let (sequence, _) = der::read(key.try_get_as_bytes().ok()?)?;
    let numbers = der::read_all(sequence.content)?;
    let [modulus, exponent] = numbers.as_slice() else { return None };
    let modulus = unsigned(modulus.content);
    if !(256..=512).contains(&modulus.len()) {
        return None;
    }
    let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let members = format!(
        r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
        encoded(unsigned(exponent.content)),
        encoded(modulus)
    );
    Some(encoded(digest(&SHA256, members.as_bytes()).as_ref()))
}

fn unsigned(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(&[0]).unwrap_or(bytes)
}

/// What a certificate says.
#[derive(Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its subject, a part a line.
    pub subject: String,
    /// When it ends, as Auth0 writes times.
    pub ends: String,
    /// The SHA-256 of the whole, in Base64 for URLs.
    pub thumbprint: String,
}

impl Certificate {
    /// Reads one in PEM; `None` for what is none.
    pub fn read(text: &str) -> Option<Self> {
        if !text.contains("-----BEGIN CERTIFICATE-----") {
            return None;
        }
        let bytes = decode_pem(text)?;
        let (whole, _) = der::read(&bytes)?;
        let (body, _) = der::read(whole.content)?;
        let mut fields = der::read_all(body.content)?;
        // Why: a certificate of version 1 doesn't say its version.
        if fields.first()?.tag == FIRST {
            fields.remove(0);
        }
        let [_serial, _algorithm, _issuer, validity, subject, ..] = fields.as_slice() else { return None };
        let validity = der::read_all(validity.content)?;
        let ends = instant(*validity.get(1)?)?;
        Some(Self {
            subject: distinguished_name(subject.content)?,
            ends: id::iso(ends),
            thumbprint: URL_SAFE_NO_PAD.encode(digest(&SHA256, &bytes)),
        })
    }
}

fn distinguished_name(bytes: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    for set in der::read_all(bytes)? {
        for part in der::read_all(set.content)? {
            let pair = der::read_all(part.content)?;
            let [name, value] = pair.as_slice() else { return None };
            let name = match name.content {
                [0x55, 0x04, 0x03] => "CN",
                [0x55, 0x04, 0x06] => "C",
                [0x55, 0x04, 0x07] => "L",
                [0x55, 0x04, 0x08] => "ST",
                [0x55, 0x04, 0x0a] => "O",
                [0x55, 0x04, 0x0b] => "OU",
                _ => continue,
            };
            parts.push(format!("{name}={}", String::from_utf8_lossy(value.content)));
        }
    }
    Some(parts.join("\n"))
}

fn instant(value: der::Value<'_>) -> Option<Timestamp> {
    let text = std::str::from_utf8(value.content).ok()?;
    let long = match value.tag {
        SHORT_TIME if text < "5" => format!("20{text}"),
        SHORT_TIME => format!("19{text}"),
        _ => text.to_owned(),
    };
    let part = |from: usize, to: usize| long.get(from..to);
    let date = format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?);
    format!("{date}T{}:{}:{}Z", part(8, 10)?, part(10, 12)?, part(12, 14)?).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::{Api, NOW};

    fn certificate() -> String {
        let keys = signing_keys(&mut Api::new().tenant.state_mut().clone(), "tenant.example.com", NOW);
        keys[0]["cert"].as_str().unwrap().to_owned()
    }

    #[test]
    fn the_tenants_certificate_says_who_it_is_for_and_until_when() {
        let read = Certificate::read(&certificate()).unwrap();
        assert_eq!(
            (read.subject.as_str(), read.ends.as_str()),
            ("CN=tenant.example.com", "2039-08-17T08:00:00.000Z")
        );
        assert_eq!(read.thumbprint.len(), 43);
    }

    #[test]
    fn a_key_in_a_certificate_has_the_id_of_the_key_alone() {
        let text = certificate();
        let key = DecodingKey::from_rsa_pem(text.as_bytes()).unwrap();
        let alone = pem("RSA PUBLIC KEY", key.try_get_as_bytes().unwrap());
        assert_eq!(key_id(&text).unwrap().len(), 43);
        assert_eq!(key_id(&text), key_id(&alone));
    }

    #[test]
    fn what_is_no_public_key_has_no_id() {
        let api = Api::new();
        let private = api.tenant.state().objects.all(KEYS).next().unwrap().hidden_text("pem");
        assert_eq!((key_id(private), key_id("nonsense")), (None, None));
        assert_eq!(Certificate::read("nonsense"), None);
    }
}
