//! What is to be told to others.

use countersign_core::{TenantId, Timestamp};
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{Postgres, columns, errors::Trouble, reads::retried};
use crate::{DeliveryFilter, DeliveryRow, DeliveryState, PlacedMessage, StoreError};

/// Adds a delivery, unless the receiver was or is to be told the same.
pub(super) async fn insert(
    connection: &mut PgConnection,
    tenant: &str,
    delivery: &DeliveryRow,
) -> Result<(), Trouble> {
    let DeliveryRow { id, hook, about, event, state, attempts, made, next, key_id, sealed, place } = delivery;
    sqlx::query(
        "INSERT INTO hook_deliveries (tenant_id, delivery_id, hook, about_id, event, state, attempts, made_at, next_at,
                                      key_id, sealed, place)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (tenant_id, hook, about_id, event) DO NOTHING",
    )
    .bind(tenant)
    .bind(id)
    .bind(hook)
    .bind(about)
    .bind(event)
    .bind(state.as_str())
    .bind(i64::from(*attempts))
    .bind(made.micros())
    .bind(next.micros())
    .bind(key_id)
    .bind(sealed)
    .bind(place)
    .execute(connection)
    .await?;
    Ok(())
}

/// Says how an attempt ended; `Stale` when another was made meanwhile.
pub(super) async fn tried(
    connection: &mut PgConnection,
    tenant: &str,
    (id, attempts): (&str, u32),
    (state, next, place): (DeliveryState, Timestamp, Option<&str>),
) -> Result<(), Trouble> {
    let done = sqlx::query(
        "UPDATE hook_deliveries SET state = $4, attempts = attempts + 1, next_at = $5, place = $6
         WHERE tenant_id = $1 AND delivery_id = $2 AND attempts = $3 AND state = 'waiting'",
    )
    .bind(tenant)
    .bind(id)
    .bind(i64::from(attempts))
    .bind(state.as_str())
    .bind(next.micros())
    .bind(place)
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

/// Forgets deliveries that were made before a time, wherever they stand.
pub(super) async fn prune(
    connection: &mut PgConnection,
    tenant: &str,
    before: Timestamp,
) -> Result<(), Trouble> {
    sqlx::query("DELETE FROM hook_deliveries WHERE tenant_id = $1 AND made_at < $2")
        .bind(tenant)
        .bind(before.micros())
        .execute(connection)
        .await?;
    Ok(())
}

fn row(row: &PgRow) -> Result<DeliveryRow, StoreError> {
    Ok(DeliveryRow {
        id: row.try_get(0)?,
        hook: row.try_get(1)?,
        about: row.try_get(2)?,
        event: row.try_get(3)?,
        state: DeliveryState::parse(&row.try_get::<String, _>(4)?)?,
        attempts: columns::small(row.try_get(5)?)?,
        made: Timestamp::from_micros(row.try_get(6)?),
        next: Timestamp::from_micros(row.try_get(7)?),
        key_id: row.try_get(8)?,
        sealed: row.try_get(9)?,
        place: row.try_get(10)?,
    })
}

impl Postgres {
    pub(crate) async fn list_deliveries(
        &self,
        tenant: &TenantId,
        filter: DeliveryFilter,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let rows = retried(|| {
            sqlx::query(
                "SELECT delivery_id, hook, about_id, event, state, attempts, made_at, next_at, key_id, sealed, place
                 FROM hook_deliveries
                 WHERE tenant_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::bigint IS NULL OR next_at <= $3)
                   AND ($4::text IS NULL OR hook = $4)
                 ORDER BY next_at, delivery_id LIMIT $5",
            )
            .bind(tenant.as_str())
            .bind(filter.state.map(DeliveryState::as_str))
            .bind(filter.due.map(Timestamp::micros))
            .bind(filter.hook.as_deref())
            .bind(i64::from(limit))
            .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(row).collect()
    }

    pub(crate) async fn find_placed_message(
        &self,
        tenant: &TenantId,
        hook: &str,
        about: &str,
    ) -> Result<Option<PlacedMessage>, StoreError> {
        let row = retried(|| {
            sqlx::query(
                "SELECT delivery_id, made_at, place FROM hook_deliveries
                 WHERE tenant_id = $1 AND hook = $2 AND about_id = $3 AND place IS NOT NULL
                 ORDER BY made_at DESC, delivery_id DESC LIMIT 1",
            )
            .bind(tenant.as_str())
            .bind(hook)
            .bind(about)
            .fetch_optional(&self.long_readers)
        })
        .await?;
        let placed = |row: &PgRow| {
            Ok(PlacedMessage {
                id: row.try_get(0)?,
                made: Timestamp::from_micros(row.try_get(1)?),
                place: row.try_get(2)?,
            })
        };
        row.as_ref().map(placed).transpose()
    }
}
