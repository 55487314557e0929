//! Short keyed tags: what stands for a name where millions are compared and none is shown.

use std::{fmt, sync::Arc};

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

/// A keyed tag of 64 bits: HMAC-SHA256, cut. Two names of one tenant share a tag by chance once in 2^32 names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tag(pub u64);

/// Makes tags under one key.
#[derive(Clone)]
pub struct Tagger(Arc<hmac::Key>);

impl Tagger {
    /// Tags under `key`, which should be 256 bits of a tenant's own.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, key)))
    }

    /// The tag of `name` as a thing of the given sort; one name of two sorts has two tags.
    #[must_use]
    pub fn tag(&self, sort: &str, name: &[u8]) -> Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(sort.as_bytes());
        context.update(&[0]);
        context.update(name);
        let bytes = context.sign();
        Tag(bytes.as_ref().iter().take(8).fold(0, |tag, byte| (tag << 8) | u64::from(*byte)))
    }
}

impl fmt::Debug for Tagger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tagger(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_differ_by_key_by_sort_and_by_name() {
        let (one, other) = (Tagger::new(&[1; 32]), Tagger::new(&[2; 32]));
        assert_eq!(one.tag("user", b"a"), one.tag("user", b"a"));
        for different in
            [one.tag("user", b"b"), one.tag("address", b"a"), other.tag("user", b"a"), one.tag("use", b"ra")]
        {
            assert_ne!(one.tag("user", b"a"), different);
        }
        assert_eq!(format!("{one:?}"), "Tagger(***)");
    }
}
