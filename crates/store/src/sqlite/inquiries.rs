//! Questions to people.

use countersign_core::{SubjectId, TenantId, Timestamp};
use rusqlite::{Connection, params};

use super::{Sqlite, columns};
use crate::{Follow, InquiryFilter, InquiryRow, InquiryState, InquiryWrite, StoreError, inquiries::Columns};

pub(super) fn apply(
    connection: &Connection,
    tenant: &TenantId,
    write: &InquiryWrite,
) -> Result<(), StoreError> {
    let changed = match write {
        InquiryWrite::Add(row) => {
            let InquiryRow {
                id,
                decision,
                subject,
                token,
                state,
                attempts,
                made,
                next,
                expires,
                answered,
                origin,
                follow,
                follow_tries,
                plan,
                key_id,
                sealed,
            } = row.as_ref();
            connection
                .prepare_cached(
                    "INSERT INTO inquiries (tenant_id, inquiry_id, decision_id, subject_id, token, state, attempts, made_at,
                                            next_at, expires_at, answered_at, origin, follow, follow_tries, plan_id, key_id, sealed)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
                     ON CONFLICT (tenant_id, decision_id) DO NOTHING",
                )?
                .execute(params![
                    tenant.as_str(),
                    id,
                    decision.as_str(),
                    subject.as_str(),
                    token,
                    state.as_str(),
                    attempts,
                    made.micros(),
                    next.micros(),
                    expires.micros(),
                    answered.map(Timestamp::micros),
                    origin,
                    follow.map(Follow::as_str),
                    follow_tries,
                    plan,
                    key_id,
                    sealed
                ])?
        }
        InquiryWrite::Move { id, expected: (expected, attempts), state, next, answered, leads_to_plan } => connection
            .prepare_cached(
                "UPDATE inquiries SET state = ?5, attempts = attempts + 1, next_at = ?6, answered_at = ?7,
                    follow = CASE WHEN ?8 THEN 'pending' END
                 WHERE tenant_id = ?1 AND inquiry_id = ?2 AND state = ?3 AND attempts = ?4",
            )?
            .execute(params![
                tenant.as_str(),
                id,
                expected.as_str(),
                attempts,
                state.as_str(),
                next.micros(),
                answered.map(Timestamp::micros),
                leads_to_plan
            ])?,
        InquiryWrite::Follow { id, tries, follow, next, plan } => connection
            .prepare_cached(
                "UPDATE inquiries SET follow = ?4, follow_tries = follow_tries + 1, next_at = ?5, plan_id = ?6
                 WHERE tenant_id = ?1 AND inquiry_id = ?2 AND follow = 'pending' AND follow_tries = ?3",
            )?
            .execute(params![tenant.as_str(), id, tries, follow.as_str(), next.micros(), plan])?,
        InquiryWrite::Prune { before } => {
            connection
                .prepare_cached("DELETE FROM inquiries WHERE tenant_id = ?1 AND made_at < ?2")?
                .execute(params![tenant.as_str(), before.micros()])?;
            return Ok(());
        }
    };
    columns::one(changed)
}

/// Forgets what a person was asked.
pub(super) fn delete(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM inquiries WHERE tenant_id = ?1 AND subject_id = ?2")?
        .execute([tenant.as_str(), subject.as_str()])?;
    Ok(())
}

fn list(
    connection: &Connection,
    tenant: &TenantId,
    filter: &InquiryFilter,
    limit: u32,
) -> Result<Vec<InquiryRow>, StoreError> {
    let Columns { id, decision, subject, from, due, over, to_follow } = filter.columns();
    let mut statement = connection.prepare_cached(
        "SELECT inquiry_id, decision_id, subject_id, token, state, attempts, made_at, next_at, expires_at, answered_at,
                origin, follow, follow_tries, plan_id, key_id, sealed
         FROM inquiries
         WHERE tenant_id = ?1 AND (?2 IS NULL OR inquiry_id = ?2) AND (?3 IS NULL OR decision_id = ?3)
           AND (?4 IS NULL OR subject_id = ?4) AND (?5 IS NULL OR made_at >= ?5)
           AND (?6 IS NULL OR (state = 'waiting' AND next_at <= ?6))
           AND (?7 IS NULL OR (state IN ('waiting', 'sent') AND expires_at <= ?7))
           AND (?8 IS NULL OR (follow = 'pending' AND next_at <= ?8))
         ORDER BY next_at, inquiry_id LIMIT ?9",
    )?;
    let rows = statement.query(params![
        tenant.as_str(),
        id,
        decision,
        subject,
        from,
        due,
        over,
        to_follow,
        limit
    ])?;
    columns::collect(rows, |row| {
        Ok(InquiryRow {
            id: row.get(0)?,
            decision: columns::text(row, 1, "decision_id")?,
            subject: columns::text(row, 2, "subject_id")?,
            token: row.get(3)?,
            state: InquiryState::parse(&row.get::<_, String>(4)?)?,
            attempts: columns::small(row.get(5)?)?,
            made: Timestamp::from_micros(row.get(6)?),
            next: Timestamp::from_micros(row.get(7)?),
            expires: Timestamp::from_micros(row.get(8)?),
            answered: row.get::<_, Option<i64>>(9)?.map(Timestamp::from_micros),
            origin: row.get(10)?,
            follow: row.get::<_, Option<String>>(11)?.as_deref().map(Follow::parse).transpose()?,
            follow_tries: columns::small(row.get(12)?)?,
            plan: row.get(13)?,
            key_id: row.get(14)?,
            sealed: row.get(15)?,
        })
    })
}

impl Sqlite {
    pub(crate) async fn list_inquiries(
        &self,
        tenant: &TenantId,
        filter: InquiryFilter,
        limit: u32,
    ) -> Result<Vec<InquiryRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| list(connection, tenant, &filter, limit)).await
    }
}
