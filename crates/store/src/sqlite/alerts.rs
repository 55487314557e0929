//! What was found in a tenant's log.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::{Sqlite, columns};
use crate::{AlertFilter, AlertRow, StoreError};

/// Puts an alert in the place of the one of its id; whether that one was late is kept, and an incident that this one has not.
pub(super) fn put(connection: &Connection, tenant: &TenantId, alert: &AlertRow) -> Result<(), StoreError> {
    let AlertRow {
        id,
        detector,
        severity,
        audience,
        is_retracted,
        is_late,
        first,
        last,
        entity,
        incident,
        key_id,
        sealed,
    } = alert;
    connection
        .prepare_cached(
            "INSERT INTO alerts (tenant_id, alert_id, detector, severity, audience, is_retracted, is_late, first_at,
                                 last_at, entity_tag, incident_id, key_id, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (tenant_id, alert_id) DO UPDATE SET detector = ?3, severity = ?4, audience = ?5,
                is_retracted = ?6, first_at = ?8, last_at = ?9, entity_tag = ?10,
                incident_id = COALESCE(?11, incident_id), key_id = ?12, sealed = ?13",
        )?
        .execute(params![
            tenant.as_str(),
            id,
            detector,
            severity,
            audience,
            is_retracted,
            is_late,
            first.micros(),
            last.micros(),
            entity.cast_signed(),
            incident,
            key_id,
            sealed
        ])?;
    Ok(())
}

pub(super) fn retract(connection: &Connection, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE alerts SET is_retracted = 1 WHERE tenant_id = ?1 AND alert_id = ?2")?
        .execute([tenant.as_str(), id])?;
    Ok(())
}

fn find(connection: &Connection, tenant: &TenantId, id: &str) -> Result<Option<AlertRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT alert_id, detector, severity, audience, is_retracted, is_late, first_at, last_at, entity_tag,
                incident_id, key_id, sealed FROM alerts WHERE tenant_id = ?1 AND alert_id = ?2",
    )?;
    Ok(columns::collect(statement.query([tenant.as_str(), id])?, row)?.pop())
}

fn list(
    connection: &Connection,
    tenant: &TenantId,
    filter: &AlertFilter,
    limit: u32,
) -> Result<Vec<AlertRow>, StoreError> {
    let AlertFilter { severity, detector, audience, entity, incident, with_retracted, since, until, before } =
        filter;
    // Why apart: what may be absent in a condition is looked up by no index.
    let by_detector = if detector.is_some() { "detector = ?3" } else { "?3 IS NULL" };
    let by_entity = if entity.is_some() { "entity_tag = ?5" } else { "?5 IS NULL" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT alert_id, detector, severity, audience, is_retracted, is_late, first_at, last_at, entity_tag,
                incident_id, key_id, sealed FROM alerts
         WHERE tenant_id = ?1 AND severity >= ?2 AND {by_detector} AND (?4 IS NULL OR audience = ?4)
           AND {by_entity} AND (?6 IS NULL OR incident_id = ?6) AND (?7 OR is_retracted = 0)
           AND last_at >= ?8 AND last_at < ?12 AND (last_at, alert_id) < (?9, ?10)
         ORDER BY last_at DESC, alert_id DESC LIMIT ?11",
    ))?;
    let (last, id) = before.as_ref().map_or((i64::MAX, ""), |(last, id)| (last.micros(), id.as_str()));
    let since = since.map_or(i64::MIN, Timestamp::micros);
    let until = until.map_or(i64::MAX, Timestamp::micros);
    let entity = entity.map(u64::cast_signed);
    let bounds = params![
        tenant.as_str(),
        severity,
        detector,
        audience,
        entity,
        incident,
        with_retracted,
        since,
        last,
        id,
        limit,
        until
    ];
    columns::collect(statement.query(bounds)?, row)
}

fn row(row: &Row<'_>) -> Result<AlertRow, StoreError> {
    Ok(AlertRow {
        id: row.get(0)?,
        detector: row.get(1)?,
        severity: row.get(2)?,
        audience: row.get(3)?,
        is_retracted: row.get(4)?,
        is_late: row.get(5)?,
        first: Timestamp::from_micros(row.get(6)?),
        last: Timestamp::from_micros(row.get(7)?),
        entity: row.get::<_, i64>(8)?.cast_unsigned(),
        incident: row.get(9)?,
        key_id: row.get(10)?,
        sealed: row.get(11)?,
    })
}

impl Sqlite {
    pub(crate) async fn find_alert(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<AlertRow>, StoreError> {
        let id = id.to_owned();
        self.read_long(tenant, move |connection, tenant| find(connection, tenant, &id)).await
    }

    pub(crate) async fn list_alerts(
        &self,
        tenant: &TenantId,
        filter: AlertFilter,
        limit: u32,
    ) -> Result<Vec<AlertRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| list(connection, tenant, &filter, limit)).await
    }
}
