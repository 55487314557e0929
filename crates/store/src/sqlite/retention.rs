//! Deleting what is older than it is kept.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, params};

use super::{Sqlite, columns};
use crate::{Old, StoreError};

/// The oldest of each kind: what they are found by, at most `?5` of them.
macro_rules! oldest {
    (log) => {
        "SELECT seq FROM log_entries WHERE tenant_id = ?1 AND happened_at < ?2 AND arrived_at < ?3 AND seq < ?4
         ORDER BY happened_at, log_id LIMIT ?5"
    };
    (rejects) => {
        "SELECT number FROM log_rejects WHERE tenant_id = ?1 AND arrived_at < ?2 ORDER BY number LIMIT ?5"
    };
    (alerts) => {
        "SELECT alert_id FROM alerts AS a WHERE tenant_id = ?1 AND last_at < ?2 AND NOT EXISTS (
             SELECT 1 FROM incidents AS i
             WHERE i.tenant_id = a.tenant_id AND i.incident_id = a.incident_id AND i.status <> 'closed')
         ORDER BY last_at, alert_id LIMIT ?5"
    };
    (suppressions) => {
        "SELECT suppression_id FROM suppressions WHERE tenant_id = ?1 AND until_at < ?2
         ORDER BY suppression_id LIMIT ?5"
    };
}

/// Deletes to which decisions the oldest entries belong.
const JOINS: &str = "DELETE FROM joins WHERE tenant_id = ?1 AND log_id IN (
    SELECT log_id FROM log_entries WHERE tenant_id = ?1 AND happened_at < ?2 AND arrived_at < ?3 AND seq < ?4
    ORDER BY happened_at, log_id LIMIT ?5)";

/// The statements that count and delete the oldest of a kind.
const fn statements(old: &Old) -> (&'static str, &'static str) {
    macro_rules! both {
        ($kind:ident, $table:literal, $column:literal) => {
            (
                concat!("SELECT COUNT(*) FROM (", oldest!($kind), ")"),
                concat!(
                    "DELETE FROM ",
                    $table,
                    " WHERE tenant_id = ?1 AND ",
                    $column,
                    " IN (",
                    oldest!($kind),
                    ")"
                ),
            )
        };
    }
    match old {
        Old::Log { .. } => both!(log, "log_entries", "seq"),
        Old::Rejects(_) => both!(rejects, "log_rejects", "number"),
        Old::Alerts(_) => both!(alerts, "alerts", "alert_id"),
        Old::Suppressions(_) => both!(suppressions, "suppressions", "suppression_id"),
    }
}

/// Times and place that a statement asks for; each has its number, so that those a kind has no use for are there all the same.
fn bounds(old: &Old) -> (i64, i64, i64) {
    match *old {
        Old::Log { before, arrived, place } => (before.micros(), arrived.micros(), columns::bound(place)),
        Old::Rejects(before) | Old::Alerts(before) | Old::Suppressions(before) => (before.micros(), 0, 0),
    }
}

pub(super) fn forget(
    connection: &Connection,
    tenant: &TenantId,
    old: &Old,
    most: u32,
) -> Result<(), StoreError> {
    let (before, arrived, place) = bounds(old);
    if let Old::Log { .. } = old {
        connection.prepare_cached(JOINS)?.execute(params![tenant.as_str(), before, arrived, place, most])?;
    }
    connection.prepare_cached(statements(old).1)?.execute(params![
        tenant.as_str(),
        before,
        arrived,
        place,
        most
    ])?;
    if let Old::Log { .. } = old {
        connection
            .prepare_cached(
                "UPDATE log_states SET kept_from = MAX(?2, COALESCE(kept_from, ?2)) WHERE tenant_id = ?1",
            )?
            .execute(params![tenant.as_str(), before])?;
    }
    Ok(())
}

fn count(connection: &Connection, tenant: &TenantId, old: &Old, most: u32) -> Result<u64, StoreError> {
    let (before, arrived, place) = bounds(old);
    let mut statement = connection.prepare_cached(statements(old).0)?;
    let bounds = params![tenant.as_str(), before, arrived, place, most];
    columns::unsigned(statement.query_row(bounds, |row| row.get(0))?)
}

/// Deletes a closed incident, what people wrote about it and what its alerts are about; its alerts stay.
pub(super) fn drop_incident(connection: &Connection, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    let dropped = connection
        .prepare_cached(
            "DELETE FROM incidents WHERE tenant_id = ?1 AND incident_id = ?2 AND status = 'closed'",
        )?
        .execute([tenant.as_str(), id])?;
    columns::one(dropped)?;
    for sql in [
        "DELETE FROM incident_notes WHERE tenant_id = ?1 AND incident_id = ?2",
        "DELETE FROM incident_entities WHERE tenant_id = ?1 AND incident_id = ?2",
        "UPDATE alerts SET incident_id = NULL WHERE tenant_id = ?1 AND incident_id = ?2",
    ] {
        connection.prepare_cached(sql)?.execute([tenant.as_str(), id])?;
    }
    Ok(())
}

pub(super) fn drop_suppression(
    connection: &Connection,
    tenant: &TenantId,
    id: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM suppressions WHERE tenant_id = ?1 AND suppression_id = ?2")?
        .execute([tenant.as_str(), id])?;
    Ok(())
}

fn is_key_used(
    connection: &Connection,
    tenant: &TenantId,
    key_id: &str,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let used = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM log_entries WHERE tenant_id = ?1 AND happened_at <= ?3 AND key_id = ?2)
                 OR EXISTS (SELECT 1 FROM log_rejects WHERE tenant_id = ?1 AND key_id = ?2)
                 OR EXISTS (SELECT 1 FROM log_snapshots WHERE tenant_id = ?1 AND key_id = ?2)
                 OR EXISTS (SELECT 1 FROM alerts WHERE tenant_id = ?1 AND key_id = ?2)
                 OR EXISTS (SELECT 1 FROM incidents WHERE tenant_id = ?1 AND key_id = ?2)
                 OR EXISTS (SELECT 1 FROM incident_notes WHERE tenant_id = ?1 AND key_id = ?2)
                 OR EXISTS (SELECT 1 FROM suppressions WHERE tenant_id = ?1 AND key_id = ?2)
                 OR EXISTS (SELECT 1 FROM hook_deliveries WHERE tenant_id = ?1 AND key_id = ?2)
                 OR EXISTS (SELECT 1 FROM plans WHERE tenant_id = ?1 AND key_id = ?2)
                 OR EXISTS (SELECT 1 FROM plan_reviews WHERE tenant_id = ?1 AND key_id = ?2)
                 OR EXISTS (SELECT 1 FROM reviews WHERE tenant_id = ?1 AND key_id = ?2)
                 OR EXISTS (SELECT 1 FROM remarks WHERE tenant_id = ?1 AND key_id = ?2)",
        )?
        .query_row(params![tenant.as_str(), key_id, until.micros()], |row| row.get(0))?;
    Ok(used)
}

impl Sqlite {
    pub(crate) async fn count_old(&self, tenant: &TenantId, old: Old, most: u32) -> Result<u64, StoreError> {
        self.read_long(tenant, move |connection, tenant| count(connection, tenant, &old, most)).await
    }

    pub(crate) async fn is_key_used(
        &self,
        tenant: &TenantId,
        key_id: &str,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let key_id = key_id.to_owned();
        self.read_long(tenant, move |connection, tenant| is_key_used(connection, tenant, &key_id, until))
            .await
    }
}
