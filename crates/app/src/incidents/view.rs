//! Incidents in the form of the API, which programs and commands read alike.

use countersign_detect::{Entity, Severity, incident::Closing};
use countersign_store::{AlertRow, IncidentRow};
use serde_json::{Value, json};

use super::{Listed, Opened, OpenedAlert, Standing};
use crate::{
    AlertBody, App, Tenant,
    reveal::{Aliased, MASKED_TEXT, ShownEntity},
};

/// The word of a rank; ranks are written by us alone.
#[must_use]
pub fn severity_word(rank: u8) -> &'static str {
    Severity::ALL
        .iter()
        .find(|severity| severity.rank() == rank)
        .map_or("unknown", |severity| severity.word())
}

fn facts(row: &IncidentRow) -> Value {
    json!({
        "id": row.id,
        "version": row.version,
        "severity": severity_word(row.severity),
        "status": row.status,
        "disposition": row.disposition,
        "assignee": row.assignee,
        "alerts": row.alerts,
        "first": row.first,
        "last": row.last,
        "opened": row.opened,
        "due": row.due,
    })
}

/// An alert as it is listed, in the form of the API: it names nobody.
#[must_use]
pub fn alert_view(row: &AlertRow) -> Value {
    json!({
        "id": row.id,
        "detector": row.detector,
        "severity": severity_word(row.severity),
        "audience": row.audience,
        "is_retracted": row.is_retracted,
        "is_late": row.is_late,
        "first": row.first,
        "last": row.last,
        "incident": row.incident,
    })
}

impl OpenedAlert {
    /// All of the alert, in the form of the API.
    #[must_use]
    pub fn view(&self) -> Value {
        let AlertBody { entity: _, version, findings, log_ids, measures } = &self.body;
        let told = json!({
            "entity": self.entity.view(),
            "version": version,
            "findings": findings,
            "log_ids": log_ids,
            "measures": measures,
        });
        with(alert_view(&self.row), told)
    }
}

impl Standing {
    /// The suppression in the form of the API, by alias.
    #[must_use]
    pub fn view(&self, tenant: &Tenant) -> Value {
        let countersign_detect::Suppression { detector, entity, from, until, reason: _ } = &self.suppression;
        let shown = |entity| App::shown_entity(tenant, entity, Aliased::Whole).view();
        json!({
            "id": self.id,
            "detector": detector,
            "entity": entity.as_ref().map(shown),
            "from": from,
            "until": until,
            "reason": MASKED_TEXT,
            "by": self.by,
        })
    }
}

fn with(mut facts: Value, more: Value) -> Value {
    if let (Some(facts), Value::Object(more)) = (facts.as_object_mut(), more) {
        facts.extend(more);
    }
    facts
}

impl Listed {
    /// The incident as it is listed, in the form of the API: it names nobody.
    #[must_use]
    pub fn view(&self) -> Value {
        let told = self.incident.as_ref().map(|incident| {
            json!({
                "title": incident.title(),
                "accounts": incident.users().len(),
                "organizations": incident.organizations().len(),
            })
        });
        with(facts(&self.row), told.unwrap_or_else(|| json!({ "title": null, "is_erased": true })))
    }
}

impl Opened {
    /// All of the incident, in the form of the API.
    #[must_use]
    pub fn view(&self) -> Value {
        let notes: Vec<_> = self
            .notes
            .iter()
            .map(|note| json!({ "id": note.id, "at": note.at, "by": note.by, "text": note.text }))
            .collect();
        let timeline: Vec<_> = self
            .incident
            .timeline()
            .into_iter()
            .map(|line| {
                let log_id = line.seq.and_then(|seq| self.log_ids.get(&seq));
                let decision = line.seq.and_then(|seq| self.decisions.get(&seq));
                let decision = decision.map(|(id, level)| json!({ "id": id, "level": level }));
                json!({ "at": line.at, "log_id": log_id, "decision": decision, "text": line.text })
            })
            .collect();
        with(with(facts(&self.row), self.told()), json!({ "notes": notes, "timeline": timeline }))
    }

    fn entity(&self, entity: &Entity) -> Value {
        self.find(entity).map_or_else(|| json!(entity), ShownEntity::view)
    }

    fn entities<'a>(&self, entities: impl IntoIterator<Item = &'a Entity>) -> Vec<Value> {
        entities.into_iter().map(|entity| self.entity(entity)).collect()
    }

    /// All that the incident tells.
    fn told(&self) -> Value {
        let incident = &self.incident;
        let reasons: Vec<_> = incident.reasons().iter().map(ToString::to_string).collect();
        let members: Vec<_> = incident
            .members()
            .iter()
            .map(|member| {
                json!({
                    "id": member.alert.to_string(),
                    "detector": member.detector,
                    "title": member.title,
                    "severity": member.severity,
                    "entity": self.entity(&member.entity),
                    "first": member.first,
                    "last": member.last,
                    "findings": member.findings,
                })
            })
            .collect();
        let closing = incident.handling.closing().map(|closing| Closing {
            reason: self.closing_reason().unwrap_or_default().to_owned(),
            ..closing.clone()
        });
        json!({
            "title": incident.title(),
            "reasons": reasons,
            "narrative": incident.narrative(),
            "steps": incident.steps(),
            "techniques": incident.techniques(),
            "users": self.entities(incident.users()),
            "addresses": self.entities(incident.addresses()),
            "organizations": self.entities(incident.organizations()),
            "members": members,
            "beyond": incident.beyond(),
            "related": incident.related(),
            "closing": closing,
        })
    }
}
