//! Fields of decisions' events and of entries of the log, by the classes of the table.

use countersign_core::{DecisionId, Trigger};
use countersign_privacy::fields::{Masked, Source, masked, opened};
use serde_json::{Value, json};

use super::{Asked, Public, Revealed, named, values};
use crate::{
    App, Error, Tenant,
    access::{Permit, ScopedPermit},
    decide::record::Record,
};

/// A field that is masked until it is opened.
pub type MaskedField = Masked;

/// An event as the table knows it, and where it comes from.
fn event_of(record: &Record) -> Result<(Value, Source), Error> {
    let event: Value = serde_json::from_str(record.event.get()).map_err(Error::internal)?;
    Ok(match record.trigger {
        // Why: the short form is a body of our own API.
        Trigger::ShortForm => (json!({ "risk": event }), Source::Api),
        trigger => (event, Source::Event(trigger)),
    })
}

/// The fields of a decision's event that tell of somebody, masked.
///
/// # Errors
/// `Internal` for an event that is no JSON, which must not be.
pub fn masked_event(tenant: &Tenant, record: &Record) -> Result<Vec<MaskedField>, Error> {
    let (event, source) = event_of(record)?;
    Ok(masked(&event, source, &App::inner_aliases(tenant)))
}

/// Masked fields in the form of the API.
#[must_use]
pub fn fields_view(fields: &[MaskedField]) -> Value {
    let view = |field: &MaskedField| {
        let Masked { path, class, shown } = field;
        json!({ "path": path, "class": class.as_str(), "shown": shown })
    };
    Value::Array(fields.iter().map(view).collect())
}

impl App {
    pub(super) async fn reveal_decision(
        &self,
        permit: &ScopedPermit,
        id: &str,
        asked: Asked<'_>,
    ) -> Result<Revealed, Error> {
        let id: DecisionId = id.parse().map_err(|_| Error::NotFound("decision"))?;
        let (row, record) = self.decision(permit, &id).await?;
        let (event, source) = event_of(&record)?;
        let values = values(asked, |path| opened(&event, source, path))?;
        let subject = row.subject.as_ref().ok_or(Error::Erased)?;
        let key = self.find_key(permit.unscoped(), subject).await?.ok_or(Error::Erased)?;
        let public = Public { what: "decision", record: Some(id.as_str()), fields: named(&values) };
        let record = self.record_reveal(permit.unscoped(), &key, public, asked.reason).await?;
        Ok(Revealed { record, values })
    }

    pub(super) async fn reveal_log_entry(
        &self,
        permit: &Permit,
        id: &str,
        asked: Asked<'_>,
    ) -> Result<Revealed, Error> {
        let found = self.ports.store.find_log_entry(&permit.id, id).await?;
        let row = found.ok_or(Error::NotFound("log entry"))?;
        let raw = self.open_entry(permit, &row).await?.ok_or(Error::Erased)?;
        let entry: Value = serde_json::from_str(&raw).map_err(Error::internal)?;
        let values = values(asked, |path| opened(&entry, Source::Log, path))?;
        let key = self.opening_key(permit, &row.entry.key_id).await?;
        let public = Public { what: "log", record: Some(&row.entry.log_id), fields: named(&values) };
        let record = self.record_reveal(permit, &key, public, asked.reason).await?;
        Ok(Revealed { record, values })
    }
}
