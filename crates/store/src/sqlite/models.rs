//! Versions of the model that scores and of own models, and the acts that put them in force.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Sqlite, columns};
use crate::{ModelActRow, ModelRow, StoreError};

/// Adds the version after the newest one; `Stale` when it is not, or its tag is known.
pub(super) fn insert(
    connection: &Connection,
    tenant: &TenantId,
    model: &ModelRow,
    document: &str,
) -> Result<(), StoreError> {
    let ModelRow { version, kind, tag, card, at, by } = model;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO models (tenant_id, version, kind, tag, document, card, created_at, created_by)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
             WHERE ?2 = (SELECT COALESCE(MAX(version), 0) + 1 FROM models WHERE tenant_id = ?1)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            tenant.as_str(),
            columns::integer(*version)?,
            kind.as_str(),
            tag,
            document,
            card,
            at.micros(),
            by
        ])?;
    columns::one(inserted)
}

/// Adds the act after the newest one; `Stale` when it is not.
pub(super) fn act(connection: &Connection, tenant: &TenantId, act: &ModelActRow) -> Result<(), StoreError> {
    let ModelActRow { number, act, champion, challenger, own, at, by } = act;
    let challenger = challenger.map(columns::integer).transpose()?;
    let own = own.map(columns::integer).transpose()?;
    let (number, champion) = (columns::integer(*number)?, columns::integer(*champion)?);
    let inserted = connection
        .prepare_cached(
            "INSERT INTO model_acts (tenant_id, number, act, champion, challenger, own, acted_at, acted_by)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
             WHERE ?2 = (SELECT COALESCE(MAX(number), 0) + 1 FROM model_acts WHERE tenant_id = ?1)",
        )?
        .execute(params![
            tenant.as_str(),
            number,
            act.as_str(),
            champion,
            challenger,
            own,
            at.micros(),
            by
        ])?;
    columns::one(inserted)
}

fn list(connection: &Connection, tenant: &TenantId, limit: u32) -> Result<Vec<ModelRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT version, kind, tag, card, created_at, created_by FROM models WHERE tenant_id = ?1
         ORDER BY version DESC LIMIT ?2",
    )?;
    columns::collect(statement.query(params![tenant.as_str(), limit])?, model_row)
}

fn find(
    connection: &Connection,
    tenant: &TenantId,
    version: u64,
) -> Result<Option<(ModelRow, String)>, StoreError> {
    let Ok(version) = i64::try_from(version) else { return Ok(None) };
    let found = connection
        .prepare_cached(
            "SELECT version, kind, tag, card, created_at, created_by, document FROM models
             WHERE tenant_id = ?1 AND version = ?2",
        )?
        .query_row(params![tenant.as_str(), version], |row| Ok((model_row(row), row.get(6)?)))
        .optional()?;
    found.map(|(row, document)| Ok((row?, document))).transpose()
}

fn find_version(connection: &Connection, tenant: &TenantId, tag: &str) -> Result<Option<u64>, StoreError> {
    let found = connection
        .prepare_cached("SELECT version FROM models WHERE tenant_id = ?1 AND tag = ?2")?
        .query_row(params![tenant.as_str(), tag], |row| row.get(0))
        .optional()?;
    found.map(columns::unsigned).transpose()
}

fn acts(connection: &Connection, tenant: &TenantId, limit: u32) -> Result<Vec<ModelActRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, act, champion, challenger, own, acted_at, acted_by FROM model_acts WHERE tenant_id = ?1
         ORDER BY number DESC LIMIT ?2",
    )?;
    columns::collect(statement.query(params![tenant.as_str(), limit])?, act_row)
}

fn model_row(row: &Row<'_>) -> Result<ModelRow, StoreError> {
    Ok(ModelRow {
        version: columns::unsigned(row.get(0)?)?,
        kind: columns::text(row, 1, "kind")?,
        tag: row.get(2)?,
        card: row.get(3)?,
        at: Timestamp::from_micros(row.get(4)?),
        by: row.get(5)?,
    })
}

fn act_row(row: &Row<'_>) -> Result<ModelActRow, StoreError> {
    Ok(ModelActRow {
        number: columns::unsigned(row.get(0)?)?,
        act: columns::text(row, 1, "act")?,
        champion: columns::unsigned(row.get(2)?)?,
        challenger: row.get::<_, Option<i64>>(3)?.map(columns::unsigned).transpose()?,
        own: row.get::<_, Option<i64>>(4)?.map(columns::unsigned).transpose()?,
        at: Timestamp::from_micros(row.get(5)?),
        by: row.get(6)?,
    })
}

impl Sqlite {
    pub(crate) async fn list_models(
        &self,
        tenant: &TenantId,
        limit: u32,
    ) -> Result<Vec<ModelRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| list(connection, tenant, limit)).await
    }

    pub(crate) async fn find_model(
        &self,
        tenant: &TenantId,
        version: u64,
    ) -> Result<Option<(ModelRow, String)>, StoreError> {
        self.readers.read(|connection| find(connection, tenant, version))
    }

    pub(crate) async fn find_model_version(
        &self,
        tenant: &TenantId,
        tag: &str,
    ) -> Result<Option<u64>, StoreError> {
        self.readers.read(|connection| find_version(connection, tenant, tag))
    }

    pub(crate) async fn list_model_acts(
        &self,
        tenant: &TenantId,
        limit: u32,
    ) -> Result<Vec<ModelActRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| acts(connection, tenant, limit)).await
    }

    pub(crate) async fn find_model_act(&self, tenant: &TenantId) -> Result<Option<ModelActRow>, StoreError> {
        Ok(self.readers.read(|connection| acts(connection, tenant, 1))?.pop())
    }
}
