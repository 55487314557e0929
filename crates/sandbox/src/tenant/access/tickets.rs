//! Tickets: links that let whoever has one do one thing once.

use countersign_core::Timestamp;
use serde_json::json;

use super::{is_live, item};
use crate::tenant::state::{Item, Object, State};

/// The collection of tickets; ids are secret, and so is everything else.
const TICKETS: &str = "tickets";

impl State {
    /// Keeps a ticket of a kind for a user until it is used or runs out. `details` is what was asked for.
    pub fn keep_ticket(
        &mut self,
        id: &str,
        kind: &str,
        user_id: &str,
        details: &Object,
        ends: Option<Timestamp>,
    ) {
        let mut hidden = json!({"kind": kind, "user_id": user_id, "details": details});
        if let (Some(ends), Some(fields)) = (ends, hidden.as_object_mut()) {
            fields.insert("ends".to_owned(), ends.micros().into());
        }
        self.objects.insert(TICKETS, item(id, json!({}), hidden));
    }

    /// Uses a ticket of a kind up: whose it was (`user_id`) and what was asked for (`details`) are on the hidden side.
    pub fn take_ticket(&mut self, id: &str, kind: &str, now: Timestamp) -> Option<Item> {
        let ticket = self.objects.find(TICKETS, id)?;
        if ticket.hidden_text("kind") != kind || !is_live(ticket, now) {
            return None;
        }
        self.objects.remove(TICKETS, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_787_212_800);

    #[test]
    fn a_ticket_is_used_once_for_its_kind_and_in_time() {
        let mut state = State::new(1);
        state.keep_ticket("t", "reset", "auth0|1", &Object::new(), Some(NOW.plus(10)));
        assert!(
            state.take_ticket("t", "other", NOW).is_none()
                && state.take_ticket("t", "reset", NOW.plus(10)).is_none()
        );
        assert_eq!(state.take_ticket("t", "reset", NOW.plus(9)).unwrap().hidden_text("user_id"), "auth0|1");
        assert!(state.take_ticket("t", "reset", NOW).is_none());
    }
}
