//! The keys that an issuer publishes (RFC 7517).

use countersign_app::{access::provider::Flaw, management::Why};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

/// The most keys that are read of one set.
const MAX_KEYS: usize = 100;

/// The keys of an issuer that can be used.
pub(super) struct KeySet(Vec<Key>);

struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    decoding: DecodingKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set; keys of other kinds and for other uses are passed over.
    ///
    /// # Errors
    /// [`Why::Nonsense`] for what is no set of keys.
    pub(super) fn read(document: Value) -> Result<Self, Why> {
        let document: Document = serde_json::from_value(document).map_err(|_| Why::Nonsense)?;
        Ok(Self(document.keys.into_iter().take(MAX_KEYS).filter_map(Key::read).collect()))
    }

    /// The keys of that algorithm and id; without an id the only one of that algorithm.
    ///
    /// # Errors
    /// [`Flaw::UnknownKey`], [`Flaw::NoKey`].
    pub(super) fn fitting(&self, algorithm: Algorithm, id: Option<&str>) -> Result<Vec<&DecodingKey>, Flaw> {
        let keys = self.0.iter().filter(|key| key.algorithms.contains(&algorithm));
        let keys = keys.filter(|key| id.is_none() || key.id.as_deref() == id);
        let keys: Vec<_> = keys.map(|key| &key.decoding).collect();
        match (keys.len(), id) {
            (0, _) => Err(Flaw::UnknownKey),
            (2.., None) => Err(Flaw::NoKey),
            _ => Ok(keys),
        }
    }
}

impl Key {
    fn read(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let common = &jwk.common;
        let is_to_sign = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
        let operations = common.key_operations.as_ref();
        if !is_to_sign || operations.is_some_and(|known| !known.contains(&KeyOperations::Verify)) {
            return None;
        }
        // Why no key of another kind: a shared secret has no place among published keys.
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => vec![Algorithm::RS256, Algorithm::PS256],
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                vec![Algorithm::ES256]
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                vec![Algorithm::EdDSA]
            }
            _ => return None,
        };
        if let Some(only) = common.key_algorithm {
            algorithms.retain(|algorithm| only == (*algorithm).into());
        }
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { id: jwk.common.key_id, algorithms, decoding })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RSA: &str = "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4gs_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75IDrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAumiGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaDWFLN-aEAw3vRw";

    #[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
    fn set(keys: Value) -> KeySet {
        KeySet::read(json!({ "keys": keys })).unwrap()
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
    fn rsa(more: Value) -> Value {
        let mut key = json!({"kty": "RSA", "n": RSA, "e": "AQAB", "kid": "one"});
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    }

    fn count(set: &KeySet, algorithm: Algorithm, id: Option<&str>) -> Result<usize, Flaw> {
        set.fitting(algorithm, id).map(|keys| keys.len())
    }

    #[test]
    fn keys_that_are_not_for_signatures_of_that_algorithm_are_passed_over() {
        for other in [
            json!({"use": "enc"}),
            json!({"key_ops": ["encrypt"]}),
            json!({"alg": "RS512"}),
            json!({"alg": "RSA-OAEP"}),
            json!({"kid": "two"}),
            json!({"n": 1}),
        ] {
            let set = set(json!([rsa(other.clone())]));
            assert_eq!(count(&set, Algorithm::RS256, Some("one")), Err(Flaw::UnknownKey), "{other}");
        }
        let set = set(json!([rsa(json!({"use": "sig", "key_ops": ["verify"], "alg": "RS256"})), 7, {}]));
        assert_eq!(count(&set, Algorithm::RS256, Some("one")), Ok(1));
        assert_eq!(count(&set, Algorithm::PS256, Some("one")), Err(Flaw::UnknownKey));
    }

    #[test]
    fn shared_secrets_and_other_curves_are_no_keys() {
        let set = set(json!([
            {"kty": "oct", "k": "c2VjcmV0", "kid": "one"},
            {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "kid": "one"},
            {"kty": "OKP", "crv": "X25519", "x": "AA", "kid": "one"},
        ]));
        assert!(set.0.is_empty());
    }

    #[test]
    fn a_token_without_a_key_id_is_tried_with_the_only_key() {
        assert_eq!(count(&set(json!([rsa(json!({}))])), Algorithm::PS256, None), Ok(1));
        let two = set(json!([rsa(json!({})), rsa(json!({"kid": "two"}))]));
        assert_eq!(count(&two, Algorithm::PS256, None), Err(Flaw::NoKey));
    }

    #[test]
    fn what_is_no_set_of_keys_is_told() {
        for document in [json!([]), json!({}), json!({"keys": {}}), json!(null)] {
            assert_eq!(KeySet::read(document).err(), Some(Why::Nonsense));
        }
    }
}
