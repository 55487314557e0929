//! Whether the history of a tenant's log is being read, during which the engine waits with what is late.

use countersign_core::{Micros, Timestamp};
use countersign_store::Write;

use super::pull::Reading;
use crate::{App, Error, Tenant};

/// The name under which it is kept that history was looked at.
const NAME: &str = "history";

/// What is kept then.
const SETTLED: &str = "settled";

/// How long history may not go on before the engine no longer waits for it, in microseconds.
const PATIENCE: Micros = 15 * 60 * 1_000_000;

/// How far the tenant's history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HistoryState {
    /// None is read now, or all was looked at.
    Settled,
    /// It is being read.
    Reading,
    /// It was read: it stands before this place of the journal.
    Read(u64),
}

impl HistoryState {
    /// Whether some of it was not read or not looked at yet.
    pub(super) const fn is_open(self) -> bool {
        !matches!(self, Self::Settled)
    }

    /// Whether all of it was looked at once the journal was looked at up to a place.
    pub(super) const fn is_settled_at(self, worked: u64) -> bool {
        matches!(self, Self::Read(until) if worked >= until)
    }
}

/// Before all that can be read.
pub(super) const BEGINNING: Timestamp = Timestamp::from_micros(i64::MIN);

/// Keeps that history was looked at.
pub(super) fn settled() -> Write {
    Write::LogCursor { name: NAME, cursor: SETTLED.to_owned() }
}

impl App {
    /// How far the tenant's history is. One that does not go on, as where the API refuses, is waited for no longer; when it goes on,
    /// it is.
    pub(super) async fn history(&self, tenant: &Tenant) -> Result<HistoryState, Error> {
        let Reading { history, .. } = self.reading(tenant).await?;
        if history.began.is_none() || self.ports.store.find_log_cursor(&tenant.id, NAME).await?.is_some() {
            return Ok(HistoryState::Settled);
        }
        let now = self.ports.clock.now();
        Ok(match history.until {
            Some(until) => HistoryState::Read(until),
            None if history.read_at.is_none_or(|at| now.since(at) > PATIENCE) => HistoryState::Settled,
            None => HistoryState::Reading,
        })
    }
}
