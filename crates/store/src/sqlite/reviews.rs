//! Decisions that wait for a person, and what people wrote about them and about plans.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::{Sqlite, columns};
use crate::{RemarkRow, ReviewFilter, ReviewRow, ReviewWrite, StoreError};

const REVIEW: &str = "review_id, version, decision_id, origin, audience, priority, status, verdict, opener, assignee, opened_at, \
    due_at, escalated_at, closed_at, mark, clearing, key_id, sealed, is_settled";

pub(super) fn apply(
    connection: &Connection,
    tenant: &TenantId,
    write: &ReviewWrite,
) -> Result<(), StoreError> {
    match write {
        ReviewWrite::Put { expected_version: 0, row } => insert(connection, tenant, row),
        ReviewWrite::Put { expected_version, row } => update(connection, tenant, *expected_version, row),
        ReviewWrite::Remark(remark) => insert_remark(connection, tenant, remark),
        ReviewWrite::Drop(id) => drop_review(connection, tenant, id),
    }
}

fn insert(connection: &Connection, tenant: &TenantId, review: &ReviewRow) -> Result<(), StoreError> {
    let inserted = connection
        .prepare_cached(&format!(
            "INSERT INTO reviews (tenant_id, {REVIEW})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
             ON CONFLICT DO NOTHING"
        ))?
        .execute(params![
            tenant.as_str(),
            review.id,
            columns::integer(review.version)?,
            review.decision,
            review.origin,
            review.audience,
            review.priority,
            review.status,
            review.verdict,
            review.opener,
            review.assignee,
            review.opened.micros(),
            review.due.micros(),
            review.escalated.map(Timestamp::micros),
            review.closed.map(Timestamp::micros),
            review.mark,
            review.clearing,
            review.key_id,
            review.sealed,
            review.is_settled,
        ])?;
    columns::one(inserted)
}

fn update(
    connection: &Connection,
    tenant: &TenantId,
    expected: u64,
    review: &ReviewRow,
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE reviews SET version = ?4, audience = ?5, priority = ?6, status = ?7, verdict = ?8, assignee = ?9, due_at = ?10,
                escalated_at = ?11, closed_at = ?12, mark = ?13, clearing = ?14, key_id = ?15, sealed = ?16,
                is_settled = ?17
             WHERE tenant_id = ?1 AND review_id = ?2 AND version = ?3",
        )?
        .execute(params![
            tenant.as_str(),
            review.id,
            columns::integer(expected)?,
            columns::integer(review.version)?,
            review.audience,
            review.priority,
            review.status,
            review.verdict,
            review.assignee,
            review.due.micros(),
            review.escalated.map(Timestamp::micros),
            review.closed.map(Timestamp::micros),
            review.mark,
            review.clearing,
            review.key_id,
            review.sealed,
            review.is_settled,
        ])?;
    columns::one(changed)
}

fn insert_remark(connection: &Connection, tenant: &TenantId, remark: &RemarkRow) -> Result<(), StoreError> {
    let RemarkRow { about, id, principal, at, key_id, sealed } = remark;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO remarks (tenant_id, about, remark_id, principal, made_at, key_id, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![tenant.as_str(), about, id, principal, at.micros(), key_id, sealed])?;
    columns::one(inserted)
}

fn drop_review(connection: &Connection, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM reviews WHERE tenant_id = ?1 AND review_id = ?2",
        "DELETE FROM remarks WHERE tenant_id = ?1 AND about = ?2",
    ] {
        connection.prepare_cached(statement)?.execute([tenant.as_str(), id])?;
    }
    Ok(())
}

fn row(row: &Row<'_>) -> Result<ReviewRow, StoreError> {
    let time = |at: Option<i64>| at.map(Timestamp::from_micros);
    Ok(ReviewRow {
        id: row.get(0)?,
        version: columns::unsigned(row.get(1)?)?,
        decision: row.get(2)?,
        origin: row.get(3)?,
        audience: row.get(4)?,
        priority: row.get(5)?,
        status: row.get(6)?,
        verdict: row.get(7)?,
        opener: row.get(8)?,
        assignee: row.get(9)?,
        opened: Timestamp::from_micros(row.get(10)?),
        due: Timestamp::from_micros(row.get(11)?),
        escalated: time(row.get(12)?),
        closed: time(row.get(13)?),
        mark: row.get(14)?,
        clearing: row.get(15)?,
        key_id: row.get(16)?,
        sealed: row.get(17)?,
        is_settled: row.get(18)?,
    })
}

fn remark_row(row: &Row<'_>) -> Result<RemarkRow, StoreError> {
    Ok(RemarkRow {
        about: row.get(0)?,
        id: row.get(1)?,
        principal: row.get(2)?,
        at: Timestamp::from_micros(row.get(3)?),
        key_id: row.get(4)?,
        sealed: row.get(5)?,
    })
}

fn list(
    connection: &Connection,
    tenant: &TenantId,
    filter: &ReviewFilter,
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
    } = filter;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {REVIEW} FROM reviews
         WHERE tenant_id = ?1 AND (?2 IS NULL OR status = ?2) AND (?3 IS NULL OR decision_id = ?3)
           AND (?4 IS NULL OR audience = ?4) AND (?5 IS NULL OR assignee = ?5) AND (?6 IS NULL OR due_at < ?6)
           AND (?7 IS NULL OR review_id < ?7) AND (?8 = 0 OR (is_settled = 0 AND (status = 'closed' OR mark IS NULL)))
           AND (?9 IS NULL OR (closed_at < ?9 AND is_settled = 1))
         ORDER BY review_id DESC LIMIT ?10"
    ))?;
    let (overdue, closed_before) = (overdue_at.map(Timestamp::micros), closed_before.map(Timestamp::micros));
    let bounds = params![
        tenant.as_str(),
        status,
        decision,
        audience,
        assignee,
        overdue,
        before,
        is_unsettled,
        closed_before,
        limit
    ];
    columns::collect(statement.query(bounds)?, row)
}

impl Sqlite {
    pub(crate) async fn find_review(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<ReviewRow>, StoreError> {
        let id = id.to_owned();
        self.read_long(tenant, move |connection, tenant| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {REVIEW} FROM reviews WHERE tenant_id = ?1 AND review_id = ?2"
            ))?;
            Ok(columns::collect(statement.query([tenant.as_str(), &id])?, row)?.pop())
        })
        .await
    }

    pub(crate) async fn list_reviews(
        &self,
        tenant: &TenantId,
        filter: ReviewFilter,
        limit: u32,
    ) -> Result<Vec<ReviewRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| list(connection, tenant, &filter, limit)).await
    }

    pub(crate) async fn list_remarks(
        &self,
        tenant: &TenantId,
        about: &str,
        limit: u32,
    ) -> Result<Vec<RemarkRow>, StoreError> {
        let about = about.to_owned();
        self.read_long(tenant, move |connection, tenant| {
            let mut statement = connection.prepare_cached(
                "SELECT about, remark_id, principal, made_at, key_id, sealed FROM remarks
                 WHERE tenant_id = ?1 AND about = ?2 ORDER BY remark_id LIMIT ?3",
            )?;
            columns::collect(statement.query(params![tenant.as_str(), about, limit])?, remark_row)
        })
        .await
    }
}
