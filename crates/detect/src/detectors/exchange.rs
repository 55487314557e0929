//! From where people exchange a password for a token (`sepft`).
//!
//! Apart from where they sign in: behind a back end the address says nothing of the person.

use serde::{Deserialize, Serialize};

use super::source::{is_new_network, is_own};
use crate::{Event, Memory, World, state::Table};

/// The most accounts that are remembered.
const ACCOUNTS: usize = 100_000;

/// What earlier exchanges showed of each account.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Exchanges(Table<Memory>);

/// What the network of an exchange is to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It came from there on three days.
    Own,
    /// It came from there before.
    Seen,
    /// It came from elsewhere so far.
    New,
    /// Nothing is known of where it comes from.
    Unknown,
}

impl Default for Exchanges {
    fn default() -> Self {
        Self(Table::new(ACCOUNTS))
    }
}

impl Exchanges {
    /// What the network of the entry is to the account.
    pub(super) fn standing(&self, event: &Event<'_>, world: &World<'_>) -> Standing {
        let exchanged = event.tags.identity.and_then(|identity| self.0.get(identity)).map(Memory::person);
        let came = |days| {
            exchanged.is_some_and(|person| person.networks.is_familiar(event.tags.network, days, event.at()))
        };
        if came(3) || is_own(event, world) {
            Standing::Own
        } else if came(1) || !is_new_network(event, world) {
            Standing::Seen
        } else if exchanged.is_some() || world.person.is_some() {
            Standing::New
        } else {
            Standing::Unknown
        }
    }

    /// Learns from an exchange.
    pub(super) fn see(&mut self, event: &Event<'_>) {
        if let Some(identity) = event.tags.identity {
            self.0.entry(identity).see(event);
        }
    }

    /// How many accounts were forgotten for want of room.
    pub(super) const fn evicted(&self) -> u64 {
        self.0.evicted()
    }
}
