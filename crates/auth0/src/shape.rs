//! Reading JSON into a type, with an error that says where and what would be right but never what came.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

/// JSON that does not have the shape asked for. It never holds a value from the input, only its JSON type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {message} (line {line}, column {column})")]
pub struct ShapeError {
    /// Where: names joined by dots, array indices as `[0]`, such as `event.user.identities[0].provider`. For text
    /// that is not JSON at all it is the prefix alone; for a missing field it is the path that the field would have.
    pub path: String,
    /// What would be right, such as `expected a string, found a number`.
    pub message: String,
    /// The line in the bytes given, from 1.
    pub line: usize,
    /// The column in bytes, from 0; the error lies at it or just before.
    pub column: usize,
}

/// Reads `bytes` as one JSON value of type `T`; `prefix` is what its path begins with, such as `event`.
///
/// Nesting is bounded at 128 levels; bound it lower and the bytes themselves before.
///
/// # Errors
/// [`ShapeError`] for text that is not JSON, a missing or repeated field, and a value of a wrong type.
pub fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8], prefix: &str) -> Result<T, ShapeError> {
    // Why not from the bytes: one check of all of them as UTF-8 is cheaper than one for each string.
    let parsed = match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(bytes),
    };
    // Why twice: almost every event is well-formed and need not pay for tracking the path.
    parsed.map_err(|error| locate::<T>(bytes, prefix, &error))
}

fn locate<'de, T: Deserialize<'de>>(bytes: &'de [u8], prefix: &str, error: &serde_json::Error) -> ShapeError {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(located) if located.inner().classify() == Category::Data => {
            let mut path = render(prefix, located.path());
            let message = describe(located.inner(), &mut path);
            let error = located.inner();
            ShapeError { path, message, line: error.line(), column: error.column() }
        }
        // Not JSON, or something after its end, which only the first pass looks at. The path could be made of keys
        // that a stranger chose, and the line and column say enough.
        Ok(_) | Err(_) => ShapeError {
            path: prefix.to_owned(),
            message: format!("not one JSON value: {}", without_position(error)),
            line: error.line(),
            column: error.column(),
        },
    }
}

fn render(prefix: &str, path: &Path) -> String {
    path.iter().fold(prefix.to_owned(), |mut text, segment| {
        match segment {
            // Writing to a string can't fail.
            Segment::Seq { index } => drop(write!(text, "[{index}]")),
            Segment::Map { key } => push_name(&mut text, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
        text
    })
}

fn push_name(path: &mut String, name: &str) {
    path.push('.');
    path.push_str(name);
}

/// Says what would be right. Serde's text repeats the value, so only its fixed parts are taken over; a field that
/// is missing or given twice is added to the path.
fn describe(error: &serde_json::Error, path: &mut String) -> String {
    let text = without_position(error);
    if let Some(name) = quoted(&text, "missing field `") {
        push_name(path, name);
        return "required, but missing".to_owned();
    }
    if let Some(name) = quoted(&text, "duplicate field `") {
        push_name(path, name);
        return "given more than once".to_owned();
    }
    // INVARIANT: what was expected comes last and is our own text, so the last mark is serde's.
    let expected = text.rsplit_once(", expected ").map(|(_, expected)| plain(expected));
    let typed = text.strip_prefix("invalid type: ").or_else(|| text.strip_prefix("invalid value: "));
    match (typed, expected) {
        (Some(found), Some(expected)) => format!("expected {expected}, found {}", json_type(found)),
        (None, Some(expected))
            if text.starts_with("unknown variant ") || text.starts_with("unknown field ") =>
        {
            format!("expected {expected}, found something else")
        }
        (None, Some(expected)) if text.starts_with("invalid length ") => {
            format!("expected {expected}, found another number of items")
        }
        // A type of ours refused the value: such messages name no values.
        (_, None) if typed.is_none() => text,
        _ => "a value of the wrong kind".to_owned(),
    }
}

fn without_position(error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    if text.ends_with(&position) {
        text.truncate(text.len() - position.len());
    }
    text
}

fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix('`')
}

/// Serde's names of types in JSON's words.
fn plain(expected: &str) -> &str {
    match expected {
        "a sequence" => "an array",
        "a map" => "an object",
        "a JSON number" => "a number",
        "u64" => "a whole number of 0 or more",
        other => other,
    }
}

fn json_type(found: &str) -> &'static str {
    const TYPES: [(&str, &str); 8] = [
        ("null", "null"),
        ("unit", "null"),
        ("boolean", "a boolean"),
        ("integer", "a number"),
        ("floating point", "a number"),
        ("string", "a string"),
        ("sequence", "an array"),
        ("map", "an object"),
    ];
    TYPES.iter().find(|(start, _)| found.starts_with(start)).map_or("something else", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    object! {
        /// The inner object.
        Inner {
            required {
                /// A text.
                text: String,
            }
            maybe {
                /// A count.
                count: u64,
                /// A list.
                list: Vec<String>,
            }
        }
    }
    object! {
        /// The outer object.
        Outer {
            maybe {
                /// Inner objects.
                inner: Vec<Inner>,
            }
        }
    }

    fn refused(text: &str) -> (String, String) {
        let error = decode::<Outer>(text.as_bytes(), "event").unwrap_err();
        (error.path, error.message)
    }

    #[test]
    fn an_error_says_where_and_what_would_be_right() {
        for (text, path, message) in [
            (
                r#"{"inner":[{"text":"a"},{"text":7}]}"#,
                "event.inner[1].text",
                "expected a string, found a number",
            ),
            (r#"{"inner":[{"text":null}]}"#, "event.inner[0].text", "expected a string, found null"),
            (r#"{"inner":[{"count":1}]}"#, "event.inner[0].text", "required, but missing"),
            (r#"{"inner":[{"text":"a","text":"b"}]}"#, "event.inner[0].text", "given more than once"),
            (r#"{"inner":{"text":"a"}}"#, "event.inner", "expected an array, found an object"),
            (r#"{"inner":["a, expected b"]}"#, "event.inner[0]", "expected an object, found a string"),
            (r#"{"inner":[{"list":[[]]}]}"#, "event.inner[0].list[0]", "expected a string, found an array"),
            ("true", "event", "expected an object, found a boolean"),
        ] {
            assert_eq!(refused(text), (path.to_owned(), message.to_owned()), "{text}");
        }
        for count in ["-1", "1.5", "\"1\""] {
            let (path, message) = refused(&format!(r#"{{"inner":[{{"text":"a","count":{count}}}]}}"#));
            assert_eq!(path, "event.inner[0].count");
            assert!(message.starts_with("expected a whole number of 0 or more, found a "), "{message}");
        }
    }

    #[test]
    fn text_that_is_not_json_gets_no_path_of_its_own() {
        for text in
            ["", "{", r#"{"pat@example.com":{"pat":tru}}"#, "{} {}", r#"{"inner":[]"#, r#"{"a":1e999}"#]
        {
            let (path, message) = refused(text);
            assert_eq!(path, "event", "{text}");
            assert!(message.starts_with("not one JSON value: "), "{message}");
            assert!(!message.contains("pat"), "{message}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_refused() {
        for bytes in
            [&b"{\"later\":\"\xff\"}"[..], b"{\xff}", b"{}\xff", b"{\"inner\":[{\"text\":\"\xc3\"}]}"]
        {
            let error = decode::<Outer>(bytes, "event").unwrap_err();
            assert_eq!((error.path.as_str(), error.line), ("event", 1));
        }
    }

    #[test]
    fn the_position_is_that_of_the_value() {
        let error = decode::<Outer>(b"{\n  \"inner\": 1\n}", "event").unwrap_err();
        assert_eq!((error.line, error.column), (2, 12));
        let shown = "`event.inner`: expected an array, found a number (line 2, column 12)";
        assert_eq!(error.to_string(), shown);
    }
}
