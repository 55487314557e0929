//! Ed25519 keys with a name, as signed notes use them.

use std::{fmt, str::FromStr};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::hash::sha256;

/// The signature type "Ed25519" (C2SP signed-note, "Signature types").
const ED25519_TYPE: u8 = 0x01;

/// The longest key name, in bytes: a host and a tenant id of at most 256 bytes each.
const MAX_NAME_BYTES: usize = 512;

/// A key that can't be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A name that is empty, longer than 512 bytes, or has white space, control characters or a plus sign.
    #[error("a key name has 1 to {MAX_NAME_BYTES} bytes, no white space, no control characters and no `+`")]
    Name,
    /// A line of another form than `name+id+key`.
    #[error("a verifier key is written `name+id+key`, the id in 8 hexadecimal digits and the key in base64")]
    Form,
    /// Another signature type than Ed25519.
    #[error("only Ed25519 keys (type 1) are supported")]
    Type,
    /// An id that does not follow from the name and the key.
    #[error("the key's id does not follow from its name and bytes")]
    Id,
    /// A seed that the cryptography refused.
    #[error("the seed makes no Ed25519 key")]
    Seed,
}

/// Whether a text can name a key (C2SP signed-note, "Format").
pub(super) fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// A public key with its name: whom a reader trusts.
///
/// As text `name+id+key`: the id in 8 lower-case hexadecimal digits, the key in base64 behind its type byte.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    key: [u8; 32],
    id: [u8; 4],
}

impl Verifier {
    fn new(name: &str, key: [u8; 32]) -> Result<Self, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name);
        }
        let hash = sha256(&[name.as_bytes(), b"\n", &[ED25519_TYPE], &key]);
        let [a, b, c, d, ..] = *hash.as_bytes();
        Ok(Self { name: name.to_owned(), key, id: [a, b, c, d] })
    }

    /// The key's name; for a log's key the origin of its checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256(name || 0x0A || 0x01 || key): a hint which key signed, never a proof.
    #[must_use]
    pub const fn key_id(&self) -> [u8; 4] {
        self.id
    }

    /// Whether `signature` is this key's over `text`.
    pub(super) fn accepts(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.key).verify(text.as_bytes(), signature).is_ok()
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[ED25519_TYPE][..], &self.key].concat();
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id), STANDARD.encode(typed))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Verifier {
    type Err = KeyError;

    fn from_str(line: &str) -> Result<Self, KeyError> {
        // The base64 may hold plus signs itself.
        let mut parts = line.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        if id.len() != 8 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(KeyError::Form);
        }
        let id = u32::from_str_radix(id, 16).map_err(|_| KeyError::Form)?;
        let typed = STANDARD.decode(key).map_err(|_| KeyError::Form)?;
        let (kind, key) = typed.split_first().ok_or(KeyError::Form)?;
        if *kind != ED25519_TYPE {
            return Err(KeyError::Type);
        }
        let verifier = Self::new(name, key.try_into().map_err(|_| KeyError::Form)?)?;
        if verifier.id == id.to_be_bytes() { Ok(verifier) } else { Err(KeyError::Id) }
    }
}

/// A private key with its name; prints no part of the key.
pub struct Signer {
    pair: Ed25519KeyPair,
    verifier: Verifier,
}

impl Signer {
    /// Makes the key called `name` from the 32 bytes of an Ed25519 private key (RFC 8032, section 5.1.5).
    ///
    /// # Errors
    /// `KeyError::Name` for a name that no note can carry, `KeyError::Seed` when no key can be made.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Seed)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Seed)?;
        Ok(Self { verifier: Verifier::new(name, public)?, pair })
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.verifier.clone()
    }

    /// Signs a text and returns the note (C2SP signed-note).
    ///
    /// # Errors
    /// `NoteError::Text` when `text` does not end in a new line or holds a control character.
    pub fn sign(&self, text: &str) -> Result<String, super::NoteError> {
        super::sign(text, self)
    }

    /// The 64 bytes of the signature over `text`.
    pub(super) fn signature(&self, text: &str) -> Vec<u8> {
        self.pair.sign(text.as_bytes()).as_ref().to_vec()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.verifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_key_round_trips() {
        for seed in 0..32 {
            let verifier = Signer::from_seed("log.example/acme", &[seed; 32]).unwrap().verifier();
            assert_eq!(verifier.to_string().parse(), Ok(verifier));
        }
    }

    #[test]
    fn a_damaged_verifier_key_is_refused() {
        let line = Signer::from_seed("log.example/acme", &[1; 32]).unwrap().verifier().to_string();
        assert_eq!(line.replace("acme", "bcme").parse::<Verifier>(), Err(KeyError::Id));
        assert_eq!(line.replace("log.", "l g.").parse::<Verifier>(), Err(KeyError::Name));
        assert_eq!(format!("x{}", &line[16..]).parse::<Verifier>(), Err(KeyError::Id));
        assert_eq!(line[16..].parse::<Verifier>(), Err(KeyError::Name));
        assert_eq!(line[..line.len() - 4].parse::<Verifier>(), Err(KeyError::Form));
        assert_eq!("a+b".parse::<Verifier>(), Err(KeyError::Form));
        assert_eq!("a+0000000g+AQ==".parse::<Verifier>(), Err(KeyError::Form));
        assert_eq!("a+00000000+AAAA".parse::<Verifier>(), Err(KeyError::Type));
    }

    #[test]
    fn names_that_no_note_can_carry_are_refused() {
        for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b", &"x".repeat(513)] {
            assert_eq!(Signer::from_seed(name, &[1; 32]).map(|_| ()), Err(KeyError::Name), "{name:?}");
        }
    }

    #[test]
    fn a_signer_prints_no_secret() {
        let signer = Signer::from_seed("a", &[7; 32]).unwrap();
        assert_eq!(format!("{signer:?}"), format!("Signer({})", signer.verifier()));
    }
}
