//! Where confirmed attacks came from.

use countersign_core::{TenantId, Timestamp};
use sqlx::PgConnection;

use super::{Postgres, errors::Trouble, reads::retried};
use crate::{AttackSourceRow, StoreError};

pub(super) async fn put(
    connection: &mut PgConnection,
    tenant: &str,
    source: &AttackSourceRow,
) -> Result<(), Trouble> {
    let AttackSourceRow { source, incident, from, until } = source;
    sqlx::query(
        "INSERT INTO attack_sources (tenant_id, source_tag, incident_id, from_at, until_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, source_tag, incident_id) DO UPDATE SET from_at = $4, until_at = $5",
    )
    .bind(tenant)
    .bind(source.cast_signed())
    .bind(incident)
    .bind(from.micros())
    .bind(until.micros())
    .execute(connection)
    .await?;
    Ok(())
}

impl Postgres {
    pub(crate) async fn list_attack_sources(
        &self,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<Vec<AttackSourceRow>, StoreError> {
        let rows: Vec<(i64, String, i64, i64)> = retried(|| {
            sqlx::query_as(
                "SELECT source_tag, incident_id, from_at, until_at FROM attack_sources
                 WHERE tenant_id = $1 AND until_at > $2 ORDER BY source_tag, incident_id",
            )
            .bind(tenant.as_str())
            .bind(at.micros())
            .fetch_all(&self.long_readers)
        })
        .await?;
        let source = |(source, incident, from, until): (i64, String, i64, i64)| AttackSourceRow {
            source: source.cast_unsigned(),
            incident,
            from: Timestamp::from_micros(from),
            until: Timestamp::from_micros(until),
        };
        Ok(rows.into_iter().map(source).collect())
    }
}
