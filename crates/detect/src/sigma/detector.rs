//! A compiled rule as a detector.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use countersign_core::Timestamp;

use super::{
    compile::Compiled,
    correlation::{Hit, Watch},
    extension::About as Told,
    field::Field,
    selection::Kinds,
    window::Group,
};
use crate::{
    About, Detector, Entity, EntityKind, Event, Finding, StateError, World,
    event::told,
    state::{self, Table},
};

/// A rule or a correlation that alerts.
#[derive(Debug)]
pub(super) struct RuleDetector {
    about: About,
    watch: Watch,
    entity: Option<Told>,
}

impl RuleDetector {
    pub(super) fn new(compiled: &Compiled<'_>) -> Self {
        let entity = compiled.document.extension.entity.clone();
        Self { about: about(compiled), watch: compiled.watch.clone(), entity }
    }
}

impl Detector for RuleDetector {
    fn about(&self) -> &About {
        &self.about
    }

    fn observe(&mut self, event: &Event<'_>, _: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(hit) = self.watch.take(event) else { return };
        let entity = entity(self.entity.as_ref(), &hit, event);
        let finding = Finding::new(hit.severity, entity, hit.counted.at).shown_by(hit.counted.evidence);
        findings.push(match hit.measured {
            Some((name, threshold)) => finding.measured(name, number(hit.counted.count), number(threshold)),
            None => finding,
        });
    }

    fn forget(&mut self, now: Timestamp) {
        self.watch.forget(now);
    }

    fn save(&self) -> Vec<u8> {
        let mut tables = Vec::new();
        self.watch.tables(&mut tables);
        state::save(self.about.version, &tables)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        let tables: Vec<Table<Group>> = state::restore(self.about.version, saved)?;
        let mut own = Vec::new();
        self.watch.tables(&mut own);
        if own.len() != tables.len() {
            return Err(StateError);
        }
        self.watch.fill(&mut tables.into_iter())
    }

    fn evicted(&self) -> u64 {
        let mut tables = Vec::new();
        self.watch.tables(&mut tables);
        tables.iter().map(|table| table.evicted()).sum()
    }
}

fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// What the alert is about: what the rule says, else what it groups by, else the account, else the tenant.
fn entity(wanted: Option<&Told>, hit: &Hit, event: &Event<'_>) -> Entity {
    let by_kind = |kind: EntityKind| match kind {
        EntityKind::User => event.account(),
        EntityKind::Address => event.source(),
        EntityKind::Network => event.network(),
        EntityKind::Organization => event.organization(),
        EntityKind::Client => event.client(),
        EntityKind::Fingerprint => {
            let ja4 = told(event.log.fields.security_context.ja4.as_ref());
            ja4.map(|ja4| Entity::new(EntityKind::Fingerprint, ja4))
        }
        EntityKind::Tenant | EntityKind::Other => Some(event.tenant()),
    };
    let by_field = |field: &Field| {
        let text = field.first(event);
        told(text.as_ref()).map(|text| Entity::new(kind_of(field).unwrap_or(EntityKind::Other), text))
    };
    let named = match wanted {
        Some(Told::Kind(kind)) => by_kind(*kind),
        Some(Told::Field(field)) => by_field(field),
        None => {
            let grouped = hit.group_by.iter().filter(|field| kind_of(field).is_some());
            grouped.filter_map(by_field).next()
        }
    };
    named.or_else(|| event.account()).unwrap_or_else(|| event.tenant())
}

/// The sort of thing that a field names.
fn kind_of(field: &Field) -> Option<EntityKind> {
    match &*field.path() {
        "user_id" | "user_name" => Some(EntityKind::User),
        "ip" | "client_ip" => Some(EntityKind::Address),
        "client_id" => Some(EntityKind::Client),
        "organization_id" => Some(EntityKind::Organization),
        "tenant_name" => Some(EntityKind::Tenant),
        "security_context.ja4" => Some(EntityKind::Fingerprint),
        _ => None,
    }
}

fn about(compiled: &Compiled<'_>) -> About {
    let document = compiled.document;
    // Why: of a chain's documents, only one need say what it is.
    let first = compiled.file.documents.iter().find(|document| document.title.is_some()).unwrap_or(document);
    let spoken = if document.title.is_some() { document } else { first };
    let kinds = match compiled.watch.kinds() {
        Kinds::Any => Vec::new(),
        Kinds::Only(kinds) => kinds.iter().map(|kind| kept(kind)).collect(),
    };
    let list = |texts: &[String]| Cow::Owned(texts.iter().map(|text| kept(text)).collect());
    let or_spoken = |own: &[String], spoken: &[String]| list(if own.is_empty() { spoken } else { own });
    About {
        id: Cow::Owned(compiled.id.clone()),
        version: compiled.file.version,
        title: Cow::Owned(spoken.title.clone().unwrap_or_else(|| compiled.id.clone())),
        text: Cow::Owned(spoken.text.clone()),
        kinds: Cow::Owned(kinds),
        severity: compiled.watch.severity(),
        techniques: or_spoken(&document.techniques, &spoken.techniques),
        false_positives: or_spoken(&document.false_positives, &spoken.false_positives),
        steps: or_spoken(&document.extension.steps, &spoken.extension.steps),
        params: &[],
        cooldown: document.extension.cooldown,
    }
}

/// Texts of rules that detectors were made of. They live as long as the process does, each once, however often files are read.
static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

fn kept(text: &str) -> &'static str {
    let mut all = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.get(text) {
        return known;
    }
    let new: &'static str = Box::leak(text.to_owned().into_boxed_str());
    all.insert(new);
    new
}
