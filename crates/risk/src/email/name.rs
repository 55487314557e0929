//! Whether the name that a person gave fits the local part of the address.

use super::{fold::ascii, skeleton::is_role};
use crate::NameFit;

/// No more of a name is read, in bytes.
const MAX_BYTES: usize = 200;

/// Most parts of a name that are compared.
const MAX_PARTS: usize = 8;

/// The shortest local part that could be held against anyone, in letters: initials fit any name.
const MIN_LETTERS: usize = 4;

/// The shortest full name that is followed from account to account, in letters.
const MIN_FULL_LETTERS: usize = 6;

/// Compares `names` with the local part; `None` when there is no name, it is the address itself, or either is in another
/// script.
pub(crate) fn fit<'a>(names: impl Iterator<Item = &'a str>, local: &str) -> Option<NameFit> {
    let local = ascii(local.split('+').next().unwrap_or(local))?;
    if is_role(&local) {
        return None;
    }
    let mut parts: Vec<String> = Vec::new();
    for name in names {
        let name = cut(name);
        // Auth0 puts the address where no name was given.
        if name.contains('@') || ascii(name)? == local {
            continue;
        }
        let letters = ascii(&name.replace(['\'', '’'], ""))?;
        let words = letters.split(|c: char| !c.is_ascii_lowercase()).filter(|word| !word.is_empty());
        parts.extend(words.take(MAX_PARTS).map(str::to_owned));
    }
    parts.truncate(MAX_PARTS);
    if parts.is_empty() {
        return None;
    }
    let joined: String = local.chars().filter(char::is_ascii_lowercase).collect();
    if matches(&parts, &joined) {
        return Some(NameFit::Matches);
    }
    let is_long = parts.iter().any(|part| part.len() >= 3) && joined.len() >= MIN_LETTERS;
    is_long.then_some(NameFit::Unrelated)
}

/// The full name as one text for all ways to write it: words in lower case, sorted; `None` for less than two words or
/// six letters, which many people share by chance.
pub(crate) fn full(given: Option<&str>, family: Option<&str>, name: Option<&str>) -> Option<String> {
    let joined = given.zip(family).map(|(given, family)| format!("{} {}", cut(given), cut(family)));
    let whole = joined.or_else(|| name.map(|name| cut(name).to_owned()))?;
    let lower = whole.to_lowercase();
    let mut words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    let letters: usize = words.iter().map(|word| word.chars().count()).sum();
    let is_full = words.len() >= 2 && letters >= MIN_FULL_LETTERS && !whole.contains('@');
    is_full.then(|| words.join(" "))
}

fn cut(name: &str) -> &str {
    name.get(..name.floor_char_boundary(MAX_BYTES)).unwrap_or_default()
}

fn matches(parts: &[String], joined: &str) -> bool {
    let holds = |part: &String| part.len() >= 3 && joined.contains(part.as_str());
    let is_near = |part: &String| part.len() >= 5 && strsim::osa_distance(part, joined) <= 1;
    let is_shortened = |part: &String| joined.len() >= 3 && part.starts_with(joined);
    parts.iter().any(|part| holds(part) || is_near(part) || is_shortened(part)) || abbreviates(parts, joined)
}

/// Whether the local part is made of beginnings of the name's parts, such as `jsm` or `smija` of Jan Smit.
fn abbreviates(parts: &[String], joined: &str) -> bool {
    let common = |part: &str, text: &str| part.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
    let follows = |first: &String, second: &String| {
        let taken = common(first, joined);
        (1..=taken)
            .any(|taken| joined.get(taken..).is_some_and(|rest| !rest.is_empty() && second.starts_with(rest)))
    };
    let initials = parts.iter().filter_map(|part| part.get(..1)).collect::<String>();
    let is_initials = joined.len() >= 2 && initials.starts_with(joined);
    is_initials
        || parts.iter().any(|first| parts.iter().any(|second| first != second && follows(first, second)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(name: &str, local: &str) -> Option<NameFit> {
        fit([name].into_iter(), local)
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        for (name, local) in [
            ("Pat Doe", "pat.doe"),
            ("Pat Doe", "pdoe"),
            ("Pat Doe", "doe.p"),
            ("Jan Smit", "smija"),
            ("Jan Smit", "js"),
            ("Nguyễn Thị Minh", "minh.nguyen"),
            ("Gerard 't Hooft", "thooft"),
            ("Jürgen Müller", "mueller77"),
            ("Conan O'Brien", "obrien+x"),
            ("Maximilian Weber", "maxi"),
        ] {
            assert_eq!(of(name, local), Some(NameFit::Matches), "{name} {local}");
        }
    }

    #[test]
    fn a_full_name_is_the_same_in_any_order() {
        assert_eq!(full(Some("Pat"), Some("Doe"), None).as_deref(), Some("doe pat"));
        assert_eq!(full(None, None, Some("DOE, Pat")), full(Some("pat"), Some("doe"), Some("x")));
        assert_eq!(full(None, None, Some("山田花子 美咲")).as_deref(), Some("山田花子 美咲"));
        for name in ["Pat", "", "li na", "pat doe@example.com"] {
            assert_eq!(full(None, None, Some(name)), None, "{name}");
        }
    }

    #[test]
    fn another_name_is_unrelated() {
        assert_eq!(of("Pat Doe", "xkqzvbnw"), Some(NameFit::Unrelated));
        assert_eq!(of("Pat Doe", "maria.silva"), Some(NameFit::Unrelated));
    }

    #[test]
    fn what_can_not_be_compared_is_none() {
        for (name, local) in [
            ("", "pat.doe"),
            ("pat.doe@example.com", "pat.doe"),
            ("pat.doe", "pat.doe"),
            ("Иван Петров", "ivan.petrov"),
            ("山田 太郎", "yamada"),
            ("Pat Doe", "info"),
            ("X", "maria.silva"),
            ("Pat Doe", "qz7"),
        ] {
            assert_eq!(of(name, local), None, "{name} {local}");
        }
    }

    proptest! {
        #[test]
        fn any_names_are_compared(names in prop::collection::vec(any::<String>(), 0..5), local in any::<String>()) {
            let _ = fit(names.iter().map(String::as_str), &local);
        }
    }
}
