//! Trying detectors and rules over what is journaled, as a replay would, and holding what they find against what is stored.
//!
//! Nothing is written, and the detectors at work are not touched.

use std::collections::BTreeSet;

use countersign_core::Timestamp;
use countersign_detect::{Alert, AlertId, Detector, EntityKind, detectors::NATIVE};
use countersign_store::AlertRow;
use serde::Serialize;

use super::{
    alerts,
    desk::{END, Found, Working, readable},
    fit,
    history::BEGINNING,
    settle::{Truth, alike},
    work::BEHIND,
};
use crate::{App, Error, Tenant, incidents::severity_word};

/// What is tried, and over which time.
#[derive(Default)]
pub struct Trial {
    /// Rules in the place of the tenant's; `None`: the tenant's.
    pub rules: Option<Vec<Box<dyn Detector>>>,
    /// Whether the native detectors are left out.
    pub is_rules_alone: bool,
    /// Alerts whose newest finding is older are not told; what happened before is looked at all the same.
    pub since: Option<Timestamp>,
    /// What happened later is not looked at.
    pub until: Option<Timestamp>,
}

/// How an alert of a trial stands to what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// It is not stored.
    New,
    /// It is stored, or one by the same detector about the same thing at the same time is.
    Same,
    /// It is stored, and would not be raised.
    Gone,
    /// It is stored, and the trial could not have found it: an entry does not open any more, or its detector would have to know
    /// entries that were deleted.
    Unknown,
}

/// An alert of a trial, or one that is stored and was not found by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// How it stands to what is stored.
    pub standing: Compared,
    /// Its id.
    pub id: String,
    /// The detector's id.
    pub detector: String,
    /// The word for its severity.
    pub severity: &'static str,
    /// The word for who is told.
    pub audience: String,
    /// What sort of thing it is about; `None` where the person was erased.
    pub kind: Option<EntityKind>,
    /// What it is about: the name of a client, an organization or a tenant, else a keyed tag of 16 hexadecimal digits.
    pub entity: String,
    /// When its first finding became true, in event time.
    pub first: Timestamp,
    /// When its newest finding became true.
    pub last: Timestamp,
    /// Ids of the newest entries that show it.
    pub log_ids: Vec<String>,
}

/// What a trial came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backtest {
    /// Entries that were looked at, with those before the time that is told.
    pub entries: u64,
    /// Those of them that do not open: a person was erased, or what is stored is damaged.
    pub unreadable: u64,
    /// The time up to which entries were deleted, so that only a saved state stands for them; `None`: none were.
    pub begins_after: Option<Timestamp>,
    /// The detectors that were tried, in the order in which they run.
    pub detectors: Vec<String>,
    /// Alerts, the oldest first.
    pub alerts: Vec<Tried>,
}

/// The times of a trial.
struct Span {
    /// What happened up to then is in the state that it began with.
    from: Timestamp,
    /// What is told is of this time or later.
    since: Timestamp,
    /// What was looked at is of this time or earlier.
    until: Timestamp,
}

impl App {
    /// Tries detectors over what is journaled, a page at a time, each told to `progress`: entries so far, and the time reached.
    ///
    /// # Errors
    /// `Unavailable` and `Internal`.
    pub async fn backtest(
        &self,
        tenant: &Tenant,
        trial: Trial,
        mut progress: impl FnMut(u64, Timestamp) + Send,
    ) -> Result<Backtest, Error> {
        let Trial { rules, is_rules_alone, since, until } = trial;
        let fit = self.fit(tenant).await?;
        let takes_rules = rules.is_none();
        let tried = |detector: &dyn Detector| {
            let is_native = NATIVE.iter().any(|native| native.about.id == detector.about().id);
            if is_native { !is_rules_alone } else { takes_rules }
        };
        let engine = fit::engine_of(tenant, &fit, tried, rules)?;
        let state = self.ports.store.get_log_state(&tenant.id).await?;
        // Why none that is newer than the beginning: what is tried may know other things than what was saved. Only where entries were
        // deleted the oldest state stands for them.
        let mut working = self.restore(tenant, engine, (fit, None), &state, Some(BEGINNING)).await?;
        let from = working.newest.0;
        let (since, mut found, mut entries) = (since.unwrap_or(BEGINNING), Found::new(), 0);
        while working.is_behind {
            let stretch = (until.unwrap_or(END), state.next);
            entries += self.fold(tenant, &mut working, stretch, &mut found).await?;
            // Why safe: one that grows later comes again whole.
            found.retain(|_, alert| alert.last >= since);
            progress(entries, working.newest.0);
        }
        let reached = until.map_or_else(
            || self.reached(&state.progress),
            |until| until.min(self.ports.clock.now().plus(-BEHIND)),
        );
        working.reach(reached, &mut found);
        found.retain(|_, alert| alert.last >= since);
        let span = Span { from, since: since.max(from), until: until.unwrap_or(END) };
        let alerts = self.weigh(tenant, &working, found, span).await?;
        Ok(Backtest {
            entries,
            unreadable: working.unread,
            begins_after: (from > BEGINNING).then_some(from),
            detectors: working.engine.detectors().map(|detector| detector.about().id.to_string()).collect(),
            alerts,
        })
    }

    /// Holds what was found against what is stored.
    async fn weigh(
        &self,
        tenant: &Tenant,
        working: &Working,
        found: Found,
        span: Span,
    ) -> Result<Vec<Tried>, Error> {
        let truth = Truth {
            found,
            since: span.since,
            judged_from: span.from,
            begun: &working.begun,
            unread_from: working.unread_from,
        };
        let stored = self.stored(tenant, &truth).await?;
        let (mut known, mut tried) = (BTreeSet::new(), Vec::new());
        for alert in truth.found.values() {
            let others: Vec<AlertId> = alike(tenant, &stored, alert).map(|(id, _)| id).collect();
            let is_known = stored.found.contains_key(&alert.id) || !others.is_empty();
            known.extend(others);
            let standing = if is_known { Compared::Same } else { Compared::New };
            tried.push(self.tried(tenant, alert, standing).await?);
        }
        for (_, row) in stored.others.iter().filter(|(id, _)| !known.contains(id)) {
            let is_tried = working.engine.detectors().any(|detector| *detector.about().id == row.detector);
            let is_within = row.first > span.from && row.first <= span.until;
            if is_tried && is_within {
                tried.push(self.not_found(tenant, row, &truth).await?);
            }
        }
        tried.sort_by(|one, other| (one.first, &one.id).cmp(&(other.first, &other.id)));
        Ok(tried)
    }

    async fn tried(&self, tenant: &Tenant, alert: &Alert, standing: Compared) -> Result<Tried, Error> {
        let rows = self.ports.store.list_log_at(&tenant.id, alert.evidence.clone()).await?;
        Ok(Tried {
            standing,
            id: alert.id.to_string(),
            detector: alert.detector.clone(),
            severity: alert.severity.word(),
            audience: alerts::word(alert.audience).to_owned(),
            kind: Some(alert.entity.kind),
            entity: named(alert.entity.kind, &alert.entity.name, alerts::entity_tag(tenant, alert)),
            first: alert.first,
            last: alert.last,
            log_ids: rows.into_iter().map(|row| row.entry.log_id).collect(),
        })
    }

    async fn not_found(&self, tenant: &Tenant, row: &AlertRow, truth: &Truth<'_>) -> Result<Tried, Error> {
        let body = readable(tenant, "alert", self.open_alert(tenant, row).await)?;
        let is_unknown = body.is_none() || truth.begun.contains(&row.detector) || truth.is_blind_to(row);
        let (kind, entity, log_ids) = body.map_or_else(
            || (None, tag(row.entity), Vec::new()),
            |body| {
                let kind = body.entity.kind;
                (Some(kind), named(kind, &body.entity.name, row.entity), body.log_ids)
            },
        );
        Ok(Tried {
            standing: if is_unknown { Compared::Unknown } else { Compared::Gone },
            id: row.id.clone(),
            detector: row.detector.clone(),
            severity: severity_word(row.severity),
            audience: row.audience.clone(),
            kind,
            entity,
            first: row.first,
            last: row.last,
            log_ids,
        })
    }
}

/// A name that tells of no person, else a tag.
fn named(kind: EntityKind, name: &str, tagged: u64) -> String {
    match kind {
        EntityKind::Client | EntityKind::Organization | EntityKind::Tenant => name.to_owned(),
        _ => tag(tagged),
    }
}

fn tag(tagged: u64) -> String {
    format!("{tagged:016x}")
}
