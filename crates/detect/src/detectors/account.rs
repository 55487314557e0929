//! One account under the two names that it has: the id, and what is typed at a login.

use countersign_privacy::Tag;

use crate::{Event, told};

/// The account by its name, in the form in which it is typed; by its id where the entry tells no name.
pub(super) fn account(event: &Event<'_>) -> Option<Tag> {
    if event.is_typed() {
        return event.tags.identity;
    }
    name(event).map(|name| event.tag("name", name.as_bytes())).or(event.tags.identity)
}

/// The account by its name within its connection: one name at two connections is two accounts. `None` where no name is told.
pub(super) fn name_at_connection(event: &Event<'_>) -> Option<Tag> {
    let connection = told(event.log.fields.connection.as_ref()).unwrap_or_default();
    let text = format!("{connection}\n{}", name(event)?);
    Some(event.tag("name at connection", text.as_bytes()))
}

fn name(event: &Event<'_>) -> Option<String> {
    told(event.log.fields.user_name.as_ref()).map(|name| name.trim().to_lowercase())
}
