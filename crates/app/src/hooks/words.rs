//! Words of others in messages: on one line, bounded, and without names of people.

use std::net::IpAddr;

use countersign_plan::change::shown;

/// What stands in the place of a name.
const NOBODY: &str = "(…)";

/// A text of somebody else's on one line and within a bound, without what steers or hides, and without words that are an
/// e-mail address, an IP address or a user's id.
pub(super) fn faceless(text: &str, most: usize) -> String {
    let words: Vec<_> = text.split_whitespace().map(|word| if names(word) { NOBODY } else { word }).collect();
    shown(&words.join(" "), most)
}

/// Whether a word names somebody: `ann@example.com`, `203.0.113.9`, `auth0|ann`.
fn names(word: &str) -> bool {
    let bare = word.trim_matches(|char: char| !char.is_alphanumeric() && char != ':');
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
    word.contains(['@', '|'])
        || is_address(bare)
        || is_address(bare.trim_matches(':'))
        || bare.rsplit_once(':').is_some_and(|(host, _)| is_address(host))
        || bare.split_once('/').is_some_and(|(host, _)| is_address(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_named_is_not_told() {
        for (text, told) in [
            ("Block ann@example.com now", "Block (…) now"),
            ("Deny (203.0.113.9), and 2001:db8::1.", "Deny (…) and (…)"),
            ("Deny 203.0.113.0/24 and 203.0.113.9:443", "Deny (…) and (…)"),
            ("Reset auth0|ann", "Reset (…)"),
            ("Contain 2 accounts: step 1.5 at 12:30\nnow", "Contain 2 accounts: step 1.5 at 12:30 now"),
            ("turned\u{202e} round", "turned\u{fffd} round"),
        ] {
            assert_eq!(faceless(text, 200), told);
        }
        assert_eq!(faceless("abcdef", 3), "abc…");
    }
}
