//! Tenant logs as streams deliver them and the Management API answers them: which entry, of what kind, when it happened.
//!
//! The format is told by the content: one entry, an array of entries or an entry a line, each in the envelope of a log stream
//! (`{"log_id", "data"}`) or bare. Everything else in an entry is passed over here, and hostile.

mod event;

use countersign_core::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

pub use event::{Fields, Location, LogEvent, SecurityContext, text};

/// The most bytes of an entry's id or kind; Auth0's ids have some 60, its codes some 40.
const MAX_WORD: usize = 256;

/// What one entry says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id, by which a repeated delivery is known; sorts in the order of the log.
    pub log_id: String,
    /// Its type code, such as `s` or `fp`; codes that nobody documented are kept.
    pub kind: String,
    /// When it happened, by Auth0's clock.
    pub date: Timestamp,
}

/// Why an entry could not be read. It holds nothing of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is not JSON, or no object.
    #[error("an entry is a JSON object")]
    Malformed,
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

/// A body that holds no entries at all: neither an object, nor an array, nor lines of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("log entries come as a JSON object, an array of them, or one a line")]
pub struct NotLogs;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    log_id: Option<String>,
    #[serde(default, rename = "_id")]
    stored_id: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    date: Option<String>,
}

impl Envelope<'_> {
    fn id(&mut self) -> Option<String> {
        self.log_id.take().or(self.stored_id.take()).or(self.id.take()).filter(|id| is_word(id))
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_WORD
}

/// Reads the entries of a body, each for itself: one that can't be read stands in its place among the others.
///
/// # Errors
/// [`NotLogs`] for a body that has none, or an array that does not end.
pub fn entries(body: &[u8]) -> Result<Vec<Result<Entry, Unread>>, NotLogs> {
    let body = body.trim_ascii();
    match body.first() {
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_slice(body).map_err(|_| NotLogs)?;
            Ok(items.into_iter().map(|item| entry(item.get().as_bytes())).collect())
        }
        Some(b'{') => match serde_json::from_slice::<&RawValue>(body) {
            Ok(_) => Ok(vec![entry(body)]),
            Err(_) => {
                let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
                Ok(lines.filter(|line| !line.is_empty()).map(entry).collect())
            }
        },
        _ => Err(NotLogs),
    }
}

fn entry(bytes: &[u8]) -> Result<Entry, Unread> {
    let mut outer: Envelope<'_> = serde_json::from_slice(bytes).map_err(|_| Unread::Malformed)?;
    let outer_id = outer.id();
    let mut inner = match outer.data.filter(|data| data.get().starts_with('{')) {
        Some(data) => serde_json::from_str(data.get()).map_err(|_| Unread::Malformed)?,
        None => outer,
    };
    let log_id = outer_id.or_else(|| inner.id()).ok_or(Unread::LogId)?;
    let kind = inner.kind.filter(|kind| is_word(kind)).ok_or(Unread::Kind)?;
    let date = inner.date.and_then(|date| date.parse().ok()).ok_or(Unread::Date)?;
    Ok(Entry { log_id, kind, date })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BARE: &str =
        r#"{"log_id":"900","type":"s","date":"2026-08-20T08:00:01.000Z","user_id":null,"odd":[1]}"#;

    fn read(body: &str) -> Vec<Result<Entry, Unread>> {
        entries(body.as_bytes()).unwrap()
    }

    #[test]
    fn every_format_gives_the_same_entries() {
        let wrapped = format!(r#"{{"log_id":"900","data":{BARE}}}"#);
        let old = BARE.replace("log_id", "_id");
        let expected = Entry {
            log_id: "900".to_owned(),
            kind: "s".to_owned(),
            date: "2026-08-20T08:00:01Z".parse().unwrap(),
        };
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
    fn what_is_no_log_is_refused() {
        for body in ["", " ", "\"s\"", "17", "null", "[", "[{\"log_id\":\"1\"}", "<html>"] {
            assert_eq!(entries(body.as_bytes()), Err(NotLogs), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(entries(&bytes));
        }
    }
}
