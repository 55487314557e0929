//! Signatures both ways: Standard Webhooks in (HMAC-SHA256 over id, timestamp and body), HMAC over id and body out.

use aws_lc_rs::constant_time;
use axum::http::HeaderMap;
use base64::{Engine, prelude::BASE64_STANDARD};
use countersign_core::Timestamp;
pub use countersign_privacy::{SigningKey, SigningKeyError as KeyError};

/// How far a request's timestamp may lie from now, in seconds, either way (Standard Webhooks, reference libraries).
pub const TOLERANCE_SECONDS: i64 = 5 * 60;

/// Signatures looked at in one header: two keys on our side, two on the other.
const MAX_CANDIDATES: usize = 4;

/// The header that carries the signature of an answer.
pub const ANSWER_HEADER: &str = "countersign-signature";

/// The header that names the tenant whose key signed.
pub const TENANT_HEADER: &str = "countersign-tenant";

/// Why a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A header is missing or can't be read.
    Header(&'static str),
    /// The timestamp is too far from now.
    Stale,
    /// No signature is by one of the tenant's keys.
    Mismatch,
}

/// The headers of a signed request.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    timestamp: &'a str,
    signatures: &'a str,
}

/// Reads `webhook-id`, under which a request is answered once.
///
/// # Errors
/// `Header` when it is missing, empty, too long, or holds other characters than ASCII letters, digits, `_` and `-`.
pub fn read_id(headers: &HeaderMap) -> Result<&str, Fault> {
    let id = read(headers, "webhook-id", 128)?;
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_plain { Ok(id) } else { Err(Fault::Header("webhook-id")) }
}

fn read<'a>(headers: &'a HeaderMap, name: &'static str, max: usize) -> Result<&'a str, Fault> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.filter(|text| !text.is_empty() && text.len() <= max).ok_or(Fault::Header(name))
}

impl<'a> Headers<'a> {
    /// Reads the three headers.
    ///
    /// # Errors
    /// `Header` names the first that is missing, empty or too long.
    pub fn read(headers: &'a HeaderMap) -> Result<Self, Fault> {
        Ok(Self {
            id: read_id(headers)?,
            timestamp: read(headers, "webhook-timestamp", 20)?,
            signatures: read(headers, "webhook-signature", 512)?,
        })
    }
}

/// Finds which of `keys` signed the request, in time that does not depend on what is wrong with a signature.
///
/// # Errors
/// `Mismatch` when none did; `Stale` when one did, too long ago or ahead; `Header` for a timestamp that is no number.
pub fn verify<'k>(
    keys: &'k [SigningKey],
    headers: &Headers<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<&'k SigningKey, Fault> {
    let Headers { id, timestamp, signatures } = headers;
    let candidates: Vec<Vec<u8>> = signatures
        .split(' ')
        .filter_map(|candidate| BASE64_STANDARD.decode(candidate.strip_prefix("v1,")?).ok())
        .take(MAX_CANDIDATES)
        .collect();
    let mut signer = None;
    for key in keys {
        let tag = key.tag(&[id.as_bytes(), timestamp.as_bytes(), body]);
        for candidate in &candidates {
            if constant_time::verify_slices_are_equal(tag.as_ref(), candidate).is_ok() {
                signer = Some(key);
            }
        }
    }
    let signer = signer.ok_or(Fault::Mismatch)?;
    let signed_at: i64 = timestamp.parse().map_err(|_| Fault::Header("webhook-timestamp"))?;
    if now.seconds().abs_diff(signed_at) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(Fault::Stale);
    }
    Ok(signer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_614_265_330);

    fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in
            [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)]
        {
            map.insert(name, value.parse().unwrap());
        }
        map
    }

    fn check(keys: &[SigningKey], map: &HeaderMap, body: &[u8]) -> Result<(), Fault> {
        verify(keys, &Headers::read(map)?, body, NOW).map(drop)
    }

    fn key(byte: u8) -> SigningKey {
        SigningKey::parse(&SigningKey::text(&[byte; 32])).unwrap()
    }

    #[test]
    fn the_published_example_of_standard_webhooks_verifies() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let map = headers(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        );
        assert_eq!(check(&[key], &map, br#"{"test": 2432232314}"#), Ok(()));
    }

    #[test]
    fn either_of_two_keys_is_accepted_and_a_third_is_not() {
        let keys = [key(1), key(2)];
        for (signer, is_accepted) in [(1, true), (2, true), (3, false)] {
            let signature = key(signer).sign_request("msg_1", NOW.seconds(), b"{}");
            let map = headers("msg_1", &NOW.seconds().to_string(), &format!("v1,AAAA {signature}"));
            assert_eq!(check(&keys, &map, b"{}").is_ok(), is_accepted, "key {signer}");
        }
    }

    #[test]
    fn a_changed_id_time_or_body_is_refused() {
        let signature = key(1).sign_request("msg_1", NOW.seconds(), b"{}");
        let now = NOW.seconds().to_string();
        let later = (NOW.seconds() + 1).to_string();
        assert_eq!(check(&[key(1)], &headers("msg_2", &now, &signature), b"{}"), Err(Fault::Mismatch));
        assert_eq!(check(&[key(1)], &headers("msg_1", &later, &signature), b"{}"), Err(Fault::Mismatch));
        assert_eq!(check(&[key(1)], &headers("msg_1", &now, &signature), b"{} "), Err(Fault::Mismatch));
    }

    #[test]
    fn a_timestamp_outside_the_window_is_stale() {
        for (offset, is_accepted) in
            [(-301, false), (-300, true), (300, true), (301, false), (i64::MAX / 2, false)]
        {
            let at = NOW.seconds() + offset;
            let signature = key(1).sign_request("msg_1", at, b"{}");
            let verdict = check(&[key(1)], &headers("msg_1", &at.to_string(), &signature), b"{}");
            assert_eq!(verdict, if is_accepted { Ok(()) } else { Err(Fault::Stale) }, "{offset}");
        }
    }

    #[test]
    fn a_missing_or_odd_header_is_named() {
        let mut map = headers("msg_1", "1", "v1,");
        map.remove("webhook-timestamp");
        assert_eq!(check(&[key(1)], &map, b""), Err(Fault::Header("webhook-timestamp")));
        assert_eq!(check(&[key(1)], &headers("a.b", "1", "v1,x"), b""), Err(Fault::Header("webhook-id")));
    }
}
