//! Passwords of users, kept as salted hashes.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::dice::Dice;

/// Rounds of the hash. Few: a sandbox has no real passwords, and many sign-ins.
const ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(999);

/// The hash of a password as `salt$hash`.
pub fn hash(password: &str, dice: &mut Dice) -> String {
    let salt = dice.hex(16);
    let mut out = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt.as_bytes(), password.as_bytes(), &mut out);
    format!("{salt}${}", STANDARD.encode(out))
}

/// Whether a password has the hash.
#[must_use]
pub fn matches(password: &str, hash: &str) -> bool {
    let Some((salt, hash)) = hash.split_once('$') else { return false };
    let Ok(hash) = STANDARD.decode(hash) else { return false };
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::verify(algorithm, ROUNDS, salt.as_bytes(), password.as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_matches_its_hash() {
        let hash = hash("sesame", &mut Dice::new(1));
        assert!(matches("sesame", &hash) && !matches("other", &hash) && !hash.contains("sesame"));
        assert!(!matches("sesame", "nonsense"));
    }
}
