//! Where a person may be sent.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::url::{WrongAt, foreign_byte, host_and_port};

/// The longest URL accepted, in bytes; a bound of our own, which leaves room for the session token that the Action
/// adds within the 8,000 bytes that every server should take (RFC 9110, section 4.1).
const MAX_BYTES: usize = 2048;

const SCHEME: &str = "https://";

/// The URL that a person is sent to: `https`, a host name with or without a port, no user information and no
/// fragment, at most 2,048 bytes of ASCII.
///
/// The host is a name and no address, so that no reader takes it for another: its last label does not begin with
/// a digit. A name beyond ASCII is written in Punycode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RedirectUrl(String);

/// A text that no person can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUrlError {
    /// More than 2,048 bytes.
    #[error("a redirect has at most {MAX_BYTES} bytes")]
    Length,
    /// Not `https`.
    #[error("a redirect begins with `https://`")]
    Scheme,
    /// No host, user information, an address, or a port that does not exist.
    #[error(
        "a redirect has a host name after `https://`, with or without a port, and no user; see byte {offset}"
    )]
    Host {
        /// The offset in bytes of the part that is wrong, from 0.
        offset: usize,
    },
    /// A fragment, which Auth0's `state` would be lost behind.
    #[error("a redirect has no fragment; see byte {offset}")]
    Fragment {
        /// The offset in bytes of the `#`, from 0.
        offset: usize,
    },
    /// White space, a control character, or another that a URL can't hold.
    #[error("a redirect holds only characters of a URL; see byte {offset}")]
    Character {
        /// The offset in bytes of the first such character, from 0.
        offset: usize,
    },
}

impl RedirectUrl {
    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host name and, if any, the port, as they were written: `verify.example.com:8443`.
    #[must_use]
    pub fn authority(&self) -> &str {
        let rest = self.0.get(SCHEME.len()..).unwrap_or_default();
        rest.split(['/', '?']).next().unwrap_or_default()
    }
}

impl FromStr for RedirectUrl {
    type Err = RedirectUrlError;

    fn from_str(text: &str) -> Result<Self, RedirectUrlError> {
        if text.len() > MAX_BYTES {
            return Err(RedirectUrlError::Length);
        }
        if let Some(offset) = foreign_byte(text) {
            return Err(RedirectUrlError::Character { offset });
        }
        if !text.starts_with(SCHEME) {
            return Err(RedirectUrlError::Scheme);
        }
        if let Some(offset) = text.find('#') {
            return Err(RedirectUrlError::Fragment { offset });
        }
        let url = Self(text.to_owned());
        check(url.authority()).map_err(|WrongAt(at)| RedirectUrlError::Host { offset: SCHEME.len() + at })?;
        Ok(url)
    }
}

fn check(authority: &str) -> Result<(), WrongAt> {
    let (host, port) = host_and_port(authority)?;
    // Why: browsers read a host whose last label is a number, also one like `0x7f`, as an IPv4 address.
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(WrongAt(host.len() - last.len()));
    }
    match port.map(str::parse::<u16>) {
        None | Some(Ok(1..)) => Ok(()),
        Some(_) => Err(WrongAt(host.len() + 1)),
    }
}

impl fmt::Display for RedirectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RedirectUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RedirectUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_a_named_host_are_accepted() {
        for (text, authority) in [
            ("https://verify.example.com", "verify.example.com"),
            ("https://verify.example.com/", "verify.example.com"),
            ("https://verify.example.com:8443/step-up?a=b%20c&d=/?", "verify.example.com:8443"),
            ("https://verify.example.com?next=https://evil.example", "verify.example.com"),
            ("https://xn--bcher-kva.example/x@y:z", "xn--bcher-kva.example"),
            ("https://localhost:8443/", "localhost:8443"),
        ] {
            let url: RedirectUrl = text.parse().unwrap();
            assert_eq!((url.as_str(), url.authority()), (text, authority));
        }
    }

    #[test]
    fn other_urls_are_refused_with_the_part_that_is_wrong() {
        use RedirectUrlError::{Character, Fragment, Host, Length, Scheme};
        for (text, error) in [
            ("http://a.example/", Scheme),
            ("HTTPS://a.example/", Scheme),
            ("//a.example/", Scheme),
            ("javascript:alert(1)", Scheme),
            ("", Scheme),
            ("https://", Host { offset: 8 }),
            ("https:///a.example", Host { offset: 8 }),
            ("https://?a", Host { offset: 8 }),
            ("https://me@a.example/", Host { offset: 8 }),
            ("https://me:pass@a.example/", Host { offset: 11 }),
            ("https://a.example:", Host { offset: 18 }),
            ("https://a.example:0/", Host { offset: 18 }),
            ("https://a.example:65536/", Host { offset: 18 }),
            ("https://a..example/", Host { offset: 10 }),
            ("https://a.example./", Host { offset: 18 }),
            ("https://127.0.0.1/", Host { offset: 16 }),
            ("https://2130706433/", Host { offset: 8 }),
            ("https://0x7f000001/", Host { offset: 8 }),
            ("https://a.0x7f/", Host { offset: 10 }),
            ("https://[::1]/", Host { offset: 8 }),
            ("https://a%2eexample/", Host { offset: 8 }),
            ("https://a.example/#x", Fragment { offset: 18 }),
            ("https://a.example#@b.example/", Fragment { offset: 17 }),
            ("https://a.example\\@b.example/", Character { offset: 17 }),
            ("https://a.example/ x", Character { offset: 18 }),
            ("https://a.example/\n", Character { offset: 18 }),
            ("https://b\u{fc}cher.example/", Character { offset: 9 }),
        ] {
            assert_eq!(text.parse::<RedirectUrl>(), Err(error), "{text:?}");
        }
        let path = MAX_BYTES - "https://a.example/".len();
        assert!(format!("https://a.example/{}", "x".repeat(path)).parse::<RedirectUrl>().is_ok());
        assert_eq!(format!("https://a.example/{}", "x".repeat(path + 1)).parse::<RedirectUrl>(), Err(Length));
    }
}
