//! Deleting what is older than it is kept.

use countersign_core::{TenantId, Timestamp};
use sqlx::{PgConnection, Postgres as Database, postgres::PgArguments, query::Query};

use super::{Postgres, columns, errors::Trouble, reads::retried};
use crate::{Old, StoreError};

/// The oldest of each kind, what they are found by: at most `$2` of them.
macro_rules! oldest {
    (log) => {
        "SELECT seq FROM log_entries WHERE tenant_id = $1 AND happened_at < $3 AND arrived_at < $4 AND seq < $5
         ORDER BY happened_at, log_id LIMIT $2"
    };
    (rejects) => {
        "SELECT number FROM log_rejects WHERE tenant_id = $1 AND arrived_at < $3 ORDER BY number LIMIT $2"
    };
    (alerts) => {
        "SELECT alert_id FROM alerts AS a WHERE tenant_id = $1 AND last_at < $3 AND NOT EXISTS (
             SELECT 1 FROM incidents AS i
             WHERE i.tenant_id = a.tenant_id AND i.incident_id = a.incident_id AND i.status <> 'closed')
         ORDER BY last_at, alert_id LIMIT $2"
    };
    (suppressions) => {
        "SELECT suppression_id FROM suppressions WHERE tenant_id = $1 AND until_at < $3
         ORDER BY suppression_id LIMIT $2"
    };
}

/// Deletes to which decisions the oldest entries belong.
const JOINS: &str = "DELETE FROM joins WHERE tenant_id = $1 AND log_id IN (
    SELECT log_id FROM log_entries WHERE tenant_id = $1 AND happened_at < $3 AND arrived_at < $4 AND seq < $5
    ORDER BY happened_at, log_id LIMIT $2)";

/// The statements that count and delete the oldest of a kind.
const fn statements(old: &Old) -> (&'static str, &'static str) {
    macro_rules! both {
        ($kind:ident, $table:literal, $column:literal) => {
            (
                concat!("SELECT COUNT(*) FROM (", oldest!($kind), ") AS old"),
                concat!(
                    "DELETE FROM ",
                    $table,
                    " WHERE tenant_id = $1 AND ",
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

/// A statement with the values that its kind asks for.
fn bound<'a>(sql: &'static str, tenant: &'a str, old: &Old, most: u32) -> Query<'a, Database, PgArguments> {
    let query = sqlx::query(sql).bind(tenant).bind(i64::from(most));
    match *old {
        Old::Log { before, arrived, place } => {
            query.bind(before.micros()).bind(arrived.micros()).bind(columns::bound(place))
        }
        Old::Rejects(before) | Old::Alerts(before) | Old::Suppressions(before) => query.bind(before.micros()),
    }
}

pub(super) async fn forget(
    connection: &mut PgConnection,
    tenant: &str,
    old: &Old,
    most: u32,
) -> Result<(), Trouble> {
    if let Old::Log { .. } = old {
        bound(JOINS, tenant, old, most).execute(&mut *connection).await?;
    }
    bound(statements(old).1, tenant, old, most).execute(&mut *connection).await?;
    if let Old::Log { before, .. } = old {
        sqlx::query("UPDATE log_states SET kept_from = GREATEST($2, kept_from) WHERE tenant_id = $1")
            .bind(tenant)
            .bind(before.micros())
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Deletes a closed incident, what people wrote about it and what its alerts are about; its alerts stay.
pub(super) async fn drop_incident(
    connection: &mut PgConnection,
    tenant: &str,
    id: &str,
) -> Result<(), Trouble> {
    let dropped =
        sqlx::query("DELETE FROM incidents WHERE tenant_id = $1 AND incident_id = $2 AND status = 'closed'")
            .bind(tenant)
            .bind(id)
            .execute(&mut *connection)
            .await?;
    if dropped.rows_affected() != 1 {
        return Err(StoreError::Stale.into());
    }
    for sql in [
        "DELETE FROM incident_notes WHERE tenant_id = $1 AND incident_id = $2",
        "DELETE FROM incident_entities WHERE tenant_id = $1 AND incident_id = $2",
        "UPDATE alerts SET incident_id = NULL WHERE tenant_id = $1 AND incident_id = $2",
    ] {
        sqlx::query(sql).bind(tenant).bind(id).execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn drop_suppression(
    connection: &mut PgConnection,
    tenant: &str,
    id: &str,
) -> Result<(), Trouble> {
    sqlx::query("DELETE FROM suppressions WHERE tenant_id = $1 AND suppression_id = $2")
        .bind(tenant)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

impl Postgres {
    pub(crate) async fn count_old(&self, tenant: &TenantId, old: Old, most: u32) -> Result<u64, StoreError> {
        let count: i64 = retried(|| async {
            let row = bound(statements(&old).0, tenant.as_str(), &old, most).fetch_one(&self.long_readers);
            sqlx::Row::try_get(&row.await?, 0)
        })
        .await?;
        columns::unsigned(count)
    }

    pub(crate) async fn is_key_used(
        &self,
        tenant: &TenantId,
        key_id: &str,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        retried(|| {
            sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM log_entries WHERE tenant_id = $1 AND happened_at <= $3 AND key_id = $2)
                     OR EXISTS (SELECT 1 FROM log_rejects WHERE tenant_id = $1 AND key_id = $2)
                     OR EXISTS (SELECT 1 FROM log_snapshots WHERE tenant_id = $1 AND key_id = $2)
                     OR EXISTS (SELECT 1 FROM alerts WHERE tenant_id = $1 AND key_id = $2)
                     OR EXISTS (SELECT 1 FROM incidents WHERE tenant_id = $1 AND key_id = $2)
                     OR EXISTS (SELECT 1 FROM incident_notes WHERE tenant_id = $1 AND key_id = $2)
                     OR EXISTS (SELECT 1 FROM suppressions WHERE tenant_id = $1 AND key_id = $2)
                     OR EXISTS (SELECT 1 FROM hook_deliveries WHERE tenant_id = $1 AND key_id = $2)
                     OR EXISTS (SELECT 1 FROM plans WHERE tenant_id = $1 AND key_id = $2)
                     OR EXISTS (SELECT 1 FROM plan_reviews WHERE tenant_id = $1 AND key_id = $2)
                     OR EXISTS (SELECT 1 FROM reviews WHERE tenant_id = $1 AND key_id = $2)
                     OR EXISTS (SELECT 1 FROM remarks WHERE tenant_id = $1 AND key_id = $2)",
            )
            .bind(tenant.as_str())
            .bind(key_id)
            .bind(until.micros())
            .fetch_one(&self.long_readers)
        })
        .await
    }
}
