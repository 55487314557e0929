//! Texts that come from others: what is taken, and how it is shown.

use crate::words::plain;

/// Characters that change how a text is shown without being seen: directions, joiners, separators of lines.
const fn hides(char: char) -> bool {
    matches!(
        char,
        '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether a character can't be seen, or is seen as a space that is none: what hides, what steers, and what is drawn as nothing
/// (Unicode, `Default_Ignorable_Code_Point` and `White_Space`).
pub(super) fn is_unseen(char: char) -> bool {
    hides(char)
        || char.is_control()
        || matches!(
            char,
            '\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{1680}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{2800}'
                | '\u{3000}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
                | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether a text has characters that steer a terminal or hide what stands there.
pub(super) fn is_hostile(text: &str) -> bool {
    text.chars().any(|char| hides(char) || (char.is_control() && char != '\n'))
}

/// Whether a text has nothing that steers a terminal or hides what stands there; lines may end in it.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    !is_hostile(text)
}

/// A text of somebody else's on one line, without what could steer a terminal or hide something, and cut to a bound.
#[must_use]
pub fn shown(text: &str, most: usize) -> String {
    let cut: String = text.chars().take(most).collect();
    let is_cut = cut.len() < text.len();
    let mut shown: String =
        plain(&cut).chars().map(|char| if hides(char) || char == '\n' { '\u{fffd}' } else { char }).collect();
    if is_cut {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_steers_is_seen_and_shown_as_a_mark() {
        for text in
            ["a\u{202e}b", "a\u{1b}[2Jb", "a\u{200b}b", "a\u{2066}b", "a\rb", "a\u{61c}b", "a\u{2028}b"]
        {
            assert!(is_hostile(text), "{text:?}");
            assert!(shown(text, 99).starts_with("a\u{fffd}"), "{text:?}");
        }
        assert!(!is_hostile("Zoë's plan\nsecond line, 東京"));
        assert_eq!(shown("a\nb", 99), "a\u{fffd}b");
        assert_eq!(shown("abcdef", 3), "abc…");
    }
}
