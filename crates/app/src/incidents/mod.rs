//! Incidents: alerts are placed as they are found; people look at them, take them up and close them.
//!
//! What an incident tells is sealed: under the person's key where all of it is about one account that is known by its id, else
//! under the key of the day on which it began. Every act of a person is a leaf of the ledger, its reason sealed beside it.

mod act;
mod by_itself;
mod entity;
mod forget;
mod place;
mod sealing;
mod sources;
mod suppress;
#[cfg(test)]
pub(crate) mod tests;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::{DecisionId, Level};
use countersign_detect::{AlertId, incident::IncidentId};
use countersign_store::StoreError;

use crate::{
    App, Error, Tenant,
    reveal::{Aliased, MASKED_TEXT, Names, Part, ShownEntity},
};

pub use act::{By, Closed, Closure, MAX_NOTE_BYTES};
pub(crate) use act::{MAX_ACTOR_BYTES, MAX_REASON_BYTES, Why, check};
pub use countersign_detect::{
    Entity, EntityKind, SENSORS, Severity, Suppression,
    incident::{
        Closing, Consequences, Disposition, HandlingError, Incident, Line, Proposal, Reason, SYSTEM, Status,
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

/// An incident with what people wrote about it; who did not open it sees aliases.
#[derive(Debug)]
pub struct Opened {
    /// What stands beside what is sealed.
    pub row: IncidentRow,
    /// What it tells, by the names that are shown.
    pub incident: Incident,
    /// What people wrote, newest first, the newest 200.
    pub notes: Vec<Note>,
    /// Auth0's ids of the log entries in its timeline, by their places in the journal, as far as they are kept.
    pub log_ids: BTreeMap<u64, String>,
    /// The decisions that those entries belong to, with their levels, by the same places.
    pub decisions: BTreeMap<u64, (DecisionId, Level)>,
    /// The entities that it is about, each as it is called in `incident`.
    pub involved: Vec<ShownEntity>,
    /// Whether what people wrote is told.
    pub are_texts_open: bool,
}

impl Opened {
    /// Why it was closed, or what stands in the place of that; `None` while it is open.
    #[must_use]
    pub fn closing_reason(&self) -> Option<&str> {
        let closing = self.incident.handling.closing()?;
        let is_told = self.are_texts_open || closing.by == SYSTEM;
        Some(if is_told { &closing.reason } else { MASKED_TEXT })
    }

    /// An entity of the incident with what it is found by; `None` for one that it does not name.
    #[must_use]
    pub fn find(&self, entity: &Entity) -> Option<&ShownEntity> {
        self.involved.iter().find(|shown| shown.entity == *entity)
    }
}

/// An alert with what it is about.
#[derive(Debug)]
pub struct OpenedAlert {
    /// What stands beside what is sealed.
    pub row: AlertRow,
    /// What it is about, by its alias.
    pub entity: ShownEntity,
    /// What else it tells.
    body: crate::AlertBody,
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

    /// The incident of this id with its notes, without names: everybody goes by an alias.
    ///
    /// # Errors
    /// `NotFound`; `Erased` when all of it was about a person who was erased; `Unavailable`.
    pub async fn incident(&self, tenant: &Tenant, id: &str) -> Result<Opened, Error> {
        let raw = self.raw_incident(tenant, id).await?;
        self.told_incident(tenant, raw, &Names::new(tenant, Aliased::Whole)).await
    }

    /// The same with the beginnings of aliases, for a page.
    ///
    /// # Errors
    /// As [`App::incident`].
    pub async fn incident_in_short(&self, tenant: &Tenant, id: &str) -> Result<Opened, Error> {
        let raw = self.raw_incident(tenant, id).await?;
        self.told_incident(tenant, raw, &Names::new(tenant, Aliased::Short)).await
    }

    /// The incident of this id as it is kept.
    pub(crate) async fn raw_incident(
        &self,
        tenant: &Tenant,
        id: &str,
    ) -> Result<(IncidentRow, Incident), Error> {
        let row = self.get_incident(tenant, id).await?;
        let incident = self.open_incident(tenant, &row).await?;
        Ok((row, incident))
    }

    /// An incident by these names.
    pub(crate) async fn told_incident(
        &self,
        tenant: &Tenant,
        (row, raw): (IncidentRow, Incident),
        names: &Names<'_>,
    ) -> Result<Opened, Error> {
        let are_texts_open = names.is_open(Part::Texts);
        let mut notes = Vec::new();
        for note in self.ports.store.list_incident_notes(&tenant.id, &row.id, MAX_NOTES).await? {
            match self.open_note(tenant, note).await {
                Ok(note) if are_texts_open => notes.push(note),
                Ok(note) => notes.push(Note { text: MASKED_TEXT.to_owned(), ..note }),
                Err(Error::Erased) => {}
                Err(error) => return Err(error),
            }
        }
        let incident = raw.renamed(&|entity| names.name(entity));
        let places = incident.timeline().iter().filter_map(|line| line.seq).collect();
        let entries = self.ports.store.list_log_at(&tenant.id, places).await?;
        let log_ids: BTreeMap<u64, String> =
            entries.into_iter().map(|row| (row.seq, row.entry.log_id)).collect();
        let decisions = self.decisions_of(tenant, log_ids.values().cloned().collect()).await?;
        let mut entities: BTreeSet<&Entity> = raw.members().iter().map(|member| &member.entity).collect();
        entities.extend([raw.users(), raw.addresses(), raw.organizations()].into_iter().flatten());
        let involved = entities.into_iter().map(|entity| names.shown(entity)).collect();
        Ok(Opened { row, incident, notes, log_ids, decisions, involved, are_texts_open })
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

    /// The alert of this id with what it is about, by its alias.
    ///
    /// # Errors
    /// `NotFound`; `Erased` when it was about a person who was erased; `Unavailable`.
    pub async fn alert(&self, tenant: &Tenant, id: &str) -> Result<OpenedAlert, Error> {
        let id: AlertId = id.parse().map_err(|_| Error::NotFound("alert"))?;
        let found = self.ports.store.find_alert(&tenant.id, &id.to_string()).await?;
        let row = found.ok_or(Error::NotFound("alert"))?;
        let body = self.open_alert(tenant, &row).await?.ok_or(Error::Erased)?;
        let entity = Self::shown_entity(tenant, &body.entity, Aliased::Whole);
        Ok(OpenedAlert { row, entity, body })
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
