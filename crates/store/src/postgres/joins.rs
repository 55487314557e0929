//! Which decision an entry of a tenant's log belongs to.

use std::collections::BTreeMap;

use countersign_core::{DecisionId, TenantId, Timestamp};
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{Postgres, columns, errors::Trouble, reads::retried};
use crate::{JoinHow, JoinRow, JoinState, JoinWrite, StoreError};

pub(super) const CANDIDATES: &str = "SELECT decision_id FROM join_candidates
    WHERE tenant_id = $1 AND key_id = $2 AND decided_at >= $3 AND decided_at <= $4
    ORDER BY decided_at DESC, decision_id DESC LIMIT $5";

pub(super) const OF_DECISIONS: &str = "SELECT log_id, seq, happened_at, is_login, decision_id, how FROM joins
    WHERE tenant_id = $1 AND decision_id = ANY($2)";

const OF_ENTRIES: &str = "SELECT log_id, seq, happened_at, is_login, decision_id, how FROM joins
    WHERE tenant_id = $1 AND log_id = ANY($2)";

pub(super) const LOGINS: &str = "SELECT log_id, seq, happened_at, is_login, decision_id, how FROM joins
    WHERE tenant_id = $1 AND how = $2 AND is_login = 1 AND happened_at >= $3 AND happened_at < $4
    ORDER BY happened_at, seq LIMIT $5";

const COUNT: &str = "SELECT COUNT(*) FROM joins
    WHERE tenant_id = $1 AND how = $2 AND is_login = 1 AND happened_at >= $3 AND happened_at < $4";

pub(super) async fn apply(
    connection: &mut PgConnection,
    tenant: &str,
    write: &JoinWrite,
) -> Result<(), Trouble> {
    match write {
        JoinWrite::Candidate { key_id, decision, at } => {
            sqlx::query(
                "INSERT INTO join_candidates (tenant_id, key_id, decided_at, decision_id)
                 VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            )
            .bind(tenant)
            .bind(key_id)
            .bind(at.micros())
            .bind(decision.as_str())
            .execute(connection)
            .await?;
            Ok(())
        }
        JoinWrite::Put(row) => put(connection, tenant, row).await,
        JoinWrite::Reached { expected, state } => reach(connection, tenant, *expected, *state).await,
        JoinWrite::PruneCandidates { before } => {
            sqlx::query("DELETE FROM join_candidates WHERE tenant_id = $1 AND decided_at < $2")
                .bind(tenant)
                .bind(before.micros())
                .execute(connection)
                .await?;
            Ok(())
        }
    }
}

/// Why the decision's other login is looked for first: a violated index would end the whole transaction.
async fn put(connection: &mut PgConnection, tenant: &str, row: &JoinRow) -> Result<(), Trouble> {
    let JoinRow { log_id, seq, at, is_login, decision, how } = row;
    let decision = decision.as_ref().map(DecisionId::as_str);
    let done = sqlx::query(
        "INSERT INTO joins (tenant_id, log_id, seq, happened_at, is_login, decision_id, how)
         SELECT $1, $2, $3, $4, $5, $6, $7 WHERE $5 = 0 OR $6::text IS NULL OR NOT EXISTS (
             SELECT 1 FROM joins WHERE tenant_id = $1 AND decision_id = $6 AND is_login = 1 AND log_id <> $2)
         ON CONFLICT (tenant_id, log_id) DO UPDATE SET decision_id = $6, how = $7",
    )
    .bind(tenant)
    .bind(log_id)
    .bind(columns::integer(*seq)?)
    .bind(at.micros())
    .bind(i64::from(*is_login))
    .bind(decision)
    .bind(how.as_str())
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

async fn reach(
    connection: &mut PgConnection,
    tenant: &str,
    expected: JoinState,
    state: JoinState,
) -> Result<(), Trouble> {
    let JoinState { seq, leaf, since } = state;
    let (seq, leaf) = (columns::integer(seq)?, columns::integer(leaf)?);
    let since = since.map(Timestamp::micros);
    let sql = if expected == JoinState::default() {
        "INSERT INTO join_states AS s (tenant_id, seq, leaf_index, since) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id) DO UPDATE SET seq = $2, leaf_index = $3, since = $4
         WHERE s.seq = $5 AND s.leaf_index = $6 AND s.since IS NOT DISTINCT FROM $7"
    } else {
        "UPDATE join_states SET seq = $2, leaf_index = $3, since = $4
         WHERE tenant_id = $1 AND seq = $5 AND leaf_index = $6 AND since IS NOT DISTINCT FROM $7"
    };
    let done = sqlx::query(sql)
        .bind(tenant)
        .bind(seq)
        .bind(leaf)
        .bind(since)
        .bind(columns::integer(expected.seq)?)
        .bind(columns::integer(expected.leaf)?)
        .bind(expected.since.map(Timestamp::micros))
        .execute(connection)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

fn join_row(row: &PgRow) -> Result<JoinRow, StoreError> {
    let text = |column: usize| row.try_get::<String, _>(column).map_err(StoreError::from);
    Ok(JoinRow {
        log_id: text(0)?,
        seq: columns::unsigned(row.try_get(1)?)?,
        at: Timestamp::from_micros(row.try_get(2)?),
        is_login: row.try_get::<i64, _>(3)? != 0,
        decision: columns::parse_optional("decision_id", row.try_get(4)?)?,
        how: columns::parse("how", &text(5)?)?,
    })
}

impl Postgres {
    pub(crate) async fn get_join_state(&self, tenant: &TenantId) -> Result<JoinState, StoreError> {
        let row: Option<(i64, i64, Option<i64>)> = retried(|| {
            sqlx::query_as("SELECT seq, leaf_index, since FROM join_states WHERE tenant_id = $1")
                .bind(tenant.as_str())
                .fetch_optional(&self.readers)
        })
        .await?;
        let Some((seq, leaf, since)) = row else { return Ok(JoinState::default()) };
        Ok(JoinState {
            seq: columns::unsigned(seq)?,
            leaf: columns::unsigned(leaf)?,
            since: since.map(Timestamp::from_micros),
        })
    }

    pub(crate) async fn list_join_candidates(
        &self,
        tenant: &TenantId,
        key_id: &str,
        (from, until): (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<DecisionId>, StoreError> {
        let ids: Vec<String> = retried(|| {
            sqlx::query_scalar(CANDIDATES)
                .bind(tenant.as_str())
                .bind(key_id)
                .bind(from.micros())
                .bind(until.micros())
                .bind(i64::from(limit))
                .fetch_all(&self.readers)
        })
        .await?;
        ids.iter().map(|id| columns::parse("decision_id", id)).collect()
    }

    pub(crate) async fn list_joins_of(
        &self,
        tenant: &TenantId,
        decisions: Vec<DecisionId>,
    ) -> Result<Vec<JoinRow>, StoreError> {
        let decisions: Vec<&str> = decisions.iter().map(DecisionId::as_str).collect();
        self.joins(OF_DECISIONS, tenant, &decisions).await
    }

    pub(crate) async fn list_joins_at(
        &self,
        tenant: &TenantId,
        log_ids: Vec<String>,
    ) -> Result<Vec<JoinRow>, StoreError> {
        let log_ids: Vec<&str> = log_ids.iter().map(String::as_str).collect();
        self.joins(OF_ENTRIES, tenant, &log_ids).await
    }

    async fn joins(
        &self,
        sql: &'static str,
        tenant: &TenantId,
        ids: &[&str],
    ) -> Result<Vec<JoinRow>, StoreError> {
        let rows =
            retried(|| sqlx::query(sql).bind(tenant.as_str()).bind(ids).fetch_all(&self.readers)).await?;
        let mut joins = rows.iter().map(join_row).collect::<Result<Vec<_>, _>>()?;
        joins.sort_by(|one, other| (&one.decision, &one.log_id).cmp(&(&other.decision, &other.log_id)));
        Ok(joins)
    }

    pub(crate) async fn list_logins(
        &self,
        tenant: &TenantId,
        how: JoinHow,
        (from, until): (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<JoinRow>, StoreError> {
        let rows = retried(|| {
            sqlx::query(LOGINS)
                .bind(tenant.as_str())
                .bind(how.as_str())
                .bind(from.micros())
                .bind(until.micros())
                .bind(i64::from(limit))
                .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(join_row).collect()
    }

    pub(crate) async fn count_logins(
        &self,
        tenant: &TenantId,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<BTreeMap<JoinHow, u64>, StoreError> {
        let mut counts = BTreeMap::new();
        for how in JoinHow::ALL {
            let count: i64 = retried(|| {
                sqlx::query_scalar(COUNT)
                    .bind(tenant.as_str())
                    .bind(how.as_str())
                    .bind(from.micros())
                    .bind(until.micros())
                    .fetch_one(&self.long_readers)
            })
            .await?;
            counts.insert(how, columns::unsigned(count)?);
        }
        Ok(counts)
    }
}
