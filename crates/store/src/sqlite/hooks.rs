//! What is to be told to others.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Sqlite, columns};
use crate::{DeliveryFilter, DeliveryRow, DeliveryState, PlacedMessage, StoreError};

/// Adds a delivery, unless the receiver was or is to be told the same.
pub(super) fn insert(
    connection: &Connection,
    tenant: &TenantId,
    delivery: &DeliveryRow,
) -> Result<(), StoreError> {
    let DeliveryRow { id, hook, about, event, state, attempts, made, next, key_id, sealed, place } = delivery;
    connection
        .prepare_cached(
            "INSERT INTO hook_deliveries (tenant_id, delivery_id, hook, about_id, event, state, attempts, made_at,
                                          next_at, key_id, sealed, place)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (tenant_id, hook, about_id, event) DO NOTHING",
        )?
        .execute(params![
            tenant.as_str(),
            id,
            hook,
            about,
            event,
            state.as_str(),
            attempts,
            made.micros(),
            next.micros(),
            key_id,
            sealed,
            place
        ])?;
    Ok(())
}

/// Says how an attempt ended; `Stale` when another was made meanwhile.
pub(super) fn tried(
    connection: &Connection,
    tenant: &TenantId,
    (id, attempts): (&str, u32),
    (state, next, place): (DeliveryState, Timestamp, Option<&str>),
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE hook_deliveries SET state = ?4, attempts = attempts + 1, next_at = ?5, place = ?6
             WHERE tenant_id = ?1 AND delivery_id = ?2 AND attempts = ?3 AND state = 'waiting'",
        )?
        .execute(params![tenant.as_str(), id, attempts, state.as_str(), next.micros(), place])?;
    columns::one(changed)
}

/// Forgets deliveries that were made before a time, wherever they stand.
pub(super) fn prune(connection: &Connection, tenant: &TenantId, before: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM hook_deliveries WHERE tenant_id = ?1 AND made_at < ?2")?
        .execute(params![tenant.as_str(), before.micros()])?;
    Ok(())
}

fn list(
    connection: &Connection,
    tenant: &TenantId,
    filter: &DeliveryFilter,
    limit: u32,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT delivery_id, hook, about_id, event, state, attempts, made_at, next_at, key_id, sealed, place
         FROM hook_deliveries WHERE tenant_id = ?1 AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR next_at <= ?3)
           AND (?4 IS NULL OR hook = ?4)
         ORDER BY next_at, delivery_id LIMIT ?5",
    )?;
    let (state, due) = (filter.state.map(DeliveryState::as_str), filter.due.map(Timestamp::micros));
    columns::collect(statement.query(params![tenant.as_str(), state, due, filter.hook, limit])?, |row| {
        Ok(DeliveryRow {
            id: row.get(0)?,
            hook: row.get(1)?,
            about: row.get(2)?,
            event: row.get(3)?,
            state: DeliveryState::parse(&row.get::<_, String>(4)?)?,
            attempts: columns::small(row.get(5)?)?,
            made: Timestamp::from_micros(row.get(6)?),
            next: Timestamp::from_micros(row.get(7)?),
            key_id: row.get(8)?,
            sealed: row.get(9)?,
            place: row.get(10)?,
        })
    })
}

impl Sqlite {
    pub(crate) async fn list_deliveries(
        &self,
        tenant: &TenantId,
        filter: DeliveryFilter,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| list(connection, tenant, &filter, limit)).await
    }

    pub(crate) async fn find_placed_message(
        &self,
        tenant: &TenantId,
        hook: &str,
        about: &str,
    ) -> Result<Option<PlacedMessage>, StoreError> {
        let (hook, about) = (hook.to_owned(), about.to_owned());
        self.read_long(tenant, move |connection, tenant| {
            let mut statement = connection.prepare_cached(
                "SELECT delivery_id, made_at, place FROM hook_deliveries
                 WHERE tenant_id = ?1 AND hook = ?2 AND about_id = ?3 AND place IS NOT NULL
                 ORDER BY made_at DESC, delivery_id DESC LIMIT 1",
            )?;
            let placed = |row: &Row<'_>| {
                Ok(PlacedMessage {
                    id: row.get(0)?,
                    made: Timestamp::from_micros(row.get(1)?),
                    place: row.get(2)?,
                })
            };
            Ok(statement.query_row(params![tenant.as_str(), hook, about], placed).optional()?)
        })
        .await
    }
}
