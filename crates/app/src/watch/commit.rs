//! Committing what watching came to, in pieces of a bounded size: nobody who signs in waits for a long one.

use std::collections::BTreeMap;

use countersign_detect::{Alert, AlertId, Detector, Engine};
use countersign_store::{Commit, StoreError, Write};

use crate::{App, Error, Lead, Tenant};

/// Alerts of one commit at the most.
const AT_ONCE: usize = 32;

/// How often a commit is made anew at the most when people act on its incidents meanwhile.
const TRIES: u32 = 3;

/// Of alerts that come in the place of others, the others: they are about the same at the same time, and began at another.
pub(crate) type Moved = BTreeMap<AlertId, AlertId>;

/// What is placed into incidents and committed at once.
enum Part<'a> {
    /// Alerts, and what is committed with them.
    Found { engine: &'a Engine, alerts: &'a [Alert], moved: &'a Moved, with: Vec<Write> },
    /// Alerts that a replay did not find.
    Retracted(&'a [AlertId]),
}

impl App {
    /// Commits alerts with their incidents in their order, then `last` with the last of them. Each is the same when it comes again,
    /// so that an end in between does no harm.
    pub(super) async fn commit_alerts(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        engine: &Engine,
        (alerts, moved): (&[Alert], &Moved),
        last: Vec<Write>,
    ) -> Result<(), Error> {
        let mut chunks = alerts.chunks(AT_ONCE).peekable();
        let mut last = Some(last);
        while let Some(alerts) = chunks.next() {
            let with = if chunks.peek().is_none() { last.take().unwrap_or_default() } else { Vec::new() };
            self.commit_part(tenant, lead, &Part::Found { engine, alerts, moved, with }).await?;
        }
        match last {
            Some(last) if !last.is_empty() => self.commit_watch(tenant, lead, last).await,
            _ => Ok(()),
        }
    }

    /// Takes out alerts that a replay did not find, with their incidents.
    pub(super) async fn commit_retracted(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        retracted: &[AlertId],
    ) -> Result<(), Error> {
        for chunk in retracted.chunks(AT_ONCE) {
            self.commit_part(tenant, lead, &Part::Retracted(chunk)).await?;
        }
        Ok(())
    }

    /// Commits a part, placed anew where a person changed one of its incidents meanwhile.
    async fn commit_part(&self, tenant: &Tenant, lead: &Lead, part: &Part<'_>) -> Result<(), Error> {
        self.try_part(tenant, lead, part).await?;
        // Why at once: whoever is to be kept out does not wait for the next look at incidents.
        tenant.responding.ring();
        Ok(())
    }

    async fn try_part(&self, tenant: &Tenant, lead: &Lead, part: &Part<'_>) -> Result<(), Error> {
        for _ in 1..TRIES {
            let writes = self.placed(tenant, part).await?;
            match self.try_commit(tenant, lead, writes).await {
                Err(StoreError::Stale) => {}
                done => return done.map_err(refused),
            }
        }
        let writes = self.placed(tenant, part).await?;
        self.commit_watch(tenant, lead, writes).await
    }

    async fn placed(&self, tenant: &Tenant, part: &Part<'_>) -> Result<Vec<Write>, Error> {
        match part {
            Part::Found { engine, alerts, moved, with } => {
                let about = |id: &str| engine.detectors().map(Detector::about).find(|about| about.id == id);
                let mut writes = self.alert_writes(tenant, about, alerts.to_vec(), moved).await?;
                writes.extend(with.iter().cloned());
                Ok(writes)
            }
            Part::Retracted(ids) => {
                let placed = self.place_alerts(tenant, &[], &Moved::new(), ids).await?;
                let retract = ids.iter().map(|id| Write::RetractAlert(id.to_string()));
                Ok(retract.chain(placed.writes).collect())
            }
        }
    }

    /// Commits what watching came to, if this process still leads.
    pub(super) async fn commit_watch(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        writes: Vec<Write>,
    ) -> Result<(), Error> {
        self.try_commit(tenant, lead, writes).await.map_err(refused)
    }

    async fn try_commit(&self, tenant: &Tenant, lead: &Lead, writes: Vec<Write>) -> Result<(), StoreError> {
        let commit = Commit { fence: lead.fence(), writes, ..Commit::background(tenant.id.clone()) };
        self.ports.store.commit(commit).await.map(drop)
    }
}

fn refused(error: StoreError) -> Error {
    match error {
        StoreError::Stale | StoreError::Fenced => {
            Error::Unavailable { detail: "another process watches this log".to_owned() }
        }
        error => error.into(),
    }
}
