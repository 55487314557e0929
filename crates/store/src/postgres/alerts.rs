//! What was found in a tenant's log.

use countersign_core::{TenantId, Timestamp};
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{Postgres, errors::Trouble, reads::retried};
use crate::{AlertFilter, AlertRow, StoreError};

/// Puts an alert in the place of the one of its id; whether that one was late is kept, and an incident that this one has not.
pub(super) async fn put(
    connection: &mut PgConnection,
    tenant: &str,
    alert: &AlertRow,
) -> Result<(), Trouble> {
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
    sqlx::query(
        "INSERT INTO alerts AS a (tenant_id, alert_id, detector, severity, audience, is_retracted, is_late, first_at,
                                  last_at, entity_tag, incident_id, key_id, sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (tenant_id, alert_id) DO UPDATE SET detector = $3, severity = $4, audience = $5,
            is_retracted = $6, first_at = $8, last_at = $9, entity_tag = $10,
            incident_id = COALESCE($11, a.incident_id), key_id = $12, sealed = $13",
    )
    .bind(tenant)
    .bind(id)
    .bind(detector)
    .bind(i64::from(*severity))
    .bind(audience)
    .bind(i64::from(*is_retracted))
    .bind(i64::from(*is_late))
    .bind(first.micros())
    .bind(last.micros())
    .bind(entity.cast_signed())
    .bind(incident)
    .bind(key_id)
    .bind(sealed)
    .execute(connection)
    .await?;
    Ok(())
}

fn row(row: &PgRow) -> Result<AlertRow, StoreError> {
    Ok(AlertRow {
        id: row.try_get(0)?,
        detector: row.try_get(1)?,
        severity: u8::try_from(row.try_get::<i64, _>(2)?).unwrap_or(u8::MAX),
        audience: row.try_get(3)?,
        is_retracted: row.try_get::<i64, _>(4)? != 0,
        is_late: row.try_get::<i64, _>(5)? != 0,
        first: Timestamp::from_micros(row.try_get(6)?),
        last: Timestamp::from_micros(row.try_get(7)?),
        entity: row.try_get::<i64, _>(8)?.cast_unsigned(),
        incident: row.try_get(9)?,
        key_id: row.try_get(10)?,
        sealed: row.try_get(11)?,
    })
}

impl Postgres {
    pub(crate) async fn find_alert(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<AlertRow>, StoreError> {
        let found = retried(|| {
            sqlx::query(
                "SELECT alert_id, detector, severity, audience, is_retracted, is_late, first_at, last_at, entity_tag,
                        incident_id, key_id, sealed FROM alerts WHERE tenant_id = $1 AND alert_id = $2",
            )
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(&self.readers)
        })
        .await?;
        found.as_ref().map(row).transpose()
    }

    pub(crate) async fn list_alerts(
        &self,
        tenant: &TenantId,
        filter: AlertFilter,
        limit: u32,
    ) -> Result<Vec<AlertRow>, StoreError> {
        let AlertFilter {
            severity,
            detector,
            audience,
            entity,
            incident,
            with_retracted,
            since,
            until,
            before,
        } = &filter;
        let (last, id) = before.as_ref().map_or((i64::MAX, ""), |(last, id)| (last.micros(), id.as_str()));
        let rows = retried(|| {
            sqlx::query(
                "SELECT alert_id, detector, severity, audience, is_retracted, is_late, first_at, last_at, entity_tag,
                        incident_id, key_id, sealed FROM alerts
                 WHERE tenant_id = $1 AND severity >= $2 AND ($3::text IS NULL OR detector = $3)
                   AND ($4::text IS NULL OR audience = $4) AND ($5::bigint IS NULL OR entity_tag = $5)
                   AND ($6::text IS NULL OR incident_id = $6) AND ($7 OR is_retracted = 0)
                   AND last_at >= $8 AND last_at < $12 AND (last_at, alert_id) < ($9, $10)
                 ORDER BY last_at DESC, alert_id DESC LIMIT $11",
            )
            .bind(tenant.as_str())
            .bind(i64::from(*severity))
            .bind(detector)
            .bind(audience)
            .bind(entity.map(u64::cast_signed))
            .bind(incident)
            .bind(with_retracted)
            .bind(since.map_or(i64::MIN, Timestamp::micros))
            .bind(last)
            .bind(id)
            .bind(i64::from(limit))
            .bind(until.map_or(i64::MAX, Timestamp::micros))
            .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(row).collect()
    }
}
