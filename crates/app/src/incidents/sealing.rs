//! What incidents tell, sealed and opened.

use std::{collections::BTreeSet, sync::Arc};

use countersign_detect::incident::Incident;
use countersign_privacy::Sealed;
use countersign_store::{IncidentNoteRow, IncidentRow};

use crate::{
    App, Error, Tenant, leaves,
    subjects::PersonKey,
    watch::{readable, sla},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Note;

/// What is sealed of a note.
#[derive(Serialize, Deserialize)]
pub(super) struct NoteBody {
    pub(super) by: String,
    pub(super) text: String,
}

impl App {
    /// The key under which an incident is sealed: the person's where all of it is about one, else that of the day on which it began.
    pub(super) async fn incident_key(
        &self,
        tenant: &Tenant,
        incident: &Incident,
    ) -> Result<Arc<PersonKey>, Error> {
        let mut persons: BTreeSet<_> =
            incident.members().iter().map(|member| member.person.as_deref()).collect();
        let subject = match persons.pop_first() {
            Some(Some(person)) if persons.is_empty() && incident.beyond() == 0 => tenant.keys.subject(person),
            _ => tenant.keys.log_day(incident.first().days()),
        };
        self.get_key(tenant, &subject, None).await
    }

    /// Seals a value for the record `id`.
    pub(crate) fn seal(
        &self,
        tenant: &Tenant,
        key: &PersonKey,
        id: &str,
        value: &impl Serialize,
    ) -> Result<Vec<u8>, Error> {
        let body = serde_json::to_vec(value).map_err(Error::internal)?;
        let sealed = Sealed::seal(&key.key, &leaves::context(tenant, id), &body, self.ports.entropy.as_ref());
        Ok(sealed.map_err(Error::internal)?.as_bytes().to_vec())
    }

    /// Opens what `seal` sealed; `Erased` where its key is gone.
    pub(crate) async fn open_sealed<T: DeserializeOwned>(
        &self,
        tenant: &Tenant,
        id: &str,
        (key_id, sealed): (&str, &[u8]),
    ) -> Result<T, Error> {
        let subject = self.ports.store.find_subject_of_key(&tenant.id, key_id).await?.ok_or(Error::Erased)?;
        let key =
            self.find_key(tenant, &subject).await?.filter(|key| key.id == key_id).ok_or(Error::Erased)?;
        let body =
            Sealed::open_bytes(sealed, &key.key, &leaves::context(tenant, id)).map_err(Error::internal)?;
        serde_json::from_slice(&body).map_err(Error::internal)
    }

    pub(crate) async fn open_incident(&self, tenant: &Tenant, row: &IncidentRow) -> Result<Incident, Error> {
        self.open_sealed(tenant, &row.id, (&row.key_id, &row.sealed)).await
    }

    /// What an incident tells; `None` where the person was erased or it is damaged.
    pub(super) async fn find_in(
        &self,
        tenant: &Tenant,
        row: &IncidentRow,
    ) -> Result<Option<Incident>, Error> {
        let opened = match self.open_incident(tenant, row).await {
            Err(Error::Erased) => Ok(None),
            opened => opened.map(Some),
        };
        readable(tenant, "incident", opened)
    }

    pub(super) async fn open_note(&self, tenant: &Tenant, row: IncidentNoteRow) -> Result<Note, Error> {
        let IncidentNoteRow { id, at, key_id, sealed, .. } = row;
        let NoteBody { by, text } = self.open_sealed(tenant, &id, (&key_id, &sealed)).await?;
        Ok(Note { id, at, by, text })
    }

    /// The row of an incident as it is now, sealed under `key`.
    pub(super) fn incident_row(
        &self,
        tenant: &Tenant,
        incident: &Incident,
        (key, version): (&PersonKey, u64),
    ) -> Result<IncidentRow, Error> {
        let id = incident.id.to_string();
        let handling = &incident.handling;
        Ok(IncidentRow {
            version,
            severity: incident.severity().rank(),
            status: handling.status().as_str().to_owned(),
            disposition: handling.closing().map(|closing| closing.disposition.as_str().to_owned()),
            assignee: handling.assignee().map(str::to_owned),
            alerts: incident.alerts(),
            first: incident.first(),
            last: incident.last(),
            opened: incident.opened,
            due: incident.due(&sla(&tenant.policy().document().watch)),
            key_id: key.id.clone(),
            sealed: self.seal(tenant, key, &id, incident)?,
            id,
        })
    }
}
