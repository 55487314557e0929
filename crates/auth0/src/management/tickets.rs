//! Tickets: addresses at which a user proves or changes something. Whoever has one can.

use serde_json::json;

use super::{Endpoint, Operation, Request, UserId};
use crate::Dictionary;

model! {
    /// A ticket.
    Ticket {
        required {
            /// The address.
            ticket: String,
        }
    }
}

static CHANGE_PASSWORD: Endpoint<Ticket, 0> =
    Endpoint::post("tickets.change_password", "/tickets/password-change").scopes(&["create:user_tickets"]);
static VERIFY_EMAIL: Endpoint<Ticket, 0> =
    Endpoint::post("tickets.verify_email", "/tickets/email-verification")
        .scopes(&["create:user_tickets"])
        .required(&["user_id"]);

pub(super) static OPERATIONS: &[&Operation] = &[&CHANGE_PASSWORD.operation, &VERIFY_EMAIL.operation];

/// Makes an address at which a user sets a new password; no mail is sent.
#[must_use]
pub fn change_password(fields: Dictionary) -> Request<Ticket> {
    Request::new(&CHANGE_PASSWORD, []).fields(fields)
}

/// Makes an address at which a user proves that an e-mail address is theirs; no mail is sent.
#[must_use]
pub fn verify_email(user: &UserId) -> Request<Ticket> {
    Request::new(&VERIFY_EMAIL, []).json(json!({ "user_id": user }))
}
