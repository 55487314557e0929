//! What desks have in common: a ticket is looked for before one is opened, and looked at before it is changed.

use countersign_app::hooks::{HookError, Message, Taken};
use countersign_core::Secret;
use reqwest::header::HeaderValue;

use super::{
    super::{Console, Templates},
    BuildError, Matter, Stage,
};
use crate::http;

/// The place of a matter that was over before it had a ticket: what comes late opens none.
pub(in super::super) const NO_TICKET: &str = "none";

/// Who we say we are at a desk.
pub enum Credential {
    /// A user's name and password, or what stands for it.
    Basic(String, Secret),
    /// A token of OAuth.
    Bearer(Secret),
}

impl Credential {
    pub(in super::super) fn header(&self) -> Result<HeaderValue, BuildError> {
        let header = match self {
            Self::Basic(user, password) => http::basic(user, password.expose()),
            Self::Bearer(token) => http::bearer(token.expose()),
        };
        header.ok_or(BuildError::Credential(
            "user, password or token can't be sent: they are no printable text",
        ))
    }
}

/// A desk that keeps tickets.
pub(in super::super) trait Desk: Send + Sync {
    /// A ticket that can be changed.
    type Ticket: Send + Sync;

    /// The ticket of this id, if it was opened under this key; `None` where it is gone, or closed for good.
    fn look(
        &self,
        id: &str,
        key: &str,
    ) -> impl Future<Output = Result<Option<Self::Ticket>, HookError>> + Send;

    /// The ticket that was opened under a key; `None` where none was, or it is closed for good.
    fn find(&self, key: &str) -> impl Future<Output = Result<Option<Self::Ticket>, HookError>> + Send;

    /// Opens one; its id. `once` is the same at each attempt.
    fn open(&self, matter: &Matter, once: &str) -> impl Future<Output = Result<String, HookError>> + Send;

    /// Changes one in its place; its id.
    fn change(
        &self,
        ticket: Self::Ticket,
        matter: &Matter,
    ) -> impl Future<Output = Result<String, HookError>> + Send;
}

/// Tells a desk of a message: in the matter's ticket where there is one, else in a new one.
pub(in super::super) async fn tell(
    desk: &impl Desk,
    message: Message<'_>,
    words: (&Console, &Templates),
    escape: fn(&str) -> String,
) -> Result<Taken, HookError> {
    let matter = Matter::read(&message, words, escape)?;
    // Why an id alone: a receiver of another kind may have had this name, and its places are none of ours.
    let is_id = |place: &&str| *place != NO_TICKET && place.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let known = match message.place.filter(is_id) {
        Some(id) => match desk.look(id, &matter.key).await {
            // Why: it is the ticket that is gone; the receiver may want more.
            Err(HookError::Status(410)) => None,
            looked => looked?,
        },
        None => None,
    };
    // Why looked for: an answer may have got lost, and the outbox forgets after a week.
    let ticket = match known {
        Some(ticket) => Some(ticket),
        None => desk.find(&matter.key).await?,
    };
    let id = match (ticket, matter.stage) {
        (Some(ticket), _) => desk.change(ticket, &matter).await?,
        (None, Stage::Over) => NO_TICKET.to_owned(),
        // Why: it had one, which somebody there closed for good.
        (None, Stage::Going) if message.place.is_some() => NO_TICKET.to_owned(),
        (None, _) => desk.open(&matter, message.id).await?,
    };
    Ok(Taken { place: Some(id) })
}
