//! Bearer tokens of ours: random, shown once, kept as a digest.

use aws_lc_rs::{constant_time, digest};
use countersign_core::{Entropy, EntropyError};

/// Random bytes of a token: 256 bits can't be guessed.
const BYTES: usize = 32;

/// The most characters that are taken for a token.
const MAX_CHARS: usize = 128;

/// A token as its holder has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// Makes a token that begins with `prefix`, such as `rsk_`, which tells scanners of leaked secrets what it is.
    ///
    /// # Errors
    /// When no randomness could be had.
    pub fn generate(prefix: &str, entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bytes = [0_u8; BYTES];
        entropy.fill(&mut bytes)?;
        let digits = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(Self(format!("{prefix}{digits}")))
    }

    /// Takes a token that came from outside.
    #[must_use]
    pub fn received(text: &str) -> Option<Self> {
        let is_token = !text.is_empty()
            && text.len() <= MAX_CHARS
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_token.then(|| Self(text.to_owned()))
    }

    /// The token itself, to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it: its SHA-256, which is enough for a secret of 256 random bits.
    #[must_use]
    pub fn digest(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, self.0.as_bytes()).as_ref().to_vec()
    }

    /// Whether `kept` is the digest of this token, in constant time.
    #[must_use]
    pub fn is(&self, kept: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.digest(), kept).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::testing::CountingEntropy;

    use super::*;

    #[test]
    fn a_token_is_known_by_its_digest_alone() {
        let entropy = CountingEntropy::default();
        let token = Token::generate("rsk_", &entropy).unwrap();
        let other = Token::generate("rsk_", &entropy).unwrap();
        let received = Token::received(token.expose()).unwrap();
        assert!(received.is(&token.digest()));
        assert!(!received.is(&other.digest()) && !received.is(&[]));
        assert!(!format!("{token:?}").contains("rsk_"));
    }

    #[test]
    fn what_can_not_be_a_token_is_none() {
        for text in ["", "rsk_ä", "rsk_/..", "a b", &"x".repeat(129)] {
            assert_eq!(Token::received(text), None, "{text}");
        }
    }
}
