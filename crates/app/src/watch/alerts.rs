//! Alerts as they are stored: sealed but for what listings filter by.

use countersign_auth0::log::LogEvent;
use countersign_core::Micros;
use countersign_detect::{About, Alert, Audience, Entity, EntityKind, Event, Measure};
use countersign_privacy::{Sealed, Tagger};
use countersign_store::{AlertRow, LogEntryRow, Write};
use serde::{Deserialize, Serialize};

use super::{commit::Moved, desk::readable, entry::Keys};
use crate::{App, Error, Tenant, incidents::Raised, leaves};

/// How old what was found may be, in microseconds, for anything to follow from it by itself (docs/watch.md).
const HORIZON: Micros = 15 * 60 * 1_000_000;

/// What is sealed of an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertBody {
    /// What it is about.
    pub entity: Entity,
    /// The detector's version.
    pub version: u32,
    /// How many findings it has.
    pub findings: u32,
    /// Ids of the log entries that show it.
    pub log_ids: Vec<String>,
    /// Values against thresholds.
    pub measures: Vec<Measure>,
}

/// An alert with the entries that show it, and what they say; `None` where the person was erased.
struct Shown {
    alert: Alert,
    entries: Vec<(LogEntryRow, Option<String>)>,
}

impl Shown {
    fn events(&self, tagger: &Tagger, app: &App) -> Vec<Event<'_>> {
        let read = self.entries.iter().filter_map(|(row, raw)| {
            let log = LogEvent::parse(raw.as_deref()?, Some(row.entry.log_id.as_str().into())).ok()?;
            Some(Event::new(row.seq, log, tagger, |address| app.locate(address)))
        });
        read.collect()
    }
}

impl App {
    /// What is to be committed of alerts that are new or have grown, with the incidents that they belong to.
    pub(crate) async fn alert_writes<'a>(
        &self,
        tenant: &Tenant,
        about: impl Fn(&str) -> Option<&'a About>,
        alerts: Vec<Alert>,
        moved: &Moved,
    ) -> Result<Vec<Write>, Error> {
        let mut shown = Vec::new();
        for alert in alerts {
            shown.push(self.show(tenant, alert).await?);
        }
        let tagger = tenant.keys.tagger();
        let events: Vec<Vec<Event<'_>>> = shown.iter().map(|shown| shown.events(&tagger, self)).collect();
        let raised: Vec<Raised<'_>> = shown
            .iter()
            .zip(&events)
            .filter_map(|(Shown { alert, .. }, evidence)| {
                Some(Raised { alert, about: about(&alert.detector)?, evidence })
            })
            .collect();
        let placed = self.place_alerts(tenant, &raised, moved, &[]).await?;
        let mut writes = Vec::with_capacity(shown.len());
        for shown in shown {
            let incident = placed.incidents.get(&shown.alert.id).map(ToString::to_string);
            let row = self.alert_row(tenant, shown).await?;
            writes.push(Write::Alert(Box::new(AlertRow { incident, ..row })));
        }
        writes.extend(placed.writes);
        Ok(writes)
    }

    /// Looks up the entries that show an alert.
    async fn show(&self, tenant: &Tenant, alert: Alert) -> Result<Shown, Error> {
        let rows = self.ports.store.list_log_at(&tenant.id, alert.evidence.clone()).await?;
        let keys = Keys::of(self, tenant, &rows).await?;
        let open = |row| Ok((readable(tenant, "log entry", keys.open(tenant, &row))?, row));
        let entries = rows.into_iter().map(open).map(|opened| opened.map(|(raw, row)| (row, raw)));
        Ok(Shown { alert, entries: entries.collect::<Result<_, Error>>()? })
    }

    async fn alert_row(&self, tenant: &Tenant, shown: Shown) -> Result<AlertRow, Error> {
        let Shown { alert, entries } = shown;
        let id = alert.id.to_string();
        let log_ids = entries.into_iter().map(|(row, _)| row.entry.log_id).collect();
        let entity = entity_tag(tenant, &alert);
        let key = match alert.entity.kind {
            // Why found and not made: whoever fails to sign in chooses the name.
            EntityKind::User => self.find_key(tenant, &tenant.keys.subject(&alert.entity.name)).await?,
            _ => None,
        };
        let key = match key {
            Some(key) => key,
            None => self.get_key(tenant, &tenant.keys.log_day(alert.first.days()), None).await?,
        };
        let body = AlertBody {
            entity: alert.entity,
            version: alert.version,
            findings: alert.findings,
            log_ids,
            measures: alert.measures,
        };
        let body = serde_json::to_vec(&body).map_err(Error::internal)?;
        let sealed =
            Sealed::seal(&key.key, &leaves::context(tenant, &id), &body, self.ports.entropy.as_ref());
        Ok(AlertRow {
            id,
            detector: alert.detector,
            severity: alert.severity.rank(),
            audience: word(alert.audience).to_owned(),
            is_retracted: false,
            is_late: self.ports.clock.now().since(alert.last) > HORIZON,
            first: alert.first,
            last: alert.last,
            entity,
            incident: None,
            key_id: key.id.clone(),
            sealed: sealed.map_err(Error::internal)?.as_bytes().to_vec(),
        })
    }

    /// What an alert is about; `None` when its person was erased.
    ///
    /// # Errors
    /// `Unavailable` and `Internal`.
    pub async fn open_alert(&self, tenant: &Tenant, row: &AlertRow) -> Result<Option<AlertBody>, Error> {
        let opened = super::entry::open(self, tenant, &row.id, (&row.key_id, &row.sealed)).await?;
        opened.map(|body| serde_json::from_str(&body).map_err(Error::internal)).transpose()
    }
}

/// What an alert is about, as its row has it.
pub(super) fn entity_tag(tenant: &Tenant, alert: &Alert) -> u64 {
    alert.entity.tag(&tenant.keys.tagger()).0
}

/// The word for an audience, as an alert's row has it.
pub(super) const fn word(audience: Audience) -> &'static str {
    match audience {
        Audience::Raised => "raised",
        Audience::Learning => "learning",
        Audience::Suppressed => "suppressed",
        Audience::OverBudget => "over_budget",
    }
}
