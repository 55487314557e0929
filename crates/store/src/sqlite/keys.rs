//! Subjects' keys, in a database file of their own: ordinary backups leave it out.

use countersign_core::{SubjectId, TenantId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns;
use crate::{StoreError, SubjectKeyRow};

pub(super) fn find(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
) -> Result<Option<SubjectKeyRow>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT key_id, wrapped FROM subject_keys WHERE tenant_id = ?1 AND subject_id = ?2")?
        .query_row([tenant.as_str(), subject.as_str()], |row| {
            Ok(SubjectKeyRow { key_id: row.get(0)?, wrapped: row.get(1)? })
        })
        .optional()?)
}

/// Whose key has this name; `None` when it was deleted.
pub(super) fn subject_of(
    connection: &Connection,
    tenant: &TenantId,
    key_id: &str,
) -> Result<Option<SubjectId>, StoreError> {
    connection
        .prepare_cached("SELECT subject_id FROM subject_keys WHERE tenant_id = ?1 AND key_id = ?2")?
        .query_row([tenant.as_str(), key_id], |row| row.get::<_, String>(0))
        .optional()?
        .map(|id| columns::parse("subject_id", &id))
        .transpose()
}

/// The keys of these people, as far as they have one.
pub(super) fn find_all(
    connection: &Connection,
    tenant: &TenantId,
    subjects: &[SubjectId],
) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
    let mut found = Vec::with_capacity(subjects.len());
    for subject in subjects {
        found.extend(find(connection, tenant, subject)?.map(|key| (subject.clone(), key)));
    }
    Ok(found)
}

/// The keys of these names, as far as they are there, with whose they are.
pub(super) fn find_named(
    connection: &Connection,
    tenant: &TenantId,
    key_ids: &[String],
) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT subject_id, key_id, wrapped FROM subject_keys WHERE tenant_id = ?1 AND key_id = ?2",
    )?;
    let mut found = Vec::with_capacity(key_ids.len());
    for key_id in key_ids {
        found.extend(columns::collect(statement.query([tenant.as_str(), key_id])?, key_row)?);
    }
    Ok(found)
}

fn key_row(row: &Row<'_>) -> Result<(SubjectId, SubjectKeyRow), StoreError> {
    let key = SubjectKeyRow { key_id: row.get(1)?, wrapped: row.get(2)? };
    Ok((columns::text(row, 0, "subject_id")?, key))
}

/// Keeps the key that was there first: two replicas that meet a person at once must seal under one key.
pub(super) fn find_or_insert(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
    key: &SubjectKeyRow,
) -> Result<SubjectKeyRow, StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO subject_keys (tenant_id, subject_id, key_id, wrapped) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?
        .execute(params![tenant.as_str(), subject.as_str(), key.key_id, key.wrapped])?;
    find(connection, tenant, subject)?
        .ok_or_else(|| StoreError::Corrupt("a key that was just inserted is gone".to_owned()))
}

/// Returns whether there was a key of this name to delete.
pub(super) fn delete(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
    key_id: &str,
) -> Result<bool, StoreError> {
    let deleted = connection
        .prepare_cached("DELETE FROM subject_keys WHERE tenant_id = ?1 AND subject_id = ?2 AND key_id = ?3")?
        .execute([tenant.as_str(), subject.as_str(), key_id])?;
    Ok(deleted == 1)
}

/// Wrapped keys in the order of their subjects, after `after`.
pub(super) fn list(
    connection: &Connection,
    tenant: &TenantId,
    after: Option<&SubjectId>,
    limit: u32,
) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT subject_id, key_id, wrapped FROM subject_keys WHERE tenant_id = ?1 AND subject_id > ?2
         ORDER BY subject_id LIMIT ?3",
    )?;
    let rows = statement.query(params![tenant.as_str(), after.map_or("", SubjectId::as_str), limit])?;
    columns::collect(rows, key_row)
}

/// Puts a key that is wrapped anew in the place of `old`; returns whether that was there.
pub(super) fn rewrap(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
    (old, wrapped): (&SubjectKeyRow, &[u8]),
) -> Result<bool, StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE subject_keys SET wrapped = ?5
             WHERE tenant_id = ?1 AND subject_id = ?2 AND key_id = ?3 AND wrapped = ?4",
        )?
        .execute(params![tenant.as_str(), subject.as_str(), old.key_id, old.wrapped, wrapped])?;
    Ok(changed == 1)
}

pub(super) fn find_root(connection: &Connection, tenant: &TenantId) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT wrapped FROM pseudonym_roots WHERE tenant_id = ?1")?
        .query_row([tenant.as_str()], |row| row.get(0))
        .optional()?)
}

/// Keeps the root that was there first.
pub(super) fn find_or_insert_root(
    connection: &Connection,
    tenant: &TenantId,
    wrapped: &[u8],
) -> Result<Vec<u8>, StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO pseudonym_roots (tenant_id, wrapped) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![tenant.as_str(), wrapped])?;
    find_root(connection, tenant)?
        .ok_or_else(|| StoreError::Corrupt("a root that was just inserted is gone".to_owned()))
}

pub(super) fn put_root(connection: &Connection, tenant: &TenantId, wrapped: &[u8]) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO pseudonym_roots (tenant_id, wrapped) VALUES (?1, ?2)
             ON CONFLICT (tenant_id) DO UPDATE SET wrapped = ?2",
        )?
        .execute(params![tenant.as_str(), wrapped])?;
    Ok(())
}
