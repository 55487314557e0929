//! What a replay found against what is stored: what is the same stays untouched, what differs is written, and what was not found is
//! taken out, if the replay could have found it.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::Timestamp;
use countersign_detect::{Alert, AlertId, Detector, Engine};
use countersign_store::{AlertFilter, AlertRow, Write};

use super::{
    alerts::{self, AlertBody},
    commit::Moved,
    desk::{Found, readable},
};
use crate::{App, Error, Lead, Tenant};

/// Alerts that are read at once.
const ALERTS: u32 = 500;

/// What a replay found, and how far it can be believed.
pub(super) struct Truth<'a> {
    pub(super) found: Found,
    /// The time from which on it looked.
    pub(super) since: Timestamp,
    /// What ended by then was judged by other settings, and stays.
    pub(super) judged_from: Timestamp,
    /// Detectors that began anew with it: what they did not find they may not have known enough for.
    pub(super) begun: &'a BTreeSet<String>,
    /// From when on entries did not open to it.
    pub(super) unread_from: Option<Timestamp>,
}

impl Truth<'_> {
    /// Whether what an alert rests on may not have been seen.
    fn is_blind_to(&self, row: &AlertRow) -> bool {
        self.unread_from.is_some_and(|from| row.last >= from)
    }
}

/// Alerts that are stored and overlap the time of a replay.
#[derive(Default)]
struct Stored {
    /// Those that it found.
    found: BTreeMap<AlertId, AlertRow>,
    /// Those that it did not.
    others: BTreeMap<AlertId, AlertRow>,
}

impl App {
    /// Commits what a replay found, then what it did not find, then `last`; returns how many alerts were taken out.
    pub(super) async fn take_truth(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        (engine, truth): (&Engine, Truth<'_>),
        last: Vec<Write>,
    ) -> Result<u64, Error> {
        let stored = self.stored(tenant, &truth).await?;
        let mut gone = Vec::new();
        for (id, row) in
            stored.others.iter().filter(|(_, row)| row.first > truth.since && row.last > truth.judged_from)
        {
            if self.is_refuted(tenant, engine, (row, &truth)).await? {
                gone.push(*id);
            }
        }
        let (mut changed, mut moved) = (Vec::new(), Moved::new());
        for alert in truth.found.values() {
            match stored.found.get(&alert.id) {
                Some(row) if !self.is_changed(tenant, (row, &truth), alert).await? => {}
                Some(_) => changed.push(alert.clone()),
                None => {
                    moved.extend(same(tenant, &stored, alert).map(|other| (alert.id, other)));
                    changed.push(alert.clone());
                }
            }
        }
        changed.sort_by_key(|alert| (alert.first, alert.id));
        // Why first: what comes in the place of another finds its incident as people left it.
        self.commit_alerts(tenant, lead, engine, (&changed, &moved), Vec::new()).await?;
        self.commit_retracted(tenant, lead, &gone).await?;
        self.commit_watch(tenant, lead, last).await?;
        Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
    }

    async fn stored(&self, tenant: &Tenant, truth: &Truth<'_>) -> Result<Stored, Error> {
        let mut stored = Stored::default();
        let mut filter = AlertFilter { since: Some(truth.since), ..AlertFilter::default() };
        loop {
            let rows = self.ports.store.list_alerts(&tenant.id, filter.clone(), ALERTS).await?;
            let Some(last) = rows.last() else { return Ok(stored) };
            filter.before = Some((last.last, last.id.clone()));
            for row in rows {
                let Ok(id) = row.id.parse::<AlertId>() else { continue };
                let place =
                    if truth.found.contains_key(&id) { &mut stored.found } else { &mut stored.others };
                place.insert(id, row);
            }
        }
    }

    /// Whether an alert that was not found is not true: not where the replay could not have found it, because its detector is
    /// another now or began anew, or because a person whose entries show it was erased.
    async fn is_refuted(
        &self,
        tenant: &Tenant,
        engine: &Engine,
        (row, truth): (&AlertRow, &Truth<'_>),
    ) -> Result<bool, Error> {
        let about = engine.detectors().map(Detector::about).find(|about| *about.id == row.detector);
        let Some(about) = about else { return Ok(false) };
        if truth.begun.contains(&row.detector) || truth.is_blind_to(row) {
            return Ok(false);
        }
        let body = readable(tenant, "alert", self.open_alert(tenant, row).await)?;
        Ok(body.is_some_and(|body| body.version == about.version))
    }

    /// Whether an alert says anything that is not stored of it. One that people can't be told of any more, and one of which less was
    /// seen than before, stay as they are.
    async fn is_changed(
        &self,
        tenant: &Tenant,
        (row, truth): (&AlertRow, &Truth<'_>),
        alert: &Alert,
    ) -> Result<bool, Error> {
        let Some(body) = readable(tenant, "alert", self.open_alert(tenant, row).await)? else {
            return Ok(false);
        };
        let AlertBody { findings, measures, log_ids, .. } = &body;
        if truth.is_blind_to(row) && *findings > alert.findings {
            return Ok(false);
        }
        let is_same = row.severity == alert.severity.rank()
            && row.audience == alerts::word(alert.audience)
            && (row.first, row.last) == (alert.first, alert.last)
            && (*findings, measures) == (alert.findings, &alert.measures);
        if !is_same {
            return Ok(true);
        }
        let evidence = self.ports.store.list_log_at(&tenant.id, alert.evidence.clone()).await?;
        Ok(!evidence.iter().map(|row| &row.entry.log_id).eq(log_ids))
    }
}

/// The alert that another was known as: by the same detector, about the same, at the same time.
fn same(tenant: &Tenant, stored: &Stored, alert: &Alert) -> Option<AlertId> {
    let tag = alerts::entity_tag(tenant, alert);
    let is_same = |row: &AlertRow| {
        row.detector == alert.detector
            && row.entity == tag
            && row.first <= alert.last
            && alert.first <= row.last
    };
    let mut others = stored.others.iter().filter(|(_, row)| is_same(row));
    others.find(|(_, row)| row.incident.is_some()).map(|(id, _)| *id)
}
