//! Parts of incidents, and what alerts and suppressions are about.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use countersign_detect::{
    AlertId, Entity,
    incident::{Incident, IncidentId},
};
use serde_json::{Value, json};

use super::{Aliased, Asked, Names, Part, Public, Revealed, named, values};
use crate::{App, Error, access::Permit, incidents::Opened};

impl App {
    /// Opens parts of an incident; the incident is told with them, and without the others.
    ///
    /// # Errors
    /// As [`App::reveal`].
    pub async fn reveal_incident(
        &self,
        permit: &Permit,
        id: &str,
        asked: Asked<'_>,
        aliased: Aliased,
    ) -> Result<(Opened, Revealed), Error> {
        super::check(permit, asked)?;
        let parts: Option<BTreeSet<Part>> = asked
            .fields
            .iter()
            .map(|field| Part::ALL.into_iter().find(|part| part.as_str() == field))
            .collect();
        let parts = parts.ok_or(Error::Fields)?;
        id.parse::<IncidentId>().map_err(|_| Error::NotFound("incident"))?;
        let raw = self.raw_incident(permit, id).await?;
        let names = Names::new(permit, aliased).with(parts);
        let opened = self.told_incident(permit, raw.clone(), &names).await?;
        let entities = mentioned(&raw.1);
        let values = values(asked, |field| {
            let part = Part::ALL.into_iter().find(|part| part.as_str() == field)?;
            Some(if part == Part::Texts { texts(&opened) } else { list(&names, &entities, part) })
        })?;
        let key = self.opening_key(permit, &raw.0.key_id).await?;
        let public = Public { what: "incident", record: Some(id), fields: named(&values) };
        let record = self.record_reveal(permit, &key, public, asked.reason).await?;
        Ok((opened, Revealed { record, values }))
    }

    pub(super) async fn reveal_alert(
        &self,
        permit: &Permit,
        id: &str,
        asked: Asked<'_>,
    ) -> Result<Revealed, Error> {
        let id: AlertId = id.parse().map_err(|_| Error::NotFound("alert"))?;
        let found = self.ports.store.find_alert(&permit.id, &id.to_string()).await?;
        let row = found.ok_or(Error::NotFound("alert"))?;
        let body = self.open_alert(permit, &row).await?.ok_or(Error::Erased)?;
        let values = values(asked, |field| (field == "entity").then(|| json!(body.entity)))?;
        let key = self.opening_key(permit, &row.key_id).await?;
        let public = Public { what: "alert", record: Some(&row.id), fields: named(&values) };
        let record = self.record_reveal(permit, &key, public, asked.reason).await?;
        Ok(Revealed { record, values })
    }

    pub(super) async fn reveal_suppression(
        &self,
        permit: &Permit,
        id: &str,
        asked: Asked<'_>,
    ) -> Result<Revealed, Error> {
        let now = self.ports.clock.now();
        let (standing, key_id) = self.find_suppression(permit, id, now).await?;
        let values = values(asked, |field| match field {
            "entity" => Some(json!(standing.suppression.entity)),
            "reason" => Some(json!(standing.suppression.reason)),
            _ => None,
        })?;
        let key = self.opening_key(permit, &key_id).await?;
        let public = Public { what: "suppression", record: Some(id), fields: named(&values) };
        let record = self.record_reveal(permit, &key, public, asked.reason).await?;
        Ok(Revealed { record, values })
    }
}

/// Every entity that an incident names, also in the lines of its timeline.
fn mentioned(incident: &Incident) -> BTreeSet<Entity> {
    let seen = RefCell::new(BTreeSet::new());
    let _ = incident.renamed(&|entity: &Entity| {
        seen.borrow_mut().insert(entity.clone());
        None
    });
    seen.into_inner()
}

fn list(names: &Names<'_>, entities: &BTreeSet<Entity>, part: Part) -> Value {
    let of_part = entities.iter().filter(|entity| Part::of(entity.kind) == Some(part));
    let told = of_part.map(|entity| {
        json!({ "kind": entity.kind, "name": entity.name, "alias": names.alias(entity).map(|alias| alias.to_string()) })
    });
    Value::Array(told.collect())
}

fn texts(opened: &Opened) -> Value {
    let notes: BTreeMap<&str, &str> = opened.notes.iter().map(|note| (&*note.id, &*note.text)).collect();
    json!({ "notes": notes, "closing": opened.closing_reason() })
}
