//! Who has which e-mail address, and sign-ups that are kept for the first login.

use countersign_core::{SubjectId, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns;
use crate::{AddressRow, SignUpRow, StoreError};

pub(super) fn put(connection: &Connection, tenant: &TenantId, row: &AddressRow) -> Result<(), StoreError> {
    let AddressRow { address, subject, is_verified } = row;
    connection
        .prepare_cached(
            "INSERT INTO addresses (tenant_id, address_id, subject_id, is_verified) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET is_verified = MAX(is_verified, excluded.is_verified)",
        )?
        .execute(params![tenant.as_str(), address.as_str(), subject.as_str(), i64::from(*is_verified)])?;
    Ok(())
}

/// Keeps a sign-up, unless a riskier one of `since` or later is kept.
pub(super) fn put_sign_up(
    connection: &Connection,
    tenant: &TenantId,
    row: &SignUpRow,
    since: Timestamp,
) -> Result<(), StoreError> {
    let SignUpRow { holder, connection: at_connection, decision, score, is_challenged, at } = row;
    connection
        .prepare_cached(
            "INSERT INTO sign_ups (tenant_id, holder_id, connection, decision_id, score, is_challenged, decided_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET decision_id = ?4, score = ?5, is_challenged = ?6, decided_at = ?7
             WHERE excluded.score >= sign_ups.score OR sign_ups.decided_at < ?8",
        )?
        .execute(params![
            tenant.as_str(),
            holder.as_str(),
            at_connection,
            decision.as_str(),
            score.millionths(),
            i64::from(*is_challenged),
            at.micros(),
            since.micros(),
        ])?;
    Ok(())
}

/// Forgets which addresses a person has or who has this address, and their sign-ups.
pub(super) fn forget(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM addresses WHERE tenant_id = ?1 AND subject_id = ?2",
        "DELETE FROM addresses WHERE tenant_id = ?1 AND address_id = ?2",
        "DELETE FROM sign_ups WHERE tenant_id = ?1 AND holder_id = ?2",
    ] {
        connection.prepare_cached(sql)?.execute([tenant.as_str(), subject.as_str()])?;
    }
    Ok(())
}

pub(super) fn prune_sign_ups(
    connection: &Connection,
    tenant: &TenantId,
    before: Timestamp,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM sign_ups WHERE tenant_id = ?1 AND decided_at < ?2")?
        .execute(params![tenant.as_str(), before.micros()])?;
    Ok(())
}

const ADDRESS: &str = "SELECT address_id, subject_id, is_verified FROM addresses WHERE tenant_id = ?1";

/// The accounts that have an address, in the order of their pseudonyms.
pub(super) fn holders(
    connection: &Connection,
    tenant: &TenantId,
    address: &SubjectId,
) -> Result<Vec<AddressRow>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("{ADDRESS} AND address_id = ?2 ORDER BY subject_id"))?;
    columns::collect(statement.query([tenant.as_str(), address.as_str()])?, address_row)
}

/// The addresses that a person has, in the order of their pseudonyms.
pub(super) fn list(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
) -> Result<Vec<AddressRow>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("{ADDRESS} AND subject_id = ?2 ORDER BY address_id"))?;
    columns::collect(statement.query([tenant.as_str(), subject.as_str()])?, address_row)
}

pub(super) fn sign_up(
    connection: &Connection,
    tenant: &TenantId,
    holder: &SubjectId,
    at_connection: &str,
) -> Result<Option<SignUpRow>, StoreError> {
    connection
        .prepare_cached(
            "SELECT holder_id, connection, decision_id, score, is_challenged, decided_at FROM sign_ups
             WHERE tenant_id = ?1 AND holder_id = ?2 AND connection = ?3",
        )?
        .query_row([tenant.as_str(), holder.as_str(), at_connection], |row| Ok(sign_up_row(row)))
        .optional()?
        .transpose()
}

fn address_row(row: &Row<'_>) -> Result<AddressRow, StoreError> {
    Ok(AddressRow {
        address: columns::text(row, 0, "address_id")?,
        subject: columns::text(row, 1, "subject_id")?,
        is_verified: row.get::<_, i64>(2)? != 0,
    })
}

fn sign_up_row(row: &Row<'_>) -> Result<SignUpRow, StoreError> {
    Ok(SignUpRow {
        holder: columns::text(row, 0, "holder_id")?,
        connection: row.get(1)?,
        decision: columns::text(row, 2, "decision_id")?,
        score: columns::score(row.get(3)?)?,
        is_challenged: row.get::<_, i64>(4)? != 0,
        at: Timestamp::from_micros(row.get(5)?),
    })
}
