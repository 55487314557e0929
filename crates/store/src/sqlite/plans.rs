//! Plans, what was said about them, and how far their steps came.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Sqlite, columns};
use crate::{
    DeskChange, DuePlans, OldPlan, PlanFilter, PlanReviewRow, PlanRow, PlanStepRow, PlanWrite, PlansSpent,
    StoreError,
};

const PLAN: &str = "plan_id, version, state, hash, origin, incident_id, undoes, audience, priority, proposer, assignee, \
    steps, users, organizations, proposed_at, due_at, expires_at, begun_at, halt, is_by_policy, changed_at, waits, try_at, key_id, sealed";

/// Ids alone, by an index that holds all of it.
const DUE: &str = "SELECT plan_id FROM plans
    WHERE tenant_id = ?1 AND state = ?2 AND expires_at <= ?3 AND (try_at IS NULL OR try_at <= ?4)
    ORDER BY plan_id LIMIT ?5";

pub(super) fn apply(connection: &Connection, tenant: &TenantId, write: &PlanWrite) -> Result<(), StoreError> {
    match write {
        PlanWrite::Put { expected_version: 0, row } => insert(connection, tenant, row),
        PlanWrite::Put { expected_version, row } => update(connection, tenant, *expected_version, row),
        PlanWrite::Desk { plan, change } => desk(connection, tenant, plan, change),
        PlanWrite::Waits { plan, version, waits, try_at } => {
            put_waits(connection, tenant, (plan, *version), (waits.as_deref(), *try_at))
        }
        PlanWrite::Review(review) => insert_review(connection, tenant, review),
        PlanWrite::Step { expected, row } => put_step(connection, tenant, expected.as_deref(), row),
        PlanWrite::Breaker { expected_version, document } => {
            put_breaker(connection, tenant, *expected_version, document)
        }
        PlanWrite::Redact { plan, version, sealed } => redact(connection, tenant, (plan, *version), sealed),
        PlanWrite::Drop(id) => drop_plan(connection, tenant, id),
    }
}

fn insert(connection: &Connection, tenant: &TenantId, plan: &PlanRow) -> Result<(), StoreError> {
    let inserted = connection
        .prepare_cached(&format!(
            "INSERT INTO plans (tenant_id, {PLAN})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)
             ON CONFLICT DO NOTHING"
        ))?
        .execute(params![
            tenant.as_str(),
            plan.id,
            columns::integer(plan.version)?,
            plan.state,
            plan.hash.as_bytes(),
            plan.origin,
            plan.incident,
            plan.undoes,
            plan.audience,
            plan.priority,
            plan.proposer,
            plan.assignee,
            columns::integer(plan.steps)?,
            columns::integer(plan.users)?,
            columns::integer(plan.organizations)?,
            plan.proposed.micros(),
            plan.due.micros(),
            plan.expires.micros(),
            plan.begun.map(Timestamp::micros),
            plan.halt,
            plan.is_by_policy,
            plan.changed.micros(),
            plan.waits,
            plan.try_at.map(Timestamp::micros),
            plan.key_id,
            plan.sealed,
        ])?;
    columns::one(inserted)
}

/// What a plan says is never changed: its hash is part of what is looked for.
fn update(
    connection: &Connection,
    tenant: &TenantId,
    expected: u64,
    plan: &PlanRow,
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE plans SET version = ?5, state = ?6, expires_at = ?7, begun_at = ?8, changed_at = ?9, halt = ?10,
                waits = ?11, try_at = ?12
             WHERE tenant_id = ?1 AND plan_id = ?2 AND version = ?3 AND hash = ?4",
        )?
        .execute(params![
            tenant.as_str(),
            plan.id,
            columns::integer(expected)?,
            plan.hash.as_bytes(),
            columns::integer(plan.version)?,
            plan.state,
            plan.expires.micros(),
            plan.begun.map(Timestamp::micros),
            plan.changed.micros(),
            plan.halt,
            plan.waits,
            plan.try_at.map(Timestamp::micros),
        ])?;
    columns::one(changed)
}

fn put_waits(
    connection: &Connection,
    tenant: &TenantId,
    (plan, version): (&str, Option<u64>),
    (waits, try_at): (Option<&str>, Option<Timestamp>),
) -> Result<(), StoreError> {
    let version = version.map(columns::integer).transpose()?;
    let changed = connection
        .prepare_cached(
            "UPDATE plans SET waits = ?4, try_at = ?5
             WHERE tenant_id = ?1 AND plan_id = ?2 AND version = COALESCE(?3, version)",
        )?
        .execute(params![tenant.as_str(), plan, version, waits, try_at.map(Timestamp::micros)])?;
    columns::one(changed)
}

fn desk(
    connection: &Connection,
    tenant: &TenantId,
    plan: &str,
    change: &DeskChange,
) -> Result<(), StoreError> {
    let DeskChange { audience, priority, assignee, due } = change;
    let changed = connection
        .prepare_cached(
            "UPDATE plans SET audience = COALESCE(?3, audience), priority = COALESCE(?4, priority),
                assignee = CASE WHEN ?5 THEN ?6 ELSE assignee END, due_at = COALESCE(?7, due_at)
             WHERE tenant_id = ?1 AND plan_id = ?2",
        )?
        .execute(params![
            tenant.as_str(),
            plan,
            audience,
            priority,
            assignee.is_some(),
            assignee.as_ref().and_then(Option::as_deref),
            due.map(Timestamp::micros),
        ])?;
    columns::one(changed)
}

fn insert_review(
    connection: &Connection,
    tenant: &TenantId,
    review: &PlanReviewRow,
) -> Result<(), StoreError> {
    let PlanReviewRow { plan, version, act, principal, at, key_id, sealed } = review;
    let version = columns::integer(*version)?;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO plan_reviews (tenant_id, plan_id, version, act, principal, acted_at, key_id, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )?
        .execute(params![tenant.as_str(), plan, version, act, principal, at.micros(), key_id, sealed])?;
    columns::one(inserted)
}

fn put_step(
    connection: &Connection,
    tenant: &TenantId,
    expected: Option<&str>,
    row: &PlanStepRow,
) -> Result<(), StoreError> {
    let PlanStepRow { plan, step, state, record, epoch, sent, is_seen, status, at, kept } = row;
    let sql = if expected.is_none() {
        "INSERT INTO plan_steps (tenant_id, plan_id, step, state, record_id, epoch, sent, is_seen, status, acted_at, kept)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 WHERE ?12 IS NULL ON CONFLICT DO NOTHING"
    } else {
        "UPDATE plan_steps SET state = ?4, record_id = ?5, epoch = ?6, sent = ?7, is_seen = ?8, status = ?9, acted_at = ?10, kept = ?11
         WHERE tenant_id = ?1 AND plan_id = ?2 AND step = ?3 AND state = ?12"
    };
    let changed = connection.prepare_cached(sql)?.execute(params![
        tenant.as_str(),
        plan,
        columns::integer(*step)?,
        state,
        record,
        columns::integer(*epoch)?,
        sent,
        is_seen,
        status,
        at.micros(),
        kept,
        expected,
    ])?;
    columns::one(changed)
}

fn put_breaker(
    connection: &Connection,
    tenant: &TenantId,
    expected: u64,
    document: &str,
) -> Result<(), StoreError> {
    let sql = if expected == 0 {
        "INSERT INTO breakers (tenant_id, version, document) SELECT ?1, ?2 + 1, ?3 WHERE ?2 = 0 ON CONFLICT DO NOTHING"
    } else {
        "UPDATE breakers SET version = version + 1, document = ?3 WHERE tenant_id = ?1 AND version = ?2"
    };
    let expected = columns::integer(expected)?;
    columns::one(connection.prepare_cached(sql)?.execute(params![tenant.as_str(), expected, document])?)
}

/// The hash stays: it is of what the plan said before.
fn redact(
    connection: &Connection,
    tenant: &TenantId,
    (plan, version): (&str, u64),
    sealed: &[u8],
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE plans SET sealed = ?4 WHERE tenant_id = ?1 AND plan_id = ?2 AND version = ?3",
        )?
        .execute(params![tenant.as_str(), plan, columns::integer(version)?, sealed])?;
    columns::one(changed)
}

fn list_old(
    connection: &Connection,
    tenant: &TenantId,
    (before, open): (Timestamp, &[String]),
    most: u32,
) -> Result<Vec<OldPlan>, StoreError> {
    let open = format!(",{},", open.join(","));
    let mut statement = connection.prepare_cached(
        "SELECT plan_id, steps FROM plans AS p
         WHERE tenant_id = ?1 AND changed_at < ?2 AND instr(?3, ',' || state || ',') = 0
           AND NOT EXISTS (SELECT 1 FROM incidents AS i
               WHERE i.tenant_id = p.tenant_id AND i.incident_id = p.incident_id AND i.status <> 'closed')
           AND NOT EXISTS (SELECT 1 FROM reviews AS r
               WHERE r.tenant_id = p.tenant_id AND r.mark = p.plan_id AND r.is_settled = 0)
           AND NOT EXISTS (SELECT 1 FROM plans AS u
               WHERE u.tenant_id = p.tenant_id AND u.undoes = p.plan_id AND instr(?3, ',' || u.state || ',') > 0)
         ORDER BY changed_at, plan_id LIMIT ?4",
    )?;
    let rows = statement.query(params![tenant.as_str(), before.micros(), open, most])?;
    columns::collect(rows, |row| Ok(OldPlan { id: row.get(0)?, steps: columns::unsigned(row.get(1)?)? }))
}

fn drop_plan(connection: &Connection, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM plans WHERE tenant_id = ?1 AND plan_id = ?2",
        "DELETE FROM plan_reviews WHERE tenant_id = ?1 AND plan_id = ?2",
        "DELETE FROM plan_steps WHERE tenant_id = ?1 AND plan_id = ?2",
        "DELETE FROM remarks WHERE tenant_id = ?1 AND about = ?2",
    ] {
        connection.prepare_cached(statement)?.execute([tenant.as_str(), id])?;
    }
    Ok(())
}

fn list(
    connection: &Connection,
    tenant: &TenantId,
    filter: &PlanFilter,
    limit: u32,
) -> Result<Vec<PlanRow>, StoreError> {
    let PlanFilter { states, incident, undoes, audience, assignee, overdue_at, before } = filter;
    // Why as one text: SQLite binds no lists, and states are words.
    let states = (!states.is_empty()).then(|| format!(",{},", states.join(",")));
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {PLAN} FROM plans
         WHERE tenant_id = ?1 AND (?2 IS NULL OR instr(?2, ',' || state || ',') > 0)
           AND (?3 IS NULL OR incident_id = ?3) AND (?4 IS NULL OR undoes = ?4) AND (?5 IS NULL OR audience = ?5)
           AND (?6 IS NULL OR assignee = ?6) AND (?7 IS NULL OR due_at < ?7) AND (?8 IS NULL OR plan_id < ?8)
         ORDER BY plan_id DESC LIMIT ?9"
    ))?;
    let overdue = overdue_at.map(Timestamp::micros);
    let bounds =
        params![tenant.as_str(), states, incident, undoes, audience, assignee, overdue, before, limit];
    columns::collect(statement.query(bounds)?, row)
}

fn row(row: &Row<'_>) -> Result<PlanRow, StoreError> {
    Ok(PlanRow {
        id: row.get(0)?,
        version: columns::unsigned(row.get(1)?)?,
        state: row.get(2)?,
        hash: columns::hash(row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?)?,
        origin: row.get(4)?,
        incident: row.get(5)?,
        undoes: row.get(6)?,
        audience: row.get(7)?,
        priority: row.get(8)?,
        proposer: row.get(9)?,
        assignee: row.get(10)?,
        steps: columns::unsigned(row.get(11)?)?,
        users: columns::unsigned(row.get(12)?)?,
        organizations: columns::unsigned(row.get(13)?)?,
        proposed: Timestamp::from_micros(row.get(14)?),
        due: Timestamp::from_micros(row.get(15)?),
        expires: Timestamp::from_micros(row.get(16)?),
        begun: row.get::<_, Option<i64>>(17)?.map(Timestamp::from_micros),
        halt: row.get(18)?,
        is_by_policy: row.get(19)?,
        changed: Timestamp::from_micros(row.get(20)?),
        waits: row.get(21)?,
        try_at: row.get::<_, Option<i64>>(22)?.map(Timestamp::from_micros),
        key_id: row.get(23)?,
        sealed: row.get(24)?,
    })
}

fn step_row(row: &Row<'_>) -> Result<PlanStepRow, StoreError> {
    Ok(PlanStepRow {
        plan: row.get(0)?,
        step: columns::unsigned(row.get(1)?)?,
        state: row.get(2)?,
        record: row.get(3)?,
        epoch: columns::unsigned(row.get(4)?)?,
        sent: row.get(5)?,
        is_seen: row.get(6)?,
        status: row.get(7)?,
        at: Timestamp::from_micros(row.get(8)?),
        kept: row.get(9)?,
    })
}

fn review_row(row: &Row<'_>) -> Result<PlanReviewRow, StoreError> {
    Ok(PlanReviewRow {
        plan: row.get(0)?,
        version: columns::unsigned(row.get(1)?)?,
        act: row.get(2)?,
        principal: row.get(3)?,
        at: Timestamp::from_micros(row.get(4)?),
        key_id: row.get(5)?,
        sealed: row.get(6)?,
    })
}

fn find(connection: &Connection, tenant: &TenantId, id: &str) -> Result<Option<PlanRow>, StoreError> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {PLAN} FROM plans WHERE tenant_id = ?1 AND plan_id = ?2"))?;
    Ok(columns::collect(statement.query([tenant.as_str(), id])?, row)?.pop())
}

fn spent(connection: &Connection, tenant: &TenantId, since: Timestamp) -> Result<PlansSpent, StoreError> {
    let sums: Option<(i64, i64, i64, i64)> = connection
        .prepare_cached(
            "SELECT COALESCE(SUM(users), 0), COALESCE(SUM(organizations), 0), COALESCE(SUM(steps), 0), COUNT(*)
             FROM plans WHERE tenant_id = ?1 AND begun_at >= ?2 AND is_by_policy = 1",
        )?
        .query_row(params![tenant.as_str(), since.micros()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let (users, organizations, steps, runs) = sums.unwrap_or_default();
    Ok(PlansSpent {
        users: columns::unsigned(users)?,
        organizations: columns::unsigned(organizations)?,
        steps: columns::unsigned(steps)?,
        runs: columns::unsigned(runs)?,
    })
}

impl Sqlite {
    pub(crate) async fn find_plan(&self, tenant: &TenantId, id: &str) -> Result<Option<PlanRow>, StoreError> {
        let id = id.to_owned();
        self.read_long(tenant, move |connection, tenant| find(connection, tenant, &id)).await
    }

    pub(crate) async fn list_plans(
        &self,
        tenant: &TenantId,
        filter: PlanFilter,
        limit: u32,
    ) -> Result<Vec<PlanRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| list(connection, tenant, &filter, limit)).await
    }

    pub(crate) async fn list_due_plans(
        &self,
        tenant: &TenantId,
        due: DuePlans,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        self.read_long(tenant, move |connection, tenant| {
            let DuePlans { state, expired_by, tried_by } = &due;
            let mut statement = connection.prepare_cached(DUE)?;
            let bounds = params![tenant.as_str(), state, expired_by.micros(), tried_by.micros(), limit];
            columns::collect(statement.query(bounds)?, |row| Ok(row.get(0)?))
        })
        .await
    }

    pub(crate) async fn list_old_plans(
        &self,
        tenant: &TenantId,
        (before, open): (Timestamp, Vec<String>),
        most: u32,
    ) -> Result<Vec<OldPlan>, StoreError> {
        self.read_long(tenant, move |connection, tenant| list_old(connection, tenant, (before, &open), most))
            .await
    }

    pub(crate) async fn list_plan_reviews(
        &self,
        tenant: &TenantId,
        plan: &str,
        limit: u32,
    ) -> Result<Vec<PlanReviewRow>, StoreError> {
        let plan = plan.to_owned();
        self.read_long(tenant, move |connection, tenant| {
            let mut statement = connection.prepare_cached(
                "SELECT plan_id, version, act, principal, acted_at, key_id, sealed FROM plan_reviews
                 WHERE tenant_id = ?1 AND plan_id = ?2 ORDER BY version LIMIT ?3",
            )?;
            columns::collect(statement.query(params![tenant.as_str(), plan, limit])?, review_row)
        })
        .await
    }

    pub(crate) async fn list_plan_steps(
        &self,
        tenant: &TenantId,
        plan: &str,
        from: u64,
        limit: u32,
    ) -> Result<Vec<PlanStepRow>, StoreError> {
        let plan = plan.to_owned();
        self.read_long(tenant, move |connection, tenant| {
            let mut statement = connection.prepare_cached(
                "SELECT plan_id, step, state, record_id, epoch, sent, is_seen, status, acted_at, kept FROM plan_steps
                 WHERE tenant_id = ?1 AND plan_id = ?2 AND step >= ?3 ORDER BY step LIMIT ?4",
            )?;
            let bounds = params![tenant.as_str(), plan, columns::bound(from), limit];
            columns::collect(statement.query(bounds)?, step_row)
        })
        .await
    }

    pub(crate) async fn find_plan_step(
        &self,
        tenant: &TenantId,
        record: &str,
    ) -> Result<Option<PlanStepRow>, StoreError> {
        let record = record.to_owned();
        self.read_long(tenant, move |connection, tenant| {
            let mut statement = connection.prepare_cached(
                "SELECT plan_id, step, state, record_id, epoch, sent, is_seen, status, acted_at, kept FROM plan_steps
                 WHERE tenant_id = ?1 AND record_id = ?2",
            )?;
            Ok(columns::collect(statement.query([tenant.as_str(), &record])?, step_row)?.pop())
        })
        .await
    }

    pub(crate) async fn plans_spent(
        &self,
        tenant: &TenantId,
        since: Timestamp,
    ) -> Result<PlansSpent, StoreError> {
        self.read_long(tenant, move |connection, tenant| spent(connection, tenant, since)).await
    }

    pub(crate) async fn find_breaker(&self, tenant: &TenantId) -> Result<Option<(u64, String)>, StoreError> {
        self.readers.read(|connection| {
            let found: Option<(i64, String)> = connection
                .prepare_cached("SELECT version, document FROM breakers WHERE tenant_id = ?1")?
                .query_row([tenant.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            found.map(|(version, document)| Ok((columns::unsigned(version)?, document))).transpose()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::queries::assert_searches;

    #[test]
    fn what_is_due_is_listed_by_the_index_alone() {
        assert_searches(DUE, &[("plans", "COVERING INDEX plans_due (tenant_id=? AND state=?)")]);
    }
}
