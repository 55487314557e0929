//! Decisions that wait for a person, and what people wrote about them and about plans.

use countersign_core::{TenantId, Timestamp};
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{Postgres, columns, errors::Trouble, reads::retried};
use crate::{RemarkRow, ReviewFilter, ReviewRow, ReviewWrite, StoreError};

pub(super) async fn apply(
    connection: &mut PgConnection,
    tenant: &str,
    write: &ReviewWrite,
) -> Result<(), Trouble> {
    match write {
        ReviewWrite::Put { expected_version: 0, row } => insert(connection, tenant, row).await,
        ReviewWrite::Put { expected_version, row } => {
            update(connection, tenant, *expected_version, row).await
        }
        ReviewWrite::Remark(remark) => insert_remark(connection, tenant, remark).await,
        ReviewWrite::Drop(id) => drop_review(connection, tenant, id).await,
    }
}

const fn one(changed: u64) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

async fn insert(connection: &mut PgConnection, tenant: &str, review: &ReviewRow) -> Result<(), Trouble> {
    let done = sqlx::query(
        "INSERT INTO reviews (tenant_id, review_id, version, decision_id, origin, audience, priority, status, verdict, opener,
                              assignee, opened_at, due_at, escalated_at, closed_at, mark, clearing, key_id, sealed,
                              is_settled)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant)
    .bind(&review.id)
    .bind(columns::integer(review.version)?)
    .bind(&review.decision)
    .bind(&review.origin)
    .bind(&review.audience)
    .bind(i64::from(review.priority))
    .bind(&review.status)
    .bind(&review.verdict)
    .bind(&review.opener)
    .bind(&review.assignee)
    .bind(review.opened.micros())
    .bind(review.due.micros())
    .bind(review.escalated.map(Timestamp::micros))
    .bind(review.closed.map(Timestamp::micros))
    .bind(&review.mark)
    .bind(&review.clearing)
    .bind(&review.key_id)
    .bind(&review.sealed)
    .bind(i64::from(review.is_settled))
    .execute(connection)
    .await?;
    Ok(one(done.rows_affected())?)
}

async fn update(
    connection: &mut PgConnection,
    tenant: &str,
    expected: u64,
    review: &ReviewRow,
) -> Result<(), Trouble> {
    let done = sqlx::query(
        "UPDATE reviews SET version = $4, audience = $5, priority = $6, status = $7, verdict = $8, assignee = $9, due_at = $10,
            escalated_at = $11, closed_at = $12, mark = $13, clearing = $14, key_id = $15, sealed = $16, is_settled = $17
         WHERE tenant_id = $1 AND review_id = $2 AND version = $3",
    )
    .bind(tenant)
    .bind(&review.id)
    .bind(columns::integer(expected)?)
    .bind(columns::integer(review.version)?)
    .bind(&review.audience)
    .bind(i64::from(review.priority))
    .bind(&review.status)
    .bind(&review.verdict)
    .bind(&review.assignee)
    .bind(review.due.micros())
    .bind(review.escalated.map(Timestamp::micros))
    .bind(review.closed.map(Timestamp::micros))
    .bind(&review.mark)
    .bind(&review.clearing)
    .bind(&review.key_id)
    .bind(&review.sealed)
    .bind(i64::from(review.is_settled))
    .execute(connection)
    .await?;
    Ok(one(done.rows_affected())?)
}

async fn insert_remark(
    connection: &mut PgConnection,
    tenant: &str,
    remark: &RemarkRow,
) -> Result<(), Trouble> {
    let RemarkRow { about, id, principal, at, key_id, sealed } = remark;
    let done = sqlx::query(
        "INSERT INTO remarks (tenant_id, about, remark_id, principal, made_at, key_id, sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
    )
    .bind(tenant)
    .bind(about)
    .bind(id)
    .bind(principal)
    .bind(at.micros())
    .bind(key_id)
    .bind(sealed)
    .execute(connection)
    .await?;
    Ok(one(done.rows_affected())?)
}

async fn drop_review(connection: &mut PgConnection, tenant: &str, id: &str) -> Result<(), Trouble> {
    for statement in [
        "DELETE FROM reviews WHERE tenant_id = $1 AND review_id = $2",
        "DELETE FROM remarks WHERE tenant_id = $1 AND about = $2",
    ] {
        sqlx::query(statement).bind(tenant).bind(id).execute(&mut *connection).await?;
    }
    Ok(())
}

fn row(row: &PgRow) -> Result<ReviewRow, StoreError> {
    let time = |at: Option<i64>| at.map(Timestamp::from_micros);
    Ok(ReviewRow {
        id: row.try_get(0)?,
        version: columns::unsigned(row.try_get(1)?)?,
        decision: row.try_get(2)?,
        origin: row.try_get(3)?,
        audience: row.try_get(4)?,
        priority: u8::try_from(row.try_get::<i64, _>(5)?).unwrap_or(u8::MAX),
        status: row.try_get(6)?,
        verdict: row.try_get(7)?,
        opener: row.try_get(8)?,
        assignee: row.try_get(9)?,
        opened: Timestamp::from_micros(row.try_get(10)?),
        due: Timestamp::from_micros(row.try_get(11)?),
        escalated: time(row.try_get(12)?),
        closed: time(row.try_get(13)?),
        mark: row.try_get(14)?,
        clearing: row.try_get(15)?,
        key_id: row.try_get(16)?,
        sealed: row.try_get(17)?,
        is_settled: row.try_get::<i64, _>(18)? != 0,
    })
}

fn remark_row(row: &PgRow) -> Result<RemarkRow, StoreError> {
    Ok(RemarkRow {
        about: row.try_get(0)?,
        id: row.try_get(1)?,
        principal: row.try_get(2)?,
        at: Timestamp::from_micros(row.try_get(3)?),
        key_id: row.try_get(4)?,
        sealed: row.try_get(5)?,
    })
}

const REVIEW: &str =
    "SELECT review_id, version, decision_id, origin, audience, priority, status, verdict, opener, assignee,
        opened_at, due_at, escalated_at, closed_at, mark, clearing, key_id, sealed, is_settled FROM reviews
     WHERE tenant_id = $1";

impl Postgres {
    pub(crate) async fn find_review(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<ReviewRow>, StoreError> {
        let sql = format!("{REVIEW} AND review_id = $2");
        let found = retried(|| {
            sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
                .bind(tenant.as_str())
                .bind(id)
                .fetch_optional(&self.long_readers)
        })
        .await?;
        found.as_ref().map(row).transpose()
    }

    pub(crate) async fn list_reviews(
        &self,
        tenant: &TenantId,
        filter: ReviewFilter,
        limit: u32,
    ) -> Result<Vec<ReviewRow>, StoreError> {
        let ReviewFilter {
            status,
            decision,
            audience,
            assignee,
            overdue_at,
            is_unsettled,
            closed_before,
            before,
        } = &filter;
        let sql = format!(
            "{REVIEW} AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR decision_id = $3)
               AND ($4::text IS NULL OR audience = $4) AND ($5::text IS NULL OR assignee = $5)
               AND ($6::bigint IS NULL OR due_at < $6) AND ($7::text IS NULL OR review_id < $7)
               AND (NOT $8::boolean OR (is_settled = 0 AND (status = 'closed' OR mark IS NULL)))
               AND ($9::bigint IS NULL OR (closed_at < $9 AND is_settled = 1))
             ORDER BY review_id DESC LIMIT $10"
        );
        let rows = retried(|| {
            sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
                .bind(tenant.as_str())
                .bind(status)
                .bind(decision)
                .bind(audience)
                .bind(assignee)
                .bind(overdue_at.map(Timestamp::micros))
                .bind(before)
                .bind(is_unsettled)
                .bind(closed_before.map(Timestamp::micros))
                .bind(i64::from(limit))
                .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(row).collect()
    }

    pub(crate) async fn list_remarks(
        &self,
        tenant: &TenantId,
        about: &str,
        limit: u32,
    ) -> Result<Vec<RemarkRow>, StoreError> {
        let rows = retried(|| {
            sqlx::query(
                "SELECT about, remark_id, principal, made_at, key_id, sealed FROM remarks
                 WHERE tenant_id = $1 AND about = $2 ORDER BY remark_id LIMIT $3",
            )
            .bind(tenant.as_str())
            .bind(about)
            .bind(i64::from(limit))
            .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(remark_row).collect()
    }
}
