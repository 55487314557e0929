//! Texts with wildcards: `*` is any text, `?` any character, and a backslash takes either, or itself, as it is.

use std::borrow::Cow;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Character(char),
}

/// A text that values are held against, without regard to case unless it is cased.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    source: String,
    parts: Vec<Part>,
    /// The whole text, where it has no wildcards.
    literal: Option<String>,
    is_cased: bool,
}

impl Pattern {
    pub(super) fn new(source: &str, is_cased: bool) -> Self {
        Self::from_parts(source, split(source, is_cased), is_cased)
    }

    /// The same with any text before or after it.
    pub(super) fn widened(self, before: bool, after: bool) -> Self {
        let mut parts = self.parts;
        if before {
            parts.insert(0, Part::Any);
        }
        if after {
            parts.push(Part::Any);
        }
        Self::from_parts(&self.source, parts, self.is_cased)
    }

    fn from_parts(source: &str, parts: Vec<Part>, is_cased: bool) -> Self {
        let character =
            |part: &Part| if let Part::Character(character) = part { Some(*character) } else { None };
        let literal = parts.iter().map(character).collect();
        Self { source: source.to_owned(), parts, literal, is_cased }
    }

    /// As it was written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The text that alone fits, in lower case unless cased; `None` where there are wildcards.
    pub(super) fn literal(&self) -> Option<&str> {
        self.literal.as_deref()
    }

    /// Whether everything fits.
    pub(super) fn is_anything(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|part| *part == Part::Any)
    }

    /// Whether a text fits as a whole.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let text = fold(text, self.is_cased);
        match &self.literal {
            Some(literal) => *literal == text,
            None => self.is_glob_match(&text),
        }
    }

    /// Goes back to the last `*` alone, so that the cost is the product of the lengths at the worst.
    fn is_glob_match(&self, text: &str) -> bool {
        let (mut part, mut rest) = (0, text.chars());
        let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let before = rest.clone();
            let fits = match (self.parts.get(part), rest.next()) {
                (Some(Part::Any), _) => {
                    retry = Some((part + 1, before.clone()));
                    rest = before;
                    part += 1;
                    continue;
                }
                (None, None) => return true,
                (Some(_), None) => return false,
                (None, Some(_)) => false,
                (Some(Part::One), Some(_)) => true,
                (Some(Part::Character(wanted)), Some(found)) => *wanted == found,
            };
            if fits {
                part += 1;
                continue;
            }
            let Some((after, mut from)) = retry.take() else { return false };
            if from.next().is_none() {
                return false;
            }
            retry = Some((after, from.clone()));
            (part, rest) = (after, from);
        }
    }
}

/// A text as it is compared.
pub(super) fn fold(text: &str, is_cased: bool) -> Cow<'_, str> {
    let is_lower = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_cased || is_lower { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

fn split(source: &str, is_cased: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut characters = source.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '*' => parts.push(Part::Any),
            '?' => parts.push(Part::One),
            '\\' => {
                let escaped = characters.next_if(|next| matches!(next, '*' | '?' | '\\'));
                parts.push(Part::Character(escaped.unwrap_or('\\')));
            }
            _ if is_cased => parts.push(Part::Character(character)),
            _ => parts.extend(character.to_lowercase().map(Part::Character)),
        }
    }
    parts.dedup_by(|next, last| *next == Part::Any && *last == Part::Any);
    parts
}
