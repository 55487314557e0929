//! Deliveries: the tenant's log and its events, on their way to whoever subscribed.
//!
//! What is to be sent is a value, `Delivery`, planned from the state alone (`logs::due`, `events::due`); `Sender` posts it; what
//! came of it goes back into the state. At least once: a delivery that nobody confirmed is planned again. `Mishaps` asks for
//! what the vendor warns of: duplicates, disorder and loss.

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

use crate::dice::Dice;

pub use category::{CATEGORIES, category};
pub use endpoint::is_allowed;
pub(crate) use events::{AUTHORIZATION, DELIVERIES, IN_A_ROW, again, enqueue, failed, forget};
pub use events::{EventRun, finish, runs};
pub(crate) use logs::{AFTER, cursor, resume};
pub(crate) use personal::FIELDS as PII_FIELDS;
pub use send::{BuildError, Sender, pump};

/// What goes wrong on purpose, each in so many of 100 cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mishaps {
    /// An entry comes twice.
    pub duplicate: u32,
    /// A batch comes in another order.
    pub reorder: u32,
    /// An entry never comes, which breaks the promise of at least once.
    pub lose: u32,
}

impl Mishaps {
    /// The entries as they really come.
    fn befall<T: Clone>(self, entries: Vec<T>, dice: &mut Dice) -> Vec<T> {
        let mut come = Vec::with_capacity(entries.len());
        for entry in entries {
            if dice.chance(self.lose) {
                continue;
            }
            if dice.chance(self.duplicate) {
                come.push(entry.clone());
            }
            come.push(entry);
        }
        if dice.chance(self.reorder) {
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
