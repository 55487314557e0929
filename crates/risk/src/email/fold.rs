//! Letters as the eye or an ASCII keyboard takes them.

use std::ops::RangeInclusive;

use super::disguise::is_hidden;

/// Accented Latin letters in lower case with the letter that they are written with in ASCII.
///
/// Source: the Unicode code charts Latin-1, Latin Extended-A, -B and Additional. A row's ranges hold capitals too where
/// the chart pairs them, which harms nothing after lower-casing.
const ACCENTED: &[(RangeInclusive<u32>, &str)] = &[
    (0xdf..=0xdf, "ss"),
    (0xe0..=0xe5, "a"),
    (0xe6..=0xe6, "ae"),
    (0xe7..=0xe7, "c"),
    (0xe8..=0xeb, "e"),
    (0xec..=0xef, "i"),
    (0xf0..=0xf0, "d"),
    (0xf1..=0xf1, "n"),
    (0xf2..=0xf6, "o"),
    (0xf8..=0xf8, "o"),
    (0xf9..=0xfc, "u"),
    (0xfd..=0xfd, "y"),
    (0xfe..=0xfe, "th"),
    (0xff..=0xff, "y"),
    (0x100..=0x105, "a"),
    (0x106..=0x10d, "c"),
    (0x10e..=0x111, "d"),
    (0x112..=0x11b, "e"),
    (0x11c..=0x123, "g"),
    (0x124..=0x127, "h"),
    (0x128..=0x131, "i"),
    (0x134..=0x135, "j"),
    (0x136..=0x138, "k"),
    (0x139..=0x142, "l"),
    (0x143..=0x14b, "n"),
    (0x14c..=0x151, "o"),
    (0x152..=0x153, "oe"),
    (0x154..=0x159, "r"),
    (0x15a..=0x161, "s"),
    (0x162..=0x167, "t"),
    (0x168..=0x173, "u"),
    (0x174..=0x175, "w"),
    (0x176..=0x178, "y"),
    (0x179..=0x17e, "z"),
    (0x1a0..=0x1a1, "o"),
    (0x1af..=0x1b0, "u"),
    (0x218..=0x219, "s"),
    (0x21a..=0x21b, "t"),
    (0x1e00..=0x1e01, "a"),
    (0x1e02..=0x1e07, "b"),
    (0x1e08..=0x1e09, "c"),
    (0x1e0a..=0x1e13, "d"),
    (0x1e14..=0x1e1d, "e"),
    (0x1e1e..=0x1e1f, "f"),
    (0x1e20..=0x1e21, "g"),
    (0x1e22..=0x1e2b, "h"),
    (0x1e2c..=0x1e2f, "i"),
    (0x1e30..=0x1e35, "k"),
    (0x1e36..=0x1e3d, "l"),
    (0x1e3e..=0x1e43, "m"),
    (0x1e44..=0x1e4b, "n"),
    (0x1e4c..=0x1e53, "o"),
    (0x1e54..=0x1e57, "p"),
    (0x1e58..=0x1e5f, "r"),
    (0x1e60..=0x1e69, "s"),
    (0x1e6a..=0x1e71, "t"),
    (0x1e72..=0x1e7b, "u"),
    (0x1e7c..=0x1e7f, "v"),
    (0x1e80..=0x1e89, "w"),
    (0x1e8a..=0x1e8d, "x"),
    (0x1e8e..=0x1e8f, "y"),
    (0x1e90..=0x1e95, "z"),
    (0x1ea0..=0x1eb7, "a"),
    (0x1eb8..=0x1ec7, "e"),
    (0x1ec8..=0x1ecb, "i"),
    (0x1ecc..=0x1ee3, "o"),
    (0x1ee4..=0x1ef1, "u"),
    (0x1ef2..=0x1ef9, "y"),
];

/// Letters of other scripts that look like a Latin one, in lower case.
///
/// Source: read off common fonts, among the pairs of Unicode's confusables (UTS 39) the ones that domains can hold.
const FOREIGN: &[(char, char)] = &[
    ('а', 'a'),
    ('в', 'b'),
    ('с', 'c'),
    ('ԁ', 'd'),
    ('е', 'e'),
    ('һ', 'h'),
    ('н', 'h'),
    ('і', 'i'),
    ('ј', 'j'),
    ('к', 'k'),
    ('ӏ', 'l'),
    ('м', 'm'),
    ('п', 'n'),
    ('о', 'o'),
    ('р', 'p'),
    ('ԛ', 'q'),
    ('г', 'r'),
    ('ѕ', 's'),
    ('т', 't'),
    ('ѵ', 'v'),
    ('ԝ', 'w'),
    ('х', 'x'),
    ('у', 'y'),
    ('α', 'a'),
    ('β', 'b'),
    ('ε', 'e'),
    ('η', 'n'),
    ('ι', 'i'),
    ('κ', 'k'),
    ('ν', 'v'),
    ('ο', 'o'),
    ('ρ', 'p'),
    ('τ', 't'),
    ('υ', 'u'),
    ('χ', 'x'),
    ('ω', 'w'),
    ('օ', 'o'),
    ('ս', 'u'),
    ('հ', 'h'),
    ('ց', 'g'),
    ('ո', 'n'),
    ('ɑ', 'a'),
    ('ɡ', 'g'),
    ('ɩ', 'i'),
    ('ʏ', 'y'),
];

/// Pairs of letters that are drawn like one; an `i` has become an `l` by then.
const PAIRS: &[(&str, &str)] = &[("rn", "m"), ("vv", "w"), ("cl", "d")];

/// The text in lower-case ASCII letters and digits as people write it where accents can't be typed: accents dropped,
/// everything that is neither letter nor digit kept as it is. `None` if a letter of another script remains.
pub(crate) fn ascii(text: &str) -> Option<String> {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match plain(c) {
            Some(letters) => folded.push_str(letters),
            None if is_mark(c) || is_hidden(c) => {}
            None if c.is_ascii() || !c.is_alphabetic() => folded.push(c),
            None => return None,
        }
    }
    Some(folded)
}

/// What the eye takes `text` for: two that fold alike are easily taken for one another. Hyphens count nothing.
pub(crate) fn confusable(text: &str) -> String {
    pairs(strokes(text))
}

/// What is folded letter by letter, with pairs that are drawn like one letter as that letter.
pub(crate) fn pairs(mut folded: String) -> String {
    for (pair, single) in PAIRS {
        if folded.contains(pair) {
            folded = folded.replace(pair, single);
        }
    }
    folded
}

/// The same letter by letter: two that differ by one letter still do.
pub(crate) fn strokes(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match plain(c) {
            Some(letters) => folded.push_str(letters),
            None if is_mark(c) || is_hidden(c) || c == '-' || c == '_' => {}
            None => folded.push(
                FOREIGN.iter().find(|(other, _)| *other == c).map_or_else(|| wide(c), |(_, latin)| *latin),
            ),
        }
    }
    folded.chars().map(shape).collect()
}

/// The ASCII letters of an accented Latin one.
fn plain(c: char) -> Option<&'static str> {
    if c.is_ascii() {
        return None;
    }
    ACCENTED.iter().find(|(range, _)| range.contains(&u32::from(c))).map(|(_, letters)| *letters)
}

/// Combining accents.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Full-width letters and digits as the plain ones (U+FF01 to U+FF5E lie 0xFEE0 above ASCII).
fn wide(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// One letter for each group of ASCII characters that are drawn alike.
const fn shape(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | 'i' | '|' => 'l',
        '3' => 'e',
        '5' => 's',
        '8' => 'b',
        '9' | 'q' => 'g',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_are_written_plainly() {
        for (text, expected) in [
            ("Nguyễn", "nguyen"),
            ("Müller", "muller"),
            ("Łukasz Żółć", "lukasz zolc"),
            ("'t Hooft", "'t hooft"),
            ("Ştefănescu", "stefanescu"),
            ("Jose\u{301}", "jose"),
            ("Straße", "strasse"),
        ] {
            assert_eq!(ascii(text).as_deref(), Some(expected));
        }
        assert_eq!(ascii("Иван"), None);
        assert_eq!(ascii("山田"), None);
    }

    #[test]
    fn look_alikes_fold_to_one_text() {
        for (a, b) in [
            ("acme-corp", "acrne-corp"),
            ("acme-corp", "acmecorp"),
            ("google", "g00gle"),
            ("paypal", "раураl"),
            ("windows", "vvindovvs"),
            ("cloud", "doud"),
            ("linkedin", "1inkedln"),
            ("acme", "ａｃｍｅ"),
            ("munchen", "münchen"),
            ("acme", "a\u{200b}c\u{202e}me"),
        ] {
            assert_eq!(confusable(a), confusable(b), "{a} {b}");
        }
        assert_ne!(confusable("acme"), confusable("acne"));
    }

    proptest! {
        #[test]
        fn any_text_folds_within_bounds(text in any::<String>()) {
            prop_assert!(confusable(&text).len() <= 4 * text.len());
            let _ = ascii(&text);
            prop_assert_eq!(confusable(&confusable(&text)).len() <= confusable(&text).len(), true);
        }
    }
}
