//! What receivers are told.

use std::collections::BTreeSet;

use countersign_core::Timestamp;
use countersign_detect::{
    Entity, EntityKind,
    incident::{ERASED, Incident, Reason, Sla, Status},
};
use countersign_privacy::Epoch;
use countersign_store::Write;
use serde_json::{Value, json};

use super::{Audience, Hook, Told, Topic, words::faceless};
use crate::{App, Error, Tenant, subjects::PersonKey};

/// The most accounts and the most addresses that are named.
const MAX_NAMED: usize = 20;

/// The most characters of a sentence.
const MAX_SENTENCE: usize = 280;

/// Whose incidents are.
const SECURITY: &str = Audience::Security.as_str();

impl App {
    /// What is to be told of an incident, to each receiver that hears of so grave a one.
    pub(crate) fn deliveries(
        &self,
        tenant: &Tenant,
        incident: &Incident,
        (key, at): (&PersonKey, Timestamp),
        told: Option<Told>,
    ) -> Result<Vec<Write>, Error> {
        let Some(told) = told else { return Ok(Vec::new()) };
        let hears =
            |hook: &&Hook| incident.severity() >= hook.least && hook.hears.of(Topic::Incidents, SECURITY);
        let deliver = |hook: &Hook| {
            let body = body(tenant, incident, (at, told), hook.with_names);
            let about = incident.id.to_string();
            self.outgoing(tenant, hook, (&about, &told.to_string()), (&body, key, at))
        };
        tenant.hooks.iter().filter(hears).map(deliver).collect()
    }
}

/// The body of an event: `type`, `timestamp` and `data`, as Standard Webhooks has it.
fn body(tenant: &Tenant, incident: &Incident, (at, told): (Timestamp, Told), with_names: bool) -> Value {
    let reasons: Vec<_> = incident.reasons().iter().map(code).collect();
    let detectors: BTreeSet<_> = incident.members().iter().map(|member| &*member.detector).collect();
    let failures = incident.failures();
    let mut data = json!({
        "incident_id": incident.id,
        "tenant": tenant.id.as_str(),
        "title": sentence(incident.title()),
        "severity": incident.severity(),
        "status": incident.handling.status(),
        "disposition": incident.handling.closing().map(|closing| closing.disposition),
        "reasons": reasons,
        "detectors": detectors,
        "techniques": incident.techniques(),
        "alerts": incident.alerts(),
        "accounts": incident.users().len(),
        "addresses": incident.addresses().len(),
        "organizations": incident.organizations().len(),
        "first": incident.first(),
        "last": incident.last(),
        "due": (incident.handling.status() == Status::Open).then(|| incident.due(&Sla::DEFAULT)),
        "failed_sign_ins": failures.count(),
        "failures": failures.by_type.iter().map(|(kind, times)| format!("{kind} ×{times}")).collect::<Vec<_>>(),
        "failed_first": failures.first,
        "failed_last": failures.last,
        "why": incident.reasons().iter().map(|reason| sentence(&reason.to_string())).collect::<Vec<_>>(),
        "next_steps": next_steps(incident),
        "account_aliases": aliases(tenant, incident, &incident.users()),
        "address_aliases": aliases(tenant, incident, &incident.addresses()),
        "path": format!("/incidents/{}?tenant={}", incident.id, tenant.id),
    });
    if with_names && let Some(data) = data.as_object_mut() {
        let names = |entities: BTreeSet<&Entity>| -> Vec<String> {
            entities.into_iter().take(MAX_NAMED).map(|entity| entity.name.clone()).collect()
        };
        data.insert("account_names".to_owned(), json!(names(incident.users())));
        data.insert("address_names".to_owned(), json!(names(incident.addresses())));
        data.insert("narrative".to_owned(), json!(incident.narrative()));
    }
    json!({ "type": told.kind(), "timestamp": at, "data": data })
}

/// What is suggested while something is to be done.
fn next_steps(incident: &Incident) -> Vec<String> {
    let is_over = incident.handling.status() == Status::Closed;
    let steps = if is_over { Vec::new() } else { incident.steps() };
    steps.into_iter().map(sentence).collect()
}

/// A sentence of a detector or of a rule's file, which may be an operator's.
fn sentence(text: &str) -> String {
    faceless(text, MAX_SENTENCE)
}

/// What stands for entities outside, in the period in which the incident began.
fn aliases(tenant: &Tenant, incident: &Incident, entities: &BTreeSet<&Entity>) -> Vec<String> {
    let aliases = tenant.keys.aliases(Epoch::of(incident.first(), Epoch::DAYS));
    let alias = |entity: &&Entity| match entity.kind {
        EntityKind::User => aliases.of_account(&entity.name),
        _ => aliases.of_id(&entity.name),
    };
    let named = entities.iter().filter(|entity| entity.name != ERASED);
    named.take(MAX_NAMED).map(|entity| alias(entity).to_string()).collect()
}

const fn code(reason: &Reason) -> &'static str {
    match reason {
        Reason::Worst { .. } => "worst_alert",
        Reason::WentThrough => "went_through",
        Reason::Agree { .. } => "detectors_agree",
    }
}
