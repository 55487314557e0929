//! Profiles, and who is at user risk by them.

use countersign_core::{SubjectId, TenantId, Timestamp};
use sqlx::PgConnection;

use super::{Postgres, columns, errors::Trouble, reads::retried};
use crate::{HeldLevel, HeldUntil, ProfileRow, StoreError, UserAtRiskRow, UsersAtRiskFilter};

pub(super) const AT_MEDIUM: &str = "SELECT subject_id, medium_until FROM profiles
     WHERE tenant_id = $1 AND medium_until > $2 AND medium_until <= $3 AND (medium_until < $3 OR subject_id > $4)
     ORDER BY medium_until DESC, subject_id LIMIT $5";

pub(super) const AT_HIGH: &str = "SELECT subject_id, high_until FROM profiles
     WHERE tenant_id = $1 AND high_until > $2 AND high_until <= $3 AND (high_until < $3 OR subject_id > $4)
     ORDER BY high_until DESC, subject_id LIMIT $5";

pub(super) async fn write(
    connection: &mut PgConnection,
    tenant: &str,
    subject: &SubjectId,
    (expected_version, sealed, held, at): (u64, &[u8], HeldUntil, Timestamp),
) -> Result<(), Trouble> {
    let sql = if expected_version == 0 {
        "INSERT INTO profiles (tenant_id, subject_id, version, sealed, updated_at, medium_until, high_until)
         VALUES ($1, $2, $7 + 1, $3, $4, $5, $6) ON CONFLICT DO NOTHING"
    } else {
        "UPDATE profiles SET version = version + 1, sealed = $3, updated_at = $4, medium_until = $5, high_until = $6
         WHERE tenant_id = $1 AND subject_id = $2 AND version = $7"
    };
    let done = sqlx::query(sql)
        .bind(tenant)
        .bind(subject.as_str())
        .bind(sealed)
        .bind(at.micros())
        .bind(held.medium.map(Timestamp::micros))
        .bind(held.high.map(Timestamp::micros))
        .bind(columns::integer(expected_version)?)
        .execute(connection)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

impl Postgres {
    pub(crate) async fn find_profile(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<Option<ProfileRow>, StoreError> {
        let row: Option<(i64, Vec<u8>)> = retried(|| {
            sqlx::query_as("SELECT version, sealed FROM profiles WHERE tenant_id = $1 AND subject_id = $2")
                .bind(tenant.as_str())
                .bind(subject.as_str())
                .fetch_optional(&self.readers)
        })
        .await?;
        let found =
            row.map(|(version, sealed)| Ok(ProfileRow { version: columns::unsigned(version)?, sealed }));
        found.transpose()
    }

    pub(crate) async fn list_users_at_risk(
        &self,
        tenant: &TenantId,
        filter: UsersAtRiskFilter,
        limit: u32,
    ) -> Result<Vec<UserAtRiskRow>, StoreError> {
        let sql = match filter.at_least {
            HeldLevel::Medium => AT_MEDIUM,
            HeldLevel::High => AT_HIGH,
        };
        let (most, after) =
            filter.after.as_ref().map_or((i64::MAX, ""), |row| (row.until.micros(), row.subject.as_str()));
        let rows: Vec<(String, i64)> = retried(|| {
            sqlx::query_as(sql)
                .bind(tenant.as_str())
                .bind(filter.at.micros())
                .bind(most)
                .bind(after)
                .bind(i64::from(limit))
                .fetch_all(&self.long_readers)
        })
        .await?;
        let row = |(subject, until): (String, i64)| {
            Ok(UserAtRiskRow {
                subject: columns::parse("subject_id", &subject)?,
                until: Timestamp::from_micros(until),
            })
        };
        rows.into_iter().map(row).collect()
    }
}
