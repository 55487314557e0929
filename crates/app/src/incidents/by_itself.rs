//! What the service itself notes about an incident.

use countersign_detect::incident::Incident;
use countersign_store::{Commit, Conflict, IncidentNoteRow, IncidentWrite, StoreError};

use super::sealing::NoteBody;
use crate::{App, Error, Lead, Tenant, leaves::Draft};

impl App {
    /// Writes a note and its leaf, both under the draft's id; `false` where there is such a leaf already.
    pub(crate) async fn note_once(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        incident: &Incident,
        (draft, by, text): (Draft<'_>, &str, &str),
    ) -> Result<bool, Error> {
        let key = self.incident_key(tenant, incident).await?;
        let body = NoteBody { by: by.to_owned(), text: text.to_owned() };
        let note = IncidentNoteRow {
            id: draft.id.to_owned(),
            incident: incident.id.to_string(),
            at: draft.at,
            key_id: key.id.clone(),
            sealed: self.seal(tenant, &key, draft.id, &body)?,
        };
        let commit = Commit {
            fence: lead.fence(),
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![IncidentWrite::Note(note).into()],
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict(Conflict::Record)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
