//! Questions to people.

use countersign_core::{TenantId, Timestamp};
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{Postgres, columns, errors::Trouble, reads::retried};
use crate::{Follow, InquiryFilter, InquiryRow, InquiryState, InquiryWrite, StoreError, inquiries::Columns};

pub(super) async fn apply(
    connection: &mut PgConnection,
    tenant: &str,
    write: &InquiryWrite,
) -> Result<(), Trouble> {
    let done = match write {
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
            sqlx::query(
                "INSERT INTO inquiries (tenant_id, inquiry_id, decision_id, subject_id, token, state, attempts, made_at,
                                        next_at, expires_at, answered_at, origin, follow, follow_tries, plan_id, key_id, sealed)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
                 ON CONFLICT (tenant_id, decision_id) DO NOTHING",
            )
            .bind(tenant)
            .bind(id)
            .bind(decision.as_str())
            .bind(subject.as_str())
            .bind(token)
            .bind(state.as_str())
            .bind(i64::from(*attempts))
            .bind(made.micros())
            .bind(next.micros())
            .bind(expires.micros())
            .bind(answered.map(Timestamp::micros))
            .bind(origin)
            .bind(follow.map(Follow::as_str))
            .bind(i64::from(*follow_tries))
            .bind(plan)
            .bind(key_id)
            .bind(sealed)
            .execute(connection)
            .await?
        }
        InquiryWrite::Move { id, expected: (expected, attempts), state, next, answered, leads_to_plan } => {
            sqlx::query(
                "UPDATE inquiries SET state = $5, attempts = attempts + 1, next_at = $6, answered_at = $7,
                    follow = CASE WHEN $8::boolean THEN 'pending' END
                 WHERE tenant_id = $1 AND inquiry_id = $2 AND state = $3 AND attempts = $4",
            )
            .bind(tenant)
            .bind(id)
            .bind(expected.as_str())
            .bind(i64::from(*attempts))
            .bind(state.as_str())
            .bind(next.micros())
            .bind(answered.map(Timestamp::micros))
            .bind(leads_to_plan)
            .execute(connection)
            .await?
        }
        InquiryWrite::Follow { id, tries, follow, next, plan } => sqlx::query(
            "UPDATE inquiries SET follow = $4, follow_tries = follow_tries + 1, next_at = $5, plan_id = $6
                 WHERE tenant_id = $1 AND inquiry_id = $2 AND follow = 'pending' AND follow_tries = $3",
        )
        .bind(tenant)
        .bind(id)
        .bind(i64::from(*tries))
        .bind(follow.as_str())
        .bind(next.micros())
        .bind(plan)
        .execute(connection)
        .await?,
        InquiryWrite::Prune { before } => {
            sqlx::query("DELETE FROM inquiries WHERE tenant_id = $1 AND made_at < $2")
                .bind(tenant)
                .bind(before.micros())
                .execute(connection)
                .await?;
            return Ok(());
        }
    };
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

fn row(row: &PgRow) -> Result<InquiryRow, StoreError> {
    Ok(InquiryRow {
        id: row.try_get(0)?,
        decision: columns::parse("decision_id", &row.try_get::<String, _>(1)?)?,
        subject: columns::parse("subject_id", &row.try_get::<String, _>(2)?)?,
        token: row.try_get(3)?,
        state: InquiryState::parse(&row.try_get::<String, _>(4)?)?,
        attempts: columns::small(row.try_get(5)?)?,
        made: Timestamp::from_micros(row.try_get(6)?),
        next: Timestamp::from_micros(row.try_get(7)?),
        expires: Timestamp::from_micros(row.try_get(8)?),
        answered: row.try_get::<Option<i64>, _>(9)?.map(Timestamp::from_micros),
        origin: row.try_get(10)?,
        follow: row.try_get::<Option<String>, _>(11)?.as_deref().map(Follow::parse).transpose()?,
        follow_tries: columns::small(row.try_get(12)?)?,
        plan: row.try_get(13)?,
        key_id: row.try_get(14)?,
        sealed: row.try_get(15)?,
    })
}

impl Postgres {
    pub(crate) async fn list_inquiries(
        &self,
        tenant: &TenantId,
        filter: InquiryFilter,
        limit: u32,
    ) -> Result<Vec<InquiryRow>, StoreError> {
        let Columns { id, decision, subject, from, due, over, to_follow } = filter.columns();
        let rows = retried(|| {
            sqlx::query(
                "SELECT inquiry_id, decision_id, subject_id, token, state, attempts, made_at, next_at, expires_at, answered_at,
                        origin, follow, follow_tries, plan_id, key_id, sealed
                 FROM inquiries
                 WHERE tenant_id = $1 AND ($2::text IS NULL OR inquiry_id = $2) AND ($3::text IS NULL OR decision_id = $3)
                   AND ($4::text IS NULL OR subject_id = $4) AND ($5::bigint IS NULL OR made_at >= $5)
                   AND ($6::bigint IS NULL OR (state = 'waiting' AND next_at <= $6))
                   AND ($7::bigint IS NULL OR (state IN ('waiting', 'sent') AND expires_at <= $7))
                   AND ($8::bigint IS NULL OR (follow = 'pending' AND next_at <= $8))
                 ORDER BY next_at, inquiry_id LIMIT $9",
            )
            .bind(tenant.as_str())
            .bind(id)
            .bind(decision)
            .bind(subject)
            .bind(from)
            .bind(due)
            .bind(over)
            .bind(to_follow)
            .bind(i64::from(limit))
            .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(row).collect()
    }
}
