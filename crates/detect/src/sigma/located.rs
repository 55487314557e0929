//! Faults of rule files, each with its place, what is wrong and what would be right.

use std::fmt;

/// A place in a rule file: both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Default for Spot {
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// The file is loaded, and does less or more than its author may think.
    Warning,
    /// The file is not loaded.
    Error,
}

/// A fault and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The file.
    pub file: String,
    /// Where in it.
    pub spot: Spot,
    /// Whether the file is loaded all the same.
    pub grade: Grade,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub right: String,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spot { line, column } = self.spot;
        write!(f, "{}:{line}:{column}: {}; {}", self.file, self.what, self.right)
    }
}

impl std::error::Error for Located {}

/// Where the faults of one file gather.
#[derive(Debug)]
pub struct Faults {
    file: String,
    pub(super) found: Vec<Located>,
}

/// The most faults of one file that are told.
const MAX_FAULTS: usize = 100;

impl Faults {
    /// No faults yet of a file.
    #[must_use]
    pub fn of(file: &str) -> Self {
        Self { file: printable(file), found: Vec::new() }
    }

    /// The file is not loaded.
    pub fn error(&mut self, spot: Spot, what: impl Into<String>, right: impl Into<String>) {
        self.add(Grade::Error, spot, what.into(), right.into());
    }

    pub(super) fn warn(&mut self, spot: Spot, what: impl Into<String>, right: impl Into<String>) {
        self.add(Grade::Warning, spot, what.into(), right.into());
    }

    pub(super) fn name(&self) -> &str {
        &self.file
    }

    /// Whether the file is not loaded.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|fault| fault.grade == Grade::Error)
    }

    /// All of them.
    #[must_use]
    pub fn into_found(self) -> Vec<Located> {
        self.found
    }

    fn add(&mut self, grade: Grade, spot: Spot, what: String, right: String) {
        let has_room = self.found.len() < MAX_FAULTS || (grade == Grade::Error && !self.has_errors());
        if has_room {
            self.found.push(Located { file: self.file.clone(), spot, grade, what, right });
        }
    }
}

/// The longest text of a file that is quoted in a fault, in bytes.
const MAX_QUOTED: usize = 80;

/// A text of a file as it is shown: short, on one line, nothing that moves a cursor.
#[must_use]
pub fn quoted(text: &str) -> String {
    let cut = text.get(..text.floor_char_boundary(MAX_QUOTED)).unwrap_or_default();
    let mut shown = printable(cut);
    if cut.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// A text without what moves a cursor.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// "; did you mean …" among what is known, or what there is.
#[must_use]
pub fn suggest(text: &str, known: &[&str]) -> String {
    let near = known.iter().map(|word| (strsim::damerau_levenshtein(text, word), *word)).min();
    match near {
        Some((distance, word)) if distance <= 2 => format!("did you mean `{word}`?"),
        _ => format!("there is {}", listed(known)),
    }
}

/// Words as a list: `a`, `b`.
#[must_use]
pub fn listed<T: AsRef<str>>(words: &[T]) -> String {
    words.iter().map(|word| format!("`{}`", quoted(word.as_ref()))).collect::<Vec<_>>().join(", ")
}
