//! Which decision an entry of a tenant's log belongs to.

use std::collections::BTreeMap;

use countersign_core::{DecisionId, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Sqlite, columns};
use crate::{Conflict, JoinHow, JoinRow, JoinState, JoinWrite, StoreError};

const CANDIDATES: &str = "SELECT decision_id FROM join_candidates
    WHERE tenant_id = ?1 AND key_id = ?2 AND decided_at >= ?3 AND decided_at <= ?4
    ORDER BY decided_at DESC, decision_id DESC LIMIT ?5";

const OF_DECISION: &str = "SELECT log_id, seq, happened_at, is_login, decision_id, how FROM joins
    WHERE tenant_id = ?1 AND decision_id = ?2 ORDER BY log_id";

const OF_ENTRY: &str = "SELECT log_id, seq, happened_at, is_login, decision_id, how FROM joins
    WHERE tenant_id = ?1 AND log_id = ?2";

const LOGINS: &str = "SELECT log_id, seq, happened_at, is_login, decision_id, how FROM joins
    WHERE tenant_id = ?1 AND how = ?2 AND is_login = 1 AND happened_at >= ?3 AND happened_at < ?4
    ORDER BY happened_at, seq LIMIT ?5";

const COUNT: &str = "SELECT COUNT(*) FROM joins
    WHERE tenant_id = ?1 AND how = ?2 AND is_login = 1 AND happened_at >= ?3 AND happened_at < ?4";

const PRUNE: &str = "DELETE FROM join_candidates WHERE tenant_id = ?1 AND decided_at < ?2";

pub(super) fn apply(connection: &Connection, tenant: &TenantId, write: &JoinWrite) -> Result<(), StoreError> {
    match write {
        JoinWrite::Candidate { key_id, decision, at } => {
            connection
                .prepare_cached(
                    "INSERT INTO join_candidates (tenant_id, key_id, decided_at, decision_id)
                     VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                )?
                .execute(params![tenant.as_str(), key_id, at.micros(), decision.as_str()])?;
            Ok(())
        }
        JoinWrite::Put(row) => put(connection, tenant, row),
        JoinWrite::Reached { expected, state } => reach(connection, tenant, *expected, *state),
        JoinWrite::PruneCandidates { before } => {
            connection.prepare_cached(PRUNE)?.execute(params![tenant.as_str(), before.micros()])?;
            Ok(())
        }
    }
}

fn put(connection: &Connection, tenant: &TenantId, row: &JoinRow) -> Result<(), StoreError> {
    let JoinRow { log_id, seq, at, is_login, decision, how } = row;
    let decision = decision.as_ref().map(DecisionId::as_str);
    let done = connection
        .prepare_cached(
            "INSERT INTO joins (tenant_id, log_id, seq, happened_at, is_login, decision_id, how)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (tenant_id, log_id) DO UPDATE SET decision_id = ?6, how = ?7",
        )?
        .execute(params![
            tenant.as_str(),
            log_id,
            columns::integer(*seq)?,
            at.micros(),
            i64::from(*is_login),
            decision,
            how.as_str()
        ]);
    // Which of the store's conflicts it would be is nobody's matter: the caller reads again.
    match done.map_err(|error| columns::unique(error, Conflict::Outcome)) {
        Ok(_) => Ok(()),
        Err(StoreError::Conflict(_)) => Err(StoreError::Stale),
        Err(error) => Err(error),
    }
}

fn reach(
    connection: &Connection,
    tenant: &TenantId,
    expected: JoinState,
    state: JoinState,
) -> Result<(), StoreError> {
    if self::state(connection, tenant)? != expected {
        return Err(StoreError::Stale);
    }
    let JoinState { seq, leaf, since } = state;
    connection
        .prepare_cached(
            "INSERT INTO join_states (tenant_id, seq, leaf_index, since) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (tenant_id) DO UPDATE SET seq = ?2, leaf_index = ?3, since = ?4",
        )?
        .execute(params![
            tenant.as_str(),
            columns::integer(seq)?,
            columns::integer(leaf)?,
            since.map(Timestamp::micros)
        ])?;
    Ok(())
}

fn state(connection: &Connection, tenant: &TenantId) -> Result<JoinState, StoreError> {
    let row: Option<(i64, i64, Option<i64>)> = connection
        .prepare_cached("SELECT seq, leaf_index, since FROM join_states WHERE tenant_id = ?1")?
        .query_row([tenant.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((seq, leaf, since)) = row else { return Ok(JoinState::default()) };
    Ok(JoinState {
        seq: columns::unsigned(seq)?,
        leaf: columns::unsigned(leaf)?,
        since: since.map(Timestamp::from_micros),
    })
}

fn join_row(row: &Row<'_>) -> Result<JoinRow, StoreError> {
    Ok(JoinRow {
        log_id: row.get(0)?,
        seq: columns::unsigned(row.get(1)?)?,
        at: Timestamp::from_micros(row.get(2)?),
        is_login: row.get::<_, i64>(3)? != 0,
        decision: columns::optional_text(row, 4, "decision_id")?,
        how: columns::text(row, 5, "how")?,
    })
}

impl Sqlite {
    pub(crate) async fn get_join_state(&self, tenant: &TenantId) -> Result<JoinState, StoreError> {
        self.readers.read(|connection| state(connection, tenant))
    }

    pub(crate) async fn list_join_candidates(
        &self,
        tenant: &TenantId,
        key_id: &str,
        (from, until): (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<DecisionId>, StoreError> {
        self.readers.read(|connection| {
            let mut statement = connection.prepare_cached(CANDIDATES)?;
            let bounds = params![tenant.as_str(), key_id, from.micros(), until.micros(), limit];
            columns::collect(statement.query(bounds)?, |row| columns::text(row, 0, "decision_id"))
        })
    }

    pub(crate) async fn list_joins_of(
        &self,
        tenant: &TenantId,
        decisions: Vec<DecisionId>,
    ) -> Result<Vec<JoinRow>, StoreError> {
        self.readers.read(|connection| {
            let mut statement = connection.prepare_cached(OF_DECISION)?;
            let mut rows = Vec::new();
            for decision in &decisions {
                let found = statement.query([tenant.as_str(), decision.as_str()])?;
                rows.extend(columns::collect(found, join_row)?);
            }
            Ok(rows)
        })
    }

    pub(crate) async fn list_joins_at(
        &self,
        tenant: &TenantId,
        log_ids: Vec<String>,
    ) -> Result<Vec<JoinRow>, StoreError> {
        self.readers.read(|connection| {
            let mut statement = connection.prepare_cached(OF_ENTRY)?;
            let mut rows = Vec::new();
            for log_id in &log_ids {
                rows.extend(columns::collect(statement.query([tenant.as_str(), log_id])?, join_row)?);
            }
            Ok(rows)
        })
    }

    pub(crate) async fn list_logins(
        &self,
        tenant: &TenantId,
        how: JoinHow,
        (from, until): (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<JoinRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| {
            let mut statement = connection.prepare_cached(LOGINS)?;
            let bounds = params![tenant.as_str(), how.as_str(), from.micros(), until.micros(), limit];
            columns::collect(statement.query(bounds)?, join_row)
        })
        .await
    }

    pub(crate) async fn count_logins(
        &self,
        tenant: &TenantId,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<BTreeMap<JoinHow, u64>, StoreError> {
        self.read_long(tenant, move |connection, tenant| {
            let mut statement = connection.prepare_cached(COUNT)?;
            let mut counts = BTreeMap::new();
            for how in JoinHow::ALL {
                let bounds = params![tenant.as_str(), how.as_str(), from.micros(), until.micros()];
                let count: i64 = statement.query_row(bounds, |row| row.get(0))?;
                counts.insert(how, columns::unsigned(count)?);
            }
            Ok(counts)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::queries::assert_searches;

    #[test]
    fn decisions_of_one_person_are_found_by_time_without_sorting() {
        assert_searches(
            CANDIDATES,
            &[("join_candidates", "(tenant_id=? AND key_id=? AND decided_at>? AND decided_at<?)")],
        );
        assert_searches(PRUNE, &[("join_candidates", "(tenant_id=? AND decided_at<?)")]);
    }

    #[test]
    fn joins_are_found_by_decision_by_entry_and_by_time() {
        assert_searches(OF_DECISION, &[("joins", "(tenant_id=? AND decision_id=?)")]);
        assert_searches(OF_ENTRY, &[("joins", "(tenant_id=? AND log_id=?)")]);
        for sql in [LOGINS, COUNT] {
            assert_searches(sql, &[("joins", "(tenant_id=? AND how=? AND happened_at>? AND happened_at<?)")]);
        }
    }
}
