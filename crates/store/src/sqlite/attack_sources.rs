//! Where confirmed attacks came from.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, params};

use super::{Sqlite, columns};
use crate::{AttackSourceRow, StoreError};

pub(super) fn put(
    connection: &Connection,
    tenant: &TenantId,
    source: &AttackSourceRow,
) -> Result<(), StoreError> {
    let AttackSourceRow { source, incident, from, until } = source;
    connection
        .prepare_cached(
            "INSERT INTO attack_sources (tenant_id, source_tag, incident_id, from_at, until_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (tenant_id, source_tag, incident_id) DO UPDATE SET from_at = ?4, until_at = ?5",
        )?
        .execute(params![tenant.as_str(), source.cast_signed(), incident, from.micros(), until.micros()])?;
    Ok(())
}

fn list(
    connection: &Connection,
    tenant: &TenantId,
    at: Timestamp,
) -> Result<Vec<AttackSourceRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT source_tag, incident_id, from_at, until_at FROM attack_sources
         WHERE tenant_id = ?1 AND until_at > ?2 ORDER BY source_tag, incident_id",
    )?;
    columns::collect(statement.query(params![tenant.as_str(), at.micros()])?, |row| {
        Ok(AttackSourceRow {
            source: row.get::<_, i64>(0)?.cast_unsigned(),
            incident: row.get(1)?,
            from: Timestamp::from_micros(row.get(2)?),
            until: Timestamp::from_micros(row.get(3)?),
        })
    })
}

impl Sqlite {
    pub(crate) async fn list_attack_sources(
        &self,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<Vec<AttackSourceRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| list(connection, tenant, at)).await
    }
}
