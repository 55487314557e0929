//! Where deliveries may go: `https` anywhere, `http` to this machine.

use std::net::IpAddr;

use reqwest::Url;

/// The longest address, in bytes; a bound of our own.
const MAX_BYTES: usize = 2_048;

/// The address, if deliveries may go there: absolute, without user, password and fragment.
pub(super) fn parse(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| url.has_host() && text.len() <= MAX_BYTES)?;
    let is_plain = url.scheme() == "http" && is_loopback(&url);
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (is_bare && (url.scheme() == "https" || is_plain)).then_some(url)
}

/// Whether deliveries may go to an address.
#[must_use]
pub fn is_allowed(text: &str) -> bool {
    parse(text).is_some()
}

/// Why no names: what a name leads to is for others to say.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
