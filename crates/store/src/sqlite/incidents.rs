//! Alerts that belong together, and what people wrote about them.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::{Sqlite, columns};
use crate::{AlertEntities, IncidentFilter, IncidentNoteRow, IncidentRow, MentionRow, StoreError};

/// Adds an incident (`expected` 0) or changes it; `Stale` when its version is not `expected`.
pub(super) fn put(
    connection: &Connection,
    tenant: &TenantId,
    expected: u64,
    incident: &IncidentRow,
) -> Result<(), StoreError> {
    let sql = if expected == 0 {
        "INSERT INTO incidents (tenant_id, incident_id, version, severity, status, disposition, assignee, alerts,
                                first_at, last_at, opened_at, due_at, key_id, sealed)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14 WHERE ?15 = 0
         ON CONFLICT DO NOTHING"
    } else {
        "UPDATE incidents SET version = ?3, severity = ?4, status = ?5, disposition = ?6, assignee = ?7, alerts = ?8,
            first_at = ?9, last_at = ?10, opened_at = ?11, due_at = ?12, key_id = ?13, sealed = ?14
         WHERE tenant_id = ?1 AND incident_id = ?2 AND version = ?15"
    };
    let changed = connection.prepare_cached(sql)?.execute(params![
        tenant.as_str(),
        incident.id,
        columns::integer(incident.version)?,
        incident.severity,
        incident.status,
        incident.disposition,
        incident.assignee,
        columns::integer(incident.alerts)?,
        incident.first.micros(),
        incident.last.micros(),
        incident.opened.micros(),
        incident.due.micros(),
        incident.key_id,
        incident.sealed,
        columns::integer(expected)?,
    ])?;
    columns::one(changed)
}

/// Adds what an alert is about to what it was about before.
pub(super) fn put_entities(
    connection: &Connection,
    tenant: &TenantId,
    of: &AlertEntities,
) -> Result<(), StoreError> {
    let AlertEntities { alert, incident, first, last, entities } = of;
    let mut statement = connection.prepare_cached(
        "INSERT INTO incident_entities (tenant_id, entity_tag, alert_id, incident_id, first_at, last_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (tenant_id, entity_tag, alert_id) DO UPDATE SET incident_id = ?4, first_at = ?5, last_at = ?6",
    )?;
    for entity in entities {
        let entity = entity.cast_signed();
        statement.execute(params![
            tenant.as_str(),
            entity,
            alert,
            incident,
            first.micros(),
            last.micros()
        ])?;
    }
    Ok(())
}

pub(super) fn forget_entities(
    connection: &Connection,
    tenant: &TenantId,
    alert: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM incident_entities WHERE tenant_id = ?1 AND alert_id = ?2")?
        .execute([tenant.as_str(), alert])?;
    Ok(())
}

pub(super) fn insert_note(
    connection: &Connection,
    tenant: &TenantId,
    note: &IncidentNoteRow,
) -> Result<(), StoreError> {
    let IncidentNoteRow { id, incident, at, key_id, sealed } = note;
    connection
        .prepare_cached(
            "INSERT INTO incident_notes (tenant_id, incident_id, note_id, written_at, key_id, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![tenant.as_str(), incident, id, at.micros(), key_id, sealed])?;
    Ok(())
}

fn find(connection: &Connection, tenant: &TenantId, id: &str) -> Result<Option<IncidentRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT incident_id, version, severity, status, disposition, assignee, alerts, first_at, last_at, opened_at,
                due_at, key_id, sealed FROM incidents WHERE tenant_id = ?1 AND incident_id = ?2",
    )?;
    Ok(columns::collect(statement.query([tenant.as_str(), id])?, row)?.pop())
}

fn list(
    connection: &Connection,
    tenant: &TenantId,
    filter: &IncidentFilter,
    limit: u32,
) -> Result<Vec<IncidentRow>, StoreError> {
    let IncidentFilter { severity, status, disposition, assignee, detector, entity, .. } = filter;
    let mut statement = connection.prepare_cached(
        "SELECT incident_id, version, severity, status, disposition, assignee, alerts, first_at, last_at, opened_at,
                due_at, key_id, sealed FROM incidents
         WHERE tenant_id = ?1 AND severity >= ?2 AND (?3 IS NULL OR status = ?3)
           AND (?4 IS NULL OR disposition = ?4) AND (?5 IS NULL OR assignee = ?5)
           AND last_at >= ?6 AND (last_at, incident_id) < (?7, ?8) AND last_at < ?10
           AND (?11 IS NULL OR status = 'open' AND due_at < ?11)
           AND (?12 IS NULL OR incident_id IN (
                SELECT incident_id FROM alerts WHERE tenant_id = ?1 AND detector = ?12 AND is_retracted = 0))
           AND (?13 IS NULL OR incident_id IN (
                SELECT incident_id FROM incident_entities WHERE tenant_id = ?1 AND entity_tag = ?13))
         ORDER BY last_at DESC, incident_id DESC LIMIT ?9",
    )?;
    let (last, id) = filter.before.as_ref().map_or((i64::MAX, ""), |(last, id)| (last.micros(), id.as_str()));
    let since = filter.since.map_or(i64::MIN, Timestamp::micros);
    let until = filter.until.map_or(i64::MAX, Timestamp::micros);
    let overdue = filter.overdue_at.map(Timestamp::micros);
    let entity = entity.map(u64::cast_signed);
    let bounds = params![
        tenant.as_str(),
        severity,
        status,
        disposition,
        assignee,
        since,
        last,
        id,
        limit,
        until,
        overdue,
        detector,
        entity
    ];
    columns::collect(statement.query(bounds)?, row)
}

fn row(row: &Row<'_>) -> Result<IncidentRow, StoreError> {
    Ok(IncidentRow {
        id: row.get(0)?,
        version: columns::unsigned(row.get(1)?)?,
        severity: row.get(2)?,
        status: row.get(3)?,
        disposition: row.get(4)?,
        assignee: row.get(5)?,
        alerts: columns::unsigned(row.get(6)?)?,
        first: Timestamp::from_micros(row.get(7)?),
        last: Timestamp::from_micros(row.get(8)?),
        opened: Timestamp::from_micros(row.get(9)?),
        due: Timestamp::from_micros(row.get(10)?),
        key_id: row.get(11)?,
        sealed: row.get(12)?,
    })
}

/// Mentions of these entities by alerts between two times, with their incidents, in the order of incidents.
fn list_mentions(
    connection: &Connection,
    tenant: &TenantId,
    entities: &[u64],
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<(String, MentionRow)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT incident_id, first_at, last_at FROM incident_entities
         WHERE tenant_id = ?1 AND entity_tag = ?2 AND last_at >= ?3 AND first_at <= ?4
         ORDER BY incident_id, first_at, last_at",
    )?;
    let mut found = Vec::new();
    for entity in entities {
        let bounds = params![tenant.as_str(), entity.cast_signed(), from.micros(), until.micros()];
        found.extend(columns::collect(statement.query(bounds)?, |row| {
            let (first, last) = (Timestamp::from_micros(row.get(1)?), Timestamp::from_micros(row.get(2)?));
            Ok((row.get(0)?, MentionRow { entity: *entity, first, last }))
        })?);
    }
    Ok(found)
}

fn list_notes(
    connection: &Connection,
    tenant: &TenantId,
    incident: &str,
    limit: u32,
) -> Result<Vec<IncidentNoteRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT note_id, incident_id, written_at, key_id, sealed FROM incident_notes
         WHERE tenant_id = ?1 AND incident_id = ?2 ORDER BY note_id DESC LIMIT ?3",
    )?;
    columns::collect(statement.query(params![tenant.as_str(), incident, limit])?, |row| {
        Ok(IncidentNoteRow {
            id: row.get(0)?,
            incident: row.get(1)?,
            at: Timestamp::from_micros(row.get(2)?),
            key_id: row.get(3)?,
            sealed: row.get(4)?,
        })
    })
}

impl Sqlite {
    pub(crate) async fn find_incident(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<IncidentRow>, StoreError> {
        let id = id.to_owned();
        self.read_long(tenant, move |connection, tenant| find(connection, tenant, &id)).await
    }

    pub(crate) async fn list_incidents(
        &self,
        tenant: &TenantId,
        filter: IncidentFilter,
        limit: u32,
    ) -> Result<Vec<IncidentRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| list(connection, tenant, &filter, limit)).await
    }

    pub(crate) async fn list_mentions(
        &self,
        tenant: &TenantId,
        entities: Vec<u64>,
        between: (Timestamp, Timestamp),
    ) -> Result<Vec<(String, MentionRow)>, StoreError> {
        self.read_long(tenant, move |connection, tenant| {
            list_mentions(connection, tenant, &entities, between)
        })
        .await
    }

    pub(crate) async fn list_incident_notes(
        &self,
        tenant: &TenantId,
        incident: &str,
        limit: u32,
    ) -> Result<Vec<IncidentNoteRow>, StoreError> {
        let incident = incident.to_owned();
        self.read_long(tenant, move |connection, tenant| list_notes(connection, tenant, &incident, limit))
            .await
    }
}
