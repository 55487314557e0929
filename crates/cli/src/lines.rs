//! Files of JSON lines: each line bounded, and what is wrong with one told without repeating it.

use std::{
    fmt,
    io::{BufRead, Read},
};

use serde::Deserialize;

/// Why a line can't be read. It repeats nothing of the line: that may name people.
#[derive(Debug, PartialEq, Eq)]
pub enum LineFault {
    /// It has more bytes than this.
    TooLong(u64),
    /// It is no text.
    NotText,
    /// Something in it is not what stands there.
    Shape {
        /// Where in the line.
        path: String,
        /// What would be right.
        expected: String,
    },
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(most) => write!(f, "a line has at most {most} bytes"),
            Self::NotText => f.write_str("a line is JSON in UTF-8"),
            Self::Shape { path, expected } => write!(f, "`{path}`: {expected}"),
        }
    }
}

/// The next line; `None` at the end. One of more than `most` bytes is passed over without being kept.
pub fn next(lines: &mut impl BufRead, most: u64) -> std::io::Result<Option<Result<Vec<u8>, LineFault>>> {
    let mut line = Vec::new();
    if lines.by_ref().take(most + 1).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() as u64 > most && line.last() != Some(&b'\n') {
        lines.skip_until(b'\n')?;
        return Ok(Some(Err(LineFault::TooLong(most))));
    }
    Ok(Some(Ok(line)))
}

/// The line as text, without what is blank around it.
pub fn text(line: &[u8]) -> Result<&str, LineFault> {
    str::from_utf8(line).map(str::trim).map_err(|_| LineFault::NotText)
}

/// Reads a line as one JSON value.
pub fn read<'l, T: Deserialize<'l>>(line: &'l str) -> Result<T, LineFault> {
    let mut reader = serde_json::Deserializer::from_str(line);
    let shape =
        |error: &serde_json::Error, path: String| LineFault::Shape { path, expected: expected(error) };
    let read = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| shape(error.inner(), error.path().to_string()))?;
    reader.end().map_err(|error| shape(&error, ".".to_owned()))?;
    Ok(read)
}

/// What would be right, without what stands there instead.
fn expected(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if error.is_data() && !text.starts_with("missing field") {
        let at = text.find("expected ").and_then(|start| text.get(start..));
        return at.unwrap_or("not what a line has there").to_owned();
    }
    text
}
