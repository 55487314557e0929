//! The parts of a URL that names and redirects are checked by.

/// Where a host and port are wrong: the offset in bytes within the text given.
pub(crate) struct WrongAt(pub(crate) usize);

/// The offset of the first byte that no URL can hold (RFC 3986, section 2: unreserved, reserved and `%`).
pub(crate) fn foreign_byte(text: &str) -> Option<usize> {
    text.bytes().position(|byte| !is_url_byte(byte))
}

/// Splits `host` or `host:port`; a host is labels of letters, digits and hyphens joined by dots, a port is digits.
pub(crate) fn host_and_port(authority: &str) -> Result<(&str, Option<&str>), WrongAt> {
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let mut at = 0;
    for label in host.split('.') {
        let is_label =
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_label {
            return Err(WrongAt(at));
        }
        at += label.len() + 1;
    }
    match port {
        Some(port) if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) => Err(WrongAt(at)),
        _ => Ok((host, port)),
    }
}

const fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b':'
                | b'/'
                | b'?'
                | b'#'
                | b'['
                | b']'
                | b'@'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
        )
        || matches!(byte, b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b'%')
}
