//! SHA-256 hashes and the four ways in which a ledger makes one.

use std::{fmt, str::FromStr};

use aws_lc_rs::digest;
use base64::{Engine as _, display::Base64Display, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The length of a hash as text: 32 bytes in padded base64.
const TEXT_BYTES: usize = 44;

/// A SHA-256 hash; as text and in JSON, 44 characters of standard padded base64 (RFC 4648, section 4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

/// The root of the tree without leaves: SHA-256 of nothing (RFC 6962, section 2.1).
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// What stands before the first leaf of a running chain: the empty root.
pub const CHAIN_START: Hash = EMPTY_ROOT;

/// A text or a slice that is not a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 32 bytes, as text 44 characters of padded base64")]
pub struct HashError;

impl Hash {
    /// A hash of these bytes, which were computed elsewhere.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = HashError;

    fn try_from(bytes: &[u8]) -> Result<Self, HashError> {
        bytes.try_into().map(Self).map_err(|_| HashError)
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        if text.len() != TEXT_BYTES {
            return Err(HashError);
        }
        let bytes = STANDARD.decode(text).map_err(|_| HashError)?;
        Self::try_from(bytes.as_slice())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base64Display::new(&self.0, &STANDARD).fmt(f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Hashes a leaf: SHA-256(0x00 || leaf) (RFC 6962, section 2.1).
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    sha256(&[&[0x00], leaf])
}

/// Hashes two neighbors into their parent: SHA-256(0x01 || left || right) (RFC 6962, section 2.1).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    pair(0x01, left, right)
}

/// Hashes a leaf onto the running chain: SHA-256(0x02 || previous || leaf).
///
/// `leaf` is the leaf's hash; `previous` is the chain at the leaf before, or `CHAIN_START`. Kept beside each leaf, the
/// chain lets an audit name the row that was changed, which a tree head can't.
#[must_use]
pub fn chain(previous: &Hash, leaf: &Hash) -> Hash {
    pair(0x02, previous, leaf)
}

/// SHA-256 over the concatenation of `parts`.
pub(crate) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    finished(&context.finish())
}

/// SHA-256 of a tag and two hashes, in one block-sized buffer and without an allocation.
fn pair(tag: u8, left: &Hash, right: &Hash) -> Hash {
    let mut input = [tag; 65];
    input[1..33].copy_from_slice(&left.0);
    input[33..].copy_from_slice(&right.0);
    finished(&digest::digest(&digest::SHA256, &input))
}

fn finished(digest: &digest::Digest) -> Hash {
    let mut bytes = [0; 32];
    // INVARIANT: a SHA-256 digest has 32 bytes.
    bytes.copy_from_slice(digest.as_ref());
    Hash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_root_is_sha_256_of_nothing() {
        assert_eq!(sha256(&[]), EMPTY_ROOT);
    }

    #[test]
    fn leaf_node_and_chain_never_meet() {
        let hash = leaf_hash(b"x");
        let both = [hash.0, hash.0].concat();
        assert_eq!(hash, sha256(&[b"\x00x"]));
        assert_eq!(node_hash(&hash, &hash), sha256(&[&[1], &both]));
        assert_eq!(chain(&hash, &hash), sha256(&[&[2], &both]));
    }

    #[test]
    fn text_round_trips_and_has_one_spelling() {
        let text = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(EMPTY_ROOT.to_string(), text);
        assert_eq!(text.parse(), Ok(EMPTY_ROOT));
        assert_eq!(serde_json::to_string(&EMPTY_ROOT).unwrap(), format!("\"{text}\""));
        // The last character's two low bits carry nothing; set, they would be a second spelling.
        for bad in ["", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=", &text[..43], &text.replace('+', "-")]
        {
            assert_eq!(bad.parse::<Hash>(), Err(HashError), "{bad}");
        }
        assert_eq!(Hash::try_from([0_u8; 31].as_slice()), Err(HashError));
    }
}
