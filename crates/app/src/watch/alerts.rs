//! Alerts as they are stored: sealed but for what listings filter by.

use countersign_core::Micros;
use countersign_detect::{Alert, Audience, Entity, EntityKind, Measure, Severity};
use countersign_privacy::Sealed;
use countersign_store::{AlertFilter, AlertRow, Write};
use serde::{Deserialize, Serialize};

use crate::{App, Error, Tenant, leaves};

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

impl App {
    /// What is to be committed of alerts that are new or have grown.
    pub(super) async fn alert_writes(
        &self,
        tenant: &Tenant,
        alerts: impl Iterator<Item = Alert>,
    ) -> Result<Vec<Write>, Error> {
        let mut writes = Vec::new();
        for alert in alerts {
            writes.push(Write::Alert(Box::new(self.alert_row(tenant, alert).await?)));
        }
        Ok(writes)
    }

    async fn alert_row(&self, tenant: &Tenant, alert: Alert) -> Result<AlertRow, Error> {
        let id = alert.id.to_string();
        let log_ids = self.ports.store.list_log_ids(&tenant.id, alert.evidence).await?;
        let tag = tenant.keys.tagger().tag("alert entity", alert.entity.name.as_bytes());
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
            severity: level(alert.severity),
            audience: word(alert.audience).to_owned(),
            is_retracted: false,
            is_late: self.ports.clock.now().since(alert.last) > HORIZON,
            first: alert.first,
            last: alert.last,
            entity: tag.0,
            incident: None,
            key_id: key.id.clone(),
            sealed: sealed.map_err(Error::internal)?.as_bytes().to_vec(),
        })
    }

    /// Alerts, the newest finding first; what they are about stays sealed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn alerts(
        &self,
        tenant: &Tenant,
        filter: AlertFilter,
        limit: u32,
    ) -> Result<Vec<AlertRow>, Error> {
        Ok(self.ports.store.list_alerts(&tenant.id, filter, limit).await?)
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

const fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Informational => 0,
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}

const fn word(audience: Audience) -> &'static str {
    match audience {
        Audience::Raised => "raised",
        Audience::Learning => "learning",
        Audience::Suppressed => "suppressed",
        Audience::OverBudget => "over_budget",
    }
}
