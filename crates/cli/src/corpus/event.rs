//! One line of a corpus.

use std::{borrow::Cow, time::Duration};

use countersign_auth0::{ShapeError, log::LogEvent, trigger::post_login::PostLogin};
use countersign_core::{Clock, Timestamp};
use countersign_risk::stream::{Scored, Stream};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::lines::{self, LineFault};

/// What a line gave.
pub(super) enum Given {
    /// A sign-in was decided.
    Scored { id: String, scored: Box<Scored>, took: Duration },
    /// Something was learned, or the line is empty.
    Nothing,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    time: Timestamp,
    kind: Kind,
    #[serde(borrow)]
    event: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    PostLogin,
    Log,
    Feedback,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(borrow)]
    log_id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Feedback<'a> {
    verdict: Word,
    #[serde(rename = "ref", borrow)]
    of: Cow<'a, str>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Word {
    Compromised,
    Legitimate,
}

/// Does what a line asks for.
pub(super) fn take(line: &[u8], stream: &mut Stream<'_>, clock: &dyn Clock) -> Result<Given, LineFault> {
    let text = lines::text(line)?;
    if text.is_empty() {
        return Ok(Given::Nothing);
    }
    let Line { id, time, kind, event } = lines::read(text)?;
    match kind {
        Kind::PostLogin => {
            if stream.knows(&id) {
                return Err(shape("id", "an id that no sign-in before it has"));
            }
            let event: PostLogin =
                countersign_auth0::decode(event.get().as_bytes(), "event").map_err(misshapen)?;
            let begun = clock.monotonic();
            let scored = Box::new(stream.login(&id, &event, time));
            let took = clock.monotonic().saturating_sub(begun);
            return Ok(Given::Scored { id: id.into_owned(), scored, took });
        }
        Kind::Log => {
            let Envelope { data, log_id } = lines::read(event.get()).map_err(within)?;
            let entry = LogEvent::parse(data.get(), Some(log_id));
            stream.log(&entry.map_err(|error| shape("event.data", &error.to_string()))?, time);
        }
        Kind::Feedback => {
            let Feedback { verdict, of } = lines::read(event.get()).map_err(within)?;
            stream.verdict(&of, verdict == Word::Compromised, time);
        }
    }
    Ok(Given::Nothing)
}

fn shape(path: &str, expected: &str) -> LineFault {
    LineFault::Shape { path: path.to_owned(), expected: format!("expected {expected}") }
}

fn misshapen(error: ShapeError) -> LineFault {
    LineFault::Shape { path: error.path, expected: error.message }
}

/// A fault of the event, with its place in the line.
fn within(fault: LineFault) -> LineFault {
    match fault {
        LineFault::Shape { path, expected } if path == "." => {
            LineFault::Shape { path: "event".into(), expected }
        }
        LineFault::Shape { path, expected } => LineFault::Shape { path: format!("event.{path}"), expected },
        other => other,
    }
}
