//! Paths whose parameters can't change which operation is asked for.

use std::fmt::Write as _;

/// Fills the parameters of a template, percent-encoded, in their order.
pub(super) fn fill(template: &str, parameters: &[&str]) -> String {
    let mut given = parameters.iter();
    let segments = template.split('/').map(|segment| {
        if is_parameter(segment) {
            given.next().map(|text| encode(text)).unwrap_or_default()
        } else {
            segment.to_owned()
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Whether a path is what [`fill`] makes of the template with parameters that are none of them empty or dots.
pub(super) fn fits(template: &str, path: &str) -> bool {
    let (wanted, given) = (template.split('/'), path.split('/'));
    wanted.clone().count() == given.clone().count()
        && wanted.zip(given).all(|(wanted, given)| {
            if is_parameter(wanted) { is_encoded(given) && !is_dots(given) } else { wanted == given }
        })
}

/// Why: parsers of URLs take a segment of dots as a step, however it is encoded.
pub(super) fn is_dots(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

/// Encodes all but the unreserved characters (RFC 3986, section 2.3).
fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if is_unreserved(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Whether the segment is one that [`encode`] gives, and not empty.
fn is_encoded(segment: &str) -> bool {
    let mut rest = segment.as_bytes();
    loop {
        rest = match rest {
            [] => return !segment.is_empty(),
            [b'%', high, low, tail @ ..]
                if high.is_ascii_hexdigit()
                    && low.is_ascii_hexdigit()
                    && !high.is_ascii_lowercase()
                    && !low.is_ascii_lowercase() =>
            {
                tail
            }
            [byte, tail @ ..] if is_unreserved(*byte) => tail,
            _ => return false,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEMPLATE: &str = "/users/{id}/roles";

    #[test]
    fn what_separates_is_encoded() {
        assert_eq!(
            fill(TEMPLATE, &["auth0|a/../b c?d#e%é"]),
            "/users/auth0%7Ca%2F..%2Fb%20c%3Fd%23e%25%C3%A9/roles"
        );
    }

    #[test]
    fn paths_that_lead_elsewhere_do_not_fit() {
        for path in [
            "/users//roles",
            "/users/./roles",
            "/users/../roles",
            "/users/%2E%2e/roles",
            "/users/a/b/roles",
            "/users/a?b/roles",
            "/users/a%2/roles",
            "/users/a%7c/roles",
            "/users/a/roles/",
            "/roles/a/roles",
            "users/a/roles",
        ] {
            assert!(!fits(TEMPLATE, path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_parameter_stays_in_its_segment(id in "\\PC+") {
            let path = fill(TEMPLATE, &[&id]);
            prop_assert_eq!(path.split('/').count(), 4);
            prop_assert_eq!(fits(TEMPLATE, &path), !is_dots(&id));
        }
    }
}
