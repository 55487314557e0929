//! Events of an event stream: journaled as they come, once each by their id, beside the entries of the log.

use countersign_auth0::{Maybe, object::StreamMessage};
use countersign_core::Timestamp;
use countersign_store::NewLogEntry;

use super::{
    Delivered,
    entry::EVENT,
    ingest::{AHEAD, Sealing},
};
use crate::{App, Error, Tenant};

/// What an event's id begins with, so that none can pass for an entry of the log.
const ID: &str = "evt_";

/// The most bytes of an event's id or type; Auth0's have some 40.
const MOST: usize = 128;

/// Why an event can't be journaled. It holds nothing of the event.
#[derive(Debug, thiserror::Error)]
pub enum EventFault {
    /// A field is absent or not as it should be.
    #[error("`{path}`: {message}")]
    Field {
        /// Which.
        path: &'static str,
        /// What it should be.
        message: &'static str,
    },
    /// It could not be journaled.
    #[error(transparent)]
    App(#[from] Error),
}

const fn fault(path: &'static str, message: &'static str) -> EventFault {
    EventFault::Field { path, message }
}

/// An event as far as it is read to journal it.
struct Placed<'a> {
    id: &'a str,
    at: Timestamp,
}

impl<'a> Placed<'a> {
    fn read(message: &'a StreamMessage, tenant: &Tenant) -> Result<Self, EventFault> {
        let text = |field: &'a Maybe<String>| field.as_option().map(String::as_str);
        let is_id = |id: &&str| id.starts_with(ID) && id.len() <= MOST;
        let id = text(&message.id).filter(is_id).ok_or(fault("id", "an id that begins with `evt_`"))?;
        if message.kind.is_empty() || message.kind.len() > MOST {
            return Err(fault("type", "a type of at most 128 bytes, such as `user.created`"));
        }
        let at = text(&message.time).and_then(|time| time.parse().ok());
        let at = at.ok_or(fault("time", "a time such as `2026-08-20T08:00:01.000Z`"))?;
        if message.tenant().as_ref() != Some(tenant.id()) {
            return Err(fault("source", "the tenant whose stream this is, such as `urn:auth0:acme.us`"));
        }
        Ok(Self { id, at })
    }
}

impl App {
    /// Journals an event; on disk when it returns. `raw` is the message as it came. Its kind in the journal is its type with
    /// `event:` before it, so that no detector takes it for an entry of the log; one of an unknown type is kept likewise.
    ///
    /// # Errors
    /// [`EventFault::Field`] where it has no id, no time or another tenant's source; `Unavailable` and `Internal`: then it is not
    /// known to be kept, and must come again.
    pub async fn take_event(
        &self,
        tenant: &Tenant,
        message: &StreamMessage,
        raw: &str,
    ) -> Result<Delivered, EventFault> {
        let Placed { id, at } = Placed::read(message, tenant)?;
        let now = self.ports.clock.now();
        if at.since(now) > AHEAD {
            return Err(fault("time", "a time that is not more than an hour ahead"));
        }
        let whose = message.whose().map(|user| tenant.keys.subject(user));
        let sealing = Sealing::of(self, tenant, now, std::iter::once(whose.as_ref())).await?;
        let (key_id, sealed) = sealing.seal(whose.as_ref(), id, raw.as_bytes())?;
        let kind = format!("{EVENT}{}", message.kind);
        let entry = NewLogEntry { log_id: id.to_owned(), kind, at, key_id, sealed };
        Ok(self.journal(tenant, now, vec![entry], Vec::new()).await?.0)
    }
}
