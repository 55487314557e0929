//! What is forgotten of incidents: by age, and when a person is erased whom others' incidents name.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::{IdKind, SubjectId, Timestamp};
use countersign_detect::{
    EntityKind,
    incident::{ERASED, Incident},
};
use countersign_ledger::leaf::Kind;
use countersign_store::{
    AlertFilter, AlertRow, Commit, IncidentFilter, IncidentRow, IncidentWrite, Old, StoreError, Write,
};

use super::suppress;
use crate::{App, Error, Lead, Tenant, leaves::Draft};

/// Rows that are read at once.
const PAGE: u32 = 100;

/// Incidents dropped in one transaction.
const DROPPED: usize = 32;

/// How often an incident is changed anew that somebody else changed meanwhile.
const TRIES: u32 = 5;

/// Who is erased.
struct Erased<'a> {
    tenant: &'a Tenant,
    subject: &'a SubjectId,
    key_ids: &'a [String],
}

impl Erased<'_> {
    fn is(&self, user: &str) -> bool {
        self.tenant.keys.subject(user) == *self.subject
    }
}

impl App {
    /// Drops a batch of incidents whose newest finding and whose closing are before `oldest_kept`; once there are none left,
    /// suppressions that ended before. Returns how many.
    pub(crate) async fn forget_incidents(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        (oldest_kept, days): (Timestamp, u32),
    ) -> Result<u64, Error> {
        let dropped = self.closed_before(tenant, oldest_kept).await?;
        if dropped.is_empty() {
            let old = (Old::Suppressions(oldest_kept), "suppressions");
            return self.forget_old(tenant, lead, old, days).await;
        }
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, self.ports.clock.now(), Kind::Administration)
            .fact("change", &"retention")
            .fact("records", &"incidents")
            .fact("days", &days)
            .fact("count", &dropped.len());
        let count = u64::try_from(dropped.len()).unwrap_or(u64::MAX);
        let commit = Commit {
            fence: lead.fence(),
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: dropped.into_iter().map(|id| IncidentWrite::Drop(id).into()).collect(),
            ..Commit::background(tenant.id.clone())
        };
        Ok(if self.is_committed(commit).await? { count } else { 0 })
    }

    async fn closed_before(&self, tenant: &Tenant, oldest_kept: Timestamp) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let mut filter = IncidentFilter {
            status: Some("closed".to_owned()),
            before: Some((oldest_kept, String::new())),
            ..IncidentFilter::default()
        };
        loop {
            let rows = self.ports.store.list_incidents(&tenant.id, filter.clone(), PAGE).await?;
            let Some(last) = rows.last() else { return Ok(found) };
            filter.before = Some((last.last, last.id.clone()));
            for row in rows {
                let is_old = match self.open_incident(tenant, &row).await {
                    Ok(incident) => {
                        incident.handling.closing().is_none_or(|closing| closing.at < oldest_kept)
                    }
                    Err(Error::Erased) => true,
                    Err(error) => return Err(error),
                };
                if is_old {
                    found.push(row.id);
                }
                if found.len() >= DROPPED {
                    return Ok(found);
                }
            }
        }
    }

    /// Takes a person's name out of incidents, alerts and suppressions that are sealed under keys of days, since they are about others,
    /// too. `key_ids` are the names of the person's keys.
    pub(crate) async fn unname(
        &self,
        tenant: &Tenant,
        subject: &SubjectId,
        key_ids: &[String],
    ) -> Result<(), Error> {
        let erased = Erased { tenant, subject, key_ids };
        self.unname_incidents(&erased).await?;
        self.unname_alerts(&erased).await?;
        self.drop_suppressions(&erased).await
    }

    async fn unname_incidents(&self, erased: &Erased<'_>) -> Result<(), Error> {
        let mut filter = IncidentFilter::default();
        loop {
            let rows = self.ports.store.list_incidents(&erased.tenant.id, filter.clone(), PAGE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            filter.before = Some((last.last, last.id.clone()));
            for row in rows {
                self.unname_incident(erased, row).await?;
            }
        }
    }

    async fn unname_incident(&self, erased: &Erased<'_>, row: IncidentRow) -> Result<(), Error> {
        let Erased { tenant, .. } = *erased;
        let mut current = Some(row);
        for _ in 0..TRIES {
            let Some(row) = current else { return Ok(()) };
            // Why: what is sealed under a person's key is about that person alone.
            let key = self.key_named(tenant, &row.key_id).await?;
            if key.is_none_or(|key| key.subject != tenant.keys.log_day(row.first.days())) {
                return Ok(());
            }
            let mut incident = self.open_incident(tenant, &row).await?;
            let theirs = self.entries_of(erased, &incident).await?;
            if !incident.forget(|user| erased.is(user), &theirs) {
                return Ok(());
            }
            let key = self.incident_key(tenant, &incident).await?;
            let anew = self.incident_row(tenant, &incident, (&key, row.version.saturating_add(1)))?;
            let put = IncidentWrite::Put { expected_version: row.version, row: Box::new(anew) };
            let commit = Commit { writes: vec![put.into()], ..Commit::background(tenant.id.clone()) };
            match self.ports.store.commit(commit).await {
                Err(StoreError::Stale) => {}
                done => return Ok(done.map(drop)?),
            }
            current = self.ports.store.find_incident(&tenant.id, &row.id).await?;
        }
        Err(Error::Unavailable { detail: "an incident is being changed all the time".to_owned() })
    }

    /// Which entries of an incident's timeline are about the person, by the keys that they are sealed under.
    async fn entries_of(&self, erased: &Erased<'_>, incident: &Incident) -> Result<BTreeSet<u64>, Error> {
        let places = incident.members().iter().flat_map(|member| &member.lines).filter_map(|line| line.seq);
        let places: BTreeSet<u64> = places.collect();
        let rows = self.ports.store.list_log_at(&erased.tenant.id, places.into_iter().collect()).await?;
        let theirs = rows.into_iter().filter(|row| erased.key_ids.contains(&row.entry.key_id));
        Ok(theirs.map(|row| row.seq).collect())
    }

    async fn unname_alerts(&self, erased: &Erased<'_>) -> Result<(), Error> {
        let Erased { tenant, .. } = *erased;
        let mut filter = AlertFilter { with_retracted: true, ..AlertFilter::default() };
        let mut days = BTreeMap::new();
        loop {
            let rows = self.ports.store.list_alerts(&tenant.id, filter.clone(), PAGE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            filter.before = Some((last.last, last.id.clone()));
            let keys = self.keys_named(tenant, rows.iter().map(|row| row.key_id.as_str()).collect()).await?;
            let mut writes = Vec::new();
            for row in rows {
                let Some(key) = keys.get(&row.key_id) else { continue };
                let day = row.first.days();
                let day = days.entry(day).or_insert_with(|| tenant.keys.log_day(day));
                if key.subject != *day {
                    continue;
                }
                let Some(mut body) = self.open_alert(tenant, &row).await? else { continue };
                if body.entity.kind == EntityKind::User && erased.is(&body.entity.name) {
                    body.entity.name = ERASED.into();
                    writes.push(Write::Alert(Box::new(AlertRow {
                        sealed: self.seal(tenant, key, &row.id, &body)?,
                        ..row
                    })));
                }
            }
            if !writes.is_empty() {
                self.ports.store.commit(Commit { writes, ..Commit::background(tenant.id.clone()) }).await?;
            }
        }
    }

    /// Deletes what is suppressed about the person: whom it is about nobody is to know.
    async fn drop_suppressions(&self, erased: &Erased<'_>) -> Result<(), Error> {
        let Erased { tenant, .. } = *erased;
        let always = Timestamp::from_micros(i64::MIN);
        let mut writes: Vec<Write> = Vec::new();
        for row in self.ports.store.list_suppressions(&tenant.id, always).await? {
            let body: suppress::Body =
                match self.open_sealed(tenant, &row.id, (&row.key_id, &row.sealed)).await {
                    Ok(body) => body,
                    Err(Error::Erased) => continue,
                    Err(error) => return Err(error),
                };
            if body.entity.is_some_and(|entity| entity.kind == EntityKind::User && erased.is(&entity.name)) {
                writes.push(IncidentWrite::DropSuppression(row.id).into());
            }
        }
        if !writes.is_empty() {
            self.ports.store.commit(Commit { writes, ..Commit::background(tenant.id.clone()) }).await?;
        }
        Ok(())
    }
}
