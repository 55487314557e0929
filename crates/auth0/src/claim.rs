//! Names and values of custom claims.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::url::{WrongAt, foreign_byte, host_and_port};

mod value;

pub use value::{ClaimValue, ClaimValueError};

/// The longest claim name accepted, in bytes; a bound of our own, far above any namespace in use.
const MAX_BYTES: usize = 256;

/// Hosts that a namespace may neither be nor lie under (Auth0: Create custom claims).
const RESERVED_HOSTS: [&str; 3] = ["auth0.com", "webtask.io", "webtask.run"];

/// The name of a custom claim in a namespace of one's own, such as `https://countersign.example/risk_level`.
///
/// Auth0 drops a claim without a namespace silently when its name collides, so only namespaced names can be made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimName(String);

/// A text that can't name a custom claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimNameError {
    /// More than 256 bytes.
    #[error("a claim name has at most {MAX_BYTES} bytes")]
    Length,
    /// Not `https`, so not in a namespace that is the owner's alone.
    #[error("a claim name begins with `https://`")]
    Scheme,
    /// No host, or something in it that a host name can't hold.
    #[error("a claim name has a host name after `https://`, with or without a port; see byte {offset}")]
    Host {
        /// The offset in bytes of the part that is wrong, from 0.
        offset: usize,
    },
    /// A host that Auth0 keeps for itself, or one under it.
    #[error("a claim name is not under `auth0.com`, `webtask.io` or `webtask.run`")]
    ReservedHost,
    /// No name after the host.
    #[error("a claim name goes on after the host, such as `https://countersign.example/risk_level`")]
    Path,
    /// White space, a control character, or another that a URL can't hold.
    #[error("a claim name holds only characters of a URL; see byte {offset}")]
    Character {
        /// The offset in bytes of the first such character, from 0.
        offset: usize,
    },
}

impl ClaimName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClaimName {
    type Err = ClaimNameError;

    fn from_str(text: &str) -> Result<Self, ClaimNameError> {
        const SCHEME: &str = "https://";
        if text.len() > MAX_BYTES {
            return Err(ClaimNameError::Length);
        }
        if let Some(offset) = foreign_byte(text) {
            return Err(ClaimNameError::Character { offset });
        }
        let rest = text.strip_prefix(SCHEME).ok_or(ClaimNameError::Scheme)?;
        let (authority, path) = rest.split_once('/').ok_or(ClaimNameError::Path)?;
        check_authority(authority, SCHEME.len())?;
        if path.is_empty() {
            return Err(ClaimNameError::Path);
        }
        Ok(Self(text.to_owned()))
    }
}

fn check_authority(authority: &str, offset: usize) -> Result<(), ClaimNameError> {
    let (host, _) =
        host_and_port(authority).map_err(|WrongAt(at)| ClaimNameError::Host { offset: offset + at })?;
    let host = host.to_ascii_lowercase();
    let is_reserved = RESERVED_HOSTS
        .iter()
        .any(|reserved| host.strip_suffix(reserved).is_some_and(|sub| sub.is_empty() || sub.ends_with('.')));
    if is_reserved { Err(ClaimNameError::ReservedHost) } else { Ok(()) }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ClaimName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClaimName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_namespace_of_ones_own_are_accepted() {
        for text in [
            "https://countersign.example/risk_level",
            "https://a-b.example:8443/x/y?z#w",
            "https://notauth0.com/x",
            "https://auth0.com.example/x",
        ] {
            assert_eq!(text.parse::<ClaimName>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn other_names_are_refused_with_the_part_that_is_wrong() {
        use ClaimNameError::{Character, Host, Path, ReservedHost, Scheme};
        for (text, error) in [
            ("roles", Scheme),
            ("http://countersign.example/x", Scheme),
            ("HTTPS://countersign.example/x", Scheme),
            ("urn:countersign:x", Scheme),
            ("https://auth0.com/x", ReservedHost),
            ("https://acme.eu.Auth0.com/x", ReservedHost),
            ("https://webtask.io:443/x", ReservedHost),
            ("https://a.webtask.run/x", ReservedHost),
            ("https://auth0.com./x", Host { offset: 18 }),
            ("https://me@auth0.com/x", Host { offset: 8 }),
            ("https://a..b/x", Host { offset: 10 }),
            ("https://a.b:/x", Host { offset: 12 }),
            ("https:///x", Host { offset: 8 }),
            ("https://a.b?/x", Host { offset: 10 }),
            ("https://countersign.example", Path),
            ("https://countersign.example/", Path),
            ("https://a.b/\u{e9}", Character { offset: 12 }),
            ("https://a.b/x y", Character { offset: 13 }),
            ("https://a.b\\@auth0.com/x", Character { offset: 11 }),
        ] {
            assert_eq!(text.parse::<ClaimName>(), Err(error), "{text}");
        }
        let long = format!("https://a.b/{}", "x".repeat(MAX_BYTES));
        assert_eq!(long.parse::<ClaimName>(), Err(ClaimNameError::Length));
    }
}
