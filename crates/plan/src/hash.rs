//! Names of contents.

use aws_lc_rs::digest;

/// SHA-256 in lower-case hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What tells that secrets were changed since they were set, where their values can't be read: SHA-256 over names and values.
///
/// Keep it where the secrets themselves may be kept: short ones can be guessed from it.
#[must_use]
pub fn fingerprint<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut text = b"countersign secrets v1".to_vec();
    for (name, value) in secrets {
        for part in [name.as_bytes(), value] {
            text.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            text.extend(part);
        }
    }
    sha256(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_where_one_value_ends() {
        let one = fingerprint([("a", &b"bc"[..])]);
        assert_ne!(one, fingerprint([("ab", &b"c"[..])]));
        assert_ne!(one, fingerprint([("a", &b"b"[..]), ("c", &b""[..])]));
        assert_eq!(one, fingerprint([("a", &b"bc"[..])]));
    }
}
