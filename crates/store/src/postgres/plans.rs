//! Plans, what was said about them, and how far their steps came.

use countersign_core::{TenantId, Timestamp};
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{Postgres, columns, errors::Trouble, reads::retried};
use crate::{
    DeskChange, DuePlans, OldPlan, PlanFilter, PlanReviewRow, PlanRow, PlanStepRow, PlanWrite, PlansSpent,
    StoreError,
};

pub(super) async fn apply(
    connection: &mut PgConnection,
    tenant: &str,
    write: &PlanWrite,
) -> Result<(), Trouble> {
    match write {
        PlanWrite::Put { expected_version: 0, row } => insert(connection, tenant, row).await,
        PlanWrite::Put { expected_version, row } => update(connection, tenant, *expected_version, row).await,
        PlanWrite::Desk { plan, change } => desk(connection, tenant, plan, change).await,
        PlanWrite::Waits { plan, version, waits, try_at } => {
            put_waits(connection, tenant, (plan, *version), (waits.as_deref(), *try_at)).await
        }
        PlanWrite::Review(review) => insert_review(connection, tenant, review).await,
        PlanWrite::Step { expected, row } => put_step(connection, tenant, expected.as_deref(), row).await,
        PlanWrite::Breaker { expected_version, document } => {
            put_breaker(connection, tenant, *expected_version, document).await
        }
        PlanWrite::Redact { plan, version, sealed } => {
            redact(connection, tenant, (plan, *version), sealed).await
        }
        PlanWrite::Drop(id) => drop_plan(connection, tenant, id).await,
    }
}

const fn one(changed: u64) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

async fn insert(connection: &mut PgConnection, tenant: &str, plan: &PlanRow) -> Result<(), Trouble> {
    let done = sqlx::query(
        "INSERT INTO plans (tenant_id, plan_id, version, state, hash, origin, incident_id, undoes, audience, priority,
                            proposer, assignee, steps, users, organizations, proposed_at, due_at, expires_at, begun_at,
                            halt, is_by_policy, changed_at, waits, try_at, key_id, sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
                 $26)
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant)
    .bind(&plan.id)
    .bind(columns::integer(plan.version)?)
    .bind(&plan.state)
    .bind(plan.hash.as_bytes().as_slice())
    .bind(&plan.origin)
    .bind(&plan.incident)
    .bind(&plan.undoes)
    .bind(&plan.audience)
    .bind(i64::from(plan.priority))
    .bind(&plan.proposer)
    .bind(&plan.assignee)
    .bind(columns::integer(plan.steps)?)
    .bind(columns::integer(plan.users)?)
    .bind(columns::integer(plan.organizations)?)
    .bind(plan.proposed.micros())
    .bind(plan.due.micros())
    .bind(plan.expires.micros())
    .bind(plan.begun.map(Timestamp::micros))
    .bind(&plan.halt)
    .bind(i64::from(plan.is_by_policy))
    .bind(plan.changed.micros())
    .bind(&plan.waits)
    .bind(plan.try_at.map(Timestamp::micros))
    .bind(&plan.key_id)
    .bind(&plan.sealed)
    .execute(connection)
    .await?;
    Ok(one(done.rows_affected())?)
}

/// What a plan says is never changed: its hash is part of what is looked for.
async fn update(
    connection: &mut PgConnection,
    tenant: &str,
    expected: u64,
    plan: &PlanRow,
) -> Result<(), Trouble> {
    let done = sqlx::query(
        "UPDATE plans SET version = $5, state = $6, expires_at = $7, begun_at = $8, changed_at = $9, halt = $10,
            waits = $11, try_at = $12
         WHERE tenant_id = $1 AND plan_id = $2 AND version = $3 AND hash = $4",
    )
    .bind(tenant)
    .bind(&plan.id)
    .bind(columns::integer(expected)?)
    .bind(plan.hash.as_bytes().as_slice())
    .bind(columns::integer(plan.version)?)
    .bind(&plan.state)
    .bind(plan.expires.micros())
    .bind(plan.begun.map(Timestamp::micros))
    .bind(plan.changed.micros())
    .bind(&plan.halt)
    .bind(&plan.waits)
    .bind(plan.try_at.map(Timestamp::micros))
    .execute(connection)
    .await?;
    Ok(one(done.rows_affected())?)
}

async fn put_waits(
    connection: &mut PgConnection,
    tenant: &str,
    (plan, version): (&str, Option<u64>),
    (waits, try_at): (Option<&str>, Option<Timestamp>),
) -> Result<(), Trouble> {
    let done = sqlx::query(
        "UPDATE plans SET waits = $4, try_at = $5
         WHERE tenant_id = $1 AND plan_id = $2 AND version = COALESCE($3, version)",
    )
    .bind(tenant)
    .bind(plan)
    .bind(version.map(columns::integer).transpose()?)
    .bind(waits)
    .bind(try_at.map(Timestamp::micros))
    .execute(connection)
    .await?;
    Ok(one(done.rows_affected())?)
}

async fn desk(
    connection: &mut PgConnection,
    tenant: &str,
    plan: &str,
    change: &DeskChange,
) -> Result<(), Trouble> {
    let DeskChange { audience, priority, assignee, due } = change;
    let done = sqlx::query(
        "UPDATE plans SET audience = COALESCE($3, audience), priority = COALESCE($4, priority),
            assignee = CASE WHEN $5 THEN $6 ELSE assignee END, due_at = COALESCE($7, due_at)
         WHERE tenant_id = $1 AND plan_id = $2",
    )
    .bind(tenant)
    .bind(plan)
    .bind(audience)
    .bind(priority.map(i64::from))
    .bind(assignee.is_some())
    .bind(assignee.as_ref().and_then(Option::as_deref))
    .bind(due.map(Timestamp::micros))
    .execute(connection)
    .await?;
    Ok(one(done.rows_affected())?)
}

async fn insert_review(
    connection: &mut PgConnection,
    tenant: &str,
    review: &PlanReviewRow,
) -> Result<(), Trouble> {
    let PlanReviewRow { plan, version, act, principal, at, key_id, sealed } = review;
    let done = sqlx::query(
        "INSERT INTO plan_reviews (tenant_id, plan_id, version, act, principal, acted_at, key_id, sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(tenant)
    .bind(plan)
    .bind(columns::integer(*version)?)
    .bind(act)
    .bind(principal)
    .bind(at.micros())
    .bind(key_id)
    .bind(sealed)
    .execute(connection)
    .await?;
    Ok(one(done.rows_affected())?)
}

async fn put_step(
    connection: &mut PgConnection,
    tenant: &str,
    expected: Option<&str>,
    row: &PlanStepRow,
) -> Result<(), Trouble> {
    let PlanStepRow { plan, step, state, record, epoch, sent, is_seen, status, at, kept } = row;
    let sql = if expected.is_none() {
        "INSERT INTO plan_steps (tenant_id, plan_id, step, state, record_id, epoch, sent, is_seen, status, acted_at, kept)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE $12::text IS NULL ON CONFLICT DO NOTHING"
    } else {
        "UPDATE plan_steps SET state = $4, record_id = $5, epoch = $6, sent = $7, is_seen = $8, status = $9, acted_at = $10, kept = $11
         WHERE tenant_id = $1 AND plan_id = $2 AND step = $3 AND state = $12"
    };
    let done = sqlx::query(sql)
        .bind(tenant)
        .bind(plan)
        .bind(columns::integer(*step)?)
        .bind(state)
        .bind(record)
        .bind(columns::integer(*epoch)?)
        .bind(i64::from(*sent))
        .bind(i64::from(*is_seen))
        .bind(status.map(i64::from))
        .bind(at.micros())
        .bind(kept)
        .bind(expected)
        .execute(connection)
        .await?;
    Ok(one(done.rows_affected())?)
}

async fn put_breaker(
    connection: &mut PgConnection,
    tenant: &str,
    expected: u64,
    document: &str,
) -> Result<(), Trouble> {
    let sql = if expected == 0 {
        "INSERT INTO breakers (tenant_id, version, document) SELECT $1, $2 + 1, $3 WHERE $2 = 0::bigint ON CONFLICT DO NOTHING"
    } else {
        "UPDATE breakers SET version = version + 1, document = $3 WHERE tenant_id = $1 AND version = $2"
    };
    let query = sqlx::query(sql).bind(tenant).bind(columns::integer(expected)?).bind(document);
    Ok(one(query.execute(connection).await?.rows_affected())?)
}

/// The hash stays: it is of what the plan said before.
async fn redact(
    connection: &mut PgConnection,
    tenant: &str,
    (plan, version): (&str, u64),
    sealed: &[u8],
) -> Result<(), Trouble> {
    let done =
        sqlx::query("UPDATE plans SET sealed = $4 WHERE tenant_id = $1 AND plan_id = $2 AND version = $3")
            .bind(tenant)
            .bind(plan)
            .bind(columns::integer(version)?)
            .bind(sealed)
            .execute(connection)
            .await?;
    Ok(one(done.rows_affected())?)
}

async fn drop_plan(connection: &mut PgConnection, tenant: &str, id: &str) -> Result<(), Trouble> {
    for statement in [
        "DELETE FROM plans WHERE tenant_id = $1 AND plan_id = $2",
        "DELETE FROM plan_reviews WHERE tenant_id = $1 AND plan_id = $2",
        "DELETE FROM plan_steps WHERE tenant_id = $1 AND plan_id = $2",
        "DELETE FROM remarks WHERE tenant_id = $1 AND about = $2",
    ] {
        sqlx::query(statement).bind(tenant).bind(id).execute(&mut *connection).await?;
    }
    Ok(())
}

fn row(row: &PgRow) -> Result<PlanRow, StoreError> {
    Ok(PlanRow {
        id: row.try_get(0)?,
        version: columns::unsigned(row.try_get(1)?)?,
        state: row.try_get(2)?,
        hash: columns::hash(row.try_get(3)?)?,
        origin: row.try_get(4)?,
        incident: row.try_get(5)?,
        undoes: row.try_get(6)?,
        audience: row.try_get(7)?,
        priority: u8::try_from(row.try_get::<i64, _>(8)?).unwrap_or(u8::MAX),
        proposer: row.try_get(9)?,
        assignee: row.try_get(10)?,
        steps: columns::unsigned(row.try_get(11)?)?,
        users: columns::unsigned(row.try_get(12)?)?,
        organizations: columns::unsigned(row.try_get(13)?)?,
        proposed: Timestamp::from_micros(row.try_get(14)?),
        due: Timestamp::from_micros(row.try_get(15)?),
        expires: Timestamp::from_micros(row.try_get(16)?),
        begun: row.try_get::<Option<i64>, _>(17)?.map(Timestamp::from_micros),
        halt: row.try_get(18)?,
        is_by_policy: row.try_get::<i64, _>(19)? != 0,
        changed: Timestamp::from_micros(row.try_get(20)?),
        waits: row.try_get(21)?,
        try_at: row.try_get::<Option<i64>, _>(22)?.map(Timestamp::from_micros),
        key_id: row.try_get(23)?,
        sealed: row.try_get(24)?,
    })
}

fn step_row(row: &PgRow) -> Result<PlanStepRow, StoreError> {
    let status: Option<i64> = row.try_get(7)?;
    Ok(PlanStepRow {
        plan: row.try_get(0)?,
        step: columns::unsigned(row.try_get(1)?)?,
        state: row.try_get(2)?,
        record: row.try_get(3)?,
        epoch: columns::unsigned(row.try_get(4)?)?,
        sent: u8::try_from(row.try_get::<i64, _>(5)?).unwrap_or(u8::MAX),
        is_seen: row.try_get::<i64, _>(6)? != 0,
        status: status.and_then(|status| u16::try_from(status).ok()),
        at: Timestamp::from_micros(row.try_get(8)?),
        kept: row.try_get(9)?,
    })
}

fn review_row(row: &PgRow) -> Result<PlanReviewRow, StoreError> {
    Ok(PlanReviewRow {
        plan: row.try_get(0)?,
        version: columns::unsigned(row.try_get(1)?)?,
        act: row.try_get(2)?,
        principal: row.try_get(3)?,
        at: Timestamp::from_micros(row.try_get(4)?),
        key_id: row.try_get(5)?,
        sealed: row.try_get(6)?,
    })
}

const PLAN: &str = "SELECT plan_id, version, state, hash, origin, incident_id, undoes, audience, priority, proposer, assignee,
        steps, users, organizations, proposed_at, due_at, expires_at, begun_at, halt, is_by_policy, changed_at, waits, try_at, key_id, sealed FROM plans
     WHERE tenant_id = $1";

/// Ids alone, by an index that holds all of it.
pub(super) const DUE: &str = "SELECT plan_id FROM plans
     WHERE tenant_id = $1 AND state = $2 AND expires_at <= $3 AND (try_at IS NULL OR try_at <= $4)
     ORDER BY plan_id LIMIT $5";

impl Postgres {
    pub(crate) async fn find_plan(&self, tenant: &TenantId, id: &str) -> Result<Option<PlanRow>, StoreError> {
        let sql = format!("{PLAN} AND plan_id = $2");
        let found = retried(|| {
            sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
                .bind(tenant.as_str())
                .bind(id)
                .fetch_optional(&self.long_readers)
        })
        .await?;
        found.as_ref().map(row).transpose()
    }

    pub(crate) async fn list_plans(
        &self,
        tenant: &TenantId,
        filter: PlanFilter,
        limit: u32,
    ) -> Result<Vec<PlanRow>, StoreError> {
        let PlanFilter { states, incident, undoes, audience, assignee, overdue_at, before } = &filter;
        let sql = format!(
            "{PLAN} AND (cardinality($2::text[]) = 0 OR state = ANY($2)) AND ($3::text IS NULL OR incident_id = $3)
               AND ($4::text IS NULL OR undoes = $4) AND ($5::text IS NULL OR audience = $5)
               AND ($6::text IS NULL OR assignee = $6) AND ($7::bigint IS NULL OR due_at < $7)
               AND ($8::text IS NULL OR plan_id < $8)
             ORDER BY plan_id DESC LIMIT $9"
        );
        let rows = retried(|| {
            sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
                .bind(tenant.as_str())
                .bind(states)
                .bind(incident)
                .bind(undoes)
                .bind(audience)
                .bind(assignee)
                .bind(overdue_at.map(Timestamp::micros))
                .bind(before)
                .bind(i64::from(limit))
                .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(row).collect()
    }

    pub(crate) async fn list_due_plans(
        &self,
        tenant: &TenantId,
        due: DuePlans,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let DuePlans { state, expired_by, tried_by } = &due;
        retried(|| {
            sqlx::query_scalar(DUE)
                .bind(tenant.as_str())
                .bind(state)
                .bind(expired_by.micros())
                .bind(tried_by.micros())
                .bind(i64::from(limit))
                .fetch_all(&self.long_readers)
        })
        .await
    }

    pub(crate) async fn list_old_plans(
        &self,
        tenant: &TenantId,
        (before, open): (Timestamp, Vec<String>),
        most: u32,
    ) -> Result<Vec<OldPlan>, StoreError> {
        let rows = retried(|| {
            sqlx::query(
                "SELECT plan_id, steps FROM plans AS p
                 WHERE tenant_id = $1 AND changed_at < $2 AND state <> ALL($3)
                   AND NOT EXISTS (SELECT 1 FROM incidents AS i
                       WHERE i.tenant_id = p.tenant_id AND i.incident_id = p.incident_id AND i.status <> 'closed')
                   AND NOT EXISTS (SELECT 1 FROM reviews AS r
                       WHERE r.tenant_id = p.tenant_id AND r.mark = p.plan_id AND r.is_settled = 0)
                   AND NOT EXISTS (SELECT 1 FROM plans AS u
                       WHERE u.tenant_id = p.tenant_id AND u.undoes = p.plan_id AND u.state = ANY($3))
                 ORDER BY changed_at, plan_id LIMIT $4",
            )
            .bind(tenant.as_str())
            .bind(before.micros())
            .bind(&open)
            .bind(i64::from(most))
            .fetch_all(&self.long_readers)
        })
        .await?;
        let old =
            |row: &PgRow| Ok(OldPlan { id: row.try_get(0)?, steps: columns::unsigned(row.try_get(1)?)? });
        rows.iter().map(old).collect()
    }

    pub(crate) async fn list_plan_reviews(
        &self,
        tenant: &TenantId,
        plan: &str,
        limit: u32,
    ) -> Result<Vec<PlanReviewRow>, StoreError> {
        let rows = retried(|| {
            sqlx::query(
                "SELECT plan_id, version, act, principal, acted_at, key_id, sealed FROM plan_reviews
                 WHERE tenant_id = $1 AND plan_id = $2 ORDER BY version LIMIT $3",
            )
            .bind(tenant.as_str())
            .bind(plan)
            .bind(i64::from(limit))
            .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(review_row).collect()
    }

    pub(crate) async fn list_plan_steps(
        &self,
        tenant: &TenantId,
        plan: &str,
        from: u64,
        limit: u32,
    ) -> Result<Vec<PlanStepRow>, StoreError> {
        let rows = retried(|| {
            sqlx::query(
                "SELECT plan_id, step, state, record_id, epoch, sent, is_seen, status, acted_at, kept FROM plan_steps
                 WHERE tenant_id = $1 AND plan_id = $2 AND step >= $3 ORDER BY step LIMIT $4",
            )
            .bind(tenant.as_str())
            .bind(plan)
            .bind(columns::bound(from))
            .bind(i64::from(limit))
            .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(step_row).collect()
    }

    pub(crate) async fn find_plan_step(
        &self,
        tenant: &TenantId,
        record: &str,
    ) -> Result<Option<PlanStepRow>, StoreError> {
        let found = retried(|| {
            sqlx::query(
                "SELECT plan_id, step, state, record_id, epoch, sent, is_seen, status, acted_at, kept FROM plan_steps
                 WHERE tenant_id = $1 AND record_id = $2",
            )
            .bind(tenant.as_str())
            .bind(record)
            .fetch_optional(&self.long_readers)
        })
        .await?;
        found.as_ref().map(step_row).transpose()
    }

    pub(crate) async fn plans_spent(
        &self,
        tenant: &TenantId,
        since: Timestamp,
    ) -> Result<PlansSpent, StoreError> {
        let sums: (i64, i64, i64, i64) = retried(|| {
            sqlx::query_as(
                "SELECT COALESCE(SUM(users), 0)::bigint, COALESCE(SUM(organizations), 0)::bigint,
                        COALESCE(SUM(steps), 0)::bigint, COUNT(*)
                 FROM plans WHERE tenant_id = $1 AND begun_at >= $2 AND is_by_policy = 1",
            )
            .bind(tenant.as_str())
            .bind(since.micros())
            .fetch_one(&self.long_readers)
        })
        .await?;
        Ok(PlansSpent {
            users: columns::unsigned(sums.0)?,
            organizations: columns::unsigned(sums.1)?,
            steps: columns::unsigned(sums.2)?,
            runs: columns::unsigned(sums.3)?,
        })
    }

    pub(crate) async fn find_breaker(&self, tenant: &TenantId) -> Result<Option<(u64, String)>, StoreError> {
        let found: Option<(i64, String)> = retried(|| {
            sqlx::query_as("SELECT version, document FROM breakers WHERE tenant_id = $1")
                .bind(tenant.as_str())
                .fetch_optional(&self.readers)
        })
        .await?;
        found.map(|(version, document)| Ok((columns::unsigned(version)?, document))).transpose()
    }
}
