//! Subjects' keys, in a database file of their own: ordinary backups leave it out.

use countersign_core::{SubjectId, TenantId};
use rusqlite::{Connection, OptionalExtension, params};

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

/// Returns whether there was a key to delete.
pub(super) fn delete(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
) -> Result<bool, StoreError> {
    let deleted = connection
        .prepare_cached("DELETE FROM subject_keys WHERE tenant_id = ?1 AND subject_id = ?2")?
        .execute([tenant.as_str(), subject.as_str()])?;
    Ok(deleted == 1)
}
