//! Text that reads other than it is written, and names that carry a link.

/// Combining marks in a row up to which languages go (decomposed Vietnamese has two, Hebrew with points three).
const MAX_MARKS: usize = 3;

/// Suffixes of the links that are put into names; short words that end names too are left out on purpose.
const SUFFIXES: &[&str] = &[
    "click", "com", "info", "link", "live", "net", "online", "org", "ru", "shop", "site", "top", "vip", "xyz",
];

/// No more of a name is read, in bytes.
const MAX_BYTES: usize = 400;

/// Whether an address or a part of it hides or imitates letters: invisible characters, marks piled up, or two alphabets
/// in one word.
pub(crate) fn is_disguised_address(text: &str) -> bool {
    text.chars().any(|c| is_hidden(c) || is_direction(c)) || is_piled(text) || mixes_alphabets(text)
}

/// The same of a person's name, where marks of direction and the joiners that some scripts need are ordinary.
pub(crate) fn is_disguised_name(text: &str) -> bool {
    let text = text.trim();
    let text = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or_default();
    text.chars().any(is_hidden) || is_piled(text) || mixes_alphabets(text)
}

/// Whether a person's name carries a link: what a welcome mail would deliver for a stranger.
pub(crate) fn has_link(text: &str) -> bool {
    let text = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or_default().to_lowercase();
    if text.contains('@') {
        return false;
    }
    text.contains("://") || text.split_whitespace().any(is_link)
}

fn is_link(word: &str) -> bool {
    let host = word.split(['/', '?', '#']).next().unwrap_or(word).trim_end_matches(['.', ',', '!', ')']);
    let Some((name, suffix)) = host.rsplit_once('.') else { return false };
    let is_name = name.len() >= 2 && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.');
    is_name && (name.starts_with("www.") || SUFFIXES.binary_search(&suffix).is_ok())
}

/// Characters that nothing shows: controls, marks that turn the reading order about, and fillers.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// Marks that say in which direction a script is read.
const fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200c}'..='\u{200f}' | '\u{e0000}'..='\u{e007f}')
}

const fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

fn is_piled(text: &str) -> bool {
    let mut row = 0_usize;
    text.chars().any(|c| {
        row = if is_mark(c) { row + 1 } else { 0 };
        row > MAX_MARKS
    })
}

/// Whether a word mixes Latin letters with Cyrillic or Greek ones; the micro sign and its like are no Greek.
fn mixes_alphabets(text: &str) -> bool {
    let is_latin = |c: char| c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}');
    let is_other = |c: char| matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}') && c.is_alphabetic();
    text.split(|c: char| !c.is_alphabetic() && !is_mark(c))
        .any(|word| word.chars().any(is_latin) && word.chars().any(is_other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_write_their_names_in_any_script() {
        for name in [
            "Pat Doe",
            "Nguye\u{302}\u{303}n Thi\u{323} Minh",
            "Иван Петров",
            "Ελένη Παπαδοπούλου",
            "山田 太郎",
            "محمد \u{200f}علي",
            "می\u{200c}نا",
            "क्\u{200d}ष",
            "Zoë 👩\u{200d}🚀",
            "O’Brien-Smith",
            "Anna (Иванова)",
            "",
        ] {
            assert!(!is_disguised_name(name), "{name}");
        }
        assert!(!is_disguised_address("иван@почта.рф") && !is_disguised_address("jürgen@müller.de"));
    }

    #[test]
    fn what_reads_other_than_it_is_written_is_disguised() {
        let zalgo = format!("P{}at", "\u{301}\u{302}".repeat(10));
        for text in ["a\u{200b}cme", "pat\u{202e}moc", "раt", "Pаt", "αcme", "pat\r\nbcc", zalgo.as_str()]
        {
            assert!(is_disguised_name(text) && is_disguised_address(text), "{text:?}");
        }
        assert!(is_disguised_address("pat\u{200e}"), "no address needs a mark of direction");
    }

    #[test]
    fn links_in_names_are_told_from_initials() {
        assert!(SUFFIXES.is_sorted());
        for name in [
            "Claim 500 at www.prize.example",
            "https://a.b/c",
            "win-now.xyz",
            "Free gift.com!",
            "x bit.top/q",
        ] {
            assert!(has_link(name), "{name}");
        }
        for name in ["Pat Doe", "J. R. R. Tolkien", "St.John", "Dr.Who", "pat.doe@gmail.com", "M.com", ""] {
            assert!(!has_link(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>(), times in 0..2_000_usize) {
            let long = text.repeat(times.min(20_000 / text.len().max(1)));
            let _ = (is_disguised_name(&long), is_disguised_address(&long), has_link(&long));
        }
    }
}
