//! Tenant logs as streams deliver them and the Management API answers them.
//!
//! The format is told by the content: one entry, an array of entries or an entry a line, each in the envelope of a log stream
//! (`{"log_id", "data"}`) or bare.

mod event;

use std::{borrow::Cow, vec};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::depth;

pub use event::{Fields, Location, LogEvent, SecurityContext, text};

/// The most bytes of an entry's id or kind; Auth0's ids have some 60, its codes some 40.
const MAX_WORD: usize = 256;

/// The deepest nesting of an entry with its envelope: whoever changes himself chooses how deep the request is that it repeats.
const MAX_DEPTH: usize = 64;

/// Why an entry could not be read. It holds nothing of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is not JSON, or no object.
    #[error("an entry is a JSON object")]
    Malformed,
    /// It nests too deeply.
    #[error("an entry nests at most 64 levels deep")]
    Depth,
    /// There is no usable `log_id`, nor `_id` or `id` in its place.
    #[error("an entry has a `log_id` of at most 256 bytes")]
    LogId,
    /// There is no usable `type`.
    #[error("an entry has a `type` of at most 256 bytes")]
    Kind,
    /// There is no `date`, or none that can be read.
    #[error("an entry has a `date` such as `2026-08-20T08:00:01.000Z`")]
    Date,
}

/// An entry that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected<'a> {
    /// Why.
    pub why: Unread,
    /// What came.
    pub raw: &'a str,
}

/// A body that holds no entries, or ends within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("log entries come as a JSON object, an array of them, or one a line, and the last one must end")]
pub struct NotLogs;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    log_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Reads the entries of a body, each for itself: one that can't be read stands in its place among the others.
///
/// # Errors
/// [`NotLogs`] for a body that has none, or that ends within an entry: whoever sent it must send it again.
pub fn entries(body: &str) -> Result<Vec<Result<LogEvent<'_>, Rejected<'_>>>, NotLogs> {
    Ok(items(body)?.collect())
}

/// The entries of a body, told apart and not read yet, so that there can be too many of them before each takes its memory.
#[derive(Debug)]
pub struct Items<'a>(vec::IntoIter<&'a str>);

/// Tells the entries of a body apart.
///
/// # Errors
/// As [`entries`].
pub fn items(body: &str) -> Result<Items<'_>, NotLogs> {
    let body = body.trim();
    if body.starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(body).map_err(|_| NotLogs)?;
        return Ok(Items::new(items.into_iter().map(RawValue::get).collect()));
    }
    if !body.starts_with('{') {
        return Err(NotLogs);
    }
    if serde_json::from_str::<&RawValue>(body).is_ok() {
        return Ok(Items::new(vec![body]));
    }
    let lines: Vec<&str> = body.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_whole = lines.last().is_some_and(|last| serde_json::from_str::<&RawValue>(last).is_ok());
    if is_whole { Ok(Items::new(lines)) } else { Err(NotLogs) }
}

impl<'a> Items<'a> {
    fn new(items: Vec<&'a str>) -> Self {
        Self(items.into_iter())
    }
}

/// Reads each for itself when it is asked for.
impl<'a> Iterator for Items<'a> {
    type Item = Result<LogEvent<'a>, Rejected<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Items<'_> {}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_WORD
}

fn entry(raw: &str) -> Result<LogEvent<'_>, Rejected<'_>> {
    read_entry(raw).map_err(|why| Rejected { why, raw })
}

fn read_entry(raw: &str) -> Result<LogEvent<'_>, Unread> {
    depth::check(raw.as_bytes(), MAX_DEPTH).map_err(|_| Unread::Depth)?;
    let envelope: Envelope<'_> = serde_json::from_str(raw).map_err(|_| Unread::Malformed)?;
    match envelope.data.map(RawValue::get).filter(|data| data.starts_with('{')) {
        Some(data) => LogEvent::parse(data, envelope.log_id),
        None => LogEvent::parse(raw, None),
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Timestamp;
    use proptest::prelude::*;

    use super::*;

    const BARE: &str =
        r#"{"log_id":"900","type":"s","date":"2026-08-20T08:00:01.000Z","user_id":null,"odd":[1]}"#;

    /// Ids, kinds and times, or why there is none.
    fn read(body: &str) -> Vec<Result<(String, String, Timestamp), Unread>> {
        let told = |event: LogEvent<'_>| (event.log_id.into_owned(), event.kind.into_owned(), event.date);
        entries(body)
            .unwrap()
            .into_iter()
            .map(|entry| entry.map(told).map_err(|rejected| rejected.why))
            .collect()
    }

    #[test]
    fn every_format_gives_the_same_entries() {
        let wrapped = format!(r#"{{"log_id":"900","data":{BARE}}}"#);
        let old = BARE.replace("log_id", "_id");
        let expected = ("900".to_owned(), "s".to_owned(), "2026-08-20T08:00:01Z".parse().unwrap());
        for one in [BARE, &wrapped, &old] {
            assert_eq!(read(one), [Ok(expected.clone())], "{one}");
            assert_eq!(read(&format!("[{one},\n{one}]")).len(), 2);
            assert_eq!(read(&format!("{one}\n\r\n{one}\n")), [Ok(expected.clone()), Ok(expected.clone())]);
        }
    }

    #[test]
    fn a_bad_entry_stands_among_the_others() {
        let body =
            format!("[{BARE}, 7, {{}}, {{\"log_id\":\"1\"}}, {{\"log_id\":\"1\",\"type\":\"s\"}}, {BARE}]");
        let found = read(&body);
        assert!(found[0].is_ok() && found[5].is_ok());
        let reasons = [Unread::Malformed, Unread::LogId, Unread::Kind, Unread::Date];
        assert_eq!(found[1..5], reasons.map(Err));
        assert_eq!(read(&format!("{BARE}\nhalf of {{\n{BARE}"))[1], Err(Unread::Malformed));
    }

    #[test]
    fn an_entry_that_nests_too_deeply_does_not_hold_up_the_others() {
        for (depth, expected) in [(60, None), (70, Some(Unread::Depth)), (100_000, Some(Unread::Depth))] {
            let (open, shut) = ("[".repeat(depth), "]".repeat(depth));
            let deep = format!(
                r#"{{"log_id":"1","type":"sapi","date":"2026-08-20T08:00:01Z","details":{open}{shut}}}"#
            );
            let found = read(&format!("[{BARE},{deep},{BARE}]"));
            assert_eq!(
                found.iter().map(|entry| entry.as_ref().err().copied()).collect::<Vec<_>>(),
                [None, expected, None]
            );
            assert_eq!(read(&format!("{BARE}\n{deep}\n{BARE}"))[1].as_ref().err().copied(), expected);
        }
    }

    #[test]
    fn what_is_no_log_is_refused() {
        for body in [
            "",
            " ",
            &format!("{BARE}\n{{\"log_id\":\"2"),
            &format!("[{BARE},"),
            "\"s\"",
            "17",
            "null",
            "[",
            "[{\"log_id\":\"1\"}",
            "<html>",
        ] {
            assert!(entries(body).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(body in ".{0,200}") {
            drop(entries(&body));
            drop(entries(&format!("[{body}]")));
        }

        #[test]
        fn a_body_that_is_cut_is_never_taken_for_a_whole_one(cut in 1_usize..400) {
            let array = format!("[{BARE},{BARE},{BARE}]");
            let lines = format!("{BARE}\n{BARE}\n{BARE}");
            prop_assert!(array.get(..cut.min(array.len() - 1)).is_some_and(|half| entries(half).is_err()));
            let half = lines.get(..cut.min(lines.len() - 1)).unwrap();
            // What ends with a line is whole as far as anyone can tell; the length of the request says the rest.
            prop_assert!(entries(half).is_err() || half.trim_end().ends_with(BARE));
        }
    }
}
