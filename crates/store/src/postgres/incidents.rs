//! Alerts that belong together, and what people wrote about them.

use countersign_core::{TenantId, Timestamp};
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{Postgres, columns, errors::Trouble, reads::retried};
use crate::{AlertEntities, IncidentFilter, IncidentNoteRow, IncidentRow, MentionRow, StoreError};

/// Adds an incident (`expected` 0) or changes it; `Stale` when its version is not `expected`.
pub(super) async fn put(
    connection: &mut PgConnection,
    tenant: &str,
    expected: u64,
    incident: &IncidentRow,
) -> Result<(), Trouble> {
    let sql = if expected == 0 {
        "INSERT INTO incidents (tenant_id, incident_id, version, severity, status, disposition, assignee, alerts,
                                first_at, last_at, opened_at, due_at, key_id, sealed)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 WHERE $15 = 0::bigint
         ON CONFLICT DO NOTHING"
    } else {
        "UPDATE incidents SET version = $3, severity = $4, status = $5, disposition = $6, assignee = $7, alerts = $8,
            first_at = $9, last_at = $10, opened_at = $11, due_at = $12, key_id = $13, sealed = $14
         WHERE tenant_id = $1 AND incident_id = $2 AND version = $15"
    };
    let done = sqlx::query(sql)
        .bind(tenant)
        .bind(&incident.id)
        .bind(columns::integer(incident.version)?)
        .bind(i64::from(incident.severity))
        .bind(&incident.status)
        .bind(&incident.disposition)
        .bind(&incident.assignee)
        .bind(columns::integer(incident.alerts)?)
        .bind(incident.first.micros())
        .bind(incident.last.micros())
        .bind(incident.opened.micros())
        .bind(incident.due.micros())
        .bind(&incident.key_id)
        .bind(&incident.sealed)
        .bind(columns::integer(expected)?)
        .execute(connection)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

/// Adds what an alert is about to what it was about before.
pub(super) async fn put_entities(
    connection: &mut PgConnection,
    tenant: &str,
    of: &AlertEntities,
) -> Result<(), Trouble> {
    let AlertEntities { alert, incident, first, last, entities } = of;
    let mut entities: Vec<i64> = entities.iter().map(|entity| entity.cast_signed()).collect();
    entities.sort_unstable();
    entities.dedup();
    sqlx::query(
        "INSERT INTO incident_entities (tenant_id, entity_tag, alert_id, incident_id, first_at, last_at)
         SELECT $1, entity, $3, $4, $5, $6 FROM unnest($2::bigint[]) AS entity
         ON CONFLICT (tenant_id, entity_tag, alert_id) DO UPDATE SET incident_id = $4, first_at = $5, last_at = $6",
    )
    .bind(tenant)
    .bind(entities)
    .bind(alert)
    .bind(incident)
    .bind(first.micros())
    .bind(last.micros())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn forget_entities(
    connection: &mut PgConnection,
    tenant: &str,
    alert: &str,
) -> Result<(), Trouble> {
    sqlx::query("DELETE FROM incident_entities WHERE tenant_id = $1 AND alert_id = $2")
        .bind(tenant)
        .bind(alert)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn insert_note(
    connection: &mut PgConnection,
    tenant: &str,
    note: &IncidentNoteRow,
) -> Result<(), Trouble> {
    let IncidentNoteRow { id, incident, at, key_id, sealed } = note;
    sqlx::query(
        "INSERT INTO incident_notes (tenant_id, incident_id, note_id, written_at, key_id, sealed)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(tenant)
    .bind(incident)
    .bind(id)
    .bind(at.micros())
    .bind(key_id)
    .bind(sealed)
    .execute(connection)
    .await?;
    Ok(())
}

fn row(row: &PgRow) -> Result<IncidentRow, StoreError> {
    Ok(IncidentRow {
        id: row.try_get(0)?,
        version: columns::unsigned(row.try_get(1)?)?,
        severity: u8::try_from(row.try_get::<i64, _>(2)?).unwrap_or(u8::MAX),
        status: row.try_get(3)?,
        disposition: row.try_get(4)?,
        assignee: row.try_get(5)?,
        alerts: columns::unsigned(row.try_get(6)?)?,
        first: Timestamp::from_micros(row.try_get(7)?),
        last: Timestamp::from_micros(row.try_get(8)?),
        opened: Timestamp::from_micros(row.try_get(9)?),
        due: Timestamp::from_micros(row.try_get(10)?),
        key_id: row.try_get(11)?,
        sealed: row.try_get(12)?,
    })
}

impl Postgres {
    pub(crate) async fn find_incident(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<IncidentRow>, StoreError> {
        let found = retried(|| {
            sqlx::query(
                "SELECT incident_id, version, severity, status, disposition, assignee, alerts, first_at, last_at,
                        opened_at, due_at, key_id, sealed FROM incidents WHERE tenant_id = $1 AND incident_id = $2",
            )
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(&self.long_readers)
        })
        .await?;
        found.as_ref().map(row).transpose()
    }

    pub(crate) async fn list_incidents(
        &self,
        tenant: &TenantId,
        filter: IncidentFilter,
        limit: u32,
    ) -> Result<Vec<IncidentRow>, StoreError> {
        let IncidentFilter { severity, status, disposition, assignee, detector, entity, .. } = &filter;
        let (last, id) =
            filter.before.as_ref().map_or((i64::MAX, ""), |(last, id)| (last.micros(), id.as_str()));
        let rows = retried(|| {
            sqlx::query(
                "SELECT incident_id, version, severity, status, disposition, assignee, alerts, first_at, last_at,
                        opened_at, due_at, key_id, sealed FROM incidents
                 WHERE tenant_id = $1 AND severity >= $2 AND ($3::text IS NULL OR status = $3)
                   AND ($4::text IS NULL OR disposition = $4) AND ($5::text IS NULL OR assignee = $5)
                   AND last_at >= $6 AND (last_at, incident_id) < ($7, $8) AND last_at < $10
                   AND ($11::bigint IS NULL OR status = 'open' AND due_at < $11)
                   AND ($12::text IS NULL OR incident_id IN (
                        SELECT incident_id FROM alerts WHERE tenant_id = $1 AND detector = $12 AND is_retracted = 0))
                   AND ($13::bigint IS NULL OR incident_id IN (
                        SELECT incident_id FROM incident_entities WHERE tenant_id = $1 AND entity_tag = $13))
                 ORDER BY last_at DESC, incident_id DESC LIMIT $9",
            )
            .bind(tenant.as_str())
            .bind(i64::from(*severity))
            .bind(status)
            .bind(disposition)
            .bind(assignee)
            .bind(filter.since.map_or(i64::MIN, Timestamp::micros))
            .bind(last)
            .bind(id)
            .bind(i64::from(limit))
            .bind(filter.until.map_or(i64::MAX, Timestamp::micros))
            .bind(filter.overdue_at.map(Timestamp::micros))
            .bind(detector)
            .bind(entity.map(u64::cast_signed))
            .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(row).collect()
    }

    pub(crate) async fn list_mentions(
        &self,
        tenant: &TenantId,
        entities: Vec<u64>,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Vec<(String, MentionRow)>, StoreError> {
        let entities: Vec<i64> = entities.into_iter().map(u64::cast_signed).collect();
        let rows: Vec<(String, i64, i64, i64)> = retried(|| {
            sqlx::query_as(
                "SELECT incident_id, entity_tag, first_at, last_at FROM incident_entities
                 WHERE tenant_id = $1 AND entity_tag = ANY($2) AND last_at >= $3 AND first_at <= $4
                 ORDER BY incident_id, first_at, last_at",
            )
            .bind(tenant.as_str())
            .bind(&entities)
            .bind(from.micros())
            .bind(until.micros())
            .fetch_all(&self.long_readers)
        })
        .await?;
        let mention = |(incident, entity, first, last): (String, i64, i64, i64)| {
            let (first, last) = (Timestamp::from_micros(first), Timestamp::from_micros(last));
            (incident, MentionRow { entity: entity.cast_unsigned(), first, last })
        };
        Ok(rows.into_iter().map(mention).collect())
    }

    pub(crate) async fn list_incident_notes(
        &self,
        tenant: &TenantId,
        incident: &str,
        limit: u32,
    ) -> Result<Vec<IncidentNoteRow>, StoreError> {
        let rows: Vec<(String, String, i64, String, Vec<u8>)> = retried(|| {
            sqlx::query_as(
                "SELECT note_id, incident_id, written_at, key_id, sealed FROM incident_notes
                 WHERE tenant_id = $1 AND incident_id = $2 ORDER BY note_id DESC LIMIT $3",
            )
            .bind(tenant.as_str())
            .bind(incident)
            .bind(i64::from(limit))
            .fetch_all(&self.long_readers)
        })
        .await?;
        let note = |(id, incident, at, key_id, sealed)| IncidentNoteRow {
            id,
            incident,
            at: Timestamp::from_micros(at),
            key_id,
            sealed,
        };
        Ok(rows.into_iter().map(note).collect())
    }
}
