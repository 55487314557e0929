//! The one address that a service is asked at.

use std::{net::IpAddr, str::FromStr};

use reqwest::Url;

/// The longest address, in bytes; a bound of our own.
const MAX_BYTES: usize = 2_048;

/// An `https` address, or an `http` one on this machine; without user, password and fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// A text that is no address of a service. Nothing in it repeats the text, which may hold a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It can't be read as an absolute address with a host.
    #[error("an address such as `https://crm.example.com/enrich`")]
    Address,
    /// Neither `https`, nor `http` on a loopback address.
    #[error("`https`, or `http` to a loopback address")]
    Scheme,
    /// It holds a user name or a password.
    #[error("without user and password; a token is configured by reference")]
    Credentials,
    /// It has a fragment, which is never sent.
    #[error("without a fragment")]
    Fragment,
}

impl Endpoint {
    pub(crate) const fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it is asked without TLS.
    pub(crate) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(text).ok().filter(|url| url.has_host() && text.len() <= MAX_BYTES);
        let url = url.ok_or(EndpointError::Address)?;
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
            return Err(EndpointError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::Credentials);
        }
        if url.fragment().is_some() {
            return Err(EndpointError::Fragment);
        }
        Ok(Self(url))
    }
}

/// Whether the host is a loopback address. Why no names: what a name leads to is for others to say.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_this_machine_are_taken() {
        for text in [
            "https://crm.example.com/enrich?version=2",
            "https://10.0.0.7:8443/",
            "http://127.0.0.1:9000/enrich",
            "http://[::1]:9000/",
        ] {
            assert!(text.parse::<Endpoint>().is_ok(), "{text}");
        }
    }

    #[test]
    fn every_other_address_is_refused_with_its_reason() {
        for (text, error) in [
            ("", EndpointError::Address),
            ("/enrich", EndpointError::Address),
            ("https://", EndpointError::Address),
            ("data:,x", EndpointError::Address),
            ("http://crm.example.com/", EndpointError::Scheme),
            ("http://10.0.0.7/", EndpointError::Scheme),
            ("http://localhost/", EndpointError::Scheme),
            ("http://127.0.0.1.example.com/", EndpointError::Scheme),
            ("http://[::ffff:10.0.0.7]/", EndpointError::Scheme),
            ("ftp://crm.example.com/", EndpointError::Scheme),
            ("https://user@crm.example.com/", EndpointError::Credentials),
            ("https://:secret@crm.example.com/", EndpointError::Credentials),
            ("https://crm.example.com/#part", EndpointError::Fragment),
        ] {
            assert_eq!(text.parse::<Endpoint>().err(), Some(error), "{text}");
        }
        assert!(format!("https://crm.example.com/{}", "x".repeat(MAX_BYTES)).parse::<Endpoint>().is_err());
    }
}
