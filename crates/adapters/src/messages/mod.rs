//! Messages to people: Slack, mail and tickets, from events of the outbox, in words of templates.
//!
//! A message says what happened in a few words, with a link to the console; it approves nothing, and names nobody. Texts of others
//! (titles, words of plans) are escaped for where they stand.

mod builtin;
mod event;
mod guarded;
pub mod mail;
pub mod pagerduty;
pub mod servicenow;
pub mod slack;
mod templates;
mod ticket;
pub mod zendesk;

pub use guarded::Guarded;
pub use templates::{MAX_FILE_BYTES, TemplateFault, Templates};

/// Where a link leads: the console's address, without a slash at its end.
#[derive(Debug, Clone)]
pub struct Console(pub String);
