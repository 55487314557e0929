//! What is wrong with a file of policies, and where.

use cedar_policy::ffi::DetailedError;

use crate::files::File;

/// The most characters of a message.
const MESSAGE: usize = 600;

/// What is wrong in a file of policies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct PolicyFault {
    /// The file's name, as it was given.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong, and where it is known what would be right; at most 600 characters.
    pub message: String,
}

impl PolicyFault {
    /// `message` about what begins at byte `offset` of `file`.
    pub(crate) fn at(file: File<'_>, offset: usize, message: &str) -> Self {
        let (line, column) = position(file.text, offset);
        let is_long = message.chars().nth(MESSAGE).is_some();
        let mut short: String = message.chars().take(if is_long { MESSAGE - 1 } else { MESSAGE }).collect();
        if is_long {
            short.push('…');
        }
        Self { file: file.name.to_owned(), line, column, message: short }
    }

    /// What Cedar says about `file`, at the first place that it names.
    pub(crate) fn of(file: File<'_>, error: impl Into<DetailedError>) -> Self {
        let DetailedError { message, help, source_locations, .. } = error.into();
        let place = source_locations.into_iter().next();
        let label = place.as_ref().and_then(|place| place.label.clone());
        let offset = place.map_or(0, |place| place.loc.start);
        let parts: Vec<String> = [Some(message), label, help].into_iter().flatten().collect();
        Self::at(file, offset, &parts.join("; "))
    }
}

/// Line and column of byte `offset`, both from 1; the column counts characters.
pub(crate) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).map_or(0, |line| line.chars().count());
    (before.matches('\n').count() + 1, column + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_lines_and_characters_from_one() {
        assert_eq!(position("", 0), (1, 1));
        assert_eq!(position("ä\nüx", 5), (2, 2));
        assert_eq!(position("a\n", 99), (2, 1), "past the end is the end");
    }

    #[test]
    fn a_message_has_at_most_600_characters() {
        let file = File { name: "a.cedar", text: "" };
        assert_eq!(PolicyFault::at(file, 0, &"ä".repeat(600)).message, "ä".repeat(600));
        let long = PolicyFault::at(file, 0, &"ä".repeat(601)).message;
        assert_eq!(long.chars().count(), 600);
        assert!(long.ends_with("ä…"));
    }
}
