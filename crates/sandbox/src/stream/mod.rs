//! Deliveries: the tenant's log and its events, on their way to whoever subscribed.
//!
//! What is to be sent is a value, `Delivery`, planned from the state alone (`logs::due`, `events::due`); `Sender` posts it; what
//! came of it goes back into the state. At least once: a delivery that nobody confirmed is planned again. `Mishaps` asks for
//! what the vendor warns of: duplicates, disorder, failed tries and loss.

mod category;
mod endpoint;
mod events;
mod format;
mod logs;
mod personal;
mod send;
#[cfg(test)]
mod tests;
mod xxhash;

use std::str::FromStr;

use serde::Deserialize;

use crate::{dice::Dice, scenario::Share};

pub use category::{CATEGORIES, category};
pub use endpoint::is_allowed;
pub(crate) use events::{AUTHORIZATION, DELIVERIES, IN_A_ROW, again, enqueue, failed, forget};
pub use events::{EventRun, finish, runs};
pub use format::entry;
pub(crate) use logs::{AFTER, cursor, resume};
pub(crate) use personal::FIELDS as PII_FIELDS;
pub use send::{BuildError, Sender, pump};

/// What goes wrong on purpose, each in a share of all cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mishaps {
    /// An entry comes twice.
    pub duplicate: Share,
    /// A batch comes in another order.
    pub reorder: Share,
    /// The first try of a delivery fails on the way; the next gets through.
    pub fail: Share,
    /// An entry never comes, which breaks the promise of at least once.
    pub lose: Share,
}

/// The words for what goes wrong.
const WORDS: &str = "duplicate, reorder, fail, lose";

impl FromStr for Mishaps {
    type Err = String;

    /// Reads `duplicate=0.1,reorder=0.2`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut mishaps = Self::default();
        let mut column = 1_usize;
        for part in text.split(',') {
            let refused = |why: &str| format!("column {column}, `{part}`: {why}");
            let (name, share) = part.split_once('=').unwrap_or((part, ""));
            let place = match name {
                "duplicate" => &mut mishaps.duplicate,
                "reorder" => &mut mishaps.reorder,
                "fail" => &mut mishaps.fail,
                "lose" => &mut mishaps.lose,
                _ => {
                    return Err(refused(&format!("a name and a share, such as `fail=0.05`; names: {WORDS}")));
                }
            };
            let share = share.parse().ok().and_then(Share::new);
            *place = share.ok_or_else(|| refused("the share is a number from 0 to 1"))?;
            column = column.saturating_add(part.chars().count()).saturating_add(1);
        }
        Ok(mishaps)
    }
}

impl Mishaps {
    /// The entries as they really come.
    fn befall<T: Clone>(self, entries: Vec<T>, dice: &mut Dice) -> Vec<T> {
        let mut come = Vec::with_capacity(entries.len());
        for entry in entries {
            if dice.happens(self.lose) {
                continue;
            }
            if dice.happens(self.duplicate) {
                come.push(entry.clone());
            }
            come.push(entry);
        }
        if dice.happens(self.reorder) {
            for place in 1..come.len() {
                let bound = u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1);
                let other = usize::try_from(dice.below(bound)).unwrap_or(0);
                come.swap(place, other);
            }
        }
        come
    }
}

/// Requests for one stream, to be sent in their order. They hold a credential and people's data, and so have no `Debug`.
#[derive(Clone, PartialEq)]
pub struct Delivery {
    /// The stream's id.
    pub stream_id: String,
    /// Where to.
    pub url: String,
    /// Headers, `Content-Type` and `Authorization` among them.
    pub headers: Vec<(String, String)>,
    /// The body of each request.
    pub bodies: Vec<String>,
    /// What is done when all are taken: the last record's id, or the event's.
    pub(crate) upto: String,
    /// Whether it fails on the way.
    pub(crate) is_lost: bool,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every request was answered with 2xx.
    Taken,
    /// One was answered with another status.
    Refused(u16),
    /// One got no answer in time, or could not be sent.
    Failed,
}
