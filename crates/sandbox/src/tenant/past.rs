//! What answers that are only eventually consistent still show: users in searches, and what was revoked.
//!
//! At Auth0 both lag behind by seconds. Here the lag is chosen, by the tenant's clock, and none at first.

use countersign_core::{Micros, Timestamp};

use super::state::{Item, State};

/// The collection of users.
const USERS: &str = "users";

/// How far answers lag behind, and what they show meanwhile.
#[derive(Debug, Clone, Default)]
pub struct Past {
    lag: Micros,
    notes: Vec<Note>,
}

/// What a user was before a change; `None` for one who wasn't there.
#[derive(Debug, Clone)]
struct Note {
    id: String,
    was: Option<Item>,
    until: Timestamp,
}

impl State {
    /// Lets what is only eventually consistent lag behind by so much.
    pub fn set_lag(&mut self, lag: Micros) {
        self.past.lag = lag.max(0);
    }

    /// By how much it lags behind.
    #[must_use]
    pub const fn lag(&self) -> Micros {
        self.past.lag
    }

    /// When what is asked for at `now` takes effect.
    pub(super) fn takes_effect(&self, now: Timestamp) -> Timestamp {
        now.plus(self.past.lag)
    }

    /// Remembers what a user was who changed at `now`.
    pub(super) fn note_user(&mut self, id: &str, was: Option<&Item>, now: Timestamp) {
        self.past.notes.retain(|note| note.until > now);
        if self.past.lag > 0 {
            let until = self.takes_effect(now);
            self.past.notes.push(Note { id: id.to_owned(), was: was.cloned(), until });
        }
    }

    /// The users as searches show them at `now`, oldest first.
    pub(super) fn searched_users(&self, now: Timestamp) -> Vec<&Item> {
        let current = self.objects.all(USERS);
        let past = |id: &str| self.past.notes.iter().find(|note| note.id == id && note.until > now);
        let mut users: Vec<&Item> =
            current.filter_map(|user| past(&user.id).map_or(Some(user), |note| note.was.as_ref())).collect();
        for note in self.past.notes.iter().filter(|note| note.until > now) {
            let is_gone = self.objects.find(USERS, &note.id).is_none();
            let is_listed = |user: &&Item| user.id == note.id;
            if let Some(was) = note.was.as_ref().filter(|_| is_gone && !users.iter().any(is_listed)) {
                users.push(was);
            }
        }
        users
    }
}
