//! What the listings of the desk share.

use anyhow::Context;
use countersign_core::Timestamp;
use serde_json::Value;

use super::print;

/// The most rows of one listing of incidents or alerts.
pub const MOST: usize = 50;

/// A text of a view without control characters, which a terminal would obey.
pub fn text<'v>(value: &'v Value, name: &str) -> std::borrow::Cow<'v, str> {
    plain(value[name].as_str().unwrap_or("-"))
}

/// A text without control characters.
pub fn plain(text: &str) -> std::borrow::Cow<'_, str> {
    if text.chars().any(char::is_control) {
        text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect::<String>().into()
    } else {
        text.into()
    }
}

/// The place of a row, as it is printed where a list stops.
pub fn read_place(text: &str) -> anyhow::Result<(Timestamp, String)> {
    let read = || {
        let (micros, id) = text.split_once('~')?;
        Some((Timestamp::from_micros(micros.parse().ok()?), id.to_owned()))
    };
    read().with_context(|| format!("`--before {text}`: not a place that a list said"))
}

/// Prints the rows of a page, and on standard error how to go on.
pub fn print_rows(page: &Value, name: &str, limit: usize, line: impl Fn(&Value) -> String) {
    let rows = page[name].as_array().map(Vec::as_slice).unwrap_or_default();
    for row in rows.iter().take(limit) {
        print(&format!("{}\n", line(row)));
    }
    if let Some(last) = rows.get(limit.saturating_sub(1)) {
        let at = last["last"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        if let (Some(at), Some(id)) = (at, last["id"].as_str()) {
            go_on(&format!("{}~{id}", at.micros()));
        }
    }
}

/// Says on standard error how to go on with a list.
#[expect(clippy::print_stderr, reason = "standard output holds the rows alone")]
pub fn go_on(before: &str) {
    eprintln!("there may be more: --before {before}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_and_another_text_is_refused() {
        assert_eq!(read_place("12~inc_1").unwrap(), (Timestamp::from_micros(12), "inc_1".to_owned()));
        for wrong in ["", "inc_1", "x~inc_1"] {
            assert!(read_place(wrong).is_err(), "{wrong}");
        }
    }
}
