//! Bounds on the text of policies before it is parsed: Cedar's parser descends as deep as the text nests, and its validator
//! lets through unseen what is deeper than its stack.

use crate::{PolicyFault, files::File};

/// The most brackets and `if`s within each other.
const MOST_DEPTH: usize = 16;

/// The most operators, dots, brackets and `if`s of one policy. Each can make its condition deeper by one, and what is
/// deeper than the stack of whoever checks fails there: a `forbid` would not count.
const MOST_STEPS: usize = 40;

/// Checks that no policy of `file` nests too deeply or goes on for too long.
pub(crate) fn check(file: File<'_>) -> Result<(), PolicyFault> {
    let bytes = file.text.as_bytes();
    let (mut at, mut steps, mut brackets, mut ifs) = (0, 0_usize, 0_usize, 0_usize);
    while let Some(byte) = bytes.get(at) {
        let from = at;
        match byte {
            b'/' if bytes.get(at + 1) == Some(&b'/') => at = after_line(bytes, at),
            b'"' => at = after_string(bytes, at),
            b'(' | b'[' | b'{' => (brackets, steps) = (brackets + 1, steps + 1),
            b')' | b']' | b'}' => brackets = brackets.saturating_sub(1),
            b'.' | b'!' | b'-' => steps += 1,
            b'&' | b'|' | b'=' | b'<' | b'>' | b'+' | b'*' if !follows_operator(bytes, at) => steps += 1,
            b'i' if is_if(bytes, at) => (ifs, steps) = (ifs + 1, steps + 1),
            b';' => (steps, brackets, ifs) = (0, 0, 0),
            _ => {}
        }
        at += 1;
        if brackets + ifs > MOST_DEPTH {
            let message =
                format!("at most {MOST_DEPTH} brackets and `if`s may be within each other in one policy");
            return Err(PolicyFault::at(file, from, &message));
        }
        if steps > MOST_STEPS {
            let message = format!(
                "here this policy has more than {MOST_STEPS} operators, dots and brackets: make several of it"
            );
            return Err(PolicyFault::at(file, from, &message));
        }
    }
    Ok(())
}

/// Whether the byte before `at` began the same operator, as in `&&` or `<=`.
fn follows_operator(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    before.is_some_and(|before| b"&|=<>!".contains(before))
}

/// The last byte of the string that begins at `at`.
fn after_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// The byte at which the line of `at` ends.
fn after_line(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

/// Whether the word `if` begins at `at`.
fn is_if(bytes: &[u8], at: usize) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    bytes.get(at + 1) == Some(&b'f') && !is_word(before) && !is_word(bytes.get(at + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<(usize, usize)> {
        check(File { name: "own.cedar", text }).err().map(|fault| (fault.line, fault.column))
    }

    #[test]
    fn brackets_and_ifs_are_counted_by_policy() {
        let (open, close) = ("(".repeat(16), ")".repeat(16));
        assert_eq!(refused(&format!("{open}{close};\n{open}{close};")), None);
        assert_eq!(refused(&format!("{open};\n{open}[")), Some((2, 17)));
        assert_eq!(refused(&"if a then b else ".repeat(16)), None);
        assert!(refused(&"if a then b else ".repeat(17)).is_some());
        assert_eq!(refused(&"ifs a.if_b xif ".repeat(40)), None);
    }

    #[test]
    fn strings_and_comments_do_not_count() {
        assert_eq!(refused(&format!("\"{}\\\"{}\"", "(".repeat(99), "(".repeat(99))), None);
        assert_eq!(refused(&format!("// {}\n", "(\"".repeat(99))), None);
        assert_eq!(refused("\"\\"), None, "a string without an end is for the parser");
    }

    #[test]
    fn operators_dots_and_brackets_are_counted_by_policy() {
        for step in [".a", " && a", " || a", " == a", " <= a", "+a", "!", "-", "[0]"] {
            assert_eq!(
                refused(&format!("{};{};", step.repeat(MOST_STEPS), step.repeat(MOST_STEPS))),
                None,
                "{step}"
            );
            assert!(refused(&step.repeat(MOST_STEPS + 1)).is_some(), "{step}");
        }
        assert_eq!(
            refused(&"Countersign::Tenant::\"a\", ".repeat(999)),
            None,
            "lists are as long as one likes"
        );
    }
}
