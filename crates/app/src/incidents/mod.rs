//! Incidents: alerts are placed as they are found; people look at them, take them up and close them.
//!
//! What an incident tells is sealed: under the person's key where all of it is about one account that is known by its id, else
//! under the key of the day on which it began. Every act of a person is a leaf of the ledger, its reason sealed beside it.

mod act;
mod entity;
mod forget;
mod place;
mod sealing;
mod sources;
mod suppress;
#[cfg(test)]
pub(crate) mod tests;
mod view;

use std::collections::BTreeMap;

use countersign_core::{DecisionId, Level};
use countersign_detect::{AlertId, incident::IncidentId};
use countersign_store::StoreError;

use crate::{App, Error, Tenant};

pub use act::{By, Closed, Closure, MAX_NOTE_BYTES};
pub(crate) use act::{MAX_ACTOR_BYTES, MAX_REASON_BYTES, Why, check};
pub use countersign_detect::{
    Entity, EntityKind, SENSORS, Severity,
    incident::{
        Closing, Consequences, Disposition, HandlingError, Incident, Line, Proposal, Reason, Status,
        consequences,
    },
};
pub use countersign_store::{AlertFilter, AlertRow, IncidentFilter, IncidentRow};
pub use entity::{EntityTag, EntityTagError};
pub use place::{Placed, Raised};
pub use suppress::{MAX_SUPPRESSED_DAYS, NewSuppression, Standing, SuppressionError};
pub use view::{alert_view, severity_word};

/// The most incidents of one listing.
pub const MAX_LISTED: u32 = 100;

/// The most notes of one incident that are shown, the newest.
const MAX_NOTES: u32 = 200;

/// An incident in a listing.
#[derive(Debug)]
pub struct Listed {
    /// What stands beside what is sealed.
    pub row: IncidentRow,
    /// What it tells; `None` where the person was erased, or it can't be read.
    pub incident: Option<Incident>,
}

/// An incident with what people wrote about it.
#[derive(Debug)]
pub struct Opened {
    /// What stands beside what is sealed.
    pub row: IncidentRow,
    /// What it tells.
    pub incident: Incident,
    /// What people wrote, newest first, the newest 200.
    pub notes: Vec<Note>,
    /// Auth0's ids of the log entries in its timeline, by their places in the journal, as far as they are kept.
    pub log_ids: BTreeMap<u64, String>,
    /// The decisions that those entries belong to, with their levels, by the same places.
    pub decisions: BTreeMap<u64, (DecisionId, Level)>,
}

/// An alert with what it is about.
#[derive(Debug)]
pub struct OpenedAlert {
    /// What stands beside what is sealed.
    pub row: AlertRow,
    /// What it is about.
    pub body: crate::AlertBody,
}

/// What somebody wrote about an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: String,
    /// When.
    pub at: countersign_core::Timestamp,
    /// Who.
    pub by: String,
    /// The text.
    pub text: String,
}

impl App {
    /// Incidents, the newest finding first; at most [`MAX_LISTED`].
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn incidents(
        &self,
        tenant: &Tenant,
        filter: IncidentFilter,
        limit: u32,
    ) -> Result<Vec<Listed>, Error> {
        let rows = self.ports.store.list_incidents(&tenant.id, filter, limit.min(MAX_LISTED)).await?;
        let mut listed = Vec::with_capacity(rows.len());
        for row in rows {
            let incident = self.find_in(tenant, &row).await?;
            listed.push(Listed { row, incident });
        }
        Ok(listed)
    }

    /// The incident of this id with its notes. It tells of people, so that the ledger is told first that it was shown.
    ///
    /// # Errors
    /// `NotFound`; `Erased` when all of it was about a person who was erased; `Unavailable`.
    pub async fn incident(&self, tenant: &Tenant, id: &str) -> Result<Opened, Error> {
        let row = self.get_incident(tenant, id).await?;
        let incident = self.open_incident(tenant, &row).await?;
        self.record_reveal(tenant, id).await?;
        let mut notes = Vec::new();
        for note in self.ports.store.list_incident_notes(&tenant.id, id, MAX_NOTES).await? {
            match self.open_note(tenant, note).await {
                Ok(note) => notes.push(note),
                Err(Error::Erased) => {}
                Err(error) => return Err(error),
            }
        }
        let places = incident.timeline().iter().filter_map(|line| line.seq).collect();
        let entries = self.ports.store.list_log_at(&tenant.id, places).await?;
        let log_ids: BTreeMap<u64, String> =
            entries.into_iter().map(|row| (row.seq, row.entry.log_id)).collect();
        let decisions = self.decisions_of(tenant, log_ids.values().cloned().collect()).await?;
        Ok(Opened { row, incident, notes, log_ids, decisions })
    }

    /// Alerts, the newest finding first; at most [`MAX_LISTED`]. What they are about stays sealed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn alerts(
        &self,
        tenant: &Tenant,
        filter: AlertFilter,
        limit: u32,
    ) -> Result<Vec<AlertRow>, Error> {
        Ok(self.ports.store.list_alerts(&tenant.id, filter, limit.min(MAX_LISTED)).await?)
    }

    /// The alert of this id with what it is about. It may name a person, so that the ledger is told first that it was shown.
    ///
    /// # Errors
    /// `NotFound`; `Erased` when it was about a person who was erased; `Unavailable`.
    pub async fn alert(&self, tenant: &Tenant, id: &str) -> Result<OpenedAlert, Error> {
        let id: AlertId = id.parse().map_err(|_| Error::NotFound("alert"))?;
        let found = self.ports.store.find_alert(&tenant.id, &id.to_string()).await?;
        let row = found.ok_or(Error::NotFound("alert"))?;
        let body = self.open_alert(tenant, &row).await?.ok_or(Error::Erased)?;
        self.record_reveal(tenant, &row.id).await?;
        Ok(OpenedAlert { row, body })
    }

    async fn get_incident(&self, tenant: &Tenant, id: &str) -> Result<IncidentRow, Error> {
        // Why: a text of another form is looked up nowhere.
        id.parse::<IncidentId>().map_err(|_| Error::NotFound("incident"))?;
        self.ports.store.find_incident(&tenant.id, id).await?.ok_or(Error::NotFound("incident"))
    }
}

/// A change of an incident that lost to another one.
fn changed(error: StoreError) -> Error {
    if error == StoreError::Stale { Error::IncidentChanged } else { error.into() }
}
