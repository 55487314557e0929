//! What is wrong with a model's file, and where.

use super::limits::MAX_FAULTS;

/// The longest path and the longest message of a fault, in bytes: a file must not fill a log with its own text.
const MAX_TEXT: usize = 300;

/// One fault: where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {message}")]
pub struct Fault {
    /// Dotted path in the file, such as `trees[3].nodes[7].left`; `.` for the file as a whole.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Where faults gather: 20 at most, in the order of the checks.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn push(&mut self, path: impl AsRef<str>, message: impl AsRef<str>) {
        if self.0.len() < MAX_FAULTS {
            // A key of the file may be empty.
            let path = Some(path.as_ref()).filter(|path| !path.is_empty()).unwrap_or(".");
            self.0.push(Fault { path: shown(path), message: shown(message.as_ref()) });
        }
    }

    pub(super) fn found(self) -> Vec<Fault> {
        self.0
    }

    pub(super) const fn count(&self) -> usize {
        self.0.len()
    }
}

/// A text of the file as it is shown: short, on one line, nothing that moves a cursor.
fn shown(text: &str) -> String {
    let cut = text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default();
    let mut shown: String = cut.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if cut.len() < text.len() {
        shown.push('…');
    }
    shown
}
