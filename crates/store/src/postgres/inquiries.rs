//! Questions to people.

use countersign_core::{TenantId, Timestamp};
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{Postgres, columns, errors::Trouble, reads::retried};
use crate::{InquiryFilter, InquiryRow, InquiryState, InquiryWrite, StoreError};

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
                key_id,
                sealed,
            } = row.as_ref();
            sqlx::query(
                "INSERT INTO inquiries (tenant_id, inquiry_id, decision_id, subject_id, token, state, attempts, made_at,
                                        next_at, expires_at, answered_at, key_id, sealed)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
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
            .bind(key_id)
            .bind(sealed)
            .execute(connection)
            .await?
        }
        InquiryWrite::Move { id, expected: (expected, attempts), state, next, answered } => {
            sqlx::query(
                "UPDATE inquiries SET state = $5, attempts = attempts + 1, next_at = $6, answered_at = $7
                 WHERE tenant_id = $1 AND inquiry_id = $2 AND state = $3 AND attempts = $4",
            )
            .bind(tenant)
            .bind(id)
            .bind(expected.as_str())
            .bind(i64::from(*attempts))
            .bind(state.as_str())
            .bind(next.micros())
            .bind(answered.map(Timestamp::micros))
            .execute(connection)
            .await?
        }
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
        key_id: row.try_get(10)?,
        sealed: row.try_get(11)?,
    })
}

impl Postgres {
    pub(crate) async fn list_inquiries(
        &self,
        tenant: &TenantId,
        filter: InquiryFilter,
        limit: u32,
    ) -> Result<Vec<InquiryRow>, StoreError> {
        let (id, decision, subject, from, due, over) = filter.columns();
        let rows = retried(|| {
            sqlx::query(
                "SELECT inquiry_id, decision_id, subject_id, token, state, attempts, made_at, next_at, expires_at, answered_at,
                        key_id, sealed
                 FROM inquiries
                 WHERE tenant_id = $1 AND ($2::text IS NULL OR inquiry_id = $2) AND ($3::text IS NULL OR decision_id = $3)
                   AND ($4::text IS NULL OR subject_id = $4) AND ($5::bigint IS NULL OR made_at >= $5)
                   AND ($6::bigint IS NULL OR (state = 'waiting' AND next_at <= $6))
                   AND ($7::bigint IS NULL OR (state IN ('waiting', 'sent') AND expires_at <= $7))
                 ORDER BY next_at, inquiry_id LIMIT $8",
            )
            .bind(tenant.as_str())
            .bind(id)
            .bind(decision)
            .bind(subject)
            .bind(from)
            .bind(due)
            .bind(over)
            .bind(i64::from(limit))
            .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(row).collect()
    }
}
