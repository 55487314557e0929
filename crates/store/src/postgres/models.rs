//! Versions of the model that scores and of own models, and the acts that put them in force.

use countersign_core::{TenantId, Timestamp};
use sqlx::{PgConnection, PgPool, Row, postgres::PgRow};

use super::{Postgres, columns, errors::Trouble, reads::retried};
use crate::{ModelActRow, ModelRow, StoreError};

/// Adds the version after the newest one; `Stale` when it is not, or its tag is known.
pub(super) async fn insert(
    connection: &mut PgConnection,
    tenant: &str,
    model: &ModelRow,
    document: &str,
) -> Result<(), Trouble> {
    let ModelRow { version, kind, tag, card, at, by } = model;
    let done = sqlx::query(
        "INSERT INTO models (tenant_id, version, kind, tag, document, card, created_at, created_by)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8
         WHERE $2 = (SELECT COALESCE(MAX(version), 0) + 1 FROM models WHERE tenant_id = $1)
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant)
    .bind(columns::integer(*version)?)
    .bind(kind.as_str())
    .bind(tag)
    .bind(document)
    .bind(card)
    .bind(at.micros())
    .bind(by)
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

/// Adds the act after the newest one; `Stale` when it is not.
pub(super) async fn act(
    connection: &mut PgConnection,
    tenant: &str,
    act: &ModelActRow,
) -> Result<(), Trouble> {
    let ModelActRow { number, act, champion, challenger, own, at, by } = act;
    let done = sqlx::query(
        "INSERT INTO model_acts (tenant_id, number, act, champion, challenger, own, acted_at, acted_by)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8
         WHERE $2 = (SELECT COALESCE(MAX(number), 0) + 1 FROM model_acts WHERE tenant_id = $1)",
    )
    .bind(tenant)
    .bind(columns::integer(*number)?)
    .bind(act.as_str())
    .bind(columns::integer(*champion)?)
    .bind(challenger.map(columns::integer).transpose()?)
    .bind(own.map(columns::integer).transpose()?)
    .bind(at.micros())
    .bind(by)
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

async fn acts(pool: &PgPool, tenant: &TenantId, limit: u32) -> Result<Vec<ModelActRow>, StoreError> {
    let rows = retried(|| {
        sqlx::query(
            "SELECT number, act, champion, challenger, own, acted_at, acted_by FROM model_acts WHERE tenant_id = $1
             ORDER BY number DESC LIMIT $2",
        )
        .bind(tenant.as_str())
        .bind(i64::from(limit))
        .fetch_all(pool)
    })
    .await?;
    rows.iter().map(act_row).collect()
}

fn model_row(row: &PgRow) -> Result<ModelRow, StoreError> {
    Ok(ModelRow {
        version: columns::unsigned(row.try_get(0)?)?,
        kind: columns::parse("kind", row.try_get(1)?)?,
        tag: row.try_get(2)?,
        card: row.try_get(3)?,
        at: Timestamp::from_micros(row.try_get(4)?),
        by: row.try_get(5)?,
    })
}

fn act_row(row: &PgRow) -> Result<ModelActRow, StoreError> {
    Ok(ModelActRow {
        number: columns::unsigned(row.try_get(0)?)?,
        act: columns::parse("act", row.try_get(1)?)?,
        champion: columns::unsigned(row.try_get(2)?)?,
        challenger: row.try_get::<Option<i64>, _>(3)?.map(columns::unsigned).transpose()?,
        own: row.try_get::<Option<i64>, _>(4)?.map(columns::unsigned).transpose()?,
        at: Timestamp::from_micros(row.try_get(5)?),
        by: row.try_get(6)?,
    })
}

impl Postgres {
    pub(crate) async fn list_models(
        &self,
        tenant: &TenantId,
        limit: u32,
    ) -> Result<Vec<ModelRow>, StoreError> {
        let rows = retried(|| {
            sqlx::query(
                "SELECT version, kind, tag, card, created_at, created_by FROM models WHERE tenant_id = $1
                 ORDER BY version DESC LIMIT $2",
            )
            .bind(tenant.as_str())
            .bind(i64::from(limit))
            .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(model_row).collect()
    }

    pub(crate) async fn find_model(
        &self,
        tenant: &TenantId,
        version: u64,
    ) -> Result<Option<(ModelRow, String)>, StoreError> {
        let Ok(version) = i64::try_from(version) else { return Ok(None) };
        let row = retried(|| {
            sqlx::query(
                "SELECT version, kind, tag, card, created_at, created_by, document FROM models
                 WHERE tenant_id = $1 AND version = $2",
            )
            .bind(tenant.as_str())
            .bind(version)
            .fetch_optional(&self.readers)
        })
        .await?;
        row.map(|row| Ok((model_row(&row)?, row.try_get(6)?))).transpose()
    }

    pub(crate) async fn find_model_version(
        &self,
        tenant: &TenantId,
        tag: &str,
    ) -> Result<Option<u64>, StoreError> {
        let version: Option<i64> = retried(|| {
            sqlx::query_scalar("SELECT version FROM models WHERE tenant_id = $1 AND tag = $2")
                .bind(tenant.as_str())
                .bind(tag)
                .fetch_optional(&self.readers)
        })
        .await?;
        version.map(columns::unsigned).transpose()
    }

    pub(crate) async fn list_model_acts(
        &self,
        tenant: &TenantId,
        limit: u32,
    ) -> Result<Vec<ModelActRow>, StoreError> {
        acts(&self.long_readers, tenant, limit).await
    }

    pub(crate) async fn find_model_act(&self, tenant: &TenantId) -> Result<Option<ModelActRow>, StoreError> {
        Ok(acts(&self.readers, tenant, 1).await?.pop())
    }
}
