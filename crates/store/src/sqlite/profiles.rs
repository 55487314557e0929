//! Profiles, and who is at user risk by them.

use countersign_core::{SubjectId, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Sqlite, columns};
use crate::{HeldLevel, HeldUntil, ProfileRow, StoreError, UserAtRiskRow, UsersAtRiskFilter};

const PROFILE: &str = "SELECT version, sealed FROM profiles WHERE tenant_id = ?1 AND subject_id = ?2";

const AT_MEDIUM: &str = "SELECT subject_id, medium_until FROM profiles
     WHERE tenant_id = ?1 AND medium_until > ?2 AND medium_until <= ?3 AND (medium_until < ?3 OR subject_id > ?4)
     ORDER BY medium_until DESC, subject_id LIMIT ?5";

const AT_HIGH: &str = "SELECT subject_id, high_until FROM profiles
     WHERE tenant_id = ?1 AND high_until > ?2 AND high_until <= ?3 AND (high_until < ?3 OR subject_id > ?4)
     ORDER BY high_until DESC, subject_id LIMIT ?5";

pub(super) fn write(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
    (expected_version, sealed, held, at): (u64, &[u8], HeldUntil, Timestamp),
) -> Result<(), StoreError> {
    let version = columns::integer(expected_version)?;
    let (medium, high) = (held.medium.map(Timestamp::micros), held.high.map(Timestamp::micros));
    let (tenant, subject, at) = (tenant.as_str(), subject.as_str(), at.micros());
    let changed = if expected_version == 0 {
        connection
            .prepare_cached(
                "INSERT INTO profiles (tenant_id, subject_id, version, sealed, updated_at, medium_until, high_until)
                 VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            )?
            .execute(params![tenant, subject, sealed, at, medium, high])?
    } else {
        connection
            .prepare_cached(
                "UPDATE profiles SET version = version + 1, sealed = ?3, updated_at = ?4, medium_until = ?5, high_until = ?6
                 WHERE tenant_id = ?1 AND subject_id = ?2 AND version = ?7",
            )?
            .execute(params![tenant, subject, sealed, at, medium, high, version])?
    };
    columns::one(changed)
}

pub(super) fn delete(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM profiles WHERE tenant_id = ?1 AND subject_id = ?2")?
        .execute([tenant.as_str(), subject.as_str()])?;
    Ok(())
}

pub(super) fn find(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
) -> Result<Option<ProfileRow>, StoreError> {
    let row = connection
        .prepare_cached(PROFILE)?
        .query_row([tenant.as_str(), subject.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(version, sealed)| Ok(ProfileRow { version: columns::unsigned(version)?, sealed })).transpose()
}

fn at_risk(
    connection: &Connection,
    tenant: &TenantId,
    filter: &UsersAtRiskFilter,
    limit: u32,
) -> Result<Vec<UserAtRiskRow>, StoreError> {
    let mut statement = connection.prepare_cached(match filter.at_least {
        HeldLevel::Medium => AT_MEDIUM,
        HeldLevel::High => AT_HIGH,
    })?;
    let (most, after) =
        filter.after.as_ref().map_or((i64::MAX, ""), |row| (row.until.micros(), row.subject.as_str()));
    let rows = statement.query(params![tenant.as_str(), filter.at.micros(), most, after, limit])?;
    columns::collect(rows, |row| {
        let until = Timestamp::from_micros(row.get(1)?);
        Ok(UserAtRiskRow { subject: columns::text(row, 0, "subject_id")?, until })
    })
}

impl Sqlite {
    pub(crate) async fn find_profile(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<Option<ProfileRow>, StoreError> {
        let read = || self.readers.read(|connection| find(connection, tenant, subject));
        match &self.known {
            Some(known) => known.find(tenant, subject, read),
            None => read(),
        }
    }

    pub(crate) async fn list_users_at_risk(
        &self,
        tenant: &TenantId,
        filter: UsersAtRiskFilter,
        limit: u32,
    ) -> Result<Vec<UserAtRiskRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| at_risk(connection, tenant, &filter, limit)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::queries::assert_searches;

    #[test]
    fn a_profile_is_found_by_its_key() {
        assert_searches(PROFILE, &[("profiles", "(tenant_id=? AND subject_id=?)")]);
    }

    #[test]
    fn people_at_risk_are_read_in_the_order_of_an_index() {
        for (sql, column) in [(AT_MEDIUM, "medium_until"), (AT_HIGH, "high_until")] {
            let searched = format!("(tenant_id=? AND {column}>? AND {column}<?)");
            assert_searches(sql, &[("profiles", &format!("profiles_{column} {searched}"))]);
        }
    }
}
