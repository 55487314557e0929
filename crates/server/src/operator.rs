//! The token of the data directory: whoever can read it has the keys anyway.

use aws_lc_rs::{constant_time, digest};
use parking_lot::Mutex;

type Hash = [u8; 32];

/// The token, kept as a hash.
pub struct Operator(Mutex<Hash>);

fn hash(text: &[u8]) -> Hash {
    let mut out = [0; 32];
    for (byte, source) in out.iter_mut().zip(digest::digest(&digest::SHA256, text).as_ref()) {
        *byte = *source;
    }
    out
}

impl Operator {
    /// Accepts this token.
    #[must_use]
    pub fn new(token: &[u8]) -> Self {
        Self(Mutex::new(hash(token)))
    }

    /// Accepts another token in place of the one before.
    pub(crate) fn replace(&self, token: &[u8]) {
        *self.0.lock() = hash(token);
    }

    /// Whether this is the token.
    pub(crate) fn is(&self, token: &str) -> bool {
        constant_time::verify_slices_are_equal(&hash(token.as_bytes()), &*self.0.lock()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_that_holds_is_it() {
        let operator = Operator::new(b"right");
        assert!(operator.is("right"));
        assert!(!operator.is("wrong") && !operator.is(""));
        operator.replace(b"other");
        assert!(operator.is("other") && !operator.is("right"));
    }
}
